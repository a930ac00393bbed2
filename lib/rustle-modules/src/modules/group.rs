//! Makes, changes and removes groups, with the host's groupadd, groupmod and groupdel.

use crate::{Ctx, Failure, Module, Outcome, Output, Params, Support, params, users};

params! {
    /// Options of `group`.
    pub struct Args {
        /// The group's name.
        name: String => required();
        /// Whether it is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// Its number.
        gid: Option<i64>;
        /// Whether it is removed although it is some user's own group.
        force: bool => default("no");
        /// Whether it gets a number for system groups.
        system: bool => default("no");
        /// Whether to use the programs for local accounts (libuser).
        local: bool => default("no");
        /// Whether the number may be another group's, too.
        non_unique: bool => default("no");
        /// The least number that is given out.
        gid_min: Option<i64>;
        /// The greatest number that is given out.
        gid_max: Option<i64>;
    }
}

const EXAMPLES: &str = "
- name: A group for the application
  ansible.builtin.group:
    name: app
    system: true
";

pub static MODULE: Module = Module {
    check: Support::Full,
    rules: &[crate::Rule::RequiredIf { param: "non_unique", is: "True", needs: &["gid"] }],
    ..Module::new::<Args>("ansible.builtin.group", "Manages groups", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn find(a: &Args) -> Option<users::Group> {
    if a.local { users::local_groups().into_iter().find(|g| g.name == a.name) } else { users::group(&a.name) }
}

/// Runs one of the programs; `None` in check mode.
fn program(ctx: &Ctx, a: &Args, what: &str, args: Vec<String>) -> Result<Option<Output>, Failure> {
    let name = if a.local { format!("l{what}") } else { what.to_owned() };
    let path = ctx.need_program(&name)?;
    if ctx.check_mode {
        return Ok(None);
    }
    let out = ctx.command([path.as_os_str()]).args(args).run()?;
    if out.rc != 0 {
        return Err(Failure::new(out.err()).with("name", a.name.as_str()));
    }
    Ok(Some(out))
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let mut o = Outcome::changed(false).with("name", a.name.as_str()).with("state", a.state.as_str());
    let existing = find(&a);
    let mut ran: Option<Output> = None;
    let mut changed = false;
    match (&existing, a.state.as_str()) {
        (Some(_), "absent") => {
            let force = if a.force && !a.local { vec!["-f".into()] } else { Vec::new() };
            if ctx.check_mode {
                return Ok(Outcome::changed(true));
            }
            ran = program(ctx, &a, "groupdel", [force, vec![a.name.clone()]].concat())?;
            changed = true;
        }
        (None, "present") => {
            if ctx.check_mode {
                return Ok(Outcome::changed(true));
            }
            let mut args: Vec<String> = Vec::new();
            if let Some(gid) = a.gid {
                args.extend(["-g".into(), gid.to_string()]);
                if a.non_unique && !a.local {
                    args.push("-o".into());
                }
            }
            if a.system {
                args.push("-r".into());
            }
            for (key, limit) in [("GID_MIN", a.gid_min), ("GID_MAX", a.gid_max)] {
                if let Some(n) = limit {
                    args.extend(["-K".into(), format!("{key}={n}")]);
                }
            }
            args.push(a.name.clone());
            ran = program(ctx, &a, "groupadd", args)?;
            changed = true;
        }
        (Some(g), "present") => {
            if let Some(gid) = a.gid.filter(|n| *n != i64::from(g.gid)) {
                let mut args = vec!["-g".to_owned(), gid.to_string()];
                if a.non_unique && !a.local {
                    args.push("-o".into());
                }
                args.push(a.name.clone());
                ran = program(ctx, &a, "groupmod", args)?;
                changed = true;
            }
        }
        _ => {}
    }
    o.set("changed", changed);
    if a.state == "present" {
        o.set("system", a.system);
        if let Some(g) = find(&a) {
            o.set("gid", g.gid);
        }
    }
    if let Some(out) = ran {
        for (key, text) in [("stdout", out.out()), ("stderr", out.err())] {
            if !text.is_empty() {
                o.set(key, text);
            }
        }
    }
    Ok(o)
}
