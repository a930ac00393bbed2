//! Taking secrets out of results, as Ansible does for options marked `no_log`.

use rustle_value::{Dict, Value, py_str};

/// What stands for a value that is a secret as a whole.
pub const MASK: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";

/// `v` without the secrets: a whole value becomes [`MASK`], a part of a text eight stars. Keys stay.
pub fn mask(v: &Value, secrets: &[String]) -> Value {
    if secrets.is_empty() {
        return v.clone();
    }
    match v {
        Value::Dict(d) => Value::dict(mask_dict(d, secrets)),
        Value::List(l) => Value::list(l.iter().map(|x| mask(x, secrets)).collect()),
        Value::Tuple(l) => Value::tuple(l.iter().map(|x| mask(x, secrets)).collect()),
        Value::Str(s) => {
            if secrets.iter().any(|x| **x == **s) {
                return MASK.into();
            }
            let mut out = s.to_string();
            for x in secrets.iter().filter(|x| !x.is_empty()) {
                out = out.replace(x.as_str(), "********");
            }
            Value::str(out)
        }
        Value::Int(_) | Value::Float(_) | Value::BigInt(_) => {
            let s = py_str(v);
            if secrets.contains(&s) { MASK.into() } else { v.clone() }
        }
        _ => v.clone(),
    }
}

/// [`mask`] for every value of a dict.
pub fn mask_dict(d: &Dict, secrets: &[String]) -> Dict {
    if secrets.is_empty() {
        return d.clone();
    }
    d.iter().map(|(k, v)| (k.clone(), mask(v, secrets))).collect()
}
