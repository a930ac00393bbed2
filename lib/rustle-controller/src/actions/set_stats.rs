//! `set_stats`: numbers and texts for the end of the run.

use super::{Action, failed};
use crate::session::lock;
use rustle_value::{Value, dict};

pub(crate) static ACTION: Action = Action {
    name: "set_stats",
    run: |world, _, args| {
        let Some(Value::Dict(data)) = args.get("data") else {
            return failed("The 'data' option needs to be a dictionary/hash");
        };
        let flag = |key: &str, default: bool| args.get(key).map_or(default, |v| rustle_engine::to_bool(v).unwrap_or(default));
        let (per_host, aggregate) = (flag("per_host", false), flag("aggregate", true));
        let whose = if per_host { world.host.as_str() } else { "_run" };
        let mut all = lock(&world.shared.stats);
        let mut own = all.get(whose).and_then(Value::as_dict).cloned().unwrap_or_default();
        for (name, value) in data.str_iter() {
            let value = match own.get(name) {
                Some(before) if aggregate => sum(before, value),
                _ => value.clone(),
            };
            own.insert(name, value);
        }
        all.insert(whose, own);
        drop(all);
        Ok(dict! {
            "changed" => false,
            "ansible_stats" => dict! {
                "data" => Value::Dict(data.clone()),
                "per_host" => per_host,
                "aggregate" => aggregate,
            },
        })
    },
};

/// What two statistics of one name come to: dicts are merged, everything else is added. Of two kinds, the first stays.
fn sum(before: &Value, more: &Value) -> Value {
    match (before, more) {
        (Value::Dict(a), Value::Dict(b)) => {
            let mut d = (**a).clone();
            d.update(b);
            Value::dict(d)
        }
        (Value::List(a), Value::List(b)) => Value::list(a.iter().chain(b.iter()).cloned().collect()),
        (Value::Int(a), Value::Int(b)) => Value::Int(a.saturating_add(*b)),
        (Value::Str(a), Value::Str(b)) => Value::from(format!("{a}{b}")),
        _ => match (before.as_f64(), more.as_f64()) {
            (Some(a), Some(b)) => Value::from(a + b),
            _ => before.clone(),
        },
    }
}
