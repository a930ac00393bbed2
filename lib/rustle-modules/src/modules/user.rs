//! Makes, changes and removes users, with the host's useradd, usermod, userdel, chage and ssh-keygen. What is there
//! already is read from `/etc/passwd` and `/etc/shadow`.

use crate::{Ctx, Failure, Module, Outcome, Output, Params, PathArg, Support, Value, params, users};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

params! {
    /// Options of `user`.
    pub struct Args {
        /// The user's name.
        name: String => required(), aliases(&["user"]);
        /// Whether the user is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// The number.
        uid: Option<i64>;
        /// Whether the number may be another user's, too.
        non_unique: bool => default("no");
        /// The least number that is given out.
        uid_min: Option<i64>;
        /// The greatest number that is given out.
        uid_max: Option<i64>;
        /// The user's own group.
        group: Option<String>;
        /// Other groups; an empty text or list removes the user from all.
        groups: Option<Vec<String>>;
        /// Whether groups are only added.
        append: bool => default("no");
        /// The full name.
        comment: Option<String>;
        /// The home folder.
        home: Option<PathArg>;
        /// The shell.
        shell: Option<PathArg>;
        /// The encrypted password.
        password: Option<String> => no_log();
        /// Most days between two changes of the password.
        password_expire_max: Option<i64>;
        /// Fewest days between two changes of the password.
        password_expire_min: Option<i64>;
        /// Days of warning before the password expires.
        password_expire_warn: Option<i64>;
        /// Days after which an expired password locks the account.
        password_expire_account_disable: Option<i64>;
        /// Whether a password is set on existing users.
        update_password: String => default("always"), choices(&["always", "on_create"]);
        /// Whether the password is locked.
        password_lock: Option<bool>;
        /// When the account expires, in seconds since 1970; negative: never.
        expires: Option<f64>;
        /// Whether the home folder is made.
        create_home: bool => default("yes"), aliases(&["createhome"]);
        /// Whether the old home folder is moved.
        move_home: bool => default("no");
        /// The folder that new home folders are copied from.
        skeleton: Option<String>;
        /// Whether the user gets a number for system users (only when made).
        system: bool => default("no");
        /// With `absent`: whether home and mail are removed.
        remove: bool => default("no");
        /// With `absent`: remove even a user who is logged in.
        force: bool => default("no");
        /// The umask for the home folder of a new user.
        umask: Option<String>;
        /// Whether to use the programs for local accounts (libuser).
        local: bool => default("no");
        /// Whether an SSH key is made.
        generate_ssh_key: bool => default("no");
        /// The key's size.
        ssh_key_bits: i64 => default("0");
        /// The key's type.
        ssh_key_type: String => default("rsa");
        /// The key's file, in the home folder where it is not absolute.
        ssh_key_file: Option<PathArg>;
        /// The key's comment.
        ssh_key_comment: Option<String>;
        /// The key's passphrase.
        ssh_key_passphrase: Option<String> => no_log();
        /// The SELinux user.
        seuser: Option<String>;
        /// Solaris only.
        authorization: Option<String>;
        /// FreeBSD only.
        login_class: Option<String>;
        /// macOS only.
        hidden: Option<bool>;
        /// Solaris only.
        profile: Option<String>;
        /// Solaris only.
        role: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: A user for the application
  ansible.builtin.user:
    name: app
    groups: [docker]
    append: true
    shell: /bin/bash
";

pub static MODULE: Module = Module {
    check: Support::Full,
    ..Module::new::<Args>("ansible.builtin.user", "Manages users", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// The second and eighth field of `/etc/shadow` and the ages between.
#[derive(Default)]
struct Shadow {
    password: String,
    min: Option<i64>,
    max: Option<i64>,
    warn: Option<i64>,
    inactive: Option<i64>,
    /// Whether there is an entry at all.
    there: bool,
    /// Days since 1970.
    expires: Option<i64>,
}

fn shadow(name: &str) -> Shadow {
    let text = fs::read_to_string("/etc/shadow").unwrap_or_default();
    let Some(line) = text.lines().find(|l| l.split(':').next() == Some(name)) else { return Shadow::default() };
    let f: Vec<&str> = line.split(':').collect();
    let n = |i: usize| f.get(i).and_then(|s| s.parse().ok());
    Shadow { there: true, password: f.get(1).unwrap_or(&"").to_string(), min: n(3), max: n(4), warn: n(5), inactive: n(6), expires: n(7) }
}

fn lookup(a: &Args) -> Option<users::User> {
    if !a.local {
        return users::user(&a.name);
    }
    let text = fs::read_to_string("/etc/passwd").unwrap_or_default();
    text.lines().any(|l| l.split(':').next() == Some(&a.name)).then(|| users::user(&a.name)).flatten()
}

/// A group by name or number.
fn find_group(text: &str) -> Option<users::Group> {
    users::group(text).or_else(|| users::group_by_id(text.parse().ok()?))
}

fn need_group(text: &str) -> Result<users::Group, Failure> {
    find_group(text).ok_or_else(|| Failure::new(format!("Group {text} does not exist")))
}

/// Names of the groups that list the user as a member, as `/etc/group` has them; the user's own only `with_own`.
fn membership(user: &users::User, with_own: bool) -> Vec<String> {
    let groups = users::local_groups().into_iter();
    groups.filter(|g| (with_own || g.gid != user.gid) && g.members.iter().any(|m| *m == user.name)).map(|g| g.name).collect()
}

/// The groups that were asked for, by name.
fn wanted_groups(a: &Args) -> Result<Option<Vec<String>>, Failure> {
    let Some(list) = &a.groups else { return Ok(None) };
    let mut out: Vec<String> = Vec::new();
    for text in list.iter().map(|g| g.trim()).filter(|g| !g.is_empty()) {
        let g = need_group(text)?;
        if !out.contains(&g.name) {
            out.push(g.name);
        }
    }
    Ok(Some(out))
}

/// `YYYY-MM-DD` of seconds since 1970.
fn date(seconds: f64) -> String {
    let days = (seconds / 86_400.0).floor() as i64;
    // Civil date from day number (Gregorian, era of 400 years).
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    format!("{:04}-{month:02}-{day:02}", yoe + era * 400 + i64::from(month <= 2))
}

fn tool(ctx: &Ctx, a: &Args, name: &str) -> Result<String, Failure> {
    let name = if a.local { format!("l{name}") } else { name.to_owned() };
    Ok(ctx.need_program(&name)?.to_string_lossy().into_owned())
}

fn useradd(ctx: &Ctx, a: &Args) -> Result<Vec<String>, Failure> {
    let mut c = vec![tool(ctx, a, "useradd")?];
    let mut add = |words: &[&str]| c.extend(words.iter().map(|w| (*w).to_owned()));
    if let Some(uid) = a.uid {
        add(&["-u", &uid.to_string()]);
        if a.non_unique {
            add(&["-o"]);
        }
    }
    if let Some(s) = a.seuser.as_ref().filter(|_| crate::selinux::enabled()) {
        add(&["-Z", s]);
    }
    match &a.group {
        Some(g) => {
            need_group(g)?;
            add(&["-g", g]);
        }
        // A group of that name would be in the way of the one that useradd makes.
        None if users::group(&a.name).is_some() => add(&[if a.local { "-n" } else { "-N" }]),
        None => {}
    }
    if let Some(groups) = wanted_groups(a)?.filter(|g| !g.is_empty() && !a.local) {
        add(&["-G", &groups.join(",")]);
    }
    if let Some(t) = &a.comment {
        add(&["-c", t]);
    }
    if let Some(h) = &a.home {
        // useradd does not make the folders above.
        if a.create_home && !ctx.check_mode {
            if let Some(parent) = Path::new(&h.0).parent().filter(|p| !p.exists()) {
                let _ = fs::create_dir_all(parent);
            }
        }
        add(&["-d", h]);
    }
    if let Some(s) = &a.shell {
        add(&["-s", s]);
    }
    if let Some(e) = a.expires {
        add(&["-e", &if e < 0.0 { String::new() } else { date(e) }]);
    }
    if let Some(p) = &a.password {
        add(&["-p", &if a.password_lock == Some(true) { format!("!{p}") } else { p.clone() }]);
    }
    if let Some(n) = a.password_expire_account_disable {
        add(&["-f", &n.to_string()]);
    }
    if a.create_home {
        if !a.local {
            add(&["-m"]);
        }
        if let Some(s) = &a.skeleton {
            add(&["-k", s]);
        }
        if let Some(u) = &a.umask {
            add(&["-K", &format!("UMASK={u}")]);
        }
    } else {
        add(&["-M"]);
    }
    if a.system {
        add(&["-r"]);
    }
    for (key, limit) in [("UID_MIN", a.uid_min), ("UID_MAX", a.uid_max)] {
        if let Some(n) = limit {
            add(&["-K", &format!("{key}={n}")]);
        }
    }
    add(&[&a.name]);
    Ok(c)
}

/// The usermod command, or nothing to do.
fn usermod(ctx: &Ctx, a: &Args, user: &users::User) -> Result<Option<Vec<String>>, Failure> {
    if a.local {
        // libuser needs both, whatever changes.
        ctx.need_program("lgroupmod")?;
        ctx.need_program("lchage")?;
    }
    let mut c = vec![tool(ctx, a, "usermod")?];
    let mut add = |words: &[&str]| c.extend(words.iter().map(|w| (*w).to_owned()));
    let s = shadow(&a.name);
    if let Some(uid) = a.uid.filter(|u| *u != i64::from(user.uid)) {
        add(&["-u", &uid.to_string()]);
        if a.non_unique {
            add(&["-o"]);
        }
    }
    if let Some(g) = &a.group {
        let g = need_group(g)?;
        if g.gid != user.gid {
            add(&["-g", &g.gid.to_string()]);
        }
    }
    if let Some(groups) = wanted_groups(a)? {
        // The user's own group, too, where it was asked for: the user becomes a member that is listed.
        let current = membership(user, true);
        let missing = groups.iter().any(|g| !current.contains(g));
        let extra = current.iter().any(|g| !groups.contains(g));
        if missing || (extra && !a.append) {
            if a.append {
                add(&["-a"]);
            }
            add(&["-G", &groups.join(",")]);
        }
    }
    if let Some(t) = a.comment.as_ref().filter(|t| **t != user.gecos) {
        add(&["-c", t]);
    }
    if let Some(h) = a.home.as_ref().filter(|h| h.0 != user.home) {
        add(&["-d", h]);
        if a.move_home {
            add(&["-m"]);
        }
    }
    if let Some(sh) = a.shell.as_ref().filter(|sh| sh.0 != user.shell) {
        add(&["-s", sh]);
    }
    if let Some(e) = a.expires {
        let current = s.expires.filter(|n| *n >= 0);
        if e < 0.0 {
            if current.is_some() || !s.there {
                add(&["-e", ""]);
            }
        } else if current.is_none_or(|days| date(days as f64 * 86_400.0) != date(e)) {
            add(&["-e", &date(e)]);
        }
    }
    if let Some(n) = a.password_expire_account_disable.filter(|n| s.inactive != Some(*n)) {
        add(&["-f", &n.to_string()]);
    }
    let locked = s.password.starts_with('!');
    let new = a.password.as_ref().filter(|p| {
        a.update_password == "always" && s.password.trim_start_matches('!') != p.trim_start_matches('!')
    });
    match (a.password_lock, new) {
        // usermod takes only one of -L and -p: the mark of a lock goes into the password.
        (Some(true), Some(p)) => add(&["-p", &format!("!{}", p.trim_start_matches('!'))]),
        (_, Some(p)) => add(&["-p", p]),
        (Some(true), None) if !locked => add(&["-L"]),
        (Some(false), None) if locked => add(&["-U"]),
        _ => {}
    }
    if c.len() == 1 {
        return Ok(None);
    }
    c.push(a.name.clone());
    Ok(Some(c))
}

/// Sets the ages of the password that differ.
fn ages(ctx: &Ctx, a: &Args) -> Result<Option<Output>, Failure> {
    let s = shadow(&a.name);
    let mut args = Vec::new();
    for (flag, wanted, current) in [
        ("-M", a.password_expire_max, s.max),
        ("-m", a.password_expire_min, s.min),
        ("-W", a.password_expire_warn, s.warn),
    ] {
        if let Some(n) = wanted.filter(|n| current != Some(*n)) {
            args.extend([flag.to_owned(), n.to_string()]);
        }
    }
    if args.is_empty() {
        return Ok(None);
    }
    let program = ctx.need_program("chage")?;
    if ctx.check_mode {
        return Ok(Some(Output::default()));
    }
    ctx.command([program.as_os_str()]).args(args).arg(&a.name).run().map(Some)
}

fn warn_of_plain_password(ctx: &mut Ctx, a: &Args) {
    let Some(p) = &a.password else { return };
    if ["*", "!", "*************"].contains(&p.as_str()) {
        return;
    }
    let last = p.rsplit('$').next().unwrap_or_default();
    let fields = p.split('$').filter(|f| !f.is_empty()).count();
    let odd = |t: &str| t.chars().any(|c| !(c.is_ascii_alphanumeric() || c == '.' || c == '/'));
    let plain = !p.starts_with('$') && p.len() != 13
        || p.contains([':', '*', '!'])
        || p.starts_with('$') && (fields < 3 || odd(last))
        || p.starts_with("$1$") && last.len() != 22
        || p.starts_with("$5$") && last.len() != 43
        || p.starts_with("$6$") && last.len() != 86;
    if plain {
        ctx.warn("The input password appears not to have been hashed. The 'password' argument must be encrypted for this module to work properly.");
    }
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    if a.append && a.groups.is_none() {
        return Err(Failure::new("append is True but all of the following are missing: groups"));
    }
    warn_of_plain_password(ctx, &a);
    if let Some(s) = a.seuser.as_ref().filter(|_| !crate::selinux::enabled()) {
        ctx.warn(format!("'seuser' is set to '{s}' but SELinux is not enabled on this system. The 'seuser' parameter will be ignored."));
    }
    let mut o = Outcome::changed(false).with("name", a.name.as_str()).with("state", a.state.as_str());
    let existing = lookup(&a);
    let (mut outs, mut errs) = (String::new(), String::new());
    let mut changed = false;
    let fail = |out: &Output| Err(Failure::new(out.err()).with("name", a.name.as_str()).with("rc", i64::from(out.rc)));
    if a.state == "absent" {
        if existing.is_some() {
            if ctx.check_mode {
                return Ok(Outcome::changed(true));
            }
            let mut cmd = ctx.command([tool(ctx, &a, "userdel")?]);
            if a.force && !a.local {
                cmd = cmd.arg("-f");
            }
            if a.remove {
                cmd = cmd.arg("-r");
            }
            let out = cmd.arg(&a.name).run()?;
            // 12: the home folder could not be removed; the user is gone.
            if out.rc != 0 && out.rc != 12 {
                return fail(&out);
            }
            o.set("force", a.force);
            o.set("remove", a.remove);
            changed = true;
            outs += &out.out();
            errs += &out.err();
        }
    } else {
        let command = match &existing {
            None => {
                if ctx.check_mode {
                    return Ok(Outcome::changed(true));
                }
                o.set("system", a.system);
                o.set("create_home", a.create_home);
                Some(useradd(ctx, &a)?)
            }
            Some(user) => {
                o.set("append", a.append);
                o.set("move_home", a.move_home);
                usermod(ctx, &a, user)?
            }
        };
        if let Some(argv) = command {
            changed = true;
            if !ctx.check_mode {
                let out = ctx.command(argv).run()?;
                if out.rc != 0 {
                    return fail(&out);
                }
                outs += &out.out();
                errs += &out.err();
            }
        }
        if a.password.is_some() {
            o.set("password", "NOT_LOGGING_PASSWORD");
        }
    }
    for (key, text) in [("stdout", &outs), ("stderr", &errs)] {
        if !text.is_empty() {
            o.set(key, text.as_str());
        }
    }
    if a.state == "present" {
        let Some(user) = lookup(&a) else {
            return Err(Failure::new(format!("failed to look up user name: {}", a.name)));
        };
        o.set("uid", user.uid);
        o.set("group", user.gid);
        o.set("comment", user.gecos.as_str());
        o.set("home", user.home.as_str());
        o.set("shell", user.shell.as_str());
        o.set("groups", membership(&user, false).join(","));
        // In check mode Ansible does not tell of it.
        if a.create_home && !ctx.check_mode && !Path::new(&user.home).exists() {
            changed = true;
            make_home(&a, &user)?;
        }
        if a.generate_ssh_key {
            changed |= ssh_key(ctx, &a, &user, &mut o)?;
        }
        if let Some(out) = ages(ctx, &a)? {
            if out.rc != 0 {
                return fail(&out);
            }
            changed = true;
        }
    }
    o.set("changed", changed);
    Ok(o)
}

/// Makes a home folder as useradd would have: a copy of the skeleton, all of it the user's.
fn make_home(a: &Args, user: &users::User) -> Result<(), Failure> {
    let home = Path::new(&user.home);
    let skeleton = a.skeleton.as_deref().unwrap_or("/etc/skel");
    let defs = fs::read_to_string("/etc/login.defs").unwrap_or_default();
    let setting = |key: &str| {
        let octal = |l: &str| u32::from_str_radix(l.split_whitespace().nth(1)?, 8).ok();
        defs.lines().filter(|l| l.split_whitespace().next() == Some(key)).find_map(octal)
    };
    let umask = a.umask.as_ref().and_then(|u| u32::from_str_radix(u, 8).ok());
    let mode = umask
        .map(|u| 0o777 & !u)
        .or_else(|| setting("HOME_MODE"))
        .or_else(|| setting("UMASK").map(|u| 0o777 & !u))
        .unwrap_or(0o755);
    fn copy(from: &Path, to: &Path, uid: u32, gid: u32) -> std::io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from).into_iter().flatten() {
            let entry = entry?;
            let (source, dest) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_dir() {
                copy(&source, &dest, uid, gid)?;
                fs::set_permissions(&dest, fs::metadata(&source)?.permissions())?;
            } else if kind.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(&source)?, &dest)?;
            } else {
                fs::copy(&source, &dest)?;
            }
            std::os::unix::fs::lchown(&dest, Some(uid), Some(gid))?;
        }
        Ok(())
    }
    copy(Path::new(skeleton), home, user.uid, user.gid)
        .and_then(|()| chown(home, Some(user.uid), Some(user.gid)))
        .and_then(|()| fs::set_permissions(home, fs::Permissions::from_mode(mode)))
        .map_err(|e| Failure::os(&e, &user.home))
}

/// Makes the key where there is none; its fingerprint and public part.
fn ssh_key(ctx: &mut Ctx, a: &Args, user: &users::User, o: &mut Outcome) -> Result<bool, Failure> {
    if !Path::new(&user.home).exists() && !ctx.check_mode {
        return Err(Failure::new("User home directory does not exist"));
    }
    let kind = &a.ssh_key_type;
    let name = a.ssh_key_file.as_ref().map_or_else(|| format!(".ssh/id_{kind}"), |p| p.0.clone());
    let path = Path::new(&user.home).join(name);
    let public = format!("{}.pub", path.display());
    let mut changed = false;
    if path.exists() && !a.force {
        ctx.warn(format!("Found existing ssh key private file \"{}\", no force, so skipping ssh-keygen generation", path.display()));
    } else {
        changed = true;
        if !ctx.check_mode {
            changed = make_key(ctx, a, user, &path)?;
        }
    }
    o.set("ssh_key_file", path.to_string_lossy().into_owned());
    if path.exists() {
        let keygen = ctx.need_program("ssh-keygen")?;
        let out = ctx.command([keygen.as_os_str()]).arg("-l").arg("-f").arg(&path).run()?;
        o.set("ssh_fingerprint", if out.rc == 0 { out.out().trim().to_owned() } else { out.err().trim().to_owned() });
        let text = fs::read_to_string(&public).unwrap_or_default();
        o.set("ssh_public_key", Value::from(text.trim()));
    } else {
        // A public key may be there on its own.
        let text = fs::read_to_string(&public).ok();
        o.set("ssh_fingerprint", "");
        o.set("ssh_public_key", text.map_or(Value::Null, |t| Value::from(t.trim())));
    }
    Ok(changed)
}

/// Makes a key; false where a public key was there that must stay.
fn make_key(ctx: &mut Ctx, a: &Args, user: &users::User, path: &Path) -> Result<bool, Failure> {
    let keygen = ctx.need_program("ssh-keygen")?;
    let os = |e: std::io::Error| Failure::os(&e, &path.to_string_lossy());
    let folder = path.parent().unwrap_or(path);
    if !folder.exists() {
        fs::create_dir_all(folder).map_err(os)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(os)?;
        chown(folder, Some(user.uid), Some(user.gid)).map_err(os)?;
    }
    let public = std::path::PathBuf::from(format!("{}.pub", path.display()));
    for (what, file) in [("private", path), ("public", &public)] {
        if fs::symlink_metadata(file).is_err() {
            continue;
        }
        if !a.force {
            ctx.warn(format!("Found existing ssh key {what} file \"{}\", no force, so skipping ssh-keygen generation", file.display()));
            return Ok(false);
        }
        ctx.warn(format!("Overwriting existing ssh key {what} file \"{}\"", file.display()));
        fs::remove_file(file).map_err(os)?;
    }
    let host = rustle_facts::Context::new(rustle_facts::GatherOptions::default()).uname().node;
    let comment = a.ssh_key_comment.clone().unwrap_or_else(|| format!("ansible-generated on {host}"));
    let mut cmd = ctx.command([keygen.as_os_str()]).args(["-t", &a.ssh_key_type]);
    if a.ssh_key_bits > 0 {
        cmd = cmd.arg("-b").arg(a.ssh_key_bits.to_string());
    }
    let out = cmd.args(["-C", &comment, "-f"]).arg(path).args(["-N", a.ssh_key_passphrase.as_deref().unwrap_or("")]).run()?;
    if out.rc != 0 {
        return Err(Failure::new(out.err()).with("name", a.name.as_str()).with("rc", i64::from(out.rc)));
    }
    for p in [path, &public] {
        chown(p, Some(user.uid), Some(user.gid)).map_err(os)?;
    }
    Ok(true)
}
