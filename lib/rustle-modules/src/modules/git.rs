//! Working copies of git repositories: cloned, brought up to date, at a given version.
//!
//! A password in the address goes to git through its environment, not onto its command line (git 2.31 and newer). Remote
//! repositories are asked less often than by Ansible, with the same results. In check mode with `diff` the new objects
//! are fetched, as Ansible does, too.

use crate::git::{Git, HostKeys, Ssh, git_dir, same_address};
use crate::moving::TempFolder;
use crate::paths::{dirname, join, normpath, realpath};
use crate::{Ctx, Failure, Module, Outcome, Output, Params, PathArg, Rule, Support, Value, git, params};
use rustle_value::dict;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

params! {
    /// Options of `git`.
    pub struct Args {
        /// The repository's address.
        repo: String => required(), aliases(&["name"]);
        /// The working copy's folder.
        dest: Option<PathArg>;
        /// `HEAD`, a branch, a tag or a commit.
        version: String => default("HEAD");
        /// The remote's name.
        remote: String => default("origin");
        /// What to fetch besides branches and tags.
        refspec: Option<String>;
        /// A repository on the host whose objects are used, too.
        reference: Option<String>;
        /// Whether changes in the working copy are thrown away.
        force: bool => default("no");
        /// How many commits of the history to fetch.
        depth: Option<i64>;
        /// Whether the repository is cloned where it is not there; else it is only asked for its version.
        clone: bool => default("yes");
        /// Whether new commits are fetched.
        update: bool => default("yes");
        /// Whether the commit's or tag's signature is verified.
        verify_commit: bool => default("no");
        /// Fingerprints of the keys that may have signed it; any where this is empty.
        gpg_allowlist: Vec<String> => default("");
        /// Whether ssh takes every host key.
        accept_hostkey: bool => default("no");
        /// Whether ssh takes keys of hosts that it does not know yet.
        accept_newhostkey: bool => default("no");
        /// The private key's file on the host.
        key_file: Option<PathArg>;
        /// Words for ssh.
        ssh_opts: Option<String>;
        /// The git program.
        executable: Option<PathArg>;
        /// Whether the repository has no working copy.
        bare: bool => default("no");
        /// Whether submodules are fetched.
        recursive: bool => default("yes");
        /// Whether only the version's own history is cloned.
        single_branch: bool => default("no");
        /// Whether submodules follow their branch instead of the commit that the repository names.
        track_submodules: bool => default("no");
        /// The umask while git runs: a quoted octal number.
        umask: Value;
        /// An archive of the version that is made: `.zip`, `.tar`, `.tar.gz` or `.tgz`.
        archive: Option<PathArg>;
        /// What the names in the archive begin with.
        archive_prefix: Option<String>;
        /// Where the repository's own files are kept, if not in the working copy.
        separate_git_dir: Option<PathArg>;
    }
}

const EXAMPLES: &str = "
- name: The application's code
  ansible.builtin.git:
    repo: https://git.example.com/app.git
    dest: /srv/app
    version: v1.4.2

- name: A shallow copy over SSH
  ansible.builtin.git:
    repo: git@git.example.com:me/site.git
    dest: /srv/site
    version: main
    depth: 1
    key_file: /etc/deploy/key
    accept_newhostkey: true
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    rules: &[
        Rule::MutuallyExclusive(&["separate_git_dir", "bare"]),
        Rule::MutuallyExclusive(&["accept_hostkey", "accept_newhostkey"]),
        Rule::RequiredBy("archive_prefix", &["archive"]),
    ],
    ..Module::new::<Args>("ansible.builtin.git", "Manages working copies of git repositories", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let program = match &a.executable {
        Some(p) => p.0.clone(),
        None => ctx.need_program("git")?.to_string_lossy().into_owned(),
    };
    let accept = match (a.accept_hostkey, a.accept_newhostkey) {
        (true, _) => HostKeys::All,
        (_, true) => HostKeys::New,
        _ => HostKeys::Known,
    };
    let ssh = Ssh::new(ctx, a.ssh_opts.clone(), a.key_file.as_deref(), accept)?;
    let umask = umask(&a.umask)?;
    // Several options need an address where others take a path.
    let mut repo = if a.repo.starts_with('~') { crate::convert::expand_path(&a.repo, ctx) } else { a.repo.clone() };
    if repo.starts_with('/') {
        repo = format!("file://{repo}");
    }
    if let Some(c) = git::Credentials::of(&repo) {
        ctx.secret(c.secret());
    }
    let mut relocated = Outcome::changed(false);
    let mut config = String::new();
    let dest = match &a.dest {
        Some(d) if !d.is_empty() => normpath(&crate::paths::join(&realpath("."), d)),
        _ if a.clone => return Err(Failure::new("the destination directory must be specified unless clone=no")),
        _ => String::new(),
    };
    if !dest.is_empty() {
        config = join(&place(ctx, &a, &dest, &mut relocated)?, "config");
    }
    let mut git = Git::new(ctx, program, umask)?;
    git.use_ssh(ctx, &ssh)?;
    let mut depth = a.depth.filter(|d| *d != 0);
    if depth.is_some() && git.older_than(&[1, 9, 1]) {
        ctx.warn("git version is too old to fully support the depth argument. Falling back to full checkouts.");
        depth = None;
    }
    let address = git.hide_password(ctx, &repo);
    let mut work = Work { git, a: &a, repo, address, dest, config, depth, result: relocated };
    match work.all(ctx) {
        Ok(()) => Ok(work.result),
        Err(f) => Err(work.git.redact(&work.repo, f)),
    }
}

fn umask(v: &Value) -> Result<Option<u32>, Failure> {
    if v.is_null() {
        return Ok(None);
    }
    let Some(text) = v.as_str() else { return Err(Failure::new("umask must be defined as a quoted octal integer")) };
    let digits = text.trim().trim_start_matches("0o");
    u32::from_str_radix(digits, 8).map(Some).map_err(|_| {
        let details = format!("invalid literal for int() with base 8: {}", rustle_value::str_repr(text));
        Failure::new("umask must be an octal integer").with("details", details)
    })
}

/// The folder with the repository's own files, after it was moved where that is asked for.
fn place(ctx: &Ctx, a: &Args, dest: &str, result: &mut Outcome) -> Result<String, Failure> {
    let now = git_dir(dest, a.bare).map_err(|details| {
        Failure::new("Current repo does not have a valid reference to a separate Git dir or it refers to the invalid path")
            .with("_causes", vec![Value::from(details.as_str())])
            .with("details", details)
    })?;
    let Some(wanted) = a.separate_git_dir.as_ref().map(|d| realpath(d)) else { return Ok(now) };
    if !Path::new(&now).exists() || wanted == now {
        return Ok(now);
    }
    result.set("changed", true);
    if ctx.check_mode {
        return Ok(now);
    }
    if Path::new(&wanted).exists() {
        return Err(Failure::new(format!("Separate-git-dir path {wanted} already exists.")));
    }
    let cannot = |why: String| Failure::new(format!("Unable to move git dir. {why}"));
    if fs::rename(&now, &wanted).is_err() {
        // Another file system, perhaps: mv copies.
        let out = ctx.command(["mv", "--", &now, &wanted]).c_locale().run()?;
        if !out.success() {
            return Err(cannot(out.err()));
        }
    }
    let file = join(dest, ".git");
    if let Err(e) = fs::write(&file, format!("gitdir: {wanted}")) {
        let _ = fs::rename(&wanted, &now);
        return Err(cannot(crate::errors::py_oserror(&e, &file)));
    }
    result.set("git_dir_before", now);
    result.set("git_dir_now", wanted.as_str());
    Ok(wanted)
}

/// One run: what is wanted, where, and what became of it so far.
struct Work<'a> {
    git: Git,
    a: &'a Args,
    /// The repository's address.
    repo: String,
    /// The same for command lines.
    address: String,
    /// The working copy's folder; empty where only a version is asked for.
    dest: String,
    /// The repository's configuration.
    config: String,
    depth: Option<i64>,
    result: Outcome,
}

impl Work<'_> {
    fn all(&mut self, ctx: &mut Ctx) -> Result<(), Failure> {
        self.result.set("before", Value::Null);
        let there = Path::new(&self.config).exists();
        if self.dest.is_empty() || !there {
            if ctx.check_mode || !self.a.clone {
                return self.predict_clone(ctx);
            }
            self.clone(ctx)?;
            return self.settle(ctx, None, false, false);
        }
        let before = self.git.commit(ctx, &self.dest, "HEAD")?;
        self.result.set("before", before.as_str());
        if !self.a.update {
            self.result.set("after", before);
            return self.archive(ctx);
        }
        let changes = !self.a.bare && self.git.has_local_changes(ctx, &self.dest)?;
        if changes {
            let msg = format!("Local modifications exist in the destination: {}", self.dest);
            if !self.a.force {
                let result = std::mem::take(&mut self.result).result;
                return Err(Failure { msg: format!("{msg} (force=no)."), result });
            }
            if !ctx.check_mode {
                self.git.must(ctx, &["reset", "--hard", "HEAD"], Some(&self.dest))?;
                self.result.set("changed", true);
                self.result.set("msg", msg);
            }
        }
        let url = self.git.remote_url(ctx, &self.dest, &self.a.remote)?;
        let moved = !url.as_ref().is_some_and(|u| same_address(ctx, u, &self.repo));
        if ctx.check_mode {
            return self.predict_update(ctx, &before, moved && url.is_some());
        }
        if moved {
            self.set_url(ctx)?;
        }
        let moved = moved && url.is_some();
        self.result.set("remote_url_changed", moved);
        self.fetch(ctx, &self.a.version)?;
        self.settle(ctx, Some(before), changes, moved)
    }

    /// Check mode, or no wish for a clone: which commit it would be.
    fn predict_clone(&mut self, ctx: &mut Ctx) -> Result<(), Failure> {
        let address = self.address.clone();
        let after = self.remote_version(ctx, &address, true)?;
        self.result.set("changed", true);
        self.result.set("after", after.as_str());
        if ctx.diff {
            self.result.set("diff", prepared(format!(">> Newly checked out {after}")));
        }
        Ok(())
    }

    fn predict_update(&mut self, ctx: &mut Ctx, before: &str, moved: bool) -> Result<(), Failure> {
        self.result.set("remote_url_changed", moved);
        let after = self.remote_version(ctx, &self.a.remote, false)?;
        self.result.set("changed", before != after || moved);
        self.result.set("after", after.as_str());
        if ctx.diff && before != after {
            // Without its objects nobody could say what the new commit brings.
            self.fetch(ctx, &after)?;
            self.compare(ctx, before, &after)?;
        }
        Ok(())
    }

    /// The commit that the version is in the remote repository; one that is no branch or tag stands for itself, if it
    /// can be fetched.
    fn remote_version(&mut self, ctx: &Ctx, remote: &str, new: bool) -> Result<String, Failure> {
        let version = &self.a.version;
        let dest = self.dest.clone();
        let folder = (!dest.is_empty()).then_some(dest.as_str());
        let found = if version == "HEAD" {
            let name = match new {
                true => "HEAD".to_owned(),
                false => format!("refs/heads/{}", self.git.head_branch(ctx, &dest, &self.a.remote, self.a.bare)?.unwrap_or_else(|| "None".into())),
            };
            self.git.remote_commit(ctx, remote, "-h", &name, folder)?
        } else if self.git.has_branch(ctx, remote, version, folder)? {
            self.git.remote_commit(ctx, remote, "-h", &format!("refs/heads/{version}"), folder)?
        } else if self.git.has_tag(ctx, remote, version, folder)? {
            self.git.remote_commit(ctx, remote, "-t", &format!("refs/tags/{version}*"), folder)?
        } else {
            self.try_fetch(ctx, remote, new)?;
            Some(version.clone())
        };
        found.ok_or_else(|| {
            Failure::new(format!("Could not determine remote revision for {version}")).with("stdout", "").with("stderr", "").with("rc", 0)
        })
    }

    /// Whether the version could be fetched. Where there is no repository yet, an empty one is made for the question.
    fn try_fetch(&self, ctx: &Ctx, remote: &str, new: bool) -> Result<(), Failure> {
        let words = ["fetch", "--dry-run", remote, self.a.version.as_str()];
        if !new {
            return self.git.must(ctx, &words, Some(&self.dest)).map(drop);
        }
        let folder = TempFolder::create(ctx)?;
        self.git.must(ctx, &["init", "-q"], Some(&folder.path()))?;
        self.git.must(ctx, &words, Some(&folder.path())).map(drop)
    }

    fn clone(&mut self, ctx: &mut Ctx) -> Result<(), Failure> {
        let parent = dirname(&self.dest).to_owned();
        make_folders(&parent, self.git.umask);
        let a = self.a;
        let dest = self.dest.clone();
        let mut words: Vec<String> = vec!["clone".into()];
        if a.bare {
            words.push("--bare".into());
        } else {
            words.extend(["--origin".into(), a.remote.clone()]);
        }
        // Asked first for its words, too, where there is no such repository. `HEAD` is no branch's name.
        let named = a.version != "HEAD" && self.is_named(ctx, Some(&dest))?;
        if let Some(depth) = self.depth {
            if a.version == "HEAD" || a.refspec.is_some() {
                words.extend(["--depth".into(), depth.to_string()]);
            } else if named {
                words.extend(["--depth".into(), depth.to_string(), "--branch".into(), a.version.clone()]);
            } else {
                ctx.warn("Ignoring depth argument. Shallow clones are only available for HEAD, branches, tags or in combination with refspec.");
            }
        }
        if let Some(r) = &a.reference {
            words.extend(["--reference".into(), r.clone()]);
        }
        if a.single_branch {
            if self.git.version.is_none() {
                return Err(Failure::new(format!("Cannot find git executable at {}", self.git.program)));
            }
            words.push("--single-branch".into());
            if named {
                words.extend(["--branch".into(), a.version.clone()]);
            }
        }
        if let Some(d) = &a.separate_git_dir {
            words.push(format!("--separate-git-dir={}", realpath(d)));
        }
        words.extend([self.address.clone(), dest.clone()]);
        let out = self.git.run(ctx, &refs(&words), Some(&parent))?;
        if !out.success() {
            if a.version == "HEAD" {
                self.is_named(ctx, Some(&dest))?;
            }
            return Err(out.failure());
        }
        if let Ok(folder) = git_dir(&dest, a.bare) {
            self.config = join(&folder, "config");
        }
        self.git.keep_password(&self.config, if a.bare { "origin" } else { &a.remote })?;
        if a.bare && a.remote != "origin" {
            self.git.must(ctx, &["remote", "add", &a.remote, &self.address], Some(&dest))?;
            self.git.keep_password(&self.config, &a.remote)?;
        }
        if let Some(r) = &a.refspec {
            let mut words = vec!["fetch".to_owned()];
            if let Some(depth) = self.depth {
                words.extend(["--depth".into(), depth.to_string()]);
            }
            words.extend([a.remote.clone(), r.clone()]);
            self.git.must(ctx, &refs(&words), Some(&dest))?;
        }
        self.verify(ctx)
    }

    /// Whether the version is a branch or a tag of the repository.
    fn is_named(&mut self, ctx: &Ctx, folder: Option<&str>) -> Result<bool, Failure> {
        let (address, version) = (&self.address, &self.a.version);
        Ok(self.git.has_branch(ctx, address, version, folder)? || self.git.has_tag(ctx, address, version, folder)?)
    }

    fn set_url(&self, ctx: &Ctx) -> Result<(), Failure> {
        let out = self.git.run(ctx, &["remote", "set-url", &self.a.remote, &self.address], Some(&self.dest))?;
        if !out.success() {
            let msg = format!("Failed to set a new url {} for {}: {} {}", self.address, self.a.remote, out.out(), out.err());
            return Err(Failure::new(msg));
        }
        self.git.keep_password(&self.config, &self.a.remote)
    }

    fn fetch(&mut self, ctx: &Ctx, version: &str) -> Result<(), Failure> {
        let a = self.a;
        let dest = self.dest.clone();
        let mut words = vec!["fetch".to_owned()];
        let mut specs: Vec<String> = Vec::new();
        let mut shallow = false;
        if let Some(depth) = self.depth {
            let head = self.git.head_branch(ctx, &dest, &a.remote, false)?;
            if let Some(r) = &a.refspec {
                specs.push(r.clone());
                shallow = true;
            } else if version == "HEAD" {
                specs.extend(head);
                shallow = true;
            } else if self.git.has_branch(ctx, &self.address, version, Some(&dest))? {
                if head.as_deref() != Some(version) {
                    specs.push(format!("+refs/heads/{version}:refs/heads/{version}"));
                }
                specs.push(format!("+refs/heads/{version}:refs/remotes/{}/{version}", a.remote));
                shallow = true;
            } else if self.git.has_tag(ctx, &self.address, version, Some(&dest))? {
                specs.push(format!("+refs/tags/{version}:refs/tags/{version}"));
                shallow = true;
            }
            if shallow {
                words.extend(["--depth".into(), depth.to_string()]);
            }
        }
        if !shallow {
            if a.bare {
                specs.extend(["+refs/heads/*:refs/heads/*".into(), "+refs/tags/*:refs/tags/*".into()]);
            } else if self.git.older_than(&[1, 9]) {
                // There `--tags` would fetch nothing but tags.
                self.fetched(ctx, vec!["fetch".into(), a.remote.clone()])?;
                specs.push("+refs/tags/*:refs/tags/*".into());
            } else {
                words.push("--tags".into());
            }
            specs.extend(a.refspec.clone());
        }
        if a.force {
            words.push("--force".into());
        }
        words.push(a.remote.clone());
        words.extend(specs);
        self.fetched(ctx, words)
    }

    fn fetched(&self, ctx: &Ctx, words: Vec<String>) -> Result<(), Failure> {
        let out = self.git.run(ctx, &refs(&words), Some(&self.dest))?;
        if out.success() {
            return Ok(());
        }
        let msg = format!("Failed to download remote objects and refs: {} {}", out.out(), out.err());
        let cmd: Vec<String> = std::iter::once(self.git.program.clone()).chain(words).collect();
        Err(Failure::new(msg).with("cmd", cmd))
    }

    /// From fetched objects to the wanted state: version, submodules, archive; and what changed.
    fn settle(&mut self, ctx: &mut Ctx, before: Option<String>, changes: bool, moved: bool) -> Result<(), Failure> {
        if !self.a.bare {
            self.switch(ctx)?;
        }
        let mut submodules = false;
        if self.a.recursive && !self.a.bare {
            let found = git::submodules::stale(&self.git, ctx, &self.dest, self.a.track_submodules)?;
            if found {
                submodules = true;
                self.result.set("submodules_changed", true);
                git::submodules::update(&self.git, ctx, &self.dest, self.a.track_submodules, self.a.force)?;
            }
        }
        let after = self.git.commit(ctx, &self.dest, "HEAD")?;
        self.result.set("after", after.as_str());
        if before.as_ref() != Some(&after) || changes || submodules || moved {
            self.result.set("changed", true);
            match before {
                _ if !ctx.diff => {}
                None => self.result.set("diff", prepared(format!(">> Newly checked out {after}"))),
                Some(b) if b != after => self.compare(ctx, &b, &after)?,
                Some(_) => {}
            }
        }
        self.archive(ctx)
    }

    /// Checks the version out.
    fn switch(&mut self, ctx: &Ctx) -> Result<(), Failure> {
        let a = self.a;
        let dest = self.dest.clone();
        let checked = |out: Output, what: &str| match out.success() {
            true => Ok(()),
            false => Err(git::said(format!("Failed to checkout {what}"), &out)),
        };
        let last: Vec<String>;
        let mut what = a.version.clone();
        if a.version == "HEAD" {
            let branch = self.git.head_branch(ctx, &dest, &a.remote, false)?.unwrap_or_else(|| "None".into());
            what = format!("branch {branch}");
            checked(self.git.run(ctx, &["checkout", "--force", &branch], Some(&dest))?, &what)?;
            last = vec!["reset".into(), "--hard".into(), format!("{}/{branch}", a.remote), "--".into()];
        } else if self.git.has_branch(ctx, &a.remote, &a.version, Some(&dest))? {
            if let Some(depth) = self.depth {
                self.fetch_branch(ctx, depth)?;
            }
            if self.git.has_local_branch(ctx, &dest, &a.version)? {
                checked(self.git.run(ctx, &["checkout", "--force", &a.version], Some(&dest))?, &format!("branch {}", a.version))?;
                last = vec!["reset".into(), "--hard".into(), format!("{}/{}", a.remote, a.version)];
            } else {
                last = vec!["checkout".into(), "--track".into(), "-b".into(), a.version.clone(), format!("{}/{}", a.remote, a.version)];
            }
        } else {
            last = vec!["checkout".into(), "--force".into(), a.version.clone()];
        }
        let last = refs(&last);
        let out = self.git.run(ctx, &last, Some(&dest))?;
        checked(out, &what).map_err(|f| f.with("cmd", self.git.line(&last)))?;
        self.verify(ctx)
    }

    /// A shallow clone knows one branch only: the wanted one is fetched where it is another.
    fn fetch_branch(&self, ctx: &Ctx, depth: i64) -> Result<(), Failure> {
        let (remote, version) = (&self.a.remote, &self.a.version);
        if self.git.has_tracking_branch(ctx, &self.dest, remote, version)? {
            return Ok(());
        }
        let depth = format!("--depth={depth}");
        let specs = [format!("+refs/heads/{version}:refs/heads/{version}"), format!("+refs/heads/{version}:refs/remotes/{remote}/{version}")];
        let out = self.git.run(ctx, &["fetch", &depth, remote, &specs[0], &specs[1]], Some(&self.dest))?;
        match out.success() {
            true => Ok(()),
            false => Err(git::said(format!("Failed to fetch branch from remote: {version}"), &out)),
        }
    }

    fn verify(&self, ctx: &Ctx) -> Result<(), Failure> {
        if !self.a.verify_commit {
            return Ok(());
        }
        git::signature::verify(&self.git, ctx, &self.dest, &self.a.version, &self.a.gpg_allowlist)
    }

    fn archive(&mut self, ctx: &Ctx) -> Result<(), Failure> {
        let Some(path) = &self.a.archive else { return Ok(()) };
        let changed = ctx.check_mode || git::archive::make(&self.git, ctx, &self.dest, &self.a.version, path, self.a.archive_prefix.as_deref())?;
        self.result.set("changed", changed);
        Ok(())
    }

    /// The difference between two commits, for people.
    fn compare(&mut self, ctx: &Ctx, before: &str, after: &str) -> Result<(), Failure> {
        let out = self.git.run(ctx, &["diff", before, after], Some(&self.dest))?;
        let text = match (out.success(), out.out(), out.err()) {
            (true, text, _) if !text.is_empty() => text,
            (true, ..) => format!(">> No visual differences between {before} and {after}"),
            (false, _, err) if !err.is_empty() => format!(">> Failed to get proper diff between {before} and {after}:\n>> {err}"),
            _ => format!(">> Failed to get proper diff between {before} and {after}"),
        };
        self.result.set("diff", prepared(text));
        Ok(())
    }
}

fn refs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn prepared(text: String) -> Value {
    Value::dict(dict! { "prepared" => text })
}

/// Makes folders as far as they are missing. That it can't is said by what needs them.
fn make_folders(path: &str, umask: Option<u32>) {
    if path.is_empty() || Path::new(path).exists() {
        return;
    }
    make_folders(dirname(path), umask);
    if fs::create_dir(path).is_ok() {
        if let Some(m) = umask {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o777 & !m));
        }
    }
}
