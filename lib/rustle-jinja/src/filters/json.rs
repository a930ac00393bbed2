//! `to_json`, `to_nice_json`, `from_json`, `tojson`: JSON as Python writes it: `{{ x | to_nice_json(indent=2) }}`.

use super::Filter;
use crate::args::{Args, flag, opt_int};
use crate::error::{Error, Result, fail};
use crate::interp::Interp;
use rustle_value::{JsonStyle, Value, to_json_string};

pub static FILTERS: &[Filter] = &[
    Filter::new("to_json", &[], |cx, v, args| dump(cx, v, args, JsonStyle::default())),
    Filter::new("to_nice_json", &[], |cx, v, args| dump(cx, v, args, JsonStyle { sort_keys: true, ..JsonStyle::pretty(4) })),
    Filter::new("tojson", &[], |cx, v, mut args| {
        let indent = args.take("indent").or_else(|| args.pos.first().cloned());
        let style = match opt_int(indent.as_ref())? {
            Some(n) => JsonStyle { sort_keys: true, ..JsonStyle::pretty(n.max(0) as usize) },
            None => JsonStyle { sort_keys: true, ..JsonStyle::default() },
        };
        let v = cx.finalize(v)?;
        let text = to_json_string(&v, &style);
        Ok(Value::from(text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026").replace('\'', "\\u0027")))
    }),
    Filter::new("from_json", &[], |_, v, _| from_json(&v)),
];

fn dump(cx: &mut Interp<'_>, v: Value, mut args: Args, mut style: JsonStyle) -> Result<Value> {
    if let Some(i) = args.take("indent") {
        style = match opt_int(Some(&i))? {
            Some(n) => JsonStyle { sort_keys: style.sort_keys, ..JsonStyle::pretty(n.max(0) as usize) },
            None => JsonStyle { indent: None, ..style },
        };
    }
    if let Some(s) = args.take("sort_keys") {
        style.sort_keys = s.truthy();
    }
    if let Some(s) = args.take("ensure_ascii") {
        style.ensure_ascii = flag(Some(&s), true);
    }
    if let Some(s) = args.take("separators")
        && let Some([a, b]) = s.as_list()
    {
        style.item_separator = a.to_string();
        style.key_separator = b.to_string();
    }
    for known in ["preprocess_unsafe", "vault_to_text", "cls", "default", "allow_nan", "skipkeys", "check_circular"] {
        args.take(known);
    }
    args.bind::<0>("to_json", [])?;
    let v = cx.finalize(v)?;
    Ok(Value::from(to_json_string(&v, &style)))
}

fn from_json(v: &Value) -> Result<Value> {
    let text = match v {
        Value::Str(s) => s.to_string(),
        Value::Bytes(b) => String::from_utf8_lossy(b).into_owned(),
        other => return fail(format!("the JSON object must be str, bytes or bytearray, not {}", other.type_name())),
    };
    crate::util::json::parse(&text).map_err(Error::runtime)
}
