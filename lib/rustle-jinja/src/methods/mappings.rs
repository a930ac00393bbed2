//! Methods of objects that behave as mappings (`hostvars` and the like).

use crate::objects::Func;
use rustle_value::{Object, Value};
use std::sync::Arc;

/// `o.name`, where that is a method of mappings.
pub(crate) fn bound(o: &Arc<dyn Object>, name: &str) -> Option<Value> {
    if !o.is_mapping() || !matches!(name, "get" | "items" | "keys" | "values") {
        return None;
    }
    let (o, name) = (o.clone(), name.to_owned());
    Some(Func::value("method", move |cx, args| {
        let read = |key: &Value| o.item(key).or_else(|| o.attr(key.as_str()?));
        if name == "get" {
            let [key, default] = args.bind("get", ["key", "default"])?;
            return match key.as_ref().and_then(read) {
                Some(v) => cx.resolve(v),
                None => Ok(default.unwrap_or_default()),
            };
        }
        let mut out = Vec::new();
        for key in o.iterate().unwrap_or_default() {
            out.push(match name.as_str() {
                "keys" => key,
                "values" => read(&key).unwrap_or_default(),
                _ => {
                    let v = read(&key).unwrap_or_default();
                    Value::tuple(vec![key, v])
                }
            });
        }
        Ok(Value::list(out))
    }))
}
