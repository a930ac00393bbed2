//! What OpenSSH's configuration says about a host: the output of `ssh -G`, which knows every file, pattern and
//! default. Run once where the configuration says the same for all hosts.

use crate::connections::openssh::arguments;
use crate::{ConnectError, HostSpec, child::os_words};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The resolved options of one host, by lower-case name. Some occur more than once.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    options: Arc<HashMap<String, Vec<String>>>,
    /// Overrides of the shared options: the host's own name.
    hostname: Option<String>,
}

impl Resolved {
    /// Asks the client (or remembers).
    pub fn of(spec: &HostSpec) -> Result<Resolved, ConnectError> {
        static CACHE: OnceLock<Mutex<HashMap<Vec<String>, Arc<HashMap<String, Vec<String>>>>>> = OnceLock::new();
        let shared = same_for_all() && spec.ssh_common_args.is_empty() && spec.ssh_extra_args.is_empty() && spec.ssh_args_default;
        let mut key = vec![spec.ssh_executable.clone()];
        key.extend(arguments(spec)?);
        if !shared {
            key.push(spec.address.clone());
        }
        let cache = CACHE.get_or_init(Default::default);
        if let Some(found) = cache.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Resolved { options: found.clone(), hostname: shared.then(|| spec.address.clone()) });
        }
        let options = Arc::new(ask(spec)?);
        cache.lock().unwrap_or_else(PoisonError::into_inner).insert(key, options.clone());
        Ok(Resolved { options, hostname: shared.then(|| spec.address.clone()) })
    }

    /// The first value of an option; `None` where it is not set, or `none`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str).filter(|v| *v != "none")
    }
    /// Every value of an option.
    pub fn all(&self, name: &str) -> &[String] {
        self.options.get(name).map_or(&[], Vec::as_slice)
    }
    /// Whether an option is set to something that means yes.
    pub fn yes(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| matches!(v, "yes" | "true"))
    }
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
    /// Where to connect to.
    pub fn hostname(&self) -> &str {
        self.hostname.as_deref().or_else(|| self.get("hostname")).unwrap_or_default()
    }
    pub fn port(&self) -> u16 {
        self.number("port").and_then(|p| p.try_into().ok()).unwrap_or(22)
    }
    pub fn user(&self) -> &str {
        self.get("user").unwrap_or("root")
    }
    /// A list option's words, by commas.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).unwrap_or_default().split(',').filter(|w| !w.is_empty()).collect()
    }
}

fn ask(spec: &HostSpec) -> Result<HashMap<String, Vec<String>>, ConnectError> {
    let output = Command::new(&spec.ssh_executable)
        .arg("-G")
        .args(arguments(spec)?)
        .arg(&spec.address)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| ConnectError::Local(format!("can't start {}: {}", spec.ssh_executable, os_words(&e))))?;
    if !output.status.success() {
        return Err(ConnectError::Config(format!(
            "{}{}",
            crate::PREFIX,
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    let mut options: HashMap<String, Vec<String>> = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        options.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
    }
    Ok(options)
}

/// Whether the client's configuration files have nothing that tells hosts apart. Cautious: what it does not
/// understand counts as a difference.
fn same_for_all() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let home = std::env::var("HOME").unwrap_or_default();
        plain(Path::new("/etc/ssh/ssh_config"), 0) && plain(&Path::new(&home).join(".ssh/config"), 0)
    })
}

fn plain(file: &Path, depth: u32) -> bool {
    let text = match std::fs::read_to_string(file) {
        Ok(t) => t,
        Err(e) => return e.kind() == std::io::ErrorKind::NotFound,
    };
    text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).all(|line| {
        let mut words = line.split(|c: char| c.is_whitespace() || c == '=').filter(|w| !w.is_empty());
        match words.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "match" => false,
            "host" => words.all(|w| w == "*"),
            // Only the form that distributions use: one folder, all files of one kind.
            "include" => depth < 4 && words.all(|w| includes_plain(w, depth)),
            "hostname" | "canonicalizehostname" => false,
            // Tokens that stand for the host.
            _ => !line.contains('%') || line.contains("%%"),
        }
    })
}

fn includes_plain(pattern: &str, depth: u32) -> bool {
    let Some(folder) = pattern.strip_suffix("/*.conf").filter(|f| f.starts_with('/') && !f.contains(['*', '?', '['])) else {
        return false;
    };
    let Ok(entries) = std::fs::read_dir(folder) else { return true };
    entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "conf")).all(|p| plain(&p, depth + 1))
}
