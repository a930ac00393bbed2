//! Settings: environment, then `ansible.cfg`, then defaults.
//!
//! The table `settings.tsv` names each setting as Ansible's documentation does, with its type, default, environment
//! variables and place in the file. Source:
//! <https://docs.ansible.com/ansible/latest/reference_appendices/config.html>.

mod ini;

use rustle_value::{Dict, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("settings.tsv");

/// Why the configuration can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("Error reading config file ({path}): {problem}")]
    File { path: String, problem: String },
    #[error("Invalid value provided for '{name}': {value:?} is not a valid {kind} (from {origin})")]
    Value { name: String, value: String, kind: &'static str, origin: String },
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    /// `str`, `bool`, `int`, `float`, `list`, `path`, `pathlist`, `pathspec`, `dict`, `none`, `tmppath`, ….
    pub kind: &'static str,
    pub default: &'static str,
    env: &'static str,
    ini: &'static str,
}

/// All settings, in the order of their names.
pub fn table() -> impl Iterator<Item = Setting> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut f = line.split('\t');
        Some(Setting { name: f.next()?, kind: f.next()?, default: f.next()?, env: f.next()?, ini: f.next()? })
    })
}

/// What the user set.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Values by name, of what differs from the defaults.
    values: HashMap<&'static str, (Value, String)>,
    /// Everything that the file says, as `section.key`.
    pub raw: Dict,
    /// What a person should be told.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the environment and the first `ansible.cfg` of: `ANSIBLE_CONFIG`, the working directory, the home, `/etc/ansible`.
    ///
    /// # Errors
    /// A file that is no ini file, or a value of the wrong type.
    pub fn load(cwd: &Path) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        config.file = config.find(cwd);
        let mut sections = HashMap::new();
        if let Some(path) = &config.file {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(|e| ConfigError::File { path: shown.clone(), problem: e.to_string() })?;
            sections = ini::parse(&text).map_err(|problem| ConfigError::File { path: shown, problem })?;
        }
        for (key, value) in &sections {
            config.raw.insert(key.as_str(), value.as_str());
        }
        let base = config.file.as_deref().and_then(Path::parent).unwrap_or(cwd).to_owned();
        for setting in table() {
            let env = setting.env.split(',').filter(|e| !e.is_empty()).find_map(|e| std::env::var(e).ok().map(|v| (v, format!("env: {e}"))));
            let found = env.map(|(v, o)| (v, o, cwd.to_owned())).or_else(|| {
                // The last place that the documentation names wins.
                setting.ini.split(',').filter(|k| !k.is_empty()).rev().find_map(|k| {
                    let path = config.file.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
                    sections.get(k).map(|v| (v.clone(), path, base.clone()))
                })
            });
            if let Some((text, origin, base)) = found {
                let value = convert(&setting, &text, &origin, &base)?;
                config.values.insert(setting.name, (value, origin));
            }
        }
        Ok(config)
    }
    fn find(&mut self, cwd: &Path) -> Option<PathBuf> {
        if let Ok(named) = std::env::var("ANSIBLE_CONFIG") {
            let path = expand(&named);
            let path = if Path::new(&path).is_dir() { Path::new(&path).join("ansible.cfg") } else { PathBuf::from(path) };
            if path.exists() {
                return Some(path);
            }
        }
        let here = cwd.join("ansible.cfg");
        if here.exists() {
            use std::os::unix::fs::PermissionsExt;
            let open = cwd.metadata().is_ok_and(|m| m.permissions().mode() & 0o002 != 0);
            if !open {
                return Some(here);
            }
            self.warnings.push(format!(
                "Ansible is being run in a world writable directory ({}), ignoring it as an ansible.cfg source. For more information see https://docs.ansible.com/ansible/devel/reference_appendices/config.html#cfg-in-world-writable-dir",
                cwd.display()
            ));
        }
        let home = PathBuf::from(expand("~/.ansible.cfg"));
        [home, PathBuf::from("/etc/ansible/ansible.cfg")].into_iter().find(|p| p.exists())
    }
    /// A setting's value: what the user set, or the default.
    pub fn get(&self, name: &str) -> Value {
        if let Some((v, _)) = self.values.get(name) {
            return v.clone();
        }
        table()
            .find(|s| s.name == name)
            .and_then(|s| if s.default.is_empty() { None } else { convert(&s, s.default, "default", Path::new("/")).ok() })
            .unwrap_or_default()
    }
    /// Whether the user set it.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
    /// A setting as a boolean.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).truthy()
    }
    /// A setting as text, where it has one.
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.get(name)).filter(|v| !v.is_null()).map(|v| rustle_value::py_str(&v))
    }
    /// A setting as a list of texts.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Value::List(l) => l.iter().map(rustle_value::py_str).collect(),
            Value::Null => Vec::new(),
            v => vec![rustle_value::py_str(&v)],
        }
    }
    /// What differs from the defaults, by name.
    pub fn changed(&self) -> Dict {
        let mut names: Vec<_> = self.values.iter().collect();
        names.sort_by_key(|(n, _)| **n);
        let mut out: Dict = names.into_iter().map(|(n, (v, _))| (*n, v.clone())).collect();
        if let Some(f) = &self.file {
            out.insert("CONFIG_FILE", f.display().to_string());
        }
        out
    }
    /// Takes the settings that another stage of the run found ([`Config::changed`]) in place of this process's own.
    pub fn take(&mut self, changed: &Dict) {
        self.values.clear();
        for setting in table() {
            if let Some(v) = changed.get(setting.name) {
                self.values.insert(setting.name, (v.clone(), "the stream".into()));
            }
        }
        if let Some(file) = changed.get("CONFIG_FILE") {
            self.file = Some(PathBuf::from(rustle_value::py_str(file)));
        }
    }
}

/// `~` and `$NAME` in a path.
pub fn expand(text: &str) -> String {
    let mut out = String::new();
    let home = || std::env::var("HOME").unwrap_or_else(|_| "/root".into());
    let text = match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{}{rest}", home()),
        _ => text.to_owned(),
    };
    let mut rest = text.as_str();
    while let Some(i) = rest.find('$') {
        out.push_str(&rest[..i]);
        let after = &rest[i + 1..];
        let (name, tail) = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}').unwrap_or((inner, "")),
            None => after.split_at(after.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(after.len())),
        };
        match std::env::var(name) {
            Ok(v) => out.push_str(&v),
            Err(_) => out.push_str(&rest[i..rest.len() - tail.len()]),
        }
        rest = tail;
    }
    out + rest
}

fn absolute(text: &str, base: &Path) -> String {
    let text = text.replace("{{CWD}}", &std::env::current_dir().unwrap_or_default().display().to_string());
    let path = expand(text.trim());
    if path.starts_with('/') || path.is_empty() { path } else { base.join(path.trim_start_matches("./")).display().to_string() }
}

fn convert(setting: &Setting, text: &str, origin: &str, base: &Path) -> Result<Value, ConfigError> {
    let bad = |kind| ConfigError::Value { name: setting.name.into(), value: text.into(), kind, origin: origin.into() };
    let text = unquote(text);
    Ok(match setting.kind {
        "bool" => match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" => Value::Bool(true),
            "n" | "no" | "off" | "0" | "false" | "f" => Value::Bool(false),
            "" => Value::Null,
            _ => return Err(bad("bool")),
        },
        "int" => Value::Int(text.trim().parse().map_err(|_| bad("int"))?),
        "float" => Value::Float(text.trim().parse().map_err(|_| bad("float"))?),
        "list" => match serde_json::from_str::<Vec<String>>(text) {
            Ok(l) if text.starts_with('[') => Value::from(l),
            _ => Value::from(text.split(',').map(|s| unquote(s.trim()).to_owned()).filter(|s| !s.is_empty()).collect::<Vec<_>>()),
        },
        "path" | "tmppath" | "tmp" => Value::from(absolute(text, base)),
        "pathspec" => Value::from(text.split(':').map(|p| absolute(p, base)).collect::<Vec<_>>()),
        "pathlist" => match serde_json::from_str::<Vec<String>>(text) {
            Ok(l) if text.starts_with('[') => Value::from(l),
            // A list of hosts is no path: it keeps its commas.
            _ if setting.name == "DEFAULT_HOST_LIST" && text.trim_end().ends_with(',') => Value::from(vec![text.trim().to_owned()]),
            _ => Value::from(text.split(',').map(|p| absolute(p, base)).collect::<Vec<_>>()),
        },
        _ => Value::from(text),
    })
}

fn unquote(text: &str) -> &str {
    let b = text.as_bytes();
    if b.len() >= 2 && (b[0] == b'"' || b[0] == b'\'') && b[b.len() - 1] == b[0] { &text[1..text.len() - 1] } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_fits_its_type() {
        let mut names: Vec<&str> = Vec::new();
        for s in table() {
            assert!(!names.contains(&s.name), "{} is there twice", s.name);
            names.push(s.name);
            if !s.default.is_empty() {
                convert(&s, s.default, "default", Path::new("/")).unwrap();
            }
        }
        assert!(names.len() > 150);
    }
    #[test]
    fn a_file_is_read_as_ansible_reads_it() {
        let dir = std::env::temp_dir().join(format!("rustle-cfg-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("ansible.cfg"), "[defaults]\nforks = 7 ; many\nroles_path = r1:./r2\n# no\nnocows=1\n[ssh_connection]\nssh_args=-o A=b\n").unwrap();
        let config = Config::load(&dir).unwrap();
        assert_eq!(config.get("DEFAULT_FORKS"), Value::Int(7));
        assert_eq!(config.list("DEFAULT_ROLES_PATH"), [format!("{}/r1", dir.display()), format!("{}/r2", dir.display())]);
        assert_eq!(config.raw.get("ssh_connection.ssh_args").cloned(), Some(Value::from("-o A=b")));
        assert_eq!(config.get("DEFAULT_GATHERING"), Value::from("implicit"));
        assert!(!config.is_set("DEFAULT_GATHERING"));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
