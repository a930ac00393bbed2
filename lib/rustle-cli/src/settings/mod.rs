//! rustle's own settings: `~/.rustle/config.toml`, `./rustle.toml`, the environment; the later one counts.
//!
//! The table `table.tsv` has a row per setting: its key in the files, its environment variable, the kind of its value,
//! its default and its meaning. Code below reads a setting by its *variable* (`rustle-toolchain`'s `Env`), so that a
//! value of a file reaches everything that the variable reaches. Flags of programs count more than all of these.
//!
//! [`amend`] writes a settings file, without losing what a person wrote there.
//!
//! Limits: Ansible's settings are [`crate::config`].

mod amend;
mod file;
mod kind;

pub use amend::{amend, fresh};

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("table.tsv");

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// The place is a file with line and column, or an environment variable.
    #[error("{place}: {problem}")]
    Wrong { place: String, problem: String },
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Section and name in the files, such as `build.timeout`.
    pub key: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// `path`, `text`, `bool`, `count`, `seconds`, `bytes`, or the allowed words with `|` between.
    pub kind: &'static str,
    /// Empty where the default depends on the machine; [`Setting::meaning`] then tells it.
    pub default: &'static str,
    pub meaning: &'static str,
}

/// All settings.
pub fn table() -> impl Iterator<Item = Setting> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut f = line.split('\t');
        Some(Setting { key: f.next()?, variable: f.next()?, kind: f.next()?, default: f.next()?, meaning: f.next()? })
    })
}

/// Values that were set, in their plain form (numbers without units), and where.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    values: BTreeMap<&'static str, (String, String)>,
    /// What a person should be told.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads both files and the environment. `variable` gives the value of an environment variable.
    ///
    /// # Errors
    /// A file can't be read or is no TOML; a key that does not exist (the nearest is named); a value of another kind.
    pub fn load(home: Option<&Path>, cwd: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        let own = home.map(|h| h.join(".rustle/config.toml"));
        let local = cwd.join("rustle.toml");
        for path in own.iter().chain([&local]) {
            if let Some(text) = settings.text(path, *path == local)? {
                let found = file::read(&text, path, home)?;
                settings.values.extend(found.into_iter().map(|(s, value, place)| (s.variable, (value, place))));
            }
        }
        for s in table() {
            let Some(given) = variable(s.variable).filter(|v| !v.is_empty()) else { continue };
            let value = kind::plain(&given, s.kind).map_err(|problem| SettingsError::Wrong { place: s.variable.into(), problem })?;
            settings.values.insert(s.variable, (value, format!("environment ({})", s.variable)));
        }
        Ok(settings)
    }

    /// A file's text, if there is one that may be used.
    fn text(&mut self, path: &PathBuf, local: bool) -> Result<Option<String>, SettingsError> {
        let io = |source| SettingsError::Io { path: path.display().to_string(), source };
        if local && path.is_file() && anyone_writes(path) {
            // It can name programs to start: not for everybody to say.
            self.warnings.push(format!("{} is not read: others may write it or its folder", path.display()));
            return Ok(None);
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io(e)),
        }
    }

    /// Values by environment variable.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, (value, _))| (*name, value.as_str()))
    }

    /// Where a variable's value was set: `FILE:LINE`, or `environment (NAME)`.
    pub fn place(&self, variable: &str) -> Option<&str> {
        self.values.get(variable).map(|(_, place)| place.as_str())
    }

    /// All settings for a person: key, value, where it came from. Ends with a newline.
    pub fn show(&self) -> String {
        let rows: Vec<[&str; 3]> = table()
            .map(|s| match self.values.get(s.variable) {
                Some((value, place)) => [s.key, value, place],
                None if s.default.is_empty() => [s.key, "-", "default"],
                None => [s.key, s.default, "default"],
            })
            .collect();
        let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
        let (a, b) = (width(0), width(1));
        rows.iter().fold(String::new(), |mut text, [key, value, place]| {
            let _ = writeln!(text, "{key:a$}  {value:b$}  {place}");
            text
        })
    }
}

/// Whether somebody else than its owner may write the file or change its folder.
fn anyone_writes(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let open = |p: &Path| p.metadata().is_ok_and(|m| m.permissions().mode() & 0o002 != 0);
    open(path) || path.parent().is_some_and(open)
}
