//! What a module is, and what it gives back.

use crate::ctx::Ctx;
use crate::params::{Param, Params, Rule, Values};
use rustle_value::{Dict, Value};

/// How far a module honours check mode or diff mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Full,
    /// For some arguments only.
    Partial,
    /// Not at all; for check mode: the module is skipped, with Ansible's message.
    None,
}

impl Support {
    /// `full`, `partial` or `none`, as documentation says it.
    pub fn word(self) -> &'static str {
        match self {
            Support::Full => "full",
            Support::Partial => "partial",
            Support::None => "none",
        }
    }
}

/// Who can notice that a module ran. The planner decides by it whether a host must wait for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Effects stay on the host that it runs on.
    Host,
    /// Can be seen from outside the host, or looks at the outside.
    World,
    /// Only looks at its own host's state: invisible.
    Looks,
}

impl Scope {
    /// `host`, `world` or `looks`.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Host => "host",
            Scope::World => "world",
            Scope::Looks => "looks",
        }
    }
}

/// A module's function: typed arguments are read from the decoded values first (see [`Module::new`]).
pub type Run = fn(&mut Ctx, &Values) -> Result<Outcome, Failure>;

/// A module. One `pub static MODULE: Module` per file in `src/modules`.
///
/// ```ignore
/// pub static MODULE: Module = Module {
///     check: Support::Full,
///     rules: &[Rule::MutuallyExclusive(&["src", "content"])],
///     ..Module::new::<Args>("ansible.builtin.copy", "Copies files", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
/// };
/// ```
pub struct Module {
    /// Full name, such as `ansible.builtin.copy`. It is found by its last part, too, where it is a built-in.
    pub name: &'static str,
    /// Other full names.
    pub aliases: &'static [&'static str],
    /// One sentence for lists.
    pub summary: &'static str,
    /// A YAML list of tasks.
    pub examples: &'static str,
    pub check: Support,
    pub diff: Support,
    pub scope: Scope,
    /// The options, in groups (a module's own, then shared ones).
    pub params: &'static [&'static [Param]],
    pub rules: &'static [Rule],
    pub run: Run,
}

impl Module {
    /// A module with the options of `A`; no check mode, no diff, effects on its host only.
    pub const fn new<A: Params>(name: &'static str, summary: &'static str, examples: &'static str, run: Run) -> Module {
        Module {
            name,
            aliases: &[],
            summary,
            examples,
            check: Support::None,
            diff: Support::None,
            scope: Scope::Host,
            params: A::GROUPS,
            rules: &[],
            run,
        }
    }

    /// All options.
    pub fn options(&self) -> impl Iterator<Item = &'static Param> {
        self.params.iter().flat_map(|g| g.iter())
    }

    /// The last part of the name.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

/// A module's success: the result's keys.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub result: Dict,
    /// Don't add what is known of the file that the result names.
    pub bare: bool,
}

impl Outcome {
    /// A result with `changed`.
    pub fn changed(changed: bool) -> Outcome {
        Outcome::default().with("changed", changed)
    }
    /// A result whose only key is `changed: false`.
    pub fn ok() -> Outcome {
        Outcome::changed(false)
    }
    /// Without what is known of the file that the result names (see [`crate::add_path_info`]).
    pub fn bare(mut self) -> Outcome {
        self.bare = true;
        self
    }
    /// Adds a key, builder style.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Outcome {
        self.result.insert(key, value);
        self
    }
    /// Adds a key.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.result.insert(key, value);
    }
}

impl From<Dict> for Outcome {
    fn from(result: Dict) -> Self {
        Outcome { result, bare: false }
    }
}

/// A module's failure: `msg` and whatever else the result shows.
#[derive(Clone, Debug, Default, thiserror::Error)]
#[error("{msg}")]
pub struct Failure {
    pub msg: String,
    pub result: Dict,
}

impl Failure {
    pub fn new(msg: impl Into<String>) -> Failure {
        Failure { msg: msg.into(), result: Dict::new() }
    }
    /// What Ansible makes of a module that ends with an exception instead of a failure.
    pub fn broke_off(why: impl std::fmt::Display) -> Failure {
        Failure::new(format!("Task failed: Module failed: {why}"))
    }
    /// Adds a key, builder style.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Failure {
        self.result.insert(key, value);
        self
    }
    /// `[Errno 2] No such file or directory: b'/x'`, as Python words it.
    pub fn os(e: &std::io::Error, path: &str) -> Failure {
        Failure::new(crate::errors::py_oserror(e, path))
    }
}
