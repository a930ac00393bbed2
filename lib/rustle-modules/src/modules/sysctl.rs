//! Kernel parameters: in a file for the next start, and in the running kernel.

use crate::{Ctx, Failure, Module, Outcome, Params, Rule, Support, params};
use std::fs;
use std::path::Path;

params! {
    /// Options of `sysctl`.
    pub struct Args {
        /// The parameter.
        name: String => required(), aliases(&["key"]);
        /// Its value.
        value: Option<String> => aliases(&["val"]);
        /// Whether it stands in the file.
        state: String => default("present"), choices(&["present", "absent"]);
        /// Whether the file is loaded after a change.
        reload: bool => default("yes");
        /// The file.
        sysctl_file: crate::PathArg => default("/etc/sysctl.conf");
        /// Whether the running kernel's value is looked at and set, too.
        sysctl_set: bool => default("no");
        /// Whether parameters that this kernel does not have are passed over.
        ignoreerrors: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: Forward packets
  ansible.posix.sysctl:
    name: net.ipv4.ip_forward
    value: '1'
    sysctl_set: true
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.sysctl"],
    check: Support::Full,
    rules: &[Rule::RequiredIf { param: "state", is: "present", needs: &["value"] }],
    ..Module::new::<Args>("ansible.posix.sysctl", "Sets kernel parameters", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// A value as sysctl wants it: words for truth become digits.
fn value(text: &str) -> String {
    let t = text.trim();
    match t.to_lowercase().as_str() {
        "y" | "yes" | "on" | "true" | "t" => "1".into(),
        "n" | "no" | "off" | "false" | "f" => "0".into(),
        _ => t.to_owned(),
    }
}

fn same(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// The running kernel's value. Dots separate folders; a name with slashes has them the other way round.
fn running(name: &str) -> Option<String> {
    let path = if name.contains('/') {
        name.to_owned()
    } else {
        name.replace('.', "/")
    };
    let text = fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?;
    Some(text.trim_end().to_owned())
}

/// `name = value` of a line that is neither empty nor a comment.
fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';']) {
        return None;
    }
    let (k, v) = line.split_once('=')?;
    Some((k.trim(), v.trim()))
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    if a.name.trim().is_empty() {
        return Err(Failure::new("name cannot be blank"));
    }
    let present = a.state == "present";
    let wanted = value(a.value.as_deref().unwrap_or_default());
    if present && wanted.is_empty() {
        return Err(Failure::new("value cannot be blank"));
    }
    // A link is followed, so that the file that it names is the one that changes.
    let file = fs::canonicalize(&a.sysctl_file).map_or_else(|_| a.sysctl_file.0.clone(), |p| p.to_string_lossy().into_owned());
    let text = fs::read_to_string(&file).unwrap_or_default();
    let in_file = text.lines().filter_map(setting).filter(|(k, _)| *k == a.name).map(|(_, v)| v.to_owned()).next_back();
    let now = running(&a.name);
    let write = match (&in_file, present) {
        (None, true) => true,
        (Some(v), true) => *v != wanted,
        (Some(_), false) => true,
        (None, false) => false,
    };
    let stale = present && !now.as_deref().is_some_and(|n| same(n, &wanted));
    let set = a.sysctl_set && stale && now.is_some();
    let changed = write || stale && (a.reload || a.sysctl_set);
    if ctx.check_mode || !changed {
        return Ok(Outcome::changed(changed));
    }
    let ignore = a.ignoreerrors.then_some("-e");
    if set || a.sysctl_set && present && now.is_none() {
        let program = ctx.need_program("sysctl")?;
        let out = ctx.command([program.as_os_str()]).args(ignore).arg("-w").arg(format!("{}={wanted}", a.name)).c_locale().run()?;
        if (out.rc != 0 || bad(&out.err())) && !a.ignoreerrors {
            return Err(Failure::new(format!("setting {} failed: {}", a.name, out.out() + &out.err())));
        }
    }
    if write {
        let mut lines: Vec<String> = Vec::new();
        let mut written = false;
        for line in text.lines() {
            match setting(line) {
                Some((k, _)) if k == a.name => {
                    // The last of several lines counts; one is enough.
                    if present && !written {
                        lines.push(format!("{k}={wanted}"));
                        written = true;
                    }
                }
                _ => lines.push(line.to_owned()),
            }
        }
        if present && !written {
            lines.push(format!("{}={wanted}", a.name));
        }
        let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
        ctx.write_atomic(&file, text.as_bytes(), false)?;
    }
    if a.reload {
        let program = ctx.need_program("sysctl")?;
        let out = ctx.command([program.as_os_str()]).args(ignore).arg("-p").arg(&file).c_locale().run()?;
        if (out.rc != 0 || bad(&out.err())) && !a.ignoreerrors {
            return Err(Failure::new(format!("Failed to reload sysctl: {}", out.out() + &out.err())));
        }
    }
    Ok(Outcome::changed(true))
}

/// sysctl says some errors with exit code 0.
fn bad(stderr: &str) -> bool {
    stderr.lines().any(|l| l.starts_with("sysctl: ") && (l.contains("Invalid argument") || l.contains("Read-only file system")))
}
