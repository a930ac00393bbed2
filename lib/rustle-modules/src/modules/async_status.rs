//! Tells how far a job is that a task with `async` started, or removes its result.

use crate::{Ctx, Failure, Module, Outcome, Params, Scope, Support, Value, params};
use rustle_value::Dict;
use std::path::PathBuf;

params! {
    /// Options of `async_status`.
    pub struct Args {
        /// The job's number: `ansible_job_id` of the task that started it.
        jid: String => required();
        /// `status` looks, `cleanup` removes the job's result.
        mode: String => default("status"), choices(&["cleanup", "status"]);
    }
}

const EXAMPLES: &str = "
- name: Is it done?
  ansible.builtin.async_status:
    jid: '{{ job.ansible_job_id }}'
  register: result
  until: result is finished
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.async_status", "Looks after jobs in the background", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// The folder of results; the same rule as where jobs are started.
fn folder(ctx: &Ctx) -> PathBuf {
    let home = ctx.env("HOME").unwrap_or_else(|| "/root".into());
    let named = ctx.hint("ansible_async_dir").map(str::to_owned).or_else(|| ctx.env("ANSIBLE_ASYNC_DIR"));
    match named {
        Some(d) => PathBuf::from(d.strip_prefix('~').map_or(d.clone(), |rest| format!("{home}{rest}"))),
        None => PathBuf::from(home).join(".ansible_async"),
    }
}

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    // A job's number is a name, never a way to another folder.
    let name = args.jid.rsplit('/').next().unwrap_or_default();
    let path = folder(ctx).join(name);
    let shown = path.to_string_lossy().into_owned();
    let about = |o: Outcome, started: bool, finished: bool| o.with("ansible_job_id", args.jid.as_str()).with("started", started).with("finished", finished);
    if !path.is_file() {
        return Err(Failure::new("could not find job")
            .with("ansible_job_id", args.jid.as_str())
            .with("results_file", shown)
            .with("started", true)
            .with("finished", true)
            .with("stdout", "")
            .with("stderr", ""));
    }
    if args.mode == "cleanup" {
        std::fs::remove_file(&path).map_err(|e| Failure::os(&e, &shown))?;
        return Ok(about(Outcome::ok(), false, false).with("erased", shown).with("stdout", "").with("stderr", ""));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Failure::os(&e, &shown))?;
    let data: Dict = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Dict(d)) => (*d).clone(),
        // The job is about to write it.
        _ if text.is_empty() => Dict::new(),
        _ => return Err(Failure::new(format!("Could not parse job output: {text}")).with("ansible_job_id", args.jid.as_str()).with("started", true).with("finished", true)),
    };
    let done = data.get("finished").is_some_and(Value::truthy) || !data.contains_key("started");
    // What a job printed, where it told that.
    let mut out = Outcome::ok().with("stdout", "").with("stderr", "");
    if done && !data.is_empty() {
        let changed = data.get("changed").is_some_and(Value::truthy);
        out = Outcome::changed(changed).with("stdout", "").with("stderr", "");
        for (k, v) in data.str_iter() {
            if k != "changed" {
                out.set(k, v.clone());
            }
        }
    }
    Ok(about(out, true, done && !data.is_empty()).with("results_file", shown))
}
