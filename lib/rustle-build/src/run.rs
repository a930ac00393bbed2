//! Runs one back end on one project: the command line, the environment, the time limit, and what is said of a failure.

use crate::progress::{Progress, cargo_bar};
use crate::{BuildError, Cache, Job, Request};
use rustle_toolchain::process;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Variables of the user's shell that would change what is built, or where.
fn foreign(name: &str) -> bool {
    matches!(name, "RUSTFLAGS" | "CARGO_ENCODED_RUSTFLAGS" | "CARGO_TARGET_DIR" | "CARGO_BUILD_TARGET" | "RUSTC" | "CARGO_INCREMENTAL" | "RUSTLE_MODULES")
        || name.starts_with("CARGO_BUILD_")
        || name.starts_with("CARGO_PROFILE_")
        || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS"))
        // Set by cargo for those that it runs: this program may be one of them, in a test.
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
}

/// Builds the project in `dir` and gives the binary's bytes. `progress` hears how far it is.
///
/// # Errors
/// [`BuildError::Failed`] with the first errors and the log's place; [`BuildError::TimedOut`].
pub(crate) fn run(
    request: &Request,
    job: &Job,
    backend: &str,
    dir: &Path,
    cache: &Cache,
    limit: Duration,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<u8>, BuildError> {
    let template = request.template;
    let own = template.cargo_target();
    let target = job.target.as_deref().unwrap_or(&own);
    let out = dir.join("target");
    let mut command = Command::new(&job.words[0]);
    command.args(&job.words[1..]).current_dir(dir).arg("--bin=rustle-runner").arg("--profile").arg(&template.profile);
    command.arg("--target").arg(target).arg("--target-dir").arg(&out);
    if request.offline {
        command.arg("--offline");
    }
    command.env_clear();
    for (name, value) in request.env.vars() {
        if !name.to_str().is_some_and(foreign) {
            command.env(name, value);
        }
    }
    let flags: Vec<&str> = template.rustflags.iter().chain(&job.rustflags).map(String::as_str).collect();
    command.env("RUSTFLAGS", flags.join(" ")).envs(job.env.iter().map(|(k, v)| (k, v)));
    // Its progress bar tells what is done of how much.
    command.envs([("CARGO_TERM_PROGRESS_WHEN", "always"), ("CARGO_TERM_PROGRESS_WIDTH", "100"), ("CARGO_TERM_COLOR", "never")]);
    // rustc strips Mach-O with a program that not every toolchain has.
    if template.triple.ends_with("-apple-darwin") && request.env.which("rust-objcopy").is_none() {
        command.env(format!("CARGO_PROFILE_{}_STRIP", template.profile.to_uppercase()), "none");
    }
    if let Some(rustc) = request.env.rustc() {
        command.env("RUSTC", rustc);
    }
    let mut hear = |line: &str| {
        if let Some((done, total, what)) = cargo_bar(line) {
            progress(Progress::Step { triple: &template.triple, done, total, what });
        }
    };
    let outcome = process::run(&mut command, limit, Some(&mut hear)).map_err(BuildError::io(Path::new(&job.words[0])))?;
    if outcome.timed_out {
        return Err(BuildError::TimedOut(limit.as_secs()));
    }
    if !outcome.success() {
        let text = outcome.stderr_text();
        return Err(BuildError::Failed { summary: summary(&text), log: keep(cache, &template.triple, backend, &text) });
    }
    let folder = if template.profile == "dev" { "debug" } else { &template.profile };
    let exe = if template.triple.contains("windows") { "rustle-runner.exe" } else { "rustle-runner" };
    let binary = out.join(&template.triple).join(folder).join(exe);
    std::fs::read(&binary).map_err(BuildError::io(&binary))
}

/// The first errors of a build's output, on one line.
fn summary(text: &str) -> String {
    let errors: Vec<&str> = text.lines().map(str::trim).filter(|l| l.starts_with("error")).take(2).collect();
    let last = || text.lines().map(str::trim).rfind(|l| !l.is_empty()).unwrap_or("no message");
    let mut line = if errors.is_empty() { last().to_owned() } else { errors.join("; ") };
    if let Some((at, _)) = line.char_indices().nth(300) {
        line.truncate(at);
        line.push('…');
    }
    line
}

fn keep(cache: &Cache, triple: &str, backend: &str, text: &str) -> String {
    let dir = cache.logs();
    let path = dir.join(format!("{triple}-{backend}.log"));
    _ = std::fs::create_dir_all(&dir);
    match std::fs::write(&path, text) {
        Ok(()) => path.display().to_string(),
        Err(e) => format!("lost: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn failures_are_told_in_a_line() {
        let cargo = "   Compiling a v1\nerror[E0463]: can't find crate for `core`\n  |\n  = note: x\n\nerror: aborting due to 1 previous error\n\nerror: could not compile\n";
        assert_eq!(summary(cargo), "error[E0463]: can't find crate for `core`; error: aborting due to 1 previous error");
        assert_eq!(summary("bad wheel\n\n"), "bad wheel");
        assert_eq!(summary(""), "no message");
    }
}
