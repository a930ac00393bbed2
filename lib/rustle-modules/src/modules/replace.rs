//! Replaces every match of a pattern in a file; patterns and replacements are Python's.

use crate::editing;
use crate::lines::universal;
use crate::pyre::{self, decode_as, encode, encode_as};
use crate::{Ctx, Dict, Diff, Failure, FileArgs, Module, Outcome, Params, PathArg, Support, Value, params};
use std::fs;

params! {
    /// Options of `replace`.
    pub struct Args with { file: FileArgs } {
        /// The file to edit.
        path: PathArg => required(), aliases(&["dest", "destfile", "name"]);
        /// The pattern; `^` and `$` match at each line.
        regexp: String => required();
        /// What replaces each match; `\1` and `\g<name>` refer to groups.
        replace: String => default("");
        /// Replace only behind the first match of this pattern.
        after: Option<String>;
        /// Replace only before the first match of this pattern.
        before: Option<String>;
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// A command that judges the new file before it is put in place; `%s` stands for its name.
        validate: Option<String>;
        /// The file's encoding.
        encoding: String => default("utf-8");
    }
}

const EXAMPLES: &str = r"
- name: The new name of a host
  ansible.builtin.replace:
    path: /etc/hosts
    regexp: '(\s+)old\.host\.name(\s+.*)?$'
    replace: '\1new.host.name\2'
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.builtin.replace", "Replaces text in files by patterns", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let path = &*args.path;
    if !editing::look(path)? {
        return Err(Failure::new(format!("Path {path} does not exist !")).with("rc", 257));
    }
    let data = fs::read(path).map_err(|e| Failure::new(format!("Unable to read the contents of {path}: {}", crate::errors::py_oserror(&e, path))))?;
    let text = universal(&decode_as(&data, &args.encoding)?);
    let section = match (args.after.as_deref(), args.before.as_deref()) {
        (Some(a), Some(b)) => Some(format!("{a}(?P<subsection>.*?){b}")),
        (Some(a), None) => Some(format!("{a}(?P<subsection>.*)")),
        (None, Some(b)) => Some(format!("(?P<subsection>.*){b}")),
        (None, None) => None,
    };
    let range = match &section {
        None => 0..text.len(),
        Some(p) => {
            let re = pyre::compile(p, "s", "after or before")?;
            let found = re.captures(&text).ok().flatten().and_then(|c| c.name("subsection").map(|m| m.range()));
            match found {
                Some(r) => r,
                None => {
                    let msg = format!("Pattern for before/after params did not match the given file: {p}");
                    return Ok(Outcome::changed(false).with("msg", msg).with("rc", 0));
                }
            }
        }
    };
    let re = pyre::compile(&args.regexp, "m", "regexp")?;
    pyre::check_template(&args.replace).map_err(|e| Failure::new(format!("Unable to process replace due to error: {e}")))?;
    let (new, count) = pyre::subn(&re, &args.replace, &text[range.clone()])?;
    let mut outcome = Outcome::default().with("rc", 0);
    let changed = count > 0 && new != text[range.clone()];
    let mut msg = String::new();
    if changed {
        let result = format!("{}{new}{}", &text[..range.start], &text[range.end..]);
        msg = format!("{count} replacements made");
        if ctx.diff {
            let show = |s: &str| String::from_utf8_lossy(&encode(s)).into_owned();
            let mut d = Dict::new();
            d.insert("before_header", path);
            d.insert("before", show(&text));
            d.insert("after_header", path);
            d.insert("after", show(&result));
            outcome.set("diff", Value::dict(d));
        }
        if !ctx.check_mode {
            if args.backup {
                if let Some(b) = ctx.backup(path)? {
                    outcome.set("backup_file", b);
                }
            }
            let data = encode_as(&result, &args.encoding)?;
            editing::write(ctx, path, &data, args.validate.as_deref(), args.file.unsafe_writes)?;
        }
    }
    let (changed, msg) = editing::attributes(ctx, path, &args.file, changed, msg, &mut Diff::default())?;
    Ok(outcome.with("changed", changed).with("msg", msg))
}
