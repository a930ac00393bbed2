//! What came from files that are vaulted as a whole leaves `rustle-parse` vaulted: in one `sealed` record, beside
//! records that lack it.
//!
//! Limits: names of hosts, groups and roles, and how tasks are nested, stay in clear. All variables of a host or group
//! that has a vaulted file are sealed, also those of its other files; with a vaulted `-e @file`, all extra variables.

use rustle_playbook::ParsedRun;
use rustle_stream::Record;
use rustle_stream::model::{Block, Play, Role};
use rustle_stream::record::{ExtraVars, Group, Host, Sealed};
use rustle_value::{Dict, Origin, Value};
use rustle_vault::Vault;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Which files had to be decrypted.
#[derive(Clone, Debug, Default)]
pub struct Decrypted {
    /// By the inventory: sources and files of variables.
    pub inventory: BTreeSet<PathBuf>,
    /// By the loader: playbooks, roles, files of tasks.
    pub files: BTreeSet<String>,
    /// A file of `-e` was among them.
    pub extra_vars: bool,
}

impl Decrypted {
    fn of(&self, origin: Option<&Origin>) -> bool {
        origin.is_some_and(|o| self.files.contains(&*o.file))
    }
    /// A file of variables of this group or host.
    fn vars_file(&self, folder: &str, name: &str) -> bool {
        self.inventory.iter().any(|p| owner(p).is_some_and(|(f, n)| f == folder && (n == name || stem(&n) == name)))
    }
    fn source(&self) -> bool {
        self.inventory.iter().any(|p| owner(p).is_none())
    }
    fn role(&self, role: &Role) -> bool {
        self.files.iter().filter_map(|f| f.strip_prefix(role.path.trim_end_matches('/'))).any(|rest| {
            ["/vars/", "/defaults/", "/meta/"].iter().any(|folder| rest.starts_with(folder))
        })
    }
}

fn stem(name: &str) -> &str {
    [".yml", ".yaml", ".json"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name)
}

/// `(group_vars or host_vars, what stands behind it)`.
fn owner(path: &Path) -> Option<(String, String)> {
    let parts: Vec<String> = path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    let at = parts.iter().rposition(|p| p == "group_vars" || p == "host_vars")?;
    Some((parts[at].clone(), parts.get(at + 1)?.clone()))
}

/// The records of a run, what was vaulted as a whole sealed with the first secret.
///
/// # Errors
/// The vault's, where nothing can be encrypted.
pub fn records(run: &ParsedRun, decrypted: &Decrypted, vault: &Vault) -> Result<Vec<Record>, rustle_vault::VaultError> {
    let mut out = run.to_records();
    let (mut what, mut kinds, mut inside) = (Vec::new(), Vec::<String>::new(), String::new());
    for record in &mut out {
        let Some((place, sealed, words)) = split(record, decrypted) else { continue };
        if let Ok(line) = sealed.to_line() {
            inside.push_str(&line);
            inside.push('\n');
        }
        if !kinds.iter().any(|k| k == sealed.tag()) {
            kinds.push(sealed.tag().to_owned());
        }
        if !what.contains(&words) {
            what.push(words);
        }
        *record = place;
    }
    if !inside.is_empty() {
        let vault = vault.encrypt(inside.as_bytes(), None)?;
        out.push(Sealed { what, records: kinds, vault }.into());
    }
    Ok(out)
}

/// What stays in clear, what is sealed, and its name for a person.
fn split(record: &Record, d: &Decrypted) -> Option<(Record, Record, String)> {
    match record {
        Record::ExtraVars(x) if d.extra_vars && !x.vars.is_empty() => {
            Some((ExtraVars::default().into(), x.clone().into(), "extra variables".into()))
        }
        Record::Host(h) => {
            let sealed = Host {
                name: h.name.clone(),
                implicit: h.implicit,
                vars: kept(&h.vars, d.source()),
                inventory_host_vars: kept(&h.inventory_host_vars, d.vars_file("host_vars", &h.name)),
                playbook_host_vars: kept(&h.playbook_host_vars, d.vars_file("host_vars", &h.name)),
            };
            let place = Host {
                vars: left(&h.vars, &sealed.vars),
                inventory_host_vars: left(&h.inventory_host_vars, &sealed.inventory_host_vars),
                playbook_host_vars: left(&h.playbook_host_vars, &sealed.playbook_host_vars),
                ..h.clone()
            };
            (place != *h).then(|| (place.into(), sealed.into(), format!("variables of host '{}'", h.name)))
        }
        Record::Group(g) => {
            let sealed = Group {
                name: g.name.clone(),
                vars: kept(&g.vars, d.source()),
                inventory_group_vars: kept(&g.inventory_group_vars, d.vars_file("group_vars", &g.name)),
                playbook_group_vars: kept(&g.playbook_group_vars, d.vars_file("group_vars", &g.name)),
                ..Group::default()
            };
            let place = Group {
                vars: left(&g.vars, &sealed.vars),
                inventory_group_vars: left(&g.inventory_group_vars, &sealed.inventory_group_vars),
                playbook_group_vars: left(&g.playbook_group_vars, &sealed.playbook_group_vars),
                ..g.clone()
            };
            (place != *g).then(|| (place.into(), sealed.into(), format!("variables of group '{}'", g.name)))
        }
        Record::Role(r) if d.role(r) => {
            let place = Role { defaults: Dict::new(), vars: Dict::new(), ..r.clone() };
            Some((place.into(), r.clone().into(), format!("variables of role '{}'", r.name)))
        }
        Record::Play(p) if d.of(p.origin.as_ref()) || d.files.contains(&p.playbook) => {
            let place = Play { name: None, hosts: Value::from(""), keywords: Default::default(), other: Dict::new(), ..p.clone() };
            Some((place.into(), p.clone().into(), format!("playbook '{}'", p.playbook)))
        }
        Record::Block(b) if d.of(b.origin.as_ref()) => {
            let place = Block { name: None, keywords: Default::default(), ..b.clone() };
            Some((place.into(), b.clone().into(), file(b.origin.as_ref())))
        }
        Record::Task(t) if d.of(t.origin.as_ref()) => {
            let mut place = t.clone();
            (place.name, place.repeat, place.register) = (None, None, None);
            (place.retries, place.delay, place.async_seconds, place.poll) = (None, None, None, None);
            for list in [&mut place.changed_when, &mut place.failed_when, &mut place.until, &mut place.notify, &mut place.listen] {
                list.clear();
            }
            for dict in [&mut place.args, &mut place.loop_control, &mut place.projections] {
                *dict = Dict::new();
            }
            place.keywords = Default::default();
            Some((place.into(), t.clone().into(), file(t.origin.as_ref())))
        }
        _ => None,
    }
}

fn file(origin: Option<&Origin>) -> String {
    format!("file '{}'", origin.map(|o| o.file.to_string()).unwrap_or_default())
}

fn kept(vars: &Dict, sealed: bool) -> Dict {
    if sealed { vars.clone() } else { Dict::new() }
}

fn left(vars: &Dict, sealed: &Dict) -> Dict {
    if sealed.is_empty() { vars.clone() } else { Dict::new() }
}
