//! Runners that were installed with the program, so that deploying to hosts like one's own needs no compiler.

use crate::elf;
use rustle_stream::record::{Artifact, Target};
use rustle_toolchain::Env;
use std::path::{Path, PathBuf};

/// Files that may be runners for this triple, in the order in which they count: `RUSTLE_RUNNER` (a file, or a
/// folder of them), beside the running program, `../libexec/rustle`. In folders `rustle-runner-<triple>`, then
/// `rustle-runner`.
pub fn places(env: &Env, program: Option<&Path>, triple: &str) -> Vec<PathBuf> {
    let mut list = Vec::new();
    let mut folder = |dir: PathBuf| {
        list.push(dir.join(format!("rustle-runner-{triple}")));
        list.push(dir.join("rustle-runner"));
    };
    if let Some(given) = env.var("RUSTLE_RUNNER").map(PathBuf::from) {
        if given.is_dir() {
            folder(given);
        } else {
            list.push(given);
        }
    }
    let mut folder = |dir: PathBuf| {
        list.push(dir.join(format!("rustle-runner-{triple}")));
        list.push(dir.join("rustle-runner"));
    };
    if let Some(dir) = program.and_then(Path::parent) {
        folder(dir.to_owned());
        // A test program lies one folder deeper than the programs that it tests.
        if dir.ends_with("deps") {
            dir.parent().into_iter().for_each(|d| folder(d.to_owned()));
        }
        dir.parent().into_iter().for_each(|d| folder(d.join("libexec/rustle")));
    }
    list
}

/// The first installed runner that runs on this platform. Its triple in the record is the one that was looked for.
/// The second part says of files that were there why they do not fit.
pub fn find(env: &Env, triple: &str, target: &Target) -> (Option<Artifact>, Vec<String>) {
    let mut unfit = Vec::new();
    let program = std::env::current_exe().ok();
    for path in places(env, program.as_deref(), triple) {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let modules = crate::carried::modules(&bytes);
        if !modules.is_empty() {
            // It is for the plan that it was made for; a plan may need any module.
            unfit.push(format!("{}: it has only the modules {}", path.display(), modules.join(", ")));
            continue;
        }
        match fitting(&bytes, triple, target) {
            Ok(()) => {
                let found = Artifact {
                    triple: triple.to_owned(),
                    sha256: crate::sha256(&bytes),
                    size: bytes.len() as u64,
                    path: path.display().to_string(),
                    source: "prebuilt".into(),
                    ..Artifact::default()
                };
                return (Some(found), unfit);
            }
            Err(why) => unfit.push(format!("{}: {why}", path.display())),
        }
    }
    (None, unfit)
}

/// Whether these bytes are a runner for `triple` that runs on `target`.
pub(crate) fn fitting(bytes: &[u8], triple: &str, target: &Target) -> Result<(), String> {
    let binary = elf::inspect(bytes).ok_or("it is no executable")?;
    if binary.embedded {
        return Err("it has a plan inside".into());
    }
    let arch = triple.split('-').next().unwrap_or("");
    if !binary.arch.is_empty() && binary.arch != arch && !(binary.arch == "arm" && arch == "armv7") {
        return Err(format!("it is for {}", binary.arch));
    }
    binary.fits(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_places() {
        let env = Env::of([("RUSTLE_RUNNER", "/r/mine")]);
        let list = places(&env, Some(Path::new("/usr/bin/rustle-deploy")), "t");
        let list: Vec<_> = list.iter().map(|p| p.display().to_string()).collect();
        assert_eq!(
            list,
            ["/r/mine", "/usr/bin/rustle-runner-t", "/usr/bin/rustle-runner", "/usr/libexec/rustle/rustle-runner-t", "/usr/libexec/rustle/rustle-runner"]
        );
    }

    #[test]
    fn a_runner_for_another_host_is_named_and_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r");
        std::fs::copy("/proc/self/exe", &path).unwrap();
        let env = Env::of([("RUSTLE_RUNNER", path.to_str().unwrap())]);
        let own = crate::own_triple();
        let target = |libc: &str, version: &str| Target { triple: own.clone(), libc: Some(libc.into()), libc_version: Some(version.into()), ..Target::default() };
        let (found, _) = find(&env, &own, &target("glibc", "2.99"));
        let found = found.unwrap();
        assert_eq!((found.source.as_str(), found.path), ("prebuilt", path.display().to_string()));
        let (_, unfit) = find(&env, &own, &target("glibc", "2.3"));
        assert!(unfit[0].contains("it needs glibc 2."), "{unfit:?}");
    }
}
