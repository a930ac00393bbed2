//! Runs a script of the controller on the host. The script comes along as a blob; its words after the name are its
//! arguments.

use crate::moving::TempFile;
use crate::{Ctx, Failure, Module, Outcome, Params, PathArg, Scope, Support, Value, command, execute, params};
use std::os::unix::fs::PermissionsExt;

params! {
    /// Options of `script`.
    pub struct Args {
        /// The script's name on the controller and its arguments, as free text.
        _raw_params: Option<String> => internal();
        /// The script's name on the controller and its arguments.
        cmd: Option<String>;
        /// Its content: `{"_blob": digest}`.
        _source: Value => internal();
        /// The folder in which to run it.
        chdir: Option<PathArg>;
        /// A file or pattern: where it is there, the script does not run.
        creates: Option<PathArg>;
        /// A file or pattern: where it is not there, the script does not run.
        removes: Option<PathArg>;
        /// The program to run it with.
        executable: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: Partition once
  ansible.builtin.script: partition.sh /dev/vdb
  args:
    creates: /dev/vdb1
";

pub static MODULE: Module = Module {
    check: Support::Partial,
    scope: Scope::World,
    ..Module::new::<Args>("ansible.builtin.script", "Runs a script of the controller", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let line = a._raw_params.or(a.cmd).unwrap_or_default();
    let line = line.trim();
    if line.is_empty() {
        return Err(Failure::new("No script given"));
    }
    let folder = a.chdir.as_ref().map(|d| d.0.as_str());
    let skip = |msg: String| Ok(Outcome::ok().with("skipped", true).with("msg", msg));
    if let Some(p) = a.creates.as_ref().filter(|p| execute::exists(p, folder)) {
        return skip(format!("{p} exists, matching creates option"));
    }
    if let Some(p) = a.removes.as_ref().filter(|p| !execute::exists(p, folder)) {
        return skip(format!("{p} does not exist, matching removes option"));
    }
    if ctx.check_mode && a.creates.is_none() && a.removes.is_none() {
        return skip("Check mode is not supported for this task.".into());
    }
    if ctx.check_mode {
        // Only these options tell whether the script would run.
        return if a.creates.is_some() || a.removes.is_some() { Ok(Outcome::changed(true)) } else { skip("Check mode is not supported for this task.".into()) };
    }
    let content = ctx.blob(&a._source)?.ok_or_else(|| Failure::new("internal error: the script's content was not sent"))?;
    // The words after the first stay as they are written: the shell reads them.
    let name = command::split(line).ok().and_then(|w| w.into_iter().next()).unwrap_or_default();
    let rest = &line[command::first_word(line)..];
    let suffix = format!("-{}", name.rsplit('/').next().unwrap_or("script").replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "_"));
    let file = TempFile::create(&ctx.tmpdir(), &suffix, &content).map_err(|e| Failure::new(crate::errors::py_errno(&e)))?;
    let path = file.path().to_owned();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).map_err(|e| Failure::os(&e, &path.to_string_lossy()))?;
    let program = command::quote(&path.to_string_lossy());
    let line = match &a.executable {
        Some(x) => format!("{x} {program}{rest}"),
        None => format!("{program}{rest}"),
    };
    let mut cmd = ctx.shell(&line);
    if let Some(d) = folder {
        cmd = cmd.cwd(d);
    }
    let out = cmd.run()?;
    drop(file);
    let o = Outcome::changed(true).with("rc", i64::from(out.rc)).with("stdout", out.out()).with("stderr", out.err());
    if out.rc != 0 {
        return Err(Failure { msg: "non-zero return code".into(), result: o.result });
    }
    Ok(o)
}
