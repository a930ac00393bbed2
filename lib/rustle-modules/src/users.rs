//! Names and numbers of users and groups without the C library's name service: a static program can't load its
//! plugins. `/etc/passwd` and `/etc/group` first; what they don't know, the host's `getent` is asked for.

use std::process::{Command, Stdio};

/// A line of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub gecos: String,
    pub home: String,
    pub shell: String,
}

/// A line of the group database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub gid: u32,
    pub members: Vec<String>,
}

fn parse_user(line: &str) -> Option<User> {
    let f: Vec<&str> = line.trim_end().split(':').collect();
    if f.len() < 7 {
        return None;
    }
    Some(User {
        name: f[0].into(),
        uid: f[2].parse().ok()?,
        gid: f[3].parse().ok()?,
        gecos: f[4].into(),
        home: f[5].into(),
        shell: f[6].into(),
    })
}

fn parse_group(line: &str) -> Option<Group> {
    let f: Vec<&str> = line.trim_end().split(':').collect();
    if f.len() < 4 {
        return None;
    }
    let members = f[3].split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect();
    Some(Group { name: f[0].into(), gid: f[2].parse().ok()?, members })
}

/// Whether names may come from elsewhere than the files (so that asking `getent` can tell us more).
fn other_sources(database: &str) -> bool {
    let Ok(text) = std::fs::read_to_string("/etc/nsswitch.conf") else { return cfg!(not(target_os = "linux")) };
    text.lines()
        .filter_map(|l| l.split('#').next()?.split_once(':'))
        .filter(|(k, _)| k.trim() == database)
        .any(|(_, v)| v.split_whitespace().any(|s| !matches!(s, "files" | "compat" | "systemd") && !s.starts_with('[')))
}

fn getent(database: &str, key: &str) -> Option<String> {
    if !other_sources(database) {
        return None;
    }
    let out = Command::new("getent").args([database, key]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).lines().next().unwrap_or_default().to_string())
}

fn find<T>(file: &str, database: &str, key: &str, parse: fn(&str) -> Option<T>, test: impl Fn(&T) -> bool) -> Option<T> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.lines().filter_map(parse).find(|x| test(x)).or_else(|| parse(&getent(database, key)?))
}

/// The user called `name`.
pub fn user(name: &str) -> Option<User> {
    find("/etc/passwd", "passwd", name, parse_user, |u| u.name == name)
}
/// The user with this number.
pub fn user_by_id(uid: u32) -> Option<User> {
    find("/etc/passwd", "passwd", &uid.to_string(), parse_user, |u| u.uid == uid)
}
/// The group called `name`.
pub fn group(name: &str) -> Option<Group> {
    find("/etc/group", "group", name, parse_group, |g| g.name == name)
}
/// The group with this number.
pub fn group_by_id(gid: u32) -> Option<Group> {
    find("/etc/group", "group", &gid.to_string(), parse_group, |g| g.gid == gid)
}
/// All groups of `/etc/group`.
pub fn local_groups() -> Vec<Group> {
    let bytes = std::fs::read("/etc/group").unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().filter_map(parse_group).collect()
}
/// A user's name, or the number as text where it has none.
pub fn user_name(uid: u32) -> String {
    user_by_id(uid).map_or_else(|| uid.to_string(), |u| u.name)
}
/// A group's name, or the number as text where it has none.
pub fn group_name(gid: u32) -> String {
    group_by_id(gid).map_or_else(|| gid.to_string(), |g| g.name)
}
