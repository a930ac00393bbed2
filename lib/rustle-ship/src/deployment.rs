//! What was deployed, when and where: on the controller ([`Deployment`], kept in a [`History`]) and on each host
//! ([`HostManifest`]).
//!
//! Limits: no variable and no password of a host is written down.

use crate::ShipError;
use rustle_toolchain::Env;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Deployments that the controller remembers.
const REMEMBERED: usize = 200;

/// The name under which runners are deployed.
pub const RUNNER: &str = "rustle-runner";

/// Whether a word is safe as a file's name and in the host's script.
pub(crate) fn plain(word: &str) -> bool {
    !word.is_empty() && word.len() <= 100 && !word.starts_with(['.', '-']) && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
}

/// A name for what is deployed, made of whatever a person wrote.
pub fn name_of(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' }).take(64).collect();
    let text = text.trim_start_matches(['.', '-']);
    if text.is_empty() || text == RUNNER { "plan".into() } else { text.to_owned() }
}

/// One deployment, on all its hosts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deployment {
    /// Time and a random part: sorts by age.
    pub id: String,
    /// When it began, in UTC: `2026-01-31T12:00:00Z`.
    pub time: String,
    /// What `current/<name>` is called on the hosts.
    pub name: String,
    /// `runner`, or `artifact` where the plan is inside.
    pub kind: String,
    /// Playbooks and inventory sources as given, and the folder where that was.
    pub playbooks: Vec<String>,
    pub inventory: Vec<String>,
    pub cwd: String,
    pub hosts: Vec<Part>,
}

/// A deployment's part on one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    pub host: String,
    /// Who logged in there; `None`: whom ssh chose.
    pub user: Option<String>,
    pub triple: String,
    pub sha256: String,
    /// The file on the controller.
    pub source: String,
    pub uploaded_bytes: u64,
    /// The digest that was in force before.
    pub previous: Option<String>,
    /// The shipment's outcome; `pending` until there is one; `rolled back` since it was, `not in force` since the host said so.
    pub outcome: String,
    pub reason: Option<String>,
}

impl Part {
    /// Whether the host has it in force, as far as is known: nobody waited for the end of what is pending.
    pub fn in_force(&self) -> bool {
        matches!(self.outcome.as_str(), "cached" | "uploaded" | "pending")
    }
}

impl Deployment {
    /// A new one.
    pub fn new(name: &str, kind: &str) -> Deployment {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (date, clock) = utc(now.as_secs());
        let mut random = [0u8; 4];
        // Without randomness two deployments of one moment might have one id: the process keeps them apart.
        if getrandom::fill(&mut random).is_err() {
            random = std::process::id().to_be_bytes();
        }
        // To the microsecond: what one person deploys, one after the other, has ids in that order.
        let id = format!("{}T{}.{:06}Z-{}", date.replace('-', ""), clock.replace(':', ""), now.subsec_micros(), crate::upload::hex(&random));
        Deployment { id, time: format!("{date}T{clock}Z"), name: name.into(), kind: kind.into(), ..Deployment::default() }
    }
    /// How many hosts have it, how many were to.
    pub fn reached(&self) -> (usize, usize) {
        (self.hosts.iter().filter(|p| p.in_force()).count(), self.hosts.len())
    }
}

/// Date and time of day of a Unix time.
fn utc(seconds: u64) -> (String, String) {
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // Days from 1 March 0000: a leap day then ends its year, and every era of 400 years is alike.
    let z = day + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year + era * 400, month + 3) } else { (year + era * 400 + 1, month - 9) };
    (format!("{year:04}-{month:02}-{of_month:02}"), format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60))
}

/// Whether a word has the form of an id.
pub fn is_id(word: &str) -> bool {
    plain(word) && word.len() >= 9 && word.as_bytes()[..8].iter().all(u8::is_ascii_digit) && word.as_bytes()[8] == b'T'
}

/// What a host keeps of one deployment, one line. Every value is a plain word, so that a shell can handle it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostManifest {
    pub id: String,
    pub time: String,
    pub name: String,
    /// `runner` or `artifact`.
    pub kind: String,
    pub triple: String,
    pub sha256: String,
    /// The digest that was in force before.
    pub previous: Option<String>,
}

impl HostManifest {
    pub(crate) fn folder(&self) -> &'static str {
        if self.kind == "runner" { "runners" } else { "artifacts" }
    }
    pub(crate) fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
    /// A host's line, if it is a manifest.
    pub(crate) fn read(line: &str) -> Option<HostManifest> {
        let m: HostManifest = serde_json::from_str(line).ok()?;
        let good = is_id(&m.id) && plain(&m.name) && plain(&m.sha256) && m.previous.as_deref().is_none_or(plain);
        good.then_some(m)
    }
}

/// The controller's deployments: a file each, in a folder that only its owner reads.
#[derive(Clone, Debug)]
pub struct History {
    dir: PathBuf,
}

impl History {
    /// `RUSTLE_DEPLOYMENT_HISTORY`, else `~/.rustle/history`.
    ///
    /// # Errors
    /// Neither is known.
    pub fn of(env: &Env) -> Result<History, ShipError> {
        let own = || env.var("HOME").map(|h| Path::new(h).join(".rustle/history"));
        let dir = env.var("RUSTLE_DEPLOYMENT_HISTORY").map(PathBuf::from).or_else(own);
        dir.map(|dir| History { dir }).ok_or_else(|| ShipError::History("no folder for deployments: HOME is not set (or set RUSTLE_DEPLOYMENT_HISTORY)".into()))
    }
    /// The one in this folder, which need not exist.
    pub fn at(dir: PathBuf) -> History {
        History { dir }
    }
    fn wrong(path: &Path, e: &dyn std::fmt::Display) -> ShipError {
        ShipError::History(format!("{}: {e}", path.display()))
    }
    fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }
    /// Writes one down, at once and whole.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn save(&self, deployment: &Deployment) -> Result<(), ShipError> {
        let wrong = |e: &dyn std::fmt::Display| History::wrong(&self.dir, e);
        if !self.dir.is_dir() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(|e| wrong(&e))?;
        }
        let file = tempfile::NamedTempFile::new_in(&self.dir).map_err(|e| wrong(&e))?;
        serde_json::to_writer_pretty(&file, deployment).map_err(|e| wrong(&e))?;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|e| wrong(&e))?;
        file.persist(self.path(&deployment.id)).map_err(|e| wrong(&e.error))?;
        for old in self.ids().into_iter().skip(REMEMBERED) {
            _ = std::fs::remove_file(self.path(&old));
        }
        Ok(())
    }
    /// Forgets one.
    pub fn forget(&self, id: &str) {
        if is_id(id) {
            _ = std::fs::remove_file(self.path(id));
        }
    }
    /// Ids, newest first.
    pub fn ids(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.dir).into_iter().flatten().flatten().filter_map(|e| e.file_name().into_string().ok());
        let mut ids: Vec<String> = names.filter_map(|n| n.strip_suffix(".json").filter(|id| is_id(id)).map(str::to_owned)).collect();
        ids.sort_by(|a, b| b.cmp(a));
        ids
    }
    /// The one with this id, or whose id begins so.
    ///
    /// # Errors
    /// There is none, or more than one; its file is damaged.
    pub fn load(&self, id: &str) -> Result<Deployment, ShipError> {
        let ids = self.ids();
        let mut found = ids.iter().filter(|known| known.starts_with(id));
        let (Some(full), None) = (found.next(), found.next()) else {
            let newest: Vec<&str> = ids.iter().take(3).map(String::as_str).collect();
            let known = if newest.is_empty() { "none is known here".to_owned() } else { format!("the newest: {}", newest.join(", ")) };
            let what = if ids.iter().any(|k| k.starts_with(id)) { "is not one deployment only" } else { "is no deployment that this controller knows" };
            return Err(ShipError::History(format!("'{id}' {what} ({known}; rustle-deploy --list-deployments shows all)")));
        };
        let path = self.path(full);
        let text = std::fs::read(&path).map_err(|e| History::wrong(&path, &e))?;
        serde_json::from_slice(&text).map_err(|e| History::wrong(&path, &e))
    }
    /// All that can be read, newest first.
    pub fn all(&self) -> Vec<Deployment> {
        self.ids().iter().filter_map(|id| self.load(id).ok()).collect()
    }
    /// The newest that is in force on some host.
    ///
    /// # Errors
    /// There is none.
    pub fn newest(&self) -> Result<Deployment, ShipError> {
        let all = self.all();
        let found = all.into_iter().find(|d| d.reached().0 > 0);
        found.ok_or_else(|| ShipError::History(format!("no deployment is known that could be rolled back ({})", self.dir.display())))
    }
    /// A table for a person, newest first.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for d in self.all() {
            let (reached, all) = d.reached();
            let undone = d.hosts.iter().filter(|p| p.outcome == "rolled back").count();
            let undone = if undone > 0 { format!(", rolled back on {undone}") } else { String::new() };
            _ = writeln!(text, "{}  {:<8}  {}  in force on {reached} of {all} hosts{undone}  {}", d.id, d.kind, d.name, d.playbooks.join(" "));
        }
        if text.is_empty() { "no deployments\n".into() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_calendar() {
        let day = |s| utc(s).0;
        assert_eq!((day(0).as_str(), day(951_782_400).as_str(), day(1_709_164_800).as_str()), ("1970-01-01", "2000-02-29", "2024-02-29"));
        assert_eq!(utc(1_798_761_599), ("2026-12-31".into(), "23:59:59".into()));
        let d = Deployment::new("site", "artifact");
        assert!(is_id(&d.id) && plain(&d.id), "{}", d.id);
        assert!(!is_id("site.yml") && !is_id("20260101T/../x"));
    }

    #[test]
    fn names_are_safe_and_never_the_runners() {
        assert_eq!(name_of("site"), "site");
        assert_eq!(name_of("../my plan.v2"), "_my_plan.v2");
        assert_eq!(name_of("rustle-runner"), "plan");
        assert!(plain(&name_of("ü;rm -rf /")));
    }

    #[test]
    fn a_host_cannot_write_a_manifest_that_names_other_files() {
        let good = HostManifest { id: "20260101T000000Z-0a".into(), name: "site".into(), sha256: "ab".into(), ..HostManifest::default() };
        assert_eq!(HostManifest::read(&good.line()), Some(good.clone()));
        for bad in [HostManifest { name: "../x".into(), ..good.clone() }, HostManifest { sha256: "a b".into(), ..good.clone() }, HostManifest { id: "x".into(), ..good.clone() }] {
            assert_eq!(HostManifest::read(&bad.line()), None);
        }
    }

    #[test]
    fn history_keeps_finds_and_sorts() {
        let dir = tempfile::tempdir().unwrap();
        let history = History { dir: dir.path().join("new/history") };
        assert!(history.newest().is_err());
        let mut first = Deployment { id: "20260101T000000Z-aa".into(), ..Deployment::new("a", "runner") };
        let second = Deployment { id: "20260102T000000Z-bb".into(), ..first.clone() };
        first.hosts.push(Part { host: "h".into(), outcome: "uploaded".into(), ..Part::default() });
        history.save(&second).unwrap();
        history.save(&first).unwrap();
        assert_eq!(history.ids(), [second.id.clone(), first.id.clone()]);
        // The second one reached nobody.
        assert_eq!(history.newest().unwrap(), first);
        assert_eq!(history.load("20260102").unwrap(), second);
        assert!(history.load("2026").unwrap_err().to_string().contains("not one deployment only"));
        assert!(history.load("../x").unwrap_err().to_string().contains(&second.id));
        let mode = std::fs::metadata(dir.path().join("new/history")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
