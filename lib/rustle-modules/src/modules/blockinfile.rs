//! A block of lines in a text file, between two marker lines.

use crate::editing;
use crate::lines::{content_part, diff_pair, split_keep};
use crate::pyre::{self, decode_as, encode_as};
use crate::{Ctx, Diff, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Support, params};
use std::fs;

params! {
    /// Options of `blockinfile`.
    pub struct Args with { file: FileArgs } {
        /// The file to edit.
        path: PathArg => required(), aliases(&["dest", "destfile", "name"]);
        /// Whether the block should be there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// The marker lines; `{mark}` stands for `marker_begin` and `marker_end`.
        marker: String => default("# {mark} ANSIBLE MANAGED BLOCK");
        /// The lines between the markers. An empty block is removed.
        block: String => default(""), aliases(&["content"]);
        /// Where there is no block: put it after the last line that matches this pattern, or at the end (`EOF`).
        insertafter: Option<String>;
        /// Where there is no block: put it before the last line that matches this pattern, or at the beginning
        /// (`BOF`).
        insertbefore: Option<String>;
        /// Whether to make a file that is not there.
        create: bool => default("no");
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// A command that judges the new file before it is put in place; `%s` stands for its name.
        validate: Option<String>;
        /// What `{mark}` stands for in the first marker.
        marker_begin: String => default("BEGIN");
        /// What `{mark}` stands for in the last marker.
        marker_end: String => default("END");
        /// Whether an empty line follows the block.
        append_newline: bool => default("no");
        /// Whether an empty line precedes the block.
        prepend_newline: bool => default("no");
        /// The file's encoding.
        encoding: String => default("utf-8");
    }
}

const EXAMPLES: &str = "
- name: Hosts that we know
  ansible.builtin.blockinfile:
    path: /etc/hosts
    block: |
      192.0.2.10 db
      192.0.2.11 web
    marker: '# {mark} our hosts'
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    rules: &[Rule::MutuallyExclusive(&["insertbefore", "insertafter"])],
    ..Module::new::<Args>("ansible.builtin.blockinfile", "Manages blocks of lines in text files", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let path = &*args.path;
    let there = editing::look(path)?;
    let original = if there {
        let data = fs::read(path).map_err(|e| Failure::os(&e, path))?;
        decode_as(&data, &args.encoding)?
    } else {
        if !args.create {
            return Err(Failure::new(format!("Path {path} does not exist !")).with("rc", 257));
        }
        editing::make_folder(ctx, path)?;
        String::new()
    };
    let block = if args.state == "present" { args.block.as_str() } else { "" };
    let result = edit(&args, &original, block)?;
    let (changed, msg) = if there && result == original || !there && result.is_empty() {
        (false, "")
    } else if !there {
        (true, "File created")
    } else if block.is_empty() {
        (true, "Block removed")
    } else {
        (true, "Block inserted")
    };
    let mut outcome = Outcome::default();
    if changed && !ctx.check_mode {
        if args.backup && there {
            if let Some(b) = ctx.backup(path)? {
                outcome.set("backup_file", b);
            }
        }
        let data = encode_as(&result, &args.encoding)?;
        editing::write(ctx, path, &data, args.validate.as_deref(), args.file.unsafe_writes)?;
    }
    if ctx.check_mode && !there {
        return Ok(outcome.with("changed", changed).with("msg", msg).with("diff", content_part(ctx, path, &original, &result)));
    }
    let mut diff = Diff::default();
    let (changed, msg) = editing::attributes(ctx, path, &args.file, changed, msg.to_string(), &mut diff)?;
    Ok(outcome.with("changed", changed).with("msg", msg).with("diff", diff_pair(ctx, path, &original, &result, diff)))
}

/// The text with this block (without one, where it is empty).
fn edit(args: &Args, original: &str, block: &str) -> Result<String, Failure> {
    let mut lines: Vec<String> = split_keep(original.as_bytes()).into_iter().map(|l| String::from_utf8_lossy(&l).into_owned()).collect();
    let marker = |word: &str| format!("{}\n", args.marker.replace("{mark}", word));
    let (first, last) = (marker(&args.marker_begin), marker(&args.marker_end));
    let mut new = Vec::new();
    if !block.is_empty() {
        let text = if block.ends_with('\n') { block.to_string() } else { format!("{block}\n") };
        new.push(first.clone());
        new.extend(split_keep(text.as_bytes()).into_iter().map(|l| String::from_utf8_lossy(&l).into_owned()));
        new.push(last.clone());
    }
    // The last line of a file may lack its newline and still be a marker.
    let is = |l: &String, m: &String| l == m || l == m.trim_end_matches('\n') && !l.is_empty();
    let begin = lines.iter().rposition(|l| is(l, &first));
    let end = lines.iter().rposition(|l| is(l, &last));
    let mut at = match (begin, end) {
        (Some(b), Some(e)) => {
            let (from, to) = if b < e { (b, e) } else { (e, b) };
            lines.drain(from..=to);
            from
        }
        _ => place(args, original, &lines)?,
    };
    if at > 0 && !lines[at - 1].ends_with('\n') {
        lines[at - 1].push('\n');
    }
    if args.prepend_newline && !new.is_empty() && at > 0 && lines[at - 1] != "\n" {
        lines.insert(at, "\n".into());
        at += 1;
    }
    let after = at + new.len();
    let nonempty = !new.is_empty();
    lines.splice(at..at, new);
    if args.append_newline && nonempty && lines.get(after).is_some_and(|l| l != "\n") {
        lines.insert(after, "\n".into());
    }
    Ok(lines.concat())
}

/// Where a new block goes.
fn place(args: &Args, original: &str, lines: &[String]) -> Result<usize, Failure> {
    let (pattern, after) = match (args.insertafter.as_deref(), args.insertbefore.as_deref()) {
        (_, Some("BOF")) => return Ok(0),
        (None | Some("EOF"), None | Some("EOF")) => return Ok(lines.len()),
        (Some(p), _) => (pyre::compile(p, "", "insertafter")?, true),
        (None, Some(p)) => (pyre::compile(p, "", "insertbefore")?, false),
    };
    // A pattern that spans lines looks at the whole text.
    let source = args.insertafter.as_deref().or(args.insertbefore.as_deref()).unwrap_or_default();
    let multiline = source.strip_prefix("(?").and_then(|s| s.split_once(')')).is_some_and(|(f, _)| f.contains('m'));
    let found = if multiline {
        pattern.find(original).ok().flatten().map(|m| {
            let upto = if after { m.end() } else { m.start() };
            original[..upto].matches('\n').count()
        })
    } else {
        lines.iter().rposition(|l| pattern.is_match(l).unwrap_or(false))
    };
    Ok(match found {
        None => lines.len(),
        Some(i) => (i + usize::from(after)).min(lines.len()),
    })
}
