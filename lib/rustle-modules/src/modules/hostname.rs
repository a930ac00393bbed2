//! Sets the host's name: now, and for the next start.

use crate::{Ctx, Dict, Failure, Module, Outcome, Params, Support, Value, params};
use std::path::Path;

params! {
    /// Options of `hostname`.
    pub struct Args {
        /// The name.
        name: String => required();
        /// How to set it; found out where it is not given.
        r#use: Option<String> => name("use"), choices(&["alpine", "debian", "freebsd", "generic", "macos", "macosx", "darwin", "openbsd", "openrc", "redhat", "sles", "solaris", "systemd"]);
    }
}

const EXAMPLES: &str = "
- name: A name for the host
  ansible.builtin.hostname:
    name: web01
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.builtin.hostname", "Sets the host's name", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// Where the permanent name stands.
enum Place {
    Systemd,
    /// A file with nothing but the name.
    File(&'static str),
    /// A file of assignments; the prefix and suffix of the line.
    Assignment(&'static str, &'static str, &'static str),
}

fn place(ctx: &Ctx, chosen: Option<&str>) -> Result<Place, Failure> {
    Ok(match chosen {
        Some("systemd") => Place::Systemd,
        Some("debian" | "alpine" | "generic") => Place::File("/etc/hostname"),
        Some("sles") => Place::File("/etc/HOSTNAME"),
        Some("openbsd") => Place::File("/etc/myname"),
        Some("redhat") => Place::Assignment("/etc/sysconfig/network", "HOSTNAME=", ""),
        Some("openrc") => Place::Assignment("/etc/conf.d/hostname", "hostname=\"", "\""),
        Some(other) => return Err(Failure::new(format!("hostname: the strategy '{other}' is not supported on this host"))),
        None if ctx.find_program("hostnamectl").is_some() && Path::new("/run/systemd/system").exists() => Place::Systemd,
        None if Path::new("/etc/conf.d/hostname").exists() => Place::Assignment("/etc/conf.d/hostname", "hostname=\"", "\""),
        None => Place::File("/etc/hostname"),
    })
}

fn current() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

fn permanent(p: &Place) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    match p {
        Place::Systemd => read("/etc/hostname").trim().to_owned(),
        Place::File(path) => read(path).trim().to_owned(),
        Place::Assignment(path, start, end) => {
            let text = read(path);
            let line = text.lines().find_map(|l| l.trim().strip_prefix(start));
            line.map(|l| l.strip_suffix(end).unwrap_or(l).to_owned()).unwrap_or_default()
        }
    }
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let place = place(ctx, a.r#use.as_deref())?;
    let (now, kept) = (current(), permanent(&place));
    let mut changed = false;
    if now != a.name {
        changed = true;
        if !ctx.check_mode {
            match place {
                Place::Systemd => {
                    for kind in ["--transient", "--pretty"] {
                        ctx.command(["hostnamectl", kind, "set-hostname", &a.name]).run()?.check().map_err(|f| {
                            Failure::new(format!("Command failed rc={}, out={}, err={}", f.result.get("rc").unwrap_or(&Value::Null), f.result.get("stdout").unwrap_or(&Value::Null), f.msg))
                        })?;
                    }
                }
                _ => {
                    // SAFETY: the pointer and the length are those of a live string.
                    if unsafe { libc::sethostname(a.name.as_ptr().cast(), a.name.len() as _) } != 0 {
                        let e = std::io::Error::last_os_error();
                        return Err(Failure::new(format!("Failed to set the name of the host: {}", crate::errors::py_errno(&e))));
                    }
                }
            }
        }
    }
    if kept != a.name {
        changed = true;
        if !ctx.check_mode {
            keep(ctx, &place, &a.name)?;
        }
    }
    // The facts of the new name, as `setup` would give them.
    let mut facts = Dict::new();
    let short = a.name.split('.').next().unwrap_or_default();
    facts.insert("ansible_hostname", short);
    facts.insert("ansible_nodename", a.name.as_str());
    let minimal = rustle_facts::GatherOptions {
        gather_subset: vec!["!all".into(), "!min".into(), "platform".into()],
        module_setup: false,
        ..rustle_facts::GatherOptions::default()
    };
    let gathered = rustle_facts::gather(&minimal).unwrap_or_default();
    let fqdn = gathered.get("ansible_fqdn").cloned().unwrap_or_else(|| a.name.as_str().into());
    let domain = fqdn.to_string().split_once('.').map_or(String::new(), |(_, d)| d.to_owned());
    facts.insert("ansible_fqdn", fqdn);
    facts.insert("ansible_domain", domain);
    let mut o = Outcome::changed(changed).with("name", a.name.as_str()).with("ansible_facts", facts);
    if changed {
        let side = |n: &str| rustle_value::dict! { "hostname" => n, "permanent_hostname" => n };
        let _ = side;
        o.set("diff", rustle_value::dict! { "after" => format!("hostname = {}\n", a.name), "before" => format!("hostname = {kept}\n") });
    }
    Ok(o)
}

fn keep(ctx: &Ctx, place: &Place, name: &str) -> Result<(), Failure> {
    match place {
        Place::Systemd => {
            ctx.command(["hostnamectl", "--static", "set-hostname", name]).run()?.check()?;
            Ok(())
        }
        Place::File(path) => std::fs::write(path, format!("{name}\n")).map_err(|e| Failure::os(&e, path)),
        Place::Assignment(path, start, end) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let mut lines: Vec<String> = text.lines().filter(|l| !l.trim().starts_with(start)).map(str::to_owned).collect();
            lines.push(format!("{start}{name}{end}"));
            std::fs::write(path, lines.join("\n") + "\n").map_err(|e| Failure::os(&e, path))
        }
    }
}
