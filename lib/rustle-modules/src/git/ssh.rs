//! How git calls ssh: options, the key, whose host keys are taken.

use crate::command::quote;
use crate::moving::TempFile;
use crate::{Ctx, Failure};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Which hosts' keys are taken without a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeys {
    /// Those that are known.
    Known,
    /// Those of hosts that are not known yet, too.
    New,
    /// Any.
    All,
}

/// A way to call ssh.
pub struct Ssh {
    program: String,
    options: String,
}

impl Ssh {
    /// With these words, this key, and what the environment says. Failures: there is no ssh.
    pub fn new(ctx: &mut Ctx, words: Option<String>, key_file: Option<&str>, accept: HostKeys) -> Result<Ssh, Failure> {
        let decided = ["no", "accept-new"].map(|w| format!("-o StrictHostKeyChecking={w}"));
        let decided = words.as_ref().is_some_and(|o| decided.iter().any(|d| o.contains(d)));
        let mut options = ctx.env("GIT_SSH_OPTS").unwrap_or_default();
        if let Some(w) = words {
            options = format!("{options} {w}");
        }
        if accept == HostKeys::New && takes_new_keys(ctx)? && !decided {
            options += " -o StrictHostKeyChecking=accept-new";
        }
        let mut add = |option: &str| {
            if !options.contains(option) {
                options = format!("{options} {option}");
            }
        };
        if accept == HostKeys::All {
            // ssh heeds the first word about something: a user's own counts.
            add("-o StrictHostKeyChecking=no");
        }
        // Nobody could answer a question.
        add("-o BatchMode=yes");
        if let Some(key) = key_file {
            add(&format!("-i {}", quote(key)));
            add("-o IdentitiesOnly=yes");
        }
        let program = ctx.env("GIT_SSH").or_else(|| ctx.env("GIT_SSH_COMMAND")).unwrap_or_else(|| "ssh".into());
        Ok(Ssh { program, options })
    }

    /// The command line.
    pub fn line(&self) -> String {
        format!("{} {}", self.program, self.options)
    }

    /// A script that stands for ssh, for versions of git that take no options for it.
    pub fn script(&self, ctx: &Ctx) -> Result<TempFile, Failure> {
        let text = format!("#!/bin/sh\nexec {} \"$@\"\n", self.line());
        TempFile::create(&ctx.tmpdir(), "git-ssh", text.as_bytes())
            .and_then(|t| fs::set_permissions(t.path(), fs::Permissions::from_mode(0o700)).map(|()| t))
            .map_err(|e| Failure::os(&e, &ctx.tmpdir().to_string_lossy()))
    }
}

/// Whether ssh knows how to take the keys of new hosts only.
fn takes_new_keys(ctx: &mut Ctx) -> Result<bool, Failure> {
    let program = ctx.need_program("ssh").map_err(|f| {
        Failure::new("Remote host is missing ssh command, so you cannot use acceptnewhostkey option.").with("details", f.msg)
    })?;
    let known = ctx.command([program.as_os_str()]).args(["-o", "StrictHostKeyChecking=accept-new", "-V"]).run()?.success();
    if !known {
        ctx.warn("Your ssh client does not support accept_newhostkey option, therefore it cannot be used.");
    }
    Ok(known)
}
