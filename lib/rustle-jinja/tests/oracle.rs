//! Runs the cases of `tests/cases/*.json` and compares with what ansible-core answered (`scripts/jinja-oracle` asks it).
//!
//! A file is `{"vars": {...}, "templates": {...}, "cases": [{"t": "{{ x }}", "is": "<repr>"} | {"t": ..., "error": ...}]}`.
//! Strings in `vars` are templates unless under `{"$data": ...}`. `mode` is `value` (default), `expr`, `cond` or `text`.
//! A case with `gap` says why we differ; it must differ.

use rustle_jinja::{Args, Environment, Error, Interp, Scope, Syntax};
use rustle_value::{Dict, Value, py_repr};
use std::sync::Arc;

struct Vars {
    vars: Dict,
    templates: Dict,
}

impl Scope for Vars {
    fn get(&self, name: &str) -> Option<Value> {
        self.vars.get(name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.vars.str_iter().map(|(k, _)| k.to_owned()).collect()
    }
    fn lookup(&self, name: &str, args: &Args, _: &mut Interp<'_>) -> Option<Result<Value, Error>> {
        (name == "env").then(|| Ok(Value::list(args.pos.iter().map(|_| Value::from("")).collect())))
    }
    fn load_template(&self, name: &str) -> Result<Option<Arc<str>>, Error> {
        Ok(self.templates.get(name).and_then(|v| v.as_str()).map(Arc::from))
    }
}

fn trusted(v: &Value) -> Value {
    match v {
        Value::Str(s) => Value::trusted(s.clone(), None),
        Value::List(l) => Value::list(l.iter().map(trusted).collect()),
        Value::Dict(d) => match d.get("$data") {
            Some(x) => x.clone(),
            None => Value::dict(d.iter().map(|(k, x)| (k.clone(), trusted(x))).collect()),
        },
        other => other.clone(),
    }
}

fn answer(env: &Environment, scope: &Vars, mode: &str, t: &str) -> Result<String, String> {
    let source: Arc<str> = t.into();
    let v = match mode {
        "expr" => env.eval_expression(&source, None, scope),
        "cond" => env.eval_condition(&Value::trusted(source, None), None, scope).map(Value::Bool),
        "text" => env.render_text(&source, None, &Syntax::default(), scope).map(Value::from),
        _ => env.render_value(&Value::trusted(source, None), scope),
    };
    match v {
        Ok(v) if rustle_jinja::is_omit(&v) => Err("A template was resolved to an Omit scalar.".into()),
        Ok(v) => Ok(py_repr(&v)),
        Err(e) => Err(e.to_string()),
    }
}

#[test]
fn every_case_answers_as_ansible_does() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let only = std::env::var("CASE").ok();
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|x| x == "json")).collect();
    files.sort();
    let (mut total, mut wrong) = (0, Vec::new());
    for f in files {
        let name = f.file_stem().unwrap().to_string_lossy().into_owned();
        if only.as_ref().is_some_and(|o| *o != name) {
            continue;
        }
        let doc: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&f).unwrap()).unwrap();
        let doc = rustle_value::from_json(doc);
        let env = Environment::new();
        let dict = |k: &str| doc.get(k).and_then(|v| v.as_dict()).cloned().unwrap_or_default();
        let vars = trusted(&Value::dict(dict("vars")));
        let scope = Vars { vars: vars.as_dict().unwrap().clone(), templates: dict("templates") };
        for case in doc.get("cases").and_then(|c| c.as_list()).unwrap() {
            let text = |k: &str| case.get(k).and_then(|v| v.as_str()).map(str::to_owned);
            let t = text("t").unwrap();
            let want = match text("error") {
                Some(e) => Err(e),
                None => Ok(text("is").unwrap()),
            };
            let got = answer(&env, &scope, text("mode").as_deref().unwrap_or("value"), &t);
            total += 1;
            match (got == want, text("gap")) {
                (true, None) | (false, Some(_)) => {}
                (true, Some(_)) => wrong.push(format!("{name}: {t}\n   no gap any more: {want:?}")),
                (false, None) => wrong.push(format!("{name}: {t}\n   want {want:?}\n   got  {got:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {total} cases differ\n{}", wrong.len(), wrong.join("\n"));
}
