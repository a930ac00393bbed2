//! Finding and running modules: from a request to a result. Never a crash: a module that panics has failed.

use crate::api::{Failure, Module, Outcome, Support};
use crate::ctx::Ctx;
use crate::decode::{Notes, decode};
use crate::registry::{ALL, CARRIED, LEFT_OUT};
use crate::secrets;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The module called `name`: its full name, an alias, or (for built-ins) the last part, with or without
/// `ansible.legacy.`.
pub fn find(name: &str) -> Option<&'static Module> {
    let short = name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name);
    ALL.iter().copied().find(|m| {
        m.name == name
            || m.aliases.contains(&name)
            || (m.name.strip_prefix("ansible.builtin.") == Some(short))
            || m.aliases.iter().any(|a| a.strip_prefix("ansible.builtin.") == Some(short))
    })
}

/// Every module of this build.
pub fn all() -> &'static [&'static Module] {
    ALL
}

/// Full names of every module of this build.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|m| m.name)
}

/// What this build carries, in words that are found in the executable's file, too: `rustle-runner carries the modules:
/// copy,file;`, or `all` where none was left out.
pub fn carried() -> &'static str {
    CARRIED
}

/// Whether `name` is a native module that this build was made without; if so, what to tell a person.
pub fn left_out(name: &str) -> Option<String> {
    let full = if name.contains('.') { name.to_owned() } else { format!("ansible.builtin.{name}") };
    if !LEFT_OUT.contains(&full.as_str()) {
        return None;
    }
    let has: Vec<&str> = ALL.iter().map(|m| m.short_name()).collect();
    Some(format!(
        "The runner on this host was built without the module {full}: it has only {}. Use a runner with all modules, or name this one, too, when rustle-template makes it (--modules).",
        has.join(", ")
    ))
}

/// Names that a person may have meant by `name`, best first, at most three.
pub fn near(name: &str) -> Vec<&'static str> {
    let short = name.rsplit('.').next().unwrap_or(name);
    let mut scored: Vec<(usize, &'static str)> =
        ALL.iter().map(|m| (distance(short, m.short_name()), m.name)).filter(|(d, _)| *d <= short.len().max(3) / 3 + 1).collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, n)| n).collect()
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// Runs the module that the request names; its result as Ansible's modules print it. `failed` is there where it
/// failed, `changed` where the module says it (and always on success). `invocation` is added where the hint
/// `inject_invocation` is true (Ansible's `INJECT_INVOCATION`). A module that is not native comes with the request.
pub fn run(req: &ModuleRequest) -> Dict {
    if let Some(payload) = &req.payload {
        #[cfg(unix)]
        return crate::foreign::run(req, payload);
        #[cfg(not(unix))]
        return failed(Failure::new(format!("The module {} is Python's, which is not called on this system.", payload.name)));
    }
    let Some(module) = find(&req.module) else {
        if let Some(why) = left_out(&req.module) {
            return failed(Failure::new(why));
        }
        let near = near(&req.module);
        let hint = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", near.join(" or ")) };
        let place = if cfg!(unix) { "in this runner" } else { "for this system" };
        return failed(Failure::new(format!("The module {} is not available {place}.{hint}", req.module)));
    };
    match catch_unwind(AssertUnwindSafe(|| run_module(module, req))) {
        Ok(mut result) => {
            #[cfg(unix)]
            crate::foreign::look_for_python(req, &mut result);
            result
        }
        Err(panic) => {
            let why = panic
                .downcast_ref::<&str>()
                .map(|s| s.to_string())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            failed(Failure::new(format!("internal error in module {}: {why}", module.name)))
        }
    }
}

fn failed(f: Failure) -> Dict {
    let mut d = f.result;
    d.insert("failed", true);
    d.insert("msg", f.msg);
    d
}

fn run_module(module: &'static Module, req: &ModuleRequest) -> Dict {
    let mut ctx = Ctx::new(req);
    let mut notes = Notes::default();
    let name = req.hints.get("module_name").and_then(Value::as_str).unwrap_or(&req.module);
    let decoded = decode(name, module.params, module.rules, &req.args, &ctx, &mut notes);
    ctx.warnings.append(&mut notes.warnings);
    ctx.secrets.append(&mut notes.secrets);
    let (values, result) = match decoded {
        Err(f) => (None, Err(f)),
        Ok(v) if req.check && module.check == Support::None => {
            let msg = format!("remote module ({}) does not support check mode", module.short_name());
            let skipped = Outcome::default().with("skipped", true).with("msg", msg);
            (Some(v), Ok(skipped))
        }
        Ok(v) => {
            let r = (module.run)(&mut ctx, &v);
            (Some(v), r)
        }
    };
    let bare = values.is_none() || result.as_ref().is_ok_and(|o| o.bare);
    let mut result = match result {
        Ok(o) => {
            let mut d = o.result;
            if !d.contains_key("changed") {
                d.insert("changed", false);
            }
            d
        }
        Err(f) => failed(f),
    };
    if !bare {
        #[cfg(unix)]
        crate::attrs::add_path_info(&mut result);
    }
    finish(&ctx, &mut result, req, values.map(|v| v.dict));
    if !ctx.secrets.is_empty() {
        result = secrets::mask_dict(&result, &ctx.secrets);
    }
    result
}

fn finish(ctx: &Ctx, result: &mut Dict, req: &ModuleRequest, values: Option<Dict>) {
    if req.hints.get("inject_invocation").is_some_and(Value::truthy) {
        let mut d = Dict::new();
        d.insert("module_args", Value::dict(values.unwrap_or_else(|| req.args.clone())));
        result.insert("invocation", Value::dict(d));
    }
    if !ctx.warnings.is_empty() {
        let mut list: Vec<Value> = result.get("warnings").and_then(Value::as_list).map(<[_]>::to_vec).unwrap_or_default();
        list.extend(ctx.warnings.iter().map(|w| Value::from(w.as_str())));
        result.insert("warnings", Value::list(list));
    }
    if !ctx.deprecations.is_empty() {
        result.insert("deprecations", Value::list(ctx.deprecations.clone()));
    }
}
