//! What the bootstrap learns of a host.

/// A host's platform, as its own `uname` and `getconf` tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// `uname -s`: `Linux`, `FreeBSD`, `Darwin`.
    pub system: String,
    /// `uname -r`.
    pub release: String,
    /// `uname -m`: `x86_64`, `aarch64`, `armv7l`.
    pub machine: String,
    /// `glibc`, `musl`, or empty where it is unknown (or was not asked for: a cached runner was there).
    pub libc: String,
    /// Its version, where there is one: `2.36`.
    pub libc_version: Option<String>,
    /// The remote user's home.
    pub home: String,
    /// The remote user's number.
    pub uid: Option<u32>,
    /// Digests of the runners in the host's cache.
    pub cached: Vec<String>,
    /// Whether the host can unpack gzip.
    pub gzip: bool,
}

impl Platform {
    /// The platform that a runner for `triple` runs on, as far as its name tells.
    pub fn of_triple(triple: &str) -> Platform {
        let mut parts = triple.split('-');
        let machine = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        let has = |s: &str| rest.contains(&s);
        let system = match () {
            () if has("linux") => "Linux",
            () if has("freebsd") => "FreeBSD",
            () if has("darwin") => "Darwin",
            () if has("netbsd") => "NetBSD",
            () if has("openbsd") => "OpenBSD",
            () => "",
        };
        Platform { system: system.into(), machine: machine.into(), ..Default::default() }
    }

    /// Words for a person: `Linux x86_64, glibc 2.36`.
    pub fn label(&self) -> String {
        let mut text = format!("{} {}", self.system, self.machine);
        if !self.libc.is_empty() {
            text.push_str(", ");
            text.push_str(&self.libc);
        }
        if let Some(v) = &self.libc_version {
            text.push(' ');
            text.push_str(v);
        }
        text
    }

    /// Takes one line of the bootstrap's report in; `false` for a word that is none of its.
    pub(crate) fn take(&mut self, word: &str, rest: &str) -> bool {
        match word {
            "uname" => {
                let mut w = rest.split_whitespace();
                let mut next = || w.next().unwrap_or_default().to_owned();
                (self.system, self.release, self.machine) = (next(), next(), next());
            }
            "libc" => {
                let mut w = rest.split_whitespace();
                self.libc = w.next().unwrap_or_default().to_owned();
                self.libc_version = w.next().map(str::to_owned);
            }
            "uid" => self.uid = rest.trim().parse().ok(),
            "home" => self.home = rest.to_owned(),
            "gzip" => self.gzip = true,
            "have" => self.cached.push(rest.to_owned()),
            _ => return false,
        }
        true
    }
}
