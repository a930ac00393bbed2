//! ansible-core on this machine, from which modules that are not native come. Its version is read from its
//! package's folder: starting it takes half a second.

use crate::{Detector, Env, Found, level::recommend};
use std::path::{Path, PathBuf};

pub static TOOL: Detector = Detector {
    name: "ansible-core",
    look: |env| {
        let Some(path) = env.which("ansible-playbook") else { return Found::Nothing };
        let command = vec![path.display().to_string()];
        match installed_version(env, &path) {
            Some(version) => Found::Works { command, version: Some(version) },
            None => match Found::ask(env, command, &["--version"]) {
                // `ansible-playbook [core 2.21.5]`
                Found::Works { command, version } => {
                    Found::Works { command, version: version.map(|v| v.trim_end_matches(']').to_owned()) }
                }
                found => found,
            },
        }
    },
    advise: |a| {
        if a.has("ansible-core") {
            return None;
        }
        recommend("low", "no ansible-core: modules that rustle lacks cannot be used", Some("pip install ansible-core".into()))
    },
};

/// The version in `ansible_core-2.21.5.dist-info`, beside the interpreter of the script's first line.
fn installed_version(env: &Env, script: &Path) -> Option<String> {
    let text = std::fs::read(script).ok()?;
    let line = String::from_utf8_lossy(text.split(|b| *b == b'\n').next()?).into_owned();
    let mut words = line.strip_prefix("#!")?.split_whitespace();
    let mut python = PathBuf::from(words.next()?);
    if python.ends_with("env") {
        python = env.which(words.next()?)?;
    }
    let prefix = python.parent()?.parent()?;
    let mut places = vec![prefix.join("lib/python3/dist-packages")];
    for lib in std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten() {
        places.push(lib.path().join("site-packages"));
        places.push(lib.path().join("dist-packages"));
    }
    places.into_iter().flat_map(|p| std::fs::read_dir(p).into_iter().flatten().flatten()).find_map(|e| {
        let name = e.file_name().into_string().ok()?;
        Some(name.strip_prefix("ansible_core-")?.strip_suffix(".dist-info")?.to_owned())
    })
}
