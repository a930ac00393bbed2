//! git, as a module uses it: how it is called, what it says of a repository and of a remote one.
//!
//! Limits: git 1.8.3 or newer is expected; older ones lack options that are used.

pub mod archive;
mod credentials;
pub mod signature;
mod ssh;
pub mod submodules;

use crate::convert::version_numbers;
use crate::moving::TempFile;
use crate::paths::{join, normpath, realpath};
use crate::{Cmd, Ctx, Failure, Output};
pub use credentials::Credentials;
pub use ssh::{HostKeys, Ssh};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// The git program with what all its calls share.
pub struct Git {
    /// The program, as errors show it.
    pub program: String,
    /// `2.47.3` as numbers; nothing where it did not say.
    pub version: Option<Vec<u32>>,
    /// The umask that it runs with, where one was asked for.
    pub umask: Option<u32>,
    credentials: Option<Credentials>,
    environment: Vec<(String, String)>,
    /// The script that stands for ssh where git is too old to be told its options; removed at the end.
    _script: Option<TempFile>,
    /// What remote repositories said, so that each is asked once.
    answers: HashMap<String, String>,
}

impl Git {
    /// Asks the program for its version. A failure: it can't be started.
    pub fn new(ctx: &Ctx, program: String, umask: Option<u32>) -> Result<Git, Failure> {
        let mut git = Git { program, version: None, umask, credentials: None, environment: Vec::new(), _script: None, answers: HashMap::new() };
        let out = git.run(ctx, &["--version"], None)?;
        git.version = out.out().split_once("git version ").map(|(_, v)| version_numbers(v));
        Ok(git)
    }

    /// Whether the program is older than this. One that did not say is not.
    pub fn older_than(&self, version: &[u32]) -> bool {
        self.version.as_ref().is_some_and(|v| v.as_slice() < version)
    }

    /// The address that goes onto command lines: without a password, which then comes from the environment.
    pub fn hide_password(&mut self, ctx: &Ctx, repo: &str) -> String {
        // Settings in the environment came with this version.
        if self.version.is_none() || self.older_than(&[2, 31]) {
            return repo.to_owned();
        }
        match Credentials::of(repo) {
            Some(c) => {
                self.environment.extend(c.environment(ctx));
                let clean = c.clean().to_owned();
                self.credentials = Some(c);
                clean
            }
            None => repo.to_owned(),
        }
    }

    /// Tells git how to call ssh. A failure: no place for the script that old versions need.
    pub fn use_ssh(&mut self, ctx: &Ctx, ssh: &Ssh) -> Result<(), Failure> {
        if !self.older_than(&[2, 3]) {
            self.environment.push(("GIT_SSH_COMMAND".into(), ssh.line()));
            return Ok(());
        }
        let file = ssh.script(ctx)?;
        self.environment.push(("GIT_SSH".into(), file.path().to_string_lossy().into_owned()));
        self._script = Some(file);
        Ok(())
    }

    fn command(&self, ctx: &Ctx, args: &[&str], folder: Option<&str>) -> Cmd {
        let mut cmd = ctx.command([self.program.as_str()]).args(args).c_locale().umask(self.umask);
        for (k, v) in &self.environment {
            cmd = cmd.env(k, v);
        }
        match folder {
            // Before a clone there is none yet.
            Some(d) if Path::new(d).is_dir() => cmd.cwd(d),
            _ => cmd,
        }
    }

    /// Runs it, whatever its exit code.
    pub fn run(&self, ctx: &Ctx, args: &[&str], folder: Option<&str>) -> Result<Output, Failure> {
        self.command(ctx, args, folder).run()
    }

    /// Runs it; an exit code other than 0 is a failure.
    pub fn must(&self, ctx: &Ctx, args: &[&str], folder: Option<&str>) -> Result<Output, Failure> {
        self.run(ctx, args, folder)?.check()
    }

    /// A command line as failures show it.
    pub fn line(&self, args: &[&str]) -> String {
        format!("{} {}", self.program, args.join(" "))
    }

    /// The commit that a revision stands for, as git says it.
    pub fn commit(&self, ctx: &Ctx, dest: &str, revision: &str) -> Result<String, Failure> {
        Ok(self.run(ctx, &["rev-parse", revision], Some(dest))?.out().trim_end_matches('\n').to_owned())
    }

    /// `ls-remote`'s answer, asked once.
    fn listed(&mut self, ctx: &Ctx, args: [&str; 3], folder: Option<&str>) -> Result<String, Failure> {
        let key = args[2].to_owned();
        if let Some(a) = self.answers.get(&key) {
            return Ok(a.clone());
        }
        let out = self.must(ctx, &["ls-remote", args[0], args[1], args[2]], folder)?.out();
        self.answers.insert(key, out.clone());
        Ok(out)
    }

    /// Whether the remote repository has this branch.
    pub fn has_branch(&mut self, ctx: &Ctx, remote: &str, name: &str, folder: Option<&str>) -> Result<bool, Failure> {
        let name = format!("refs/heads/{name}");
        Ok(self.listed(ctx, [remote, "-h", &name], folder)?.contains(&name))
    }

    /// Whether the remote repository has this tag.
    pub fn has_tag(&mut self, ctx: &Ctx, remote: &str, name: &str, folder: Option<&str>) -> Result<bool, Failure> {
        let name = format!("refs/tags/{name}");
        Ok(self.listed(ctx, [remote, "-t", &name], folder)?.contains(&name))
    }

    /// The commit that a remote repository's branch, tag or `HEAD` stands for; nothing where it has no such thing.
    pub fn remote_commit(&mut self, ctx: &Ctx, remote: &str, kind: &str, name: &str, folder: Option<&str>) -> Result<Option<String>, Failure> {
        let text = self.listed(ctx, [remote, kind, name], folder)?;
        // A tag that is an object of its own has a second line with what it is about.
        let line = text.lines().find(|l| l.ends_with("^{}")).or_else(|| text.lines().next());
        Ok(line.and_then(|l| l.split_whitespace().next()).map(str::to_owned))
    }

    /// The address of a remote, as the repository's configuration has it.
    pub fn remote_url(&self, ctx: &Ctx, dest: &str, remote: &str) -> Result<Option<String>, Failure> {
        // What hides the password would change the answer.
        let cmd = ctx.command([self.program.as_str(), "ls-remote", "--get-url", remote]).c_locale().cwd(dest);
        let out = cmd.run()?;
        Ok(out.success().then(|| out.out().trim_end_matches('\n').to_owned()))
    }

    /// Puts the password that was kept off the command line into the repository's configuration, where git would have
    /// put it.
    pub fn keep_password(&self, config: &str, remote: &str) -> Result<(), Failure> {
        match &self.credentials {
            Some(c) => c.write(Path::new(config), remote).map_err(|e| Failure::os(&e, config)),
            None => Ok(()),
        }
    }

    /// All lines of `branch -a`.
    fn branches(&self, ctx: &Ctx, dest: &str) -> Result<Vec<String>, Failure> {
        let out = self.run(ctx, &["branch", "--no-color", "-a"], Some(dest))?;
        if !out.success() {
            let f = Failure::new(format!("Could not determine branch data - received {}", out.out()));
            return Err(f.with("stdout", out.out()).with("stderr", out.err()));
        }
        Ok(out.out().lines().map(|l| l.trim().to_owned()).collect())
    }

    /// Whether there is a local branch.
    pub fn has_local_branch(&self, ctx: &Ctx, dest: &str, name: &str) -> Result<bool, Failure> {
        Ok(self.branches(ctx, dest)?.iter().any(|b| b == name || b.strip_prefix("* ") == Some(name)))
    }

    /// Whether the remote's branch was fetched.
    pub fn has_tracking_branch(&self, ctx: &Ctx, dest: &str, remote: &str, name: &str) -> Result<bool, Failure> {
        let full = format!("remotes/{remote}/{name}");
        Ok(self.branches(ctx, dest)?.contains(&full))
    }

    /// The branch that is checked out; where none is, the one that the remote repository has as its own.
    pub fn head_branch(&self, ctx: &Ctx, dest: &str, remote: &str, bare: bool) -> Result<Option<String>, Failure> {
        let Ok(folder) = git_dir(dest, bare) else { return Ok(None) };
        let detached = |l: &String| l.starts_with("* ") && ["(no branch", "(detached from", "(HEAD detached"].iter().any(|w| l.contains(w));
        let (file, prefix) = if self.branches(ctx, dest)?.iter().any(detached) {
            (format!("{folder}/refs/remotes/{remote}/HEAD"), format!("refs/remotes/{remote}/"))
        } else {
            (format!("{folder}/HEAD"), "refs/heads/".to_owned())
        };
        let Ok(text) = fs::read_to_string(file) else { return Ok(None) };
        let name = text.trim().trim_start_matches("ref:").trim_start();
        Ok(Some(name.strip_prefix(&prefix).unwrap_or(name).to_owned()))
    }

    /// Whether tracked files were changed.
    pub fn has_local_changes(&self, ctx: &Ctx, dest: &str) -> Result<bool, Failure> {
        let out = self.run(ctx, &["status", "--porcelain"], Some(dest))?;
        Ok(out.out().lines().any(|l| !l.starts_with("??")))
    }

    /// A failure, or the other texts of a result, without the address's password.
    pub fn redact(&self, repo: &str, f: Failure) -> Failure {
        match self.credentials.as_ref().map(|c| c.redactor()).or_else(|| Credentials::of(repo).map(|c| c.redactor())) {
            Some(r) => Failure { msg: r.text(&f.msg), result: r.dict(&f.result) },
            None => f,
        }
    }
}

/// A failure with what git said.
pub fn said(msg: impl Into<String>, out: &Output) -> Failure {
    Failure::new(msg).with("stdout", out.out()).with("stderr", out.err()).with("rc", i64::from(out.rc))
}

/// The folder with the repository's own files. The error says why it can't be told.
pub fn git_dir(dest: &str, bare: bool) -> Result<String, String> {
    if bare {
        return Ok(dest.to_owned());
    }
    let path = join(dest, ".git");
    if !Path::new(&path).is_file() {
        return Ok(path);
    }
    // A file that says where the folder is.
    let text = fs::read_to_string(&path).map_err(|e| crate::errors::py_oserror(&e, &path))?;
    let Some(folder) = text.lines().next().and_then(|l| l.strip_prefix("gitdir:")).map(str::trim) else {
        return Err(format!("{path} does not name a folder"));
    };
    let folder = join(dest, folder);
    if !Path::new(&folder).is_dir() {
        return Err(format!("{folder} is not a directory"));
    }
    Ok(folder)
}

/// Whether two addresses lead to the same place: paths may be written in several ways.
pub fn same_address(ctx: &Ctx, a: &str, b: &str) -> bool {
    let plain = |s: &str| normpath(&realpath(&crate::convert::expand_path(s, ctx)));
    a == b || plain(a) == plain(b)
}
