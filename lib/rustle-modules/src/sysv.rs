//! Services where systemd does not run: OpenRC, and System V scripts through `service` and `update-rc.d`/`chkconfig`.

use crate::systemd::{script, script_enabled};
use crate::{Ctx, Failure, Outcome, Output};
use std::path::Path;

/// What to do with one service.
#[derive(Clone, Debug, Default)]
pub struct Wish<'a> {
    pub name: &'a str,
    pub state: Option<&'a str>,
    pub enabled: Option<bool>,
    pub pattern: Option<&'a str>,
    pub arguments: &'a str,
    pub runlevels: Vec<String>,
    /// Seconds between stop and start of a restart.
    pub sleep: u64,
}

/// Which programs this host has.
enum Tools {
    OpenRc { service: String, update: Option<String> },
    Scripts { service: Option<String>, enable: Option<String> },
}

impl Tools {
    fn find(ctx: &Ctx) -> Tools {
        let find = |n: &str| ctx.find_program(n).map(|p| p.to_string_lossy().into_owned());
        match find("rc-service") {
            Some(service) => Tools::OpenRc { service, update: find("rc-update") },
            None => Tools::Scripts { service: find("service"), enable: find("update-rc.d").or_else(|| find("chkconfig")) },
        }
    }
    fn act(&self, ctx: &Ctx, w: &Wish, verb: &str) -> Result<Output, Failure> {
        let mut cmd = match self {
            Tools::OpenRc { service, .. } => ctx.command([service.as_str(), w.name, verb]),
            Tools::Scripts { service: Some(s), .. } => ctx.command([s.as_str(), w.name, verb]),
            Tools::Scripts { service: None, .. } => ctx.command([format!("/etc/init.d/{}", w.name), verb.to_owned()]),
        };
        if verb != "status" {
            cmd = cmd.args(w.arguments.split_whitespace());
        }
        cmd.run()
    }
}

/// Whether the service runs: its pattern in the process list, its `status`, or its words.
fn running(ctx: &Ctx, tools: &Tools, w: &Wish) -> Result<bool, Failure> {
    if let Some(p) = w.pattern {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let own = std::process::id().to_string();
        return Ok(entries
            .filter(|e| e.file_name().to_str().is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()) && n != own))
            .filter_map(|e| std::fs::read(e.path().join("cmdline")).ok())
            .any(|c| String::from_utf8_lossy(&c).replace('\0', " ").contains(p)));
    }
    let out = tools.act(ctx, w, "status")?;
    let text = out.out().to_lowercase();
    // Scripts that answer 0 for everything say it in words.
    let says_no = ["not running", "is stopped", "stopped/waiting", "inactive", "stop/waiting"].iter().any(|t| text.contains(t));
    Ok(out.rc == 0 && !says_no)
}

/// Does what is wished.
pub fn manage(ctx: &mut Ctx, w: &Wish) -> Result<Outcome, Failure> {
    let tools = Tools::find(ctx);
    let known = script(w.name);
    if !known && !matches!(tools, Tools::OpenRc { .. }) && !Path::new("/etc/init").join(format!("{}.conf", w.name)).exists() {
        return Err(Failure::new(format!("Could not find the requested service {}: host", w.name)));
    }
    let mut o = Outcome::ok().with("name", w.name);
    let mut changed = false;
    if let Some(want) = w.enabled {
        let now = enabled(ctx, &tools, w);
        if now != want {
            changed = true;
            if !ctx.check_mode {
                enable(ctx, &tools, w, want)?;
            }
        }
        o.set("enabled", want);
    }
    if let Some(state) = w.state {
        let now = running(ctx, &tools, w)?;
        let verbs: &[&str] = match (state, now) {
            ("started", false) | ("reloaded", false) => &["start"],
            ("stopped", true) => &["stop"],
            ("reloaded", true) => &["reload"],
            ("restarted", true) => &["stop", "start"],
            ("restarted", false) => &["start"],
            _ => &[],
        };
        changed |= !verbs.is_empty();
        if !ctx.check_mode {
            for (i, verb) in verbs.iter().enumerate() {
                if i > 0 {
                    std::thread::sleep(std::time::Duration::from_secs(w.sleep));
                }
                let out = tools.act(ctx, w, verb)?;
                if out.rc != 0 {
                    let text = if out.err().trim().is_empty() { out.out() } else { out.err() };
                    return Err(Failure::new(text));
                }
            }
        }
        o.set("state", if state == "stopped" { "stopped" } else { "started" });
    }
    o.set("changed", changed);
    Ok(o)
}

fn enabled(ctx: &Ctx, tools: &Tools, w: &Wish) -> bool {
    match tools {
        Tools::OpenRc { .. } => {
            let levels = if w.runlevels.is_empty() { vec!["default".to_owned()] } else { w.runlevels.clone() };
            levels.iter().all(|l| Path::new("/etc/runlevels").join(l).join(w.name).exists())
        }
        Tools::Scripts { enable: Some(e), .. } if e.ends_with("chkconfig") => {
            let out = ctx.command([e.as_str(), "--list", w.name]).run();
            out.is_ok_and(|o| o.out().contains("3:on") && o.out().contains("5:on"))
        }
        Tools::Scripts { .. } => script_enabled(w.name),
    }
}

fn enable(ctx: &Ctx, tools: &Tools, w: &Wish, want: bool) -> Result<(), Failure> {
    let fail = |out: Output, program: &str| {
        let verb = if want { "enable" } else { "disable" };
        Err(Failure::new(format!("Failed to {verb} service {} with {program}: {}{}", w.name, out.out(), out.err())))
    };
    match tools {
        Tools::OpenRc { update: Some(p), .. } => {
            let levels = if w.runlevels.is_empty() { vec!["default".to_owned()] } else { w.runlevels.clone() };
            for level in levels {
                let out = ctx.command([p.as_str(), if want { "add" } else { "delete" }, w.name, &level]).run()?;
                if out.rc != 0 {
                    return fail(out, p);
                }
            }
            Ok(())
        }
        Tools::Scripts { enable: Some(p), .. } => {
            let chk = p.ends_with("chkconfig");
            let steps: Vec<Vec<&str>> = match (chk, want) {
                (true, true) => vec![vec!["--add", w.name], vec![w.name, "on"]],
                (true, false) => vec![vec![w.name, "off"]],
                (false, true) => vec![vec![w.name, "defaults"], vec![w.name, "enable"]],
                (false, false) => vec![vec![w.name, "disable"]],
            };
            for args in steps {
                let out = ctx.command([p.as_str()]).args(&args).run()?;
                if out.rc != 0 {
                    return fail(out, p);
                }
            }
            Ok(())
        }
        _ => Err(Failure::new("No program to enable services was found on this host")),
    }
}
