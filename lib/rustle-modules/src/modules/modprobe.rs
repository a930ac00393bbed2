//! Kernel modules: loaded or not, now and at each start.

use crate::execute::glob;
use crate::{Ctx, Failure, Module, Outcome, Params, Support, params};
use std::fs;

params! {
    /// Options of `modprobe`.
    pub struct Args {
        /// The kernel module.
        name: String => required();
        /// Whether it is loaded.
        state: String => default("present"), choices(&["absent", "present"]);
        /// Its parameters.
        params: String => default("");
        /// Whether it is loaded at each start, too.
        persistent: String => default("disabled"), choices(&["disabled", "present", "absent"]);
    }
}

const EXAMPLES: &str = "
- name: Bridges can be filtered
  community.general.modprobe:
    name: br_netfilter
    persistent: present
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.modprobe"],
    check: Support::Full,
    ..Module::new::<Args>("community.general.modprobe", "Loads kernel modules", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn loaded(name: &str) -> bool {
    let name = name.replace('-', "_");
    let modules = fs::read_to_string("/proc/modules").unwrap_or_default();
    if modules.lines().any(|l| l.split(' ').next() == Some(&name)) {
        return true;
    }
    // Built into the kernel.
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let builtin = fs::read_to_string(format!("/lib/modules/{}/modules.builtin", release.trim())).unwrap_or_default();
    builtin.lines().any(|l| l.rsplit('/').next().and_then(|f| f.split(".ko").next()).is_some_and(|m| m.replace('-', "_") == name))
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let there = loaded(&a.name);
    let mut changed = there != (a.state == "present");
    let o = |changed: bool| {
        Outcome::changed(changed).with("name", a.name.as_str()).with("params", a.params.as_str()).with("state", a.state.as_str())
    };
    if changed && !ctx.check_mode {
        let program = ctx.need_program("modprobe")?;
        let mut cmd = ctx.command([program.as_os_str()]);
        if a.state == "absent" {
            cmd = cmd.arg("-r");
        }
        let out = cmd.arg(&a.name).args(a.params.split_whitespace()).run()?;
        if out.rc != 0 {
            let f = Failure { msg: out.err(), result: o(false).result };
            return Err(f.with("rc", i64::from(out.rc)).with("stdout", out.out()).with("stderr", out.err()));
        }
    }
    match a.persistent.as_str() {
        "present" => changed |= keep(ctx, &a)?,
        "absent" => changed |= forget(ctx, &a)?,
        _ => {}
    }
    Ok(o(changed))
}

/// Files that name modules to load, and files of their parameters.
fn files() -> (Vec<String>, Vec<String>) {
    ([glob("/etc/modules-load.d/*.conf"), glob("/etc/modules")].concat(), glob("/etc/modprobe.d/*.conf"))
}

fn names_module(line: &str, name: &str) -> bool {
    line.trim() == name
}

fn sets_params(line: &str, name: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("options") && words.next() == Some(name)
}

fn keep(ctx: &Ctx, a: &Args) -> Result<bool, Failure> {
    let (load, options) = files();
    let read = |p: &String| fs::read_to_string(p).unwrap_or_default();
    let mut changed = false;
    if !load.iter().any(|f| read(f).lines().any(|l| names_module(l, &a.name))) {
        changed = true;
        if !ctx.check_mode {
            let path = format!("/etc/modules-load.d/{}.conf", a.name);
            ctx.write_atomic(&path, format!("{}\n", a.name).as_bytes(), false)?;
        }
    }
    let line = format!("options {} {}", a.name, a.params);
    let known: Vec<String> = options.iter().flat_map(|f| read(f).lines().map(str::to_owned).collect::<Vec<_>>()).filter(|l| sets_params(l, &a.name)).collect();
    let same = |l: &String| l.split_whitespace().eq(line.split_whitespace());
    if !a.params.is_empty() && !known.iter().all(same) || !a.params.is_empty() && known.is_empty() {
        changed = true;
        if !ctx.check_mode {
            without(ctx, &options, |l| sets_params(l, &a.name))?;
            let path = format!("/etc/modprobe.d/{}.conf", a.name);
            ctx.write_atomic(&path, format!("{line}\n").as_bytes(), false)?;
        }
    }
    Ok(changed)
}

fn forget(ctx: &Ctx, a: &Args) -> Result<bool, Failure> {
    let (load, options) = files();
    let one = without(ctx, &load, |l| names_module(l, &a.name))?;
    Ok(without(ctx, &options, |l| sets_params(l, &a.name))? || one)
}

/// Comments the lines out.
fn without(ctx: &Ctx, files: &[String], test: impl Fn(&str) -> bool) -> Result<bool, Failure> {
    let mut changed = false;
    for f in files {
        let text = fs::read_to_string(f).unwrap_or_default();
        if !text.lines().any(&test) {
            continue;
        }
        changed = true;
        if !ctx.check_mode {
            let new: String = text.lines().map(|l| if test(l) { format!("#{l}\n") } else { format!("{l}\n") }).collect();
            ctx.write_atomic(f, new.as_bytes(), false)?;
        }
    }
    Ok(changed)
}
