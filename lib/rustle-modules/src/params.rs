//! Options of modules: their table, the typed struct made from the same text, and the values in between.
//!
//! [`params!`](crate::params!) declares both at once, so that they can't drift: a field's Rust type decides the
//! option's Ansible type.

use crate::api::Failure;
use rustle_value::{Dict, Value};
use std::fmt;
use std::ops::Deref;
use std::path::Path;

/// An option's type, as Ansible's argument specs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Str,
    Bool,
    Int,
    Float,
    List,
    Dict,
    Path,
    Raw,
    JsonArg,
    Bytes,
    Bits,
}

impl Kind {
    /// Ansible's name of the type.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Str => "str",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::List => "list",
            Kind::Dict => "dict",
            Kind::Path => "path",
            Kind::Raw => "raw",
            Kind::JsonArg => "jsonarg",
            Kind::Bytes => "bytes",
            Kind::Bits => "bits",
        }
    }
}

/// One option. Made by [`params!`](crate::params!).
#[derive(Clone, Copy, Debug)]
pub struct Param {
    pub name: &'static str,
    /// Documentation: the field's doc comment, line by line.
    pub doc: &'static [&'static str],
    pub kind: Kind,
    pub elements: Option<Kind>,
    pub aliases: &'static [&'static str],
    pub choices: &'static [&'static str],
    pub required: bool,
    /// The default as a user would write it; the decoder converts it.
    pub default: Option<&'static str>,
    pub no_log: bool,
    /// Options of a dict, or of the elements of a list of dicts.
    pub options: &'static [&'static [Param]],
    /// Rules among those.
    pub sub_rules: &'static [Rule],
    /// Not documented: set by actions only.
    pub internal: bool,
    /// The field may be absent (`Option`).
    pub optional: bool,
}

impl Param {
    /// An option of the type that `T` has.
    pub const fn new<T: FromParam>(name: &'static str, doc: &'static [&'static str]) -> Param {
        Param {
            name,
            doc,
            kind: T::KIND,
            elements: T::ELEMENTS,
            aliases: &[],
            choices: &[],
            required: false,
            default: None,
            no_log: false,
            options: T::OPTIONS,
            sub_rules: &[],
            internal: false,
            optional: T::OPTIONAL,
        }
    }
    /// Another name than the field's, for names that Rust keeps to itself.
    pub const fn name(mut self, name: &'static str) -> Param {
        self.name = name;
        self
    }
    pub const fn required(mut self) -> Param {
        self.required = true;
        self
    }
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Param {
        self.aliases = aliases;
        self
    }
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Param {
        self.choices = choices;
        self
    }
    /// The default as a user would write it: `"no"`, `"10"`, `"a,b"`; `""` for an empty list or dict.
    pub const fn default(mut self, default: &'static str) -> Param {
        self.default = Some(default);
        self
    }
    /// A secret: never in results.
    pub const fn no_log(mut self) -> Param {
        self.no_log = true;
        self
    }
    pub const fn sub_rules(mut self, rules: &'static [Rule]) -> Param {
        self.sub_rules = rules;
        self
    }
    /// Set by actions only; not documented.
    pub const fn internal(mut self) -> Param {
        self.internal = true;
        self
    }
}

/// A rule among options.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    RequiredTogether(&'static [&'static str]),
    RequiredOneOf(&'static [&'static str]),
    MutuallyExclusive(&'static [&'static str]),
    /// Where `param` equals `is`, all of `needs` must be given.
    RequiredIf { param: &'static str, is: &'static str, needs: &'static [&'static str] },
    /// Where `param` equals `is`, one of `needs` must be given.
    RequiredIfAny { param: &'static str, is: &'static str, needs: &'static [&'static str] },
    /// Where the first is given, the others must be.
    RequiredBy(&'static str, &'static [&'static str]),
}

/// Arguments after decoding: every option is there, with its type; options that were not given and have no default
/// are `Null`.
#[derive(Clone, Debug, Default)]
pub struct Values {
    pub(crate) dict: Dict,
}

impl Values {
    /// An option's value; `Null` where it is unknown.
    pub fn get(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.dict.get(name).unwrap_or(&NULL)
    }
    /// All of them.
    pub fn dict(&self) -> &Dict {
        &self.dict
    }
    /// Reads one option as `T`. An error is a mistake in the module, not in the playbook.
    pub fn read<T: FromParam>(&self, name: &str) -> Result<T, Failure> {
        let v = self.get(name);
        T::from_value(v).ok_or_else(|| {
            Failure::new(format!("internal error: option {name} has the type {}, not {}", v.type_name(), T::KIND.word()))
        })
    }
}

/// A struct of options.
pub trait Params: Sized {
    const GROUPS: &'static [&'static [Param]];
    fn read(v: &Values) -> Result<Self, Failure>;
}

/// A module without options.
pub struct NoArgs;
impl Params for NoArgs {
    const GROUPS: &'static [&'static [Param]] = &[];
    fn read(_: &Values) -> Result<Self, Failure> {
        Ok(NoArgs)
    }
}

/// A Rust type that an option can have. `from_value` gets what the decoder made.
pub trait FromParam: Sized {
    const KIND: Kind;
    const ELEMENTS: Option<Kind> = None;
    const OPTIONS: &'static [&'static [Param]] = &[];
    const OPTIONAL: bool = false;
    fn from_value(v: &Value) -> Option<Self>;
}

macro_rules! from_param {
    ($t:ty, $k:ident, |$v:ident| $e:expr) => {
        impl FromParam for $t {
            const KIND: Kind = Kind::$k;
            fn from_value($v: &Value) -> Option<Self> {
                $e
            }
        }
    };
}

/// A path: `~` and `$VAR` are expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PathArg(pub String);
/// JSON text, or a structure that becomes JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonArg(pub String);
/// A size: `10M` is 10·1024².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteSize(pub i64);
/// A size in bits: `10Mb`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BitSize(pub i64);

impl Deref for PathArg {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl AsRef<Path> for PathArg {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}
impl fmt::Display for PathArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl From<PathArg> for Value {
    fn from(p: PathArg) -> Value {
        Value::str(p.0)
    }
}
impl From<&PathArg> for Value {
    fn from(p: &PathArg) -> Value {
        Value::str(p.0.as_str())
    }
}
impl Deref for JsonArg {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

from_param!(String, Str, |v| v.as_str().map(str::to_owned));
from_param!(bool, Bool, |v| v.as_bool());
from_param!(i64, Int, |v| v.as_i64());
from_param!(f64, Float, |v| v.as_f64());
from_param!(Dict, Dict, |v| v.as_dict().cloned());
from_param!(Value, Raw, |v| Some(v.clone()));
from_param!(PathArg, Path, |v| v.as_str().map(|s| PathArg(s.to_owned())));
from_param!(JsonArg, JsonArg, |v| v.as_str().map(|s| JsonArg(s.to_owned())));
from_param!(ByteSize, Bytes, |v| v.as_i64().map(ByteSize));
from_param!(BitSize, Bits, |v| v.as_i64().map(BitSize));

impl<T: FromParam> FromParam for Option<T> {
    const KIND: Kind = T::KIND;
    const ELEMENTS: Option<Kind> = T::ELEMENTS;
    const OPTIONS: &'static [&'static [Param]] = T::OPTIONS;
    const OPTIONAL: bool = true;
    fn from_value(v: &Value) -> Option<Self> {
        if v.is_null() { Some(None) } else { T::from_value(v).map(Some) }
    }
}
impl<T: FromParam> FromParam for Vec<T> {
    const KIND: Kind = Kind::List;
    const ELEMENTS: Option<Kind> = Some(T::KIND);
    const OPTIONS: &'static [&'static [Param]] = T::OPTIONS;
    fn from_value(v: &Value) -> Option<Self> {
        v.as_list()?.iter().map(T::from_value).collect()
    }
}

/// Declares a struct of options together with its table.
///
/// ```ignore
/// params! {
///     /// Options of `copy`.
///     pub struct Args with { file: FileArgs } {
///         /// Where the file goes.
///         dest: PathArg => required();
///         /// Whether to keep what was there.
///         backup: bool => default("no");
///         state: Option<String> => choices(&["absent", "present"]), aliases(&["ensure"]);
///         kind: Option<String> => name("type");
///     }
/// }
/// ```
///
/// `with { field: Type }` (optional) includes the options of other such structs. The field's type decides the
/// option's: `String`, `bool`, `i64`, `f64`, `Dict`, `Value` (raw), [`PathArg`], [`JsonArg`], [`ByteSize`],
/// [`BitSize`], `Vec<…>`, `Option<…>`, or another such struct (a dict with options of its own). After `=>` stand
/// methods of [`Param`]. A field that is neither required nor has a default must be an `Option` (or `Value`).
#[macro_export]
macro_rules! params {
    ($(#[$sdoc:meta])* $vis:vis struct $name:ident $(with { $($inc:ident : $incty:ty),* $(,)? })? {
        $($(#[doc = $doc:literal])* $f:ident : $t:ty $(=> $($m:ident ( $($a:tt)* )),+ )? ;)*
    }) => {
        $(#[$sdoc])*
        #[derive(Clone, Debug)]
        #[allow(dead_code)]
        $vis struct $name {
            $($(#[doc = $doc])* pub $f: $t,)*
            $($(pub $inc: $incty,)*)?
        }
        impl $name {
            /// The options' table.
            pub const PARAMS: &'static [$crate::Param] = &[
                $($crate::Param::new::<$t>(stringify!($f), &[$($doc),*]) $($(.$m($($a)*))+)?),*
            ];
        }
        impl $crate::Params for $name {
            const GROUPS: &'static [&'static [$crate::Param]] = &[$name::PARAMS $($(, <$incty>::PARAMS)*)?];
            fn read(v: &$crate::Values) -> ::std::result::Result<Self, $crate::Failure> {
                let mut names = Self::PARAMS.iter().map(|p| p.name);
                let _ = &mut names;
                Ok($name {
                    // Fields are read in the order of the table, so that renamed options find their names.
                    $($f: v.read::<$t>(names.next().unwrap_or(stringify!($f)))?,)*
                    $($($inc: <$incty as $crate::Params>::read(v)?,)*)?
                })
            }
        }
        impl $crate::FromParam for $name {
            const KIND: $crate::Kind = $crate::Kind::Dict;
            const OPTIONS: &'static [&'static [$crate::Param]] = <$name as $crate::Params>::GROUPS;
            fn from_value(v: &$crate::Value) -> Option<Self> {
                let values = $crate::Values::from_decoded(v.as_dict()?.clone());
                <$name as $crate::Params>::read(&values).ok()
            }
        }
    };
}

impl Values {
    /// Values that are decoded already (a nested dict).
    pub fn from_decoded(dict: Dict) -> Values {
        Values { dict }
    }
}
