//! `ansible_facts.services`: services of systemd, OpenRC and System V, with their states.

use crate::{Ctx, Dict, Failure, Module, NoArgs, Outcome, Scope, Support, Value, systemd};
use rustle_value::dict;

const EXAMPLES: &str = "
- name: What runs here?
  ansible.builtin.service_facts:
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<NoArgs>("ansible.builtin.service_facts", "Lists services", EXAMPLES, |ctx, _| run(ctx))
};

fn run(ctx: &mut Ctx) -> Result<Outcome, Failure> {
    let mut services = Dict::new();
    if let Some(p) = ctx.find_program("rc-status") {
        openrc(ctx, &p.to_string_lossy(), &mut services)?;
    } else {
        sysv(ctx, &mut services)?;
    }
    if systemd::runs(ctx) {
        units(ctx, &mut services)?;
    }
    if services.is_empty() {
        return Ok(Outcome::default().with("skipped", true).with("msg", "Failed to find any services. This can be due to privileges or some other configuration issue."));
    }
    Ok(Outcome::ok().with("ansible_facts", dict! { "services" => services }))
}

fn add(services: &mut Dict, name: &str, state: &str, status: Option<&str>, source: &str) {
    let mut d = dict! { "name" => name, "state" => state };
    if let Some(s) = status {
        d.insert("status", s);
    }
    d.insert("source", source);
    services.insert(name, d);
}

/// What `service --status-all` lists: `[ + ]` runs.
fn sysv(ctx: &Ctx, services: &mut Dict) -> Result<(), Failure> {
    let Some(program) = ctx.find_program("service") else { return Ok(()) };
    // On Red Hat's family the same option runs every script; systemd knows them there.
    if ctx.find_program("chkconfig").is_some() {
        return Ok(());
    }
    let out = ctx.command([program.as_os_str()]).arg("--status-all").c_locale().run()?;
    for line in out.out().lines() {
        let f: Vec<&str> = line.split_whitespace().collect();
        let ["[", sign, "]", name, ..] = f[..] else { continue };
        add(services, name, if sign == "+" { "running" } else { "stopped" }, None, "sysv");
    }
    Ok(())
}

fn openrc(ctx: &Ctx, program: &str, services: &mut Dict) -> Result<(), Failure> {
    let out = ctx.command([program, "-a", "-s", "-m"]).run()?;
    for line in out.out().lines() {
        let Some((name, state)) = line.trim().split_once('[').and_then(|(n, s)| Some((n.trim(), s.split_once(']')?.0.trim()))) else {
            continue;
        };
        let state = state.split_whitespace().next().unwrap_or_default();
        add(services, name, if state == "started" { "running" } else { state }, None, "openrc");
    }
    Ok(())
}

/// Service units: what is loaded, then what only has a file.
fn units(ctx: &Ctx, services: &mut Dict) -> Result<(), Failure> {
    let program = ctx.need_program("systemctl")?.to_string_lossy().into_owned();
    let list = |verb: &str| ctx.command([&program, verb, "--no-pager", "--no-legend", "--type", "service", "--all"]).c_locale();
    let (loaded, files) = std::thread::scope(|s| {
        let files = list("list-unit-files");
        let other = s.spawn(move || files.run());
        (list("list-units").run(), other.join())
    });
    let loaded = loaded?;
    let files = files.map_err(|_| Failure::new("internal error: the list of unit files was lost"))??;
    for line in loaded.out().lines() {
        // Units in trouble have a mark in front.
        let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        let f: Vec<&str> = line.split_whitespace().collect();
        let [unit, load, active, sub, ..] = f[..] else { continue };
        if !unit.ends_with(".service") {
            continue;
        }
        let (state, status) = match (load, active, sub) {
            ("not-found", ..) => (sub, Some("not-found")),
            (_, "failed", _) => (if sub == "failed" { "stopped" } else { sub }, Some("failed")),
            (_, _, "running") => ("running", None),
            (_, _, "dead") => ("inactive", None),
            _ => ("stopped", None),
        };
        let state = if load == "not-found" { "stopped" } else { state };
        add(services, unit, state, Some(status.unwrap_or("unknown")), "systemd");
    }
    for line in files.out().lines() {
        let f: Vec<&str> = line.split_whitespace().collect();
        let [unit, status, ..] = f[..] else { continue };
        match services.get_mut(unit) {
            Some(Value::Dict(d)) => {
                let d = std::sync::Arc::make_mut(d);
                if d.get("status").and_then(Value::as_str) == Some("unknown") {
                    d.insert("status", status);
                }
            }
            _ => add(services, unit, if unit.contains('@') { "unknown" } else { "inactive" }, Some(status), "systemd"),
        }
    }
    Ok(())
}
