//! `ansible_local`: the administrator's own facts, `*.fact` files that are JSON, INI, or programs that print either.

use crate::{Collector, Context, ini};
use rustle_value::{Dict, Value, from_json};

pub static COLLECTOR: Collector =
    Collector { subset: "local", aliases: &[], minimal: true, requires: &[], slow: true, gather };

fn gather(ctx: &Context, out: &mut Dict) {
    let folder = &ctx.options.fact_path;
    let mut names: Vec<String> = ctx.list(folder);
    names.retain(|n| n.ends_with(".fact"));
    names.sort();
    let mut facts = Dict::new();
    for name in names {
        let path = format!("{}/{name}", folder.trim_end_matches('/'));
        facts.insert(name.trim_end_matches(".fact"), one(ctx, &path));
    }
    out.insert("local", facts);
}

fn one(ctx: &Context, path: &str) -> Value {
    let file = ctx.path(path);
    let text = if crate::context::is_executable(&file) {
        match ctx.run(&file, &[]) {
            None => return Value::from(format!("Could not execute fact script ({path})")),
            Some(o) if o.status != 0 => {
                return Value::from(format!(
                    "Failure executing fact script ({path}), rc: {}, err: {}",
                    o.status, o.stderr
                ));
            }
            Some(o) => o.stdout,
        }
    } else {
        ctx.read(path).unwrap_or_default()
    };
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
        return from_json(value);
    }
    match ini::parse(&text) {
        Ok(d) => Value::dict(d),
        Err(_) => Value::from(format!("error loading facts as JSON or ini - please check content: {path}")),
    }
}
