//! Runs the case files below `tests/cases/<module>/`: arguments and a tree of files in, result and tree out.
//!
//! To each case the loop adds: the second run changes nothing; check mode touches nothing and predicts `changed`.
//! `$T` stands for the case's own folder. Expected results are subsets: what a case does not name is not looked at.

use rustle_modules::{Dict, Value};
use rustle_stream::protocol::{Blob, Bytes, ModuleRequest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows.
    #[allow(dead_code)]
    about: String,
    /// What is there before: name → content, or details; a folder's name ends with a slash.
    #[serde(default)]
    tree: BTreeMap<String, Option<Entry>>,
    args: Dict,
    /// Contents by name: arguments refer to them as `{"_content": "<name>"}`.
    #[serde(default)]
    contents: BTreeMap<String, String>,
    #[serde(default)]
    diff: bool,
    /// Expected outcome; `failed` for a failure.
    changed: Option<bool>,
    #[serde(default)]
    failed: bool,
    /// What the result must have.
    #[serde(default)]
    result: Dict,
    /// What differs in the tree afterwards; null: gone.
    #[serde(default)]
    after: BTreeMap<String, Option<Entry>>,
    /// The second run: `same` (default) or `changed`.
    again: Option<Word>,
    /// Check mode: `same` (default) or `differs` (it can't know).
    check: Option<Word>,
    /// Only for the superuser.
    #[serde(default)]
    root: bool,
    /// A program that must be there.
    needs: Option<String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Word {
    Same,
    Changed,
    Differs,
}

#[derive(Deserialize, Clone, Default)]
#[serde(from = "Raw")]
struct Entry(Details);

#[derive(Deserialize)]
#[serde(untagged)]
enum Raw {
    Text(String),
    Details(Details),
}

#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields)]
struct Details {
    content: Option<String>,
    hex: Option<String>,
    mode: Option<String>,
    link: Option<String>,
    hard: Option<String>,
    mtime: Option<i64>,
}

impl From<Raw> for Entry {
    fn from(r: Raw) -> Entry {
        Entry(match r {
            Raw::Text(t) => Details { content: Some(t), ..Details::default() },
            Raw::Details(d) => d,
        })
    }
}

fn unhex(s: &str) -> Vec<u8> {
    (0..s.len()).step_by(2).map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap()).collect()
}

fn build(root: &Path, tree: &BTreeMap<String, Option<Entry>>) {
    let _ = fs::remove_dir_all(root);
    fs::create_dir_all(root).unwrap();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    // Hard links last: what they name must be there.
    let mut names: Vec<_> = tree.iter().collect();
    names.sort_by_key(|(_, e)| e.as_ref().is_some_and(|e| e.0.hard.is_some()));
    for (name, entry) in names {
        let path = root.join(name.trim_end_matches('/'));
        let d = entry.clone().unwrap_or_default().0;
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mode = |p: &Path, or: u32| {
            let m = d.mode.as_deref().map_or(or, |m| u32::from_str_radix(m, 8).unwrap());
            fs::set_permissions(p, fs::Permissions::from_mode(m)).unwrap();
        };
        if name.ends_with('/') {
            fs::create_dir_all(&path).unwrap();
            mode(&path, 0o755);
        } else if let Some(target) = &d.link {
            symlink(target.replace("$T", root.to_str().unwrap()), &path).unwrap();
        } else if let Some(other) = &d.hard {
            fs::hard_link(root.join(other), &path).unwrap();
        } else {
            fs::write(&path, d.hex.as_deref().map_or_else(|| d.content.clone().unwrap_or_default().into_bytes(), unhex)).unwrap();
            mode(&path, 0o644);
            if let Some(t) = d.mtime {
                rustle_modules::times::set_times(path.to_str().unwrap(), t as f64, t as f64, true).unwrap();
            }
        }
    }
    for e in walk(root) {
        if e.is_dir() && !tree.contains_key(&format!("{}/", e.strip_prefix(root).unwrap().display())) && !e.is_symlink() {
            fs::set_permissions(&e, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

fn walk(root: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for e in fs::read_dir(root).into_iter().flatten().flatten() {
        let p = e.path();
        if p.is_dir() && !p.is_symlink() {
            out.extend(walk(&p));
        }
        out.push(p);
    }
    out
}

/// Everything below a folder, in words that can be compared. Backups are left out.
fn snapshot(root: &Path) -> BTreeMap<String, String> {
    walk(root)
        .into_iter()
        .map(|p| {
            let name = p.strip_prefix(root).unwrap().display().to_string();
            let m = fs::symlink_metadata(&p).unwrap();
            let what = if m.file_type().is_symlink() {
                format!("link to {}", fs::read_link(&p).unwrap().display())
            } else if m.is_dir() {
                format!("folder {:04o}", m.mode() & 0o7777)
            } else {
                format!("file {:04o} {} {}:{} {:?}", m.mode() & 0o7777, m.mtime(), m.uid(), m.gid(), fs::read(&p).unwrap_or_default())
            };
            (name, what)
        })
        .filter(|(n, _)| !n.ends_with('~'))
        .collect()
}

fn fill(v: &Value, root: &str, contents: &BTreeMap<String, String>) -> Value {
    match v {
        Value::Str(s) => Value::str(s.replace("$T", root)),
        Value::List(l) => Value::list(l.iter().map(|x| fill(x, root, contents)).collect()),
        Value::Dict(d) => match d.get("_content").and_then(Value::as_str) {
            Some(name) => {
                let mut blob = Dict::new();
                blob.insert("_blob", rustle_modules::hash::sha256(contents[name].as_bytes()));
                Value::dict(blob)
            }
            None => Value::dict(fill_dict(d, root, contents)),
        },
        _ => v.clone(),
    }
}

fn fill_dict(d: &Dict, root: &str, contents: &BTreeMap<String, String>) -> Dict {
    d.iter().map(|(k, v)| (k.clone(), fill(v, root, contents))).collect()
}

/// Whether `have` has at least what `want` has. Backups' names and temporary names differ each time.
fn subset(want: &Value, have: Option<&Value>, at: &str, out: &mut Vec<String>) {
    let Some(have) = have else { return out.push(format!("{at}: missing, expected {want}")) };
    match (want, have) {
        (Value::Dict(w), Value::Dict(h)) => w.str_iter().for_each(|(k, v)| {
            if !["mtime", "atime", "ctime", "inode", "dev", "backup_file", "backup", "elapsed"].contains(&k) {
                subset(v, h.get(k), &format!("{at}.{k}"), out);
            }
        }),
        (Value::List(w), Value::List(h)) if w.len() == h.len() => {
            w.iter().zip(h.iter()).enumerate().for_each(|(i, (a, b))| subset(a, Some(b), &format!("{at}[{i}]"), out));
        }
        _ if at == ".src" && want.as_str().is_some_and(|s| s.contains("/.ansible/tmp/")) => {}
        _ if want != have => out.push(format!("{at}: expected {want}, got {have}")),
        _ => {}
    }
}

struct Bench<'a> {
    case: &'a Case,
    module: &'a str,
    root: PathBuf,
}

impl Bench<'_> {
    fn run(&self, check: bool) -> Dict {
        let root = self.root.to_str().unwrap();
        let blobs = self.case.contents.values().map(|c| Blob { sha256: rustle_modules::hash::sha256(c.as_bytes()), data: Bytes(c.as_bytes().into()) });
        rustle_modules::run(&ModuleRequest {
            module: self.module.into(),
            args: fill_dict(&self.case.args, root, &self.case.contents),
            check,
            diff: self.case.diff,
            blobs: blobs.collect(),
            ..ModuleRequest::default()
        })
    }

    fn problems(&self) -> Vec<String> {
        let (case, root) = (self.case, self.root.to_str().unwrap());
        let mut out = Vec::new();
        let flag = |d: &Dict, k: &str| d.get(k).is_some_and(Value::truthy);

        build(&self.root, &case.tree);
        let before = snapshot(&self.root);
        let predicted = self.run(true);
        if snapshot(&self.root) != before {
            out.push("check mode touched something".into());
        }
        if case.check != Some(Word::Differs) && !flag(&predicted, "skipped") {
            for k in ["changed", "failed"] {
                let expected = if k == "failed" { case.failed } else { case.changed == Some(true) };
                if flag(&predicted, k) != expected {
                    out.push(format!("check mode predicts {k}={}", !expected));
                }
            }
        }

        build(&self.root, &case.tree);
        let result = self.run(false);
        if flag(&result, "failed") != case.failed {
            out.push(format!("failed={}: {}", !case.failed, result.get("msg").cloned().unwrap_or_default()));
        }
        if case.changed.is_some_and(|c| flag(&result, "changed") != c) {
            out.push(format!("changed={}", flag(&result, "changed")));
        }
        subset(&fill(&Value::dict(case.result.clone()), root, &case.contents), Some(&Value::dict(result)), "", &mut out);
        let after = snapshot(&self.root);
        for (name, want) in &case.after {
            let have = after.get(name.trim_end_matches('/'));
            match (want, have) {
                (None, Some(_)) => out.push(format!("{name} is still there")),
                (None, None) => {}
                (Some(_), None) => out.push(format!("{name} is not there")),
                (Some(e), Some(h)) => self.entry(name, e, h, &mut out),
            }
        }
        for (name, h) in &after {
            let named = case.after.contains_key(name) || case.after.contains_key(&format!("{name}/"));
            if !named && before.get(name).map(|b| strip_time(b)) != Some(strip_time(h)) {
                out.push(format!("{name} changed"));
            }
        }
        for name in before.keys().filter(|n| !after.contains_key(*n)) {
            if !case.after.contains_key(name) && !case.after.contains_key(&format!("{name}/")) {
                out.push(format!("{name} went"));
            }
        }

        if !case.failed && !flag(&predicted, "skipped") {
            let again = self.run(false);
            let expected = case.again == Some(Word::Changed);
            if flag(&again, "changed") != expected {
                out.push(format!("the second run: changed={}", !expected));
            }
        }
        out
    }

    fn entry(&self, name: &str, want: &Entry, have: &str, out: &mut Vec<String>) {
        let d = &want.0;
        let path = self.root.join(name);
        if let Some(t) = &d.link {
            let t = t.replace("$T", self.root.to_str().unwrap());
            if have != format!("link to {t}") {
                out.push(format!("{name}: {have}, not a link to {t}"));
            }
            return;
        }
        if let Some(m) = &d.mode {
            if have.split(' ').nth(1) != Some(m.as_str()) {
                out.push(format!("{name}: {have}, not {m}"));
            }
        }
        let content = d.hex.as_deref().map(unhex).or_else(|| d.content.clone().map(String::into_bytes));
        if let Some(c) = content {
            let have = fs::read(&path).unwrap_or_default();
            if have != c {
                out.push(format!("{name}: {:?}, not {:?}", String::from_utf8_lossy(&have), String::from_utf8_lossy(&c)));
            }
        }
    }
}

/// A snapshot's words without the time of modification.
fn strip_time(s: &str) -> String {
    let mut words: Vec<&str> = s.splitn(5, ' ').collect();
    if words.first() == Some(&"file") && words.len() > 2 {
        words.remove(2);
    }
    words.join(" ")
}

#[test]
fn every_case() {
    // SAFETY: one thread, and nothing has read the mask yet.
    unsafe { libc::umask(0o022) };
    let root = rustix::process::getuid().is_root();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let tmp = tempfile::tempdir().unwrap();
    let (mut bad, mut count) = (Vec::new(), 0);
    let only = std::env::var("CASE").unwrap_or_default();
    for path in walk(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
        let module = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_string();
        let name = format!("{module}/{}", path.file_stem().unwrap().to_str().unwrap());
        if !only.is_empty() && !name.contains(&only) {
            continue;
        }
        let case: Case = match serde_json::from_str(&fs::read_to_string(&path).unwrap()) {
            Ok(c) => c,
            Err(e) => {
                bad.push(format!("{name}: {e}"));
                continue;
            }
        };
        let missing = case.needs.as_deref().is_some_and(|p| !["/bin", "/usr/bin", "/usr/local/bin"].iter().any(|d| Path::new(d).join(p).exists()));
        if case.root && !root || missing {
            continue;
        }
        count += 1;
        let bench = Bench { case: &case, module: &module, root: tmp.path().canonicalize().unwrap().join("case") };
        bad.extend(bench.problems().into_iter().map(|p| format!("{name}: {p}")));
    }
    assert!(bad.is_empty(), "{} of {count} cases:\n{}", bad.len(), bad.join("\n"));
    assert!(count > 0);
}
