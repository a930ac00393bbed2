//! Services under systemd: what `systemd_service` does, and `service` where systemd runs the host.

use crate::{Cmd, Ctx, Failure, Outcome, Output, Value, params};
use rustle_value::Dict;
use std::path::Path;

params! {
    /// Options of `systemd_service`.
    pub struct SystemdArgs {
        /// The unit; without a suffix it is a service.
        name: Option<String> => aliases(&["service", "unit"]);
        /// What the unit should be doing.
        state: Option<String> => choices(&["reloaded", "restarted", "started", "stopped"]);
        /// Whether it starts with the system.
        enabled: Option<bool>;
        /// Whether existing links are overwritten.
        force: Option<bool>;
        /// Whether it is masked: impossible to start.
        masked: Option<bool>;
        /// Whether systemd reads its files again first.
        daemon_reload: bool => default("no"), aliases(&["daemon-reload"]);
        /// Whether systemd executes itself again first.
        daemon_reexec: bool => default("no"), aliases(&["daemon-reexec"]);
        /// Which systemd.
        scope: String => default("system"), choices(&["system", "user", "global"]);
        /// Whether not to wait for the operation's end.
        no_block: bool => default("no");
    }
}

/// The systemctl of one task.
struct Systemctl {
    program: String,
    options: Vec<String>,
    env: Vec<(String, String)>,
}

impl Systemctl {
    fn new(ctx: &Ctx, a: &SystemdArgs) -> Result<Self, Failure> {
        let mut env = Vec::new();
        if ctx.env("XDG_RUNTIME_DIR").is_none() {
            env.push(("XDG_RUNTIME_DIR".into(), format!("/run/user/{}", rustix::process::geteuid().as_raw())));
        }
        let mut options = Vec::new();
        if a.scope != "system" {
            options.push(format!("--{}", a.scope));
        }
        if a.no_block {
            options.push("--no-block".into());
        }
        if a.force == Some(true) {
            options.push("--force".into());
        }
        let program = ctx.need_program("systemctl")?.to_string_lossy().into_owned();
        Ok(Systemctl { program, options, env })
    }
    fn command(&self, ctx: &Ctx, args: &[&str]) -> Cmd {
        let mut cmd = ctx.command([&self.program]).args(&self.options).args(args);
        for (k, v) in &self.env {
            cmd = cmd.env(k, v);
        }
        cmd
    }
    fn run(&self, ctx: &Ctx, args: &[&str]) -> Result<Output, Failure> {
        self.command(ctx, args).run()
    }
}

/// `key=value` lines of `systemctl show`. Values of `Exec…` in braces may go on over lines.
pub fn parse_show(text: &str) -> Dict {
    let mut d = Dict::new();
    let mut open: Option<(String, Vec<String>)> = None;
    for line in text.lines() {
        match &mut open {
            None => {
                let Some((key, value)) = line.split_once('=') else { continue };
                if key.starts_with("Exec") && value.trim_start().starts_with('{') && !value.trim_end().ends_with('}') {
                    open = Some((key.to_owned(), vec![value.to_owned()]));
                } else {
                    d.insert(key, value.trim());
                }
            }
            Some((_, lines)) => {
                lines.push(line.to_owned());
                if line.trim_end().ends_with('}') {
                    if let Some((key, lines)) = open.take() {
                        d.insert(key, lines.join("\n").trim());
                    }
                }
            }
        }
    }
    d
}

fn offline(ctx: &Ctx) -> bool {
    if ctx.env("SYSTEMD_OFFLINE").is_some_and(|v| v == "1") {
        return true;
    }
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata("/"), std::fs::metadata("/proc/1/root/.")) {
        (Ok(a), Ok(b)) => (a.ino(), a.dev()) != (b.ino(), b.dev()),
        _ => ctx.env("debian_chroot").is_some(),
    }
}

/// Whether a System V script of that name is there.
pub fn script(name: &str) -> bool {
    let path = format!("/etc/init.d/{name}");
    std::fs::metadata(path).is_ok_and(|m| {
        use std::os::unix::fs::PermissionsExt;
        m.is_file() && m.permissions().mode() & 0o111 != 0
    })
}

/// Whether a System V script is linked to start in any of the usual runlevels.
pub fn script_enabled(name: &str) -> bool {
    (2..=5).any(|level| {
        let pattern = format!("/etc/rc{level}.d/S??{name}");
        !crate::execute::glob(&pattern).is_empty()
    })
}

fn missing(found: bool, unit: &str) -> Result<(), Failure> {
    if found { Ok(()) } else { Err(Failure::new(format!("Could not find the requested service {unit}: host"))) }
}

/// Does what the options ask for.
pub fn manage(ctx: &mut Ctx, a: &SystemdArgs) -> Result<Outcome, Failure> {
    if a.name.is_none() {
        for (option, given) in [("state", a.state.is_some()), ("enabled", a.enabled.is_some()), ("masked", a.masked.is_some())] {
            if given {
                return Err(Failure::new(format!("missing parameter(s) required by '{option}': name")));
            }
        }
    }
    if let Some(c) = a.name.as_ref().and_then(|n| n.chars().find(|c| matches!(c, '*' | '?' | '['))) {
        let name = a.name.as_deref().unwrap_or_default();
        return Err(Failure::new(format!(
            "This module does not currently support using glob patterns, found '{c}' in service name: {name}"
        )));
    }
    let ctl = Systemctl::new(ctx, a)?;
    let mut o = Outcome::ok().with("name", a.name.clone()).with("status", Dict::new());
    for (wanted, verb) in [(a.daemon_reload, "daemon-reload"), (a.daemon_reexec, "daemon-reexec")] {
        if wanted && !ctx.check_mode {
            let out = ctl.run(ctx, &[verb])?;
            if out.rc != 0 {
                if offline(ctx) {
                    ctx.warn(format!("{verb} failed, but target is a chroot or systemd is offline. Continuing. Error was: {} / {}", out.rc, out.err()));
                } else {
                    return Err(Failure::new(format!("failure {} during {verb}: {}", out.rc, out.err())));
                }
            }
        }
    }
    let Some(unit) = a.name.as_deref() else { return Ok(o) };
    // Both questions at once: each is a round trip to systemd. Masking comes between them, so it has them in order.
    let (show, enabled_answer) = {
        let (ctl, shared): (&Systemctl, &Ctx) = (&ctl, ctx);
        let question = ctl.command(shared, &["is-enabled", unit, "-l"]);
        let ahead = a.enabled.is_some() && a.masked.is_none();
        std::thread::scope(|s| {
            let other = ahead.then(|| s.spawn(|| question.run()));
            let show = ctl.run(shared, &["show", unit]);
            (show, other.and_then(|h| h.join().ok()))
        })
    };
    let show = show?;
    let found;
    let mut status = Dict::new();
    let ignored = ["Running in chroot, ignoring request", "Running in chroot, ignoring command"]
        .iter()
        .any(|t| show.out().contains(t) || show.err().contains(t));
    if show.rc == 0 && !ignored {
        status = parse_show(&show.out());
        let load = status.get("LoadState").map(Value::to_string).unwrap_or_default();
        found = !load.is_empty() && load != "not-found";
        if found && load != "masked" {
            if let Some(e) = status.get("LoadError") {
                return Err(Failure::new(format!("Error loading unit file '{unit}': {e}")));
            }
        }
    } else {
        // No systemd to ask: the files tell. Where systemctl as such fails, that is the failure.
        if !ignored {
            ctl.run(ctx, &[])?.check()?;
        }
        let out = ctl.run(ctx, &["list-unit-files", unit])?;
        found = out.out().contains(unit) || ctl.run(ctx, &["is-enabled", unit])?.rc == 0;
    }
    let initd = script(unit.trim_end_matches(".service"));
    let found = found || initd;
    o.set("status", status.clone());
    let mut changed = false;
    if let Some(want) = a.masked {
        let masked = ctl.run(ctx, &["is-enabled", unit])?.out().trim() == "masked";
        if masked != want {
            changed = true;
            if !ctx.check_mode {
                let out = ctl.run(ctx, &[if want { "mask" } else { "unmask" }, unit])?;
                if out.rc != 0 {
                    missing(found, unit)?;
                    let verb = if want { "mask" } else { "unmask" };
                    return Err(Failure::new(format!("Failed to {verb} the service ({unit}): {}", out.err().trim())));
                }
            }
        }
    }
    if let Some(want) = a.enabled {
        missing(found, unit)?;
        let out = match enabled_answer {
            Some(answer) => answer?,
            None => ctl.run(ctx, &["is-enabled", unit, "-l"])?,
        };
        let text = out.out();
        let enabled = match out.rc {
            0 => !matches!(text.lines().collect::<Vec<_>>()[..], ["indirect"] | ["alias"]),
            1 => a.scope == "system" && initd && !text.trim().ends_with("disabled") && script_enabled(unit),
            _ => false,
        };
        o.set("enabled", enabled);
        if enabled != want {
            changed = true;
            if !ctx.check_mode {
                let verb = if want { "enable" } else { "disable" };
                let out = ctl.run(ctx, &[verb, unit])?;
                if out.rc != 0 {
                    return Err(Failure::new(format!("Unable to {verb} service {unit}: {}", out.out() + &out.err())));
                }
            }
            o.set("enabled", want);
        }
    }
    if let Some(state) = &a.state {
        missing(found, unit)?;
        o.set("state", state.as_str());
        match status.get("ActiveState").and_then(Value::as_str) {
            Some(active) => {
                let running = matches!(active, "active" | "activating");
                let verb = match state.as_str() {
                    "started" => (!running).then_some("start"),
                    "stopped" => (running || active == "deactivating").then_some("stop"),
                    other => {
                        o.set("state", "started");
                        Some(if !running { "start" } else { other.trim_end_matches("ed") })
                    }
                };
                if let Some(verb) = verb {
                    changed = true;
                    if !ctx.check_mode {
                        let out = ctl.run(ctx, &[verb, unit])?;
                        if out.rc != 0 {
                            return Err(Failure::new(format!("Unable to {verb} service {unit}: {}", out.err())));
                        }
                    }
                }
            }
            None if ignored || offline(ctx) => ctx.warn(
                "Target is a chroot or systemd is offline. This can lead to false positives or prevent the init system tools from working.",
            ),
            None => return Err(Failure::new("Service is in unknown state").with("status", status)),
        }
    }
    o.set("changed", changed);
    Ok(o)
}

/// Whether systemd runs this host.
pub fn runs(ctx: &Ctx) -> bool {
    ctx.hint("ansible_service_mgr").is_some_and(|m| m == "systemd")
        || Path::new("/run/systemd/system").exists() && ctx.find_program("systemctl").is_some()
}
