//! Makes one file of the fragments in a folder of the host, in the order of their names.

use crate::hash;
use crate::pyre;
use crate::text::{assemble, content_diff};
use crate::{Ctx, Failure, FileArgs, Module, Outcome, Params, PathArg, Support, Value, params};
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
        /// The fragments of the controller's folder: names and contents.
        _parts: Option<Value> => internal();
        /// Whether contents are decrypted by the controller; it does that before they come here.
        decrypt: bool => default("yes");
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

/// The fragments that came along, in the order of their names.
fn sent(ctx: &Ctx, parts: &Value, counts: impl Fn(&str) -> bool) -> Result<Vec<Vec<u8>>, Failure> {
    let mut named = Vec::new();
    for part in parts.as_list().unwrap_or_default() {
        let name = part.get("name").and_then(Value::as_str).unwrap_or_default();
        if let Some(content) = part.get("source").filter(|_| counts(name)).map(|s| ctx.blob(s)).transpose()?.flatten() {
            named.push((name, content.to_vec()));
        }
    }
    named.sort();
    Ok(named.into_iter().map(|(_, content)| content).collect())
}

/// The fragments in a folder of the host.
fn on_host(src: &str, counts: impl Fn(&str) -> bool) -> Result<Vec<Vec<u8>>, Failure> {
    if !Path::new(src).exists() {
        return Err(Failure::new(format!("Source ({src}) does not exist")));
    }
    if !Path::new(src).is_dir() {
        return Err(Failure::new(format!("Source ({src}) is not a directory")));
    }
    let mut names: Vec<String> = fs::read_dir(src).map_err(|e| Failure::os(&e, src))?.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.retain(|n| counts(n) && Path::new(src).join(n).is_file());
    let read = |n: &String| {
        let path = Path::new(src).join(n);
        fs::read(&path).map_err(|e| Failure::os(&e, &path.to_string_lossy()))
    };
    names.iter().map(read).collect()
}

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let (src, dest) = (&*args.src, &*args.dest);
    let pattern = args.regexp.as_deref().map(|r| pyre::compile(r, "", "regexp")).transpose()?;
    let counts = |n: &str| !(args.ignore_hidden && n.starts_with('.')) && pattern.as_ref().is_none_or(|p| p.is_match(n).unwrap_or(false));
    let fragments = match &args._parts {
        Some(parts) => sent(ctx, parts, counts)?,
        None => on_host(src, counts)?,
    };
    let content = assemble(&fragments, args.delimiter.as_deref());
    let old = fs::read(dest).ok();
    let mut changed = old.as_deref() != Some(&content[..]);
    let mut outcome = Outcome::default()
        .with("src", src)
        .with("dest", dest)
        .with("checksum", hash::sha1(&content))
        .with("md5sum", hash::md5(&content));
    if ctx.diff && changed && args._parts.is_some() {
        outcome.set("diff", content_diff(old.as_deref().map(|o| (dest, o)), (src, &content)));
    }
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
