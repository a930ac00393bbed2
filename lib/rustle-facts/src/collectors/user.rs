//! `ansible_user_*`, `ansible_real_*_id`, `ansible_effective_*_id`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "user",
    aliases: &[
        "effective_group_ids", "effective_user_id", "real_user_id", "user_dir", "user_gecos", "user_gid", "user_id",
        "user_shell", "user_uid",
    ],
    minimal: true,
    requires: &[],
    slow: false,
    gather,
};

#[cfg(unix)]
fn gather(ctx: &Context, out: &mut Dict) {
    // SAFETY: these four never fail and touch no memory.
    let (uid, euid, gid, egid) = unsafe { (libc::getuid(), libc::geteuid(), libc::getgid(), libc::getegid()) };
    let named = ["LOGNAME", "USER", "LNAME", "USERNAME"].iter().find_map(|v| std::env::var(v).ok().filter(|n| !n.is_empty()));
    let account = named.as_deref().and_then(|n| ctx.account(n)).or_else(|| ctx.account(&uid.to_string()));
    if let Some(a) = account {
        out.insert("user_id", named.unwrap_or(a.name));
        out.insert("user_uid", a.uid);
        out.insert("user_gid", a.gid);
        out.insert("user_gecos", a.gecos);
        out.insert("user_dir", a.dir);
        out.insert("user_shell", a.shell);
    } else if let Some(n) = named {
        out.insert("user_id", n);
    }
    out.insert("real_user_id", uid);
    out.insert("effective_user_id", euid);
    out.insert("real_group_id", gid);
    out.insert("effective_group_id", egid);
}

#[cfg(not(unix))]
fn gather(_: &Context, _: &mut Dict) {}
