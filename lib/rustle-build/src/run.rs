//! Runs one back end on one project: the command line, the environment, the time limit, and what is said of a failure.

use crate::container::PROJECT;
use crate::damage;
use crate::obtain::processors;
use crate::progress::{Progress, cargo_bar};
use crate::{BuildError, Cache, Job, Request};
use rustle_toolchain::process;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Variables of the user's shell that would change what is built, or where.
fn foreign(name: &str) -> bool {
    matches!(name, "RUSTFLAGS" | "CARGO_ENCODED_RUSTFLAGS" | "CARGO_TARGET_DIR" | "CARGO_BUILD_TARGET" | "RUSTC" | "CARGO_INCREMENTAL" | "RUSTLE_MODULES")
        || (name.starts_with("CARGO_BUILD_") && name != "CARGO_BUILD_JOBS")
        || name.starts_with("CARGO_PROFILE_")
        || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS"))
        // Set by cargo for those that it runs: this program may be one of them, in a test.
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
}

/// One run of a back end.
pub(crate) struct Run<'a> {
    pub request: &'a Request<'a>,
    pub job: &'a Job,
    pub backend: &'a str,
    /// The project's folder.
    pub dir: &'a Path,
    pub cache: &'a Cache,
    pub limit: Duration,
    /// Hears how far it is.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Set where a build failed before this one: its output is kept, too.
    pub again: bool,
    /// Builds that may go on at the same time, this one among them.
    pub together: usize,
}

impl Run<'_> {
    /// Builds the project and gives the binary's bytes.
    ///
    /// # Errors
    /// [`BuildError::Failed`] with the first errors and the log's place; [`BuildError::TimedOut`].
    pub(crate) fn run(&self) -> Result<Vec<u8>, BuildError> {
        let template = self.request.template;
        let out = self.dir.join("target");
        let (mut command, last) = match &self.job.container {
            None => (self.outside(&out), Vec::new()),
            Some(container) => {
                let home = self.cache.container_home();
                let args = self.arguments(&Path::new(PROJECT).join("target"), None);
                let run = container.run(self.request.env, &template.triple, &args, &self.variables(), self.dir, &home)?;
                (run.command, run.remove)
            }
        };
        let mut hear = |line: &str| {
            if let Some((done, total, what)) = cargo_bar(line) {
                (self.progress)(Progress::Step { triple: &template.triple, done, total, what });
            }
        };
        let program = command.get_program().to_owned();
        let outcome = process::run_watched(&mut command, self.limit, Some(&mut hear), &last).map_err(BuildError::io(Path::new(&program)))?;
        if outcome.timed_out {
            return Err(BuildError::TimedOut(self.limit.as_secs()));
        }
        if !outcome.success() {
            let text = outcome.stderr_text();
            let name = if self.again { format!("{}-{}-again", template.triple, self.backend) } else { format!("{}-{}", template.triple, self.backend) };
            let log = keep(self.cache, &name, &text);
            return Err(BuildError::Failed { summary: summary(&text), log, damage: damage::of_output(&text) });
        }
        let folder = if template.profile == "dev" { "debug" } else { &template.profile };
        let exe = if template.triple.contains("windows") { "rustle-runner.exe" } else { "rustle-runner" };
        let binary = out.join(&template.triple).join(folder).join(exe);
        std::fs::read(&binary).map_err(BuildError::io(&binary))
    }

    /// Cargo's arguments that all back ends share.
    fn arguments(&self, out: &Path, target: Option<&str>) -> Vec<String> {
        let template = self.request.template;
        let mut args: Vec<String> = ["--bin=rustle-runner", "--profile", &template.profile].map(str::to_owned).into();
        args.extend(target.into_iter().flat_map(|t| ["--target".to_owned(), t.to_owned()]));
        args.extend(["--target-dir".to_owned(), out.display().to_string()]);
        if self.request.offline {
            args.push("--offline".into());
        }
        args
    }

    /// Variables that the build gets, wherever it runs.
    fn variables(&self) -> Vec<(String, String)> {
        let template = self.request.template;
        let mut flags: Vec<&str> = template.rustflags.iter().chain(&self.job.rustflags).map(String::as_str).collect();
        // rustc strips Mach-O with a program that not every toolchain has; the linker can leave symbols out, too.
        let unstripped = template.triple.ends_with("-apple-darwin") && self.job.container.is_none() && self.request.env.which("rust-objcopy").is_none();
        if unstripped && template.profile != "dev" && template.profile != "symbols" {
            flags.push("-Clink-arg=-Wl,-S,-x");
        }
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let mut list = vec![pair("RUSTFLAGS", &flags.join(" "))];
        list.extend(self.job.env.iter().cloned());
        // Its progress bar tells what is done of how much.
        list.extend([pair("CARGO_TERM_PROGRESS_WHEN", "always"), pair("CARGO_TERM_PROGRESS_WIDTH", "100"), pair("CARGO_TERM_COLOR", "never")]);
        // Some of them are at their end, where they need one processor; the others share the rest, and memory.
        if self.together > 1 && self.request.env.var("CARGO_BUILD_JOBS").is_none() {
            list.push(pair("CARGO_BUILD_JOBS", &(processors() * 2).div_ceil(self.together).to_string()));
        }
        if unstripped {
            list.push(pair(&format!("CARGO_PROFILE_{}_STRIP", template.profile.to_uppercase()), "none"));
        }
        list
    }

    /// The command on this machine.
    fn outside(&self, out: &Path) -> Command {
        let (request, job) = (self.request, self.job);
        let mut command = Command::new(&job.words[0]);
        let own = request.template.cargo_target();
        let target = job.target.as_deref().unwrap_or(&own);
        command.args(&job.words[1..]).current_dir(self.dir).args(self.arguments(out, Some(target)));
        command.env_clear();
        for (name, value) in request.env.vars() {
            if !name.to_str().is_some_and(foreign) {
                command.env(name, value);
            }
        }
        command.envs(self.variables());
        if let Some(rustc) = request.env.rustc() {
            command.env("RUSTC", rustc);
        }
        command
    }
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

fn keep(cache: &Cache, name: &str, text: &str) -> String {
    let dir = cache.logs();
    let path = dir.join(format!("{name}.log"));
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
