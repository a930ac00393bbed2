//! Makes one file of the fragments in a folder of the host, in the order of their names.

use crate::hash;
use crate::pyre;
use crate::text::assemble;
use crate::{Ctx, Failure, FileArgs, Module, Outcome, Params, PathArg, Support, params};
use std::fs;
use std::path::Path;

params! {
    /// Options of `assemble`.
    pub struct Args with { file: FileArgs } {
        /// The folder with the fragments.
        src: PathArg => required();
        /// The file to make.
        dest: PathArg => required();
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// What stands between fragments.
        delimiter: Option<String>;
        /// Whether the folder is on the host.
        remote_src: bool => default("yes");
        /// Only fragments whose names match this pattern.
        regexp: Option<String>;
        /// Whether to leave out fragments whose names begin with a dot.
        ignore_hidden: bool => default("no");
        /// A command that judges the new file before it is put in place; `%s` stands for its name.
        validate: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: A configuration from its fragments
  ansible.builtin.assemble:
    src: /etc/someapp/fragments
    dest: /etc/someapp/someapp.conf
";

pub static MODULE: Module = Module {
    check: Support::Full,
    ..Module::new::<Args>("ansible.builtin.assemble", "Makes a file of fragments", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let (src, dest) = (&*args.src, &*args.dest);
    if !Path::new(src).exists() {
        return Err(Failure::new(format!("Source ({src}) does not exist")));
    }
    if !Path::new(src).is_dir() {
        return Err(Failure::new(format!("Source ({src}) is not a directory")));
    }
    let pattern = args.regexp.as_deref().map(|r| pyre::compile(r, "", "regexp")).transpose()?;
    let mut names: Vec<String> = fs::read_dir(src).map_err(|e| Failure::os(&e, src))?.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let mut fragments = Vec::new();
    for n in names {
        let hidden = args.ignore_hidden && n.starts_with('.');
        let path = Path::new(src).join(&n);
        if hidden || pattern.as_ref().is_some_and(|p| !p.is_match(&n).unwrap_or(false)) || !path.is_file() {
            continue;
        }
        fragments.push(fs::read(&path).map_err(|e| Failure::os(&e, &path.to_string_lossy()))?);
    }
    let content = assemble(&fragments, args.delimiter.as_deref());
    let old = fs::read(dest).ok();
    let mut changed = old.as_deref() != Some(&content[..]);
    let mut outcome = Outcome::default()
        .with("src", src)
        .with("dest", dest)
        .with("checksum", hash::sha1(&content))
        .with("md5sum", hash::md5(&content));
    if changed {
        if args.validate.is_some() {
            let tmp = crate::moving::TempFile::create(&ctx.tmpdir(), "", &content).map_err(|e| Failure::os(&e, dest))?;
            ctx.validate(args.validate.as_deref(), tmp.path()).map_err(|f| match f.result.get("exit_status").cloned() {
                Some(rc) => {
                    let err = f.result.get("stderr").map(rustle_value::py_str).unwrap_or_default();
                    Failure::new(format!("failed to validate: rc:{rc} error:{err}"))
                }
                None => f,
            })?;
        }
        if !ctx.check_mode {
            if args.backup && old.is_some() {
                outcome.set("backup_file", ctx.backup(dest)?);
            }
            ctx.write_atomic(dest, &content, args.file.unsafe_writes)?;
        }
    }
    if !(ctx.check_mode && old.is_none()) {
        changed = ctx.set_file_attributes(dest, &args.file, changed, None)?;
    }
    Ok(outcome.with("changed", changed).with("msg", "OK"))
}
