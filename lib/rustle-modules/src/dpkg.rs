//! dpkg's data base, read without dpkg: what is installed, in which version; and the order of Debian versions.

use std::cmp::Ordering;
use std::collections::HashMap;

/// One package of `/var/lib/dpkg/status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub architecture: String,
    /// `installed`, `config-files`, `half-installed`, ….
    pub state: String,
    /// `install`, `hold`, `deinstall`, `purge`.
    pub selection: String,
    pub section: String,
    pub category: String,
    /// Names that it also answers to.
    pub provides: Vec<String>,
}

impl Package {
    pub fn installed(&self) -> bool {
        self.state == "installed" || self.state.starts_with("triggers-")
    }
}

/// The data base, by package name (several architectures may have the same).
#[derive(Clone, Debug, Default)]
pub struct Status {
    packages: HashMap<String, Vec<Package>>,
    native: String,
}

impl Status {
    /// Reads the host's data base; empty where there is none.
    pub fn read() -> Status {
        let bytes = std::fs::read("/var/lib/dpkg/status").unwrap_or_default();
        Status::parse(&String::from_utf8_lossy(&bytes))
    }

    /// Reads the text of a status file.
    pub fn parse(text: &str) -> Status {
        let mut s = Status::default();
        for block in text.split("\n\n") {
            let mut p = Package::default();
            for line in block.lines() {
                let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t'])) else { continue };
                let value = value.trim();
                match key {
                    "Package" => p.name = value.to_owned(),
                    "Version" => p.version = value.to_owned(),
                    "Architecture" => p.architecture = value.to_owned(),
                    "Section" => p.section = value.to_owned(),
                    "Status" => {
                        let mut words = value.split_whitespace();
                        p.selection = words.next().unwrap_or_default().to_owned();
                        p.state = words.nth(1).unwrap_or_default().to_owned();
                    }
                    "Provides" => {
                        let names = value.split(',').filter_map(|v| v.split_whitespace().next());
                        p.provides = names.map(str::to_owned).collect();
                    }
                    _ => {}
                }
            }
            if !p.name.is_empty() {
                if p.name == "dpkg" {
                    s.native = p.architecture.clone();
                }
                s.packages.entry(p.name.clone()).or_default().push(p);
            }
        }
        s
    }

    /// The package that `spec` names: `name` or `name:arch`. Without an architecture, the native one or `all` first.
    pub fn find(&self, spec: &str) -> Option<&Package> {
        let (name, arch) = match spec.split_once(':') {
            Some((n, a)) => (n, Some(a)),
            None => (spec, None),
        };
        let list = self.packages.get(name)?;
        let fits = |p: &&Package| match arch {
            Some("any") => true,
            Some("native") | None => p.architecture == self.native || p.architecture == "all",
            Some(a) => p.architecture == a || p.architecture == "all",
        };
        list.iter().find(fits)
    }

    /// The package, where it is installed.
    pub fn installed(&self, spec: &str) -> Option<&Package> {
        self.find(spec).filter(|p| p.installed())
    }

    /// All packages, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().flatten()
    }

    /// Whether an installed package provides the name.
    pub fn provided(&self, name: &str) -> bool {
        self.all().any(|p| p.installed() && p.provides.iter().any(|v| v == name))
    }
}

/// Compares two Debian versions: epoch, upstream version, revision; `~` sorts before everything, even the end.
pub fn compare(a: &str, b: &str) -> Ordering {
    fn parts(v: &str) -> (u64, &str, &str) {
        let (epoch, rest) = v.split_once(':').unwrap_or(("0", v));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        (epoch.parse().unwrap_or(0), upstream, revision)
    }
    let (a, b) = (parts(a.trim()), parts(b.trim()));
    a.0.cmp(&b.0).then_with(|| compare_part(a.1, b.1)).then_with(|| compare_part(a.2, b.2))
}

fn compare_part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    let weight = |c: Option<&u8>| match c {
        None => 0i32,
        Some(b'~') => -1,
        Some(c) if c.is_ascii_digit() => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    };
    while !a.is_empty() || !b.is_empty() {
        while a.first().is_some_and(|c| !c.is_ascii_digit()) || b.first().is_some_and(|c| !c.is_ascii_digit()) {
            let order = weight(a.first()).cmp(&weight(b.first()));
            if order != Ordering::Equal {
                return order;
            }
            a = a.get(1..).unwrap_or_default();
            b = b.get(1..).unwrap_or_default();
        }
        fn number<'a>(s: &mut &'a [u8]) -> &'a [u8] {
            let end = s.iter().position(|c| !c.is_ascii_digit()).unwrap_or(s.len());
            let (digits, rest) = s.split_at(end);
            *s = rest;
            let zeros = digits.iter().take_while(|c| **c == b'0').count();
            &digits[zeros..]
        }
        let (x, y) = (number(&mut a), number(&mut b));
        let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        let rising = ["1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0-2", "1.0.1", "1.2", "1.10", "1.10a", "1.10+x", "1:0.1"];
        for pair in rising.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("0:1.0", "1.00"), Ordering::Equal);
    }

    #[test]
    fn status_is_read() {
        let s = Status::parse(
            "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21\n\n\
             Package: x\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 2\nProvides: y (= 1), z\n",
        );
        assert_eq!(s.installed("dpkg:amd64").map(|p| p.version.as_str()), Some("1.21"));
        assert!(s.installed("x").is_none());
        assert_eq!(s.find("x").map(|p| p.provides.clone()), Some(vec!["y".to_owned(), "z".to_owned()]));
        assert!(s.find("dpkg:arm64").is_none());
    }
}
