//! Values to YAML text, formatted as `yaml.dump` formats it with PyYAML's C dumper, which `to_yaml` uses.
//!
//! This file decides what is written (order of keys, flow or block, the text and tag of every scalar); `emit.rs`
//! decides how. Aliases are never written: Ansible hands copies to the dumper.

use crate::emit::{Emitter, Scalar};
use base64::Engine as _;
use rustle_value::{Dict, Value, float_repr, py_cmp, py_str, resolve_plain};
use std::borrow::Cow;

/// `default_flow_style`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowStyle {
    /// `False`: every collection in block style.
    Block,
    /// `True`: every collection in flow style.
    Flow,
    /// `None`: collections of plain scalars in flow style, the others in block style.
    Leaves,
}

/// The arguments of `yaml.dump`. The default is `yaml.dump(x, allow_unicode=True, default_flow_style=None)`, which is
/// what `to_yaml` calls.
#[derive(Clone, Debug)]
pub struct DumpStyle {
    pub flow: FlowStyle,
    /// Columns per level; what is not in 2..=9 means 2.
    pub indent: i64,
    /// Column from which on text is folded; negative for never.
    pub width: i64,
    pub sort_keys: bool,
    pub allow_unicode: bool,
    pub explicit_start: bool,
    pub explicit_end: bool,
    /// `default_style`: one of `'`, `"`, `|`, `>` for every scalar.
    pub default_style: Option<char>,
    /// Strings of several lines as `|` blocks, as Ansible's YAML result format shows them.
    pub literal_lines: bool,
}

impl Default for DumpStyle {
    fn default() -> Self {
        DumpStyle {
            flow: FlowStyle::Leaves,
            indent: 2,
            width: 80,
            sort_keys: true,
            allow_unicode: true,
            explicit_start: false,
            explicit_end: false,
            default_style: None,
            literal_lines: false,
        }
    }
}

impl DumpStyle {
    /// What `to_nice_yaml` calls: block style, four columns per level.
    pub fn nice() -> Self {
        DumpStyle { flow: FlowStyle::Block, indent: 4, ..Self::default() }
    }
}

/// `yaml.dump(value, …)` in the given style. Templates print as their source, vaulted values as `!vault` blocks,
/// undefined values as their message.
pub fn dump(value: &Value, style: &DumpStyle) -> String {
    let mut e = Emitter::new(style.indent, style.width, style.allow_unicode);
    if style.explicit_start {
        e.document_start();
    }
    write(&mut e, value, style, false, false);
    e.finish(style.explicit_end)
}

/// A value as the dumper sees it.
enum Shape<'a> {
    Scalar(Scalar<'a>),
    Seq(Cow<'a, [Value]>),
    Map(Vec<(Cow<'a, Value>, Cow<'a, Value>)>),
}

fn shape<'a>(value: &'a Value, style: &DumpStyle) -> Shape<'a> {
    let plain = |text: Cow<'a, str>| Shape::Scalar(Scalar { text, plain: true, quoted: false, tag: None, style: style.default_style });
    match value {
        Value::Null => plain("null".into()),
        Value::Bool(b) => plain(if *b { "true" } else { "false" }.into()),
        Value::Int(_) | Value::BigInt(_) => plain(py_str(value).into()),
        Value::Float(f) => plain(float_text(*f).into()),
        Value::Time(t) => plain(t.to_string().into()),
        Value::Bytes(b) => {
            let text = base64::engine::general_purpose::STANDARD.encode(b);
            let lines: Vec<&str> = text.as_bytes().chunks(76).filter_map(|c| std::str::from_utf8(c).ok()).collect();
            let text = lines.iter().flat_map(|l| [*l, "\n"]).collect::<String>();
            Shape::Scalar(Scalar { text: text.into(), plain: false, quoted: false, tag: Some("!!binary"), style: Some('|') })
        }
        Value::Vaulted(v) => {
            let text = Cow::Borrowed(&*v.ciphertext);
            Shape::Scalar(Scalar { text, plain: false, quoted: false, tag: Some("!vault"), style: Some('|') })
        }
        Value::List(l) | Value::Tuple(l) => Shape::Seq(Cow::Borrowed(l)),
        Value::Dict(d) => Shape::Map(entries(d, style)),
        Value::Object(o) => match (o.is_mapping(), o.iterate()) {
            (true, Some(keys)) => Shape::Map(
                keys.into_iter()
                    .map(|k| {
                        let v = o.item(&k).unwrap_or_default();
                        (Cow::Owned(k), Cow::Owned(v))
                    })
                    .collect(),
            ),
            (false, Some(items)) => Shape::Seq(Cow::Owned(items)),
            _ => string(o.render().into(), style),
        },
        Value::Str(s) => string(Cow::Borrowed(s), style),
        Value::Template(t) => string(Cow::Borrowed(&t.source), style),
        Value::Undefined(u) => string(Cow::Borrowed(&u.hint), style),
    }
}

fn string<'a>(text: Cow<'a, str>, style: &DumpStyle) -> Shape<'a> {
    let plain = matches!(resolve_plain(&text), Value::Str(_)) && !matches!(&*text, "=" | "<<") && !looks_like_date(&text);
    let block = style.literal_lines && text.contains('\n');
    Shape::Scalar(Scalar { text, plain, quoted: true, tag: None, style: if block { Some('|') } else { style.default_style } })
}

/// A date in form, though not in the calendar, is quoted too.
fn looks_like_date(s: &str) -> bool {
    let b = s.as_bytes();
    b.len() == 10 && b.iter().enumerate().all(|(i, c)| if i == 4 || i == 7 { *c == b'-' } else { c.is_ascii_digit() })
}

fn float_text(f: f64) -> String {
    if f.is_nan() {
        return ".nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let s = float_repr(f);
    if s.contains('.') { s } else { s.replacen('e', ".0e", 1) }
}

fn entries<'a>(d: &'a Dict, style: &DumpStyle) -> Vec<(Cow<'a, Value>, Cow<'a, Value>)> {
    let mut all: Vec<_> = d.iter().map(|(k, v)| (Cow::Borrowed(k), Cow::Borrowed(v))).collect();
    // Keys that Python cannot order stay as they are.
    let sortable = || all.windows(2).all(|w| py_cmp(&w[0].0, &w[1].0).is_ok());
    if style.sort_keys && sortable() {
        all.sort_by(|a, b| py_cmp(&a.0, &b.0).unwrap_or(std::cmp::Ordering::Equal));
    }
    all
}

/// Whether the representer counts a value as a scalar without a style of its own.
fn is_leaf(value: &Value, style: &DumpStyle) -> bool {
    matches!(shape(value, style), Shape::Scalar(s) if s.style.is_none())
}

/// `in_map`: as a mapping's key or value. `key`: as a simple key, on one line.
fn write(e: &mut Emitter, value: &Value, style: &DumpStyle, in_map: bool, key: bool) {
    let flow = |leaves: bool| match style.flow {
        FlowStyle::Block => false,
        FlowStyle::Flow => true,
        FlowStyle::Leaves => leaves,
    };
    match shape(value, style) {
        Shape::Scalar(s) => e.scalar(&s, key),
        Shape::Seq(items) => {
            let flow = flow(items.iter().all(|x| is_leaf(x, style))) || e.in_flow() || items.is_empty();
            e.seq_start(flow, in_map);
            for (i, x) in items.iter().enumerate() {
                e.item(flow, i == 0);
                write(e, x, style, false, false);
            }
            e.collection_end(flow, "]");
        }
        Shape::Map(entries) => {
            let leaves = entries.iter().all(|(k, v)| is_leaf(k, style) && is_leaf(v, style));
            let flow = flow(leaves) || e.in_flow() || entries.is_empty();
            e.map_start(flow);
            for (i, (k, v)) in entries.iter().enumerate() {
                let simple = is_simple_key(k, style);
                e.key(flow, i == 0, simple);
                write(e, k, style, true, simple);
                e.value(flow, simple);
                write(e, v, style, true, false);
            }
            e.collection_end(flow, "}");
        }
    }
}

fn is_simple_key(key: &Value, style: &DumpStyle) -> bool {
    match shape(key, style) {
        Shape::Scalar(s) => !s.text.contains(crate::scan::is_break) && s.text.len() + s.tag.map_or(0, str::len) <= 128,
        Shape::Seq(items) => items.is_empty(),
        Shape::Map(entries) => entries.is_empty(),
    }
}
