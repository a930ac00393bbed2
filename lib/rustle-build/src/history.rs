//! Builds of this machine, for whoever wants to know what the next one will cost.
//!
//! `builds.jsonl` below the cache folder, a line per build that gave a runner, the newest last. It is bounded, and what
//! cannot be written or read of it is left out: nothing fails for it.

use crate::Cache;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// Lines kept when the file is cut.
const KEPT: usize = 300;
/// Bytes from which it is.
const LONG: u64 = 128 << 10;

/// One build.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Build {
    pub triple: String,
    pub profile: String,
    /// The back end's name.
    pub backend: String,
    pub seconds: f64,
    /// Size of the runner.
    pub bytes: u64,
    /// Seconds since 1970, when it ended.
    pub when: u64,
    /// Whether it began in an empty folder, so that dependencies were compiled, too.
    pub fresh: bool,
}

impl Cache {
    /// The builds that are remembered, the oldest first.
    pub fn builds(&self) -> Vec<Build> {
        let text = std::fs::read(self.root().join("builds.jsonl")).unwrap_or_default();
        text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// Remembers a build.
    pub(crate) fn remember(&self, build: &Build) {
        let path = self.root().join("builds.jsonl");
        let add = || -> std::io::Result<()> {
            let mut line = serde_json::to_vec(build)?;
            // A line that a full disk cut off must not spoil this one.
            line.insert(0, b'\n');
            line.push(b'\n');
            std::fs::create_dir_all(self.root())?;
            let mut file = std::fs::File::options().create(true).append(true).open(&path)?;
            file.write_all(&line)?;
            if file.metadata()?.len() > LONG {
                let all = self.builds();
                let mut fresh = tempfile::NamedTempFile::new_in(self.root())?;
                for b in all.iter().skip(all.len().saturating_sub(KEPT)) {
                    serde_json::to_writer(&mut fresh, b)?;
                    fresh.write_all(b"\n")?;
                }
                fresh.persist(&path)?;
            }
            Ok(())
        };
        _ = add();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_cut_lines_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path(), 1 << 20);
        assert_eq!(cache.builds(), []);
        let build = |when| Build { triple: "t".into(), backend: "cargo".into(), seconds: 1.5, when, ..Build::default() };
        std::fs::write(dir.path().join("builds.jsonl"), "{\"triple\":\"cut o").unwrap();
        cache.remember(&build(1));
        assert_eq!(cache.builds(), [build(1)]);
        (2..3000).for_each(|n| cache.remember(&build(n)));
        let all = cache.builds();
        assert!(all.len() >= KEPT && all.len() < 2999, "{}", all.len());
        assert_eq!(all.last(), Some(&build(2999)));
        assert!(dir.path().join("builds.jsonl").metadata().unwrap().len() <= LONG + 1000);
    }
}
