//! Which modules a runner has: read from its file, and compared with what a plan needs.

use rustle_stream::Record;
use rustle_stream::record::{Artifact, Requirement};
use std::collections::BTreeSet;

/// The words before the list, in every runner: see `rustle_modules::carried`.
const MARK: &[u8] = b"rustle-runner carries the modules: ";
/// A list is no longer than this.
const LONGEST: usize = 16 * 1024;

/// The modules that a runner is limited to, by their short names; empty: it has all, or does not say.
pub fn modules(bytes: &[u8]) -> Vec<String> {
    let Some(at) = memchr::memmem::find(bytes, MARK) else { return Vec::new() };
    let rest = &bytes[at + MARK.len()..];
    let rest = &rest[..rest.len().min(LONGEST)];
    let list = rest.iter().position(|b| *b == b';').and_then(|end| std::str::from_utf8(&rest[..end]).ok());
    match list {
        None | Some("all") => Vec::new(),
        // A runner without a single module is limited, too.
        Some("") => vec!["-".into()],
        Some(list) => list.split(',').map(str::to_owned).collect(),
    }
}

/// What the plays of a stream need of a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Short names of modules, sorted.
    pub modules: BTreeSet<String>,
    /// Why there may be more during the run, a line each.
    pub open: Vec<String>,
}

impl Needs {
    /// `None` where the stream has no plan.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Needs> {
        let mut needs: Option<Needs> = None;
        for r in records {
            if let Record::Requirement(r) = r {
                needs.get_or_insert_default().add(r);
            }
        }
        needs
    }
    fn add(&mut self, r: &Requirement) {
        self.modules.extend(r.runner_modules.iter().map(|m| m.rsplit('.').next().unwrap_or(m).to_owned()));
        self.open.extend(r.open.iter().filter(|o| !self.open.contains(o)).cloned().collect::<Vec<_>>());
    }
    /// What a runner that is limited to `modules` lacks, in words; `None`: nothing. With tasks that come during the run
    /// only, nobody knows that it is enough.
    pub fn lacking(&self, modules: &[String]) -> Option<String> {
        if modules.is_empty() {
            return None;
        }
        let lacks: Vec<&str> = self.modules.iter().filter(|m| !modules.contains(m)).map(String::as_str).collect();
        (!lacks.is_empty()).then(|| format!("it has only {}, and the plan needs {}, too", modules.join(", "), lacks.join(", ")))
    }
}

/// Why this runner does not do for the plan of a stream; `None`: it does, as far as the plan tells.
pub fn unfit(artifact: &Artifact, needs: Option<&Needs>) -> Option<String> {
    needs?.lacking(&artifact.modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_says_what_it_has() {
        let file = |list: &str| [b"\x7fELF....", MARK, list.as_bytes(), b";\n\0\0more"].concat();
        assert_eq!(modules(&file("copy,file")), ["copy", "file"]);
        assert!(modules(&file("all")).is_empty());
        assert!(modules(b"\x7fELF").is_empty());
        assert_eq!(modules(&file("")), ["-"]);
        assert!(modules(&file(&"x".repeat(LONGEST))).is_empty());
    }
}
