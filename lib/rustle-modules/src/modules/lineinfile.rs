//! One line of a text file: present, once, in a given form and place; or absent.

use crate::editing;
use crate::lines::{content_part, diff_pair, universal};
use crate::pyre::{self, decode_as, encode_as};
use crate::{Ctx, Diff, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Support, params};
use fancy_regex::Regex;
use std::fs;
use std::path::Path;

params! {
    /// Options of `lineinfile`.
    pub struct Args with { file: FileArgs } {
        /// The file to edit.
        path: PathArg => required(), aliases(&["dest", "destfile", "name"]);
        /// Whether the line should be there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// A pattern: the last line that it matches is replaced (`present`), or all are removed (`absent`).
        regexp: Option<String> => aliases(&["regex"]);
        /// Like `regexp`, but a text that lines contain.
        search_string: Option<String>;
        /// The line.
        line: Option<String> => aliases(&["value"]);
        /// Whether `line` may refer to groups of `regexp`.
        backrefs: bool => default("no");
        /// Where nothing matches: put the line after the last line that matches this pattern, or at the end (`EOF`).
        insertafter: Option<String>;
        /// Where nothing matches: put the line before the last line that matches this pattern, or at the beginning
        /// (`BOF`).
        insertbefore: Option<String>;
        /// Whether to make a file that is not there.
        create: bool => default("no");
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// Whether `insertafter` and `insertbefore` take the first match instead of the last.
        firstmatch: bool => default("no");
        /// A command that judges the new file before it is put in place; `%s` stands for its name.
        validate: Option<String>;
        /// The file's encoding.
        encoding: String => default("utf-8");
    }
}

const EXAMPLES: &str = "
- name: SELinux enforces
  ansible.builtin.lineinfile:
    path: /etc/selinux/config
    regexp: ^SELINUX=
    line: SELINUX=enforcing

- name: Nobody called joe may become root
  ansible.builtin.lineinfile:
    path: /etc/sudoers
    state: absent
    regexp: ^joe
    validate: /usr/sbin/visudo -cf %s
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    rules: &[
        Rule::MutuallyExclusive(&["insertbefore", "insertafter"]),
        Rule::MutuallyExclusive(&["regexp", "search_string"]),
    ],
    ..Module::new::<Args>("ansible.builtin.lineinfile", "Manages lines of text files", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    if args.backrefs && args.search_string.is_some() {
        return Err(Failure::new("parameters are mutually exclusive: backrefs|search_string"));
    }
    let path = &*args.path;
    editing::look(path)?;
    if args.state == "absent" {
        if args.regexp.is_none() && args.search_string.is_none() && args.line.is_none() {
            return Err(Failure::new("one of line, search_string, or regexp is required with state=absent"));
        }
        return absent(ctx, &args);
    }
    if args.backrefs && args.regexp.is_none() {
        return Err(Failure::new("regexp is required with backrefs=true"));
    }
    let Some(line) = args.line.clone() else { return Err(Failure::new("line is required with state=present")) };
    for (name, v) in [("regexp", &args.regexp), ("search_string", &args.search_string)] {
        if v.as_deref() == Some("") {
            let what = if name == "regexp" { "regular expression" } else { "search string" };
            ctx.warn(format!(
                "The {what} is an empty string, which will match every line in the file. This may have unintended consequences, such as replacing the last line in the file rather than appending. If this is desired, use '^' to match every line in the file and avoid this warning."
            ));
        }
    }
    present(ctx, &args, &line)
}

/// Writes the lines where they changed; then the attributes. `(changed, message, backup)`.
fn finish(ctx: &mut Ctx, args: &Args, before: String, lines: &[String], changed: bool, msg: String) -> Result<Outcome, Failure> {
    let after: String = lines.concat();
    let mut made_backup = String::new();
    if changed && !ctx.check_mode {
        if args.backup {
            made_backup = ctx.backup(&args.path)?.unwrap_or_default();
        }
        let data = encode_as(&after, &args.encoding)?;
        editing::write(ctx, &args.path, &data, args.validate.as_deref(), args.file.unsafe_writes)?;
    }
    let mut attributes = Diff::default();
    if ctx.check_mode && !Path::new(&*args.path).exists() {
        let diff = content_part(ctx, &args.path, &before, &after);
        return Ok(Outcome::changed(changed).with("msg", msg).with("backup", made_backup).with("diff", diff));
    }
    let (changed, msg) = editing::attributes(ctx, &args.path, &args.file, changed, msg, &mut attributes)?;
    Ok(Outcome::changed(changed).with("msg", msg).with("backup", made_backup).with("diff", diff_pair(ctx, &args.path, &before, &after, attributes)))
}

enum Matcher {
    Pattern(Regex),
    Text(String),
    None,
}

impl Matcher {
    fn of(args: &Args) -> Result<Matcher, Failure> {
        Ok(match (&args.regexp, &args.search_string) {
            (Some(r), _) => Matcher::Pattern(pyre::compile(r, "", "regexp")?),
            (None, Some(s)) => Matcher::Text(s.clone()),
            _ => Matcher::None,
        })
    }
}

fn matches(re: &Regex, line: &str) -> bool {
    re.is_match(line).unwrap_or(false)
}

/// The line without its end.
fn bare(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

fn present(ctx: &mut Ctx, args: &Args, line: &str) -> Result<Outcome, Failure> {
    let path = &*args.path;
    let (before, lines) = if Path::new(path).exists() {
        let data = fs::read(path).map_err(|e| Failure::os(&e, path))?;
        // As Ansible reads: every kind of line end becomes a newline.
        let text = universal(&decode_as(&data, &args.encoding)?);
        let lines = text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
        (text, lines)
    } else {
        if !args.create {
            return Err(Failure::new(format!("Destination {path} does not exist !")).with("rc", 257));
        }
        editing::make_folder(ctx, path)?;
        (String::new(), Vec::new())
    };
    let mut text = Text { lines, place: None };
    let (changed, msg) = text.edit(args, line)?;
    finish(ctx, args, before, &text.lines, changed, msg.into())
}

struct Text {
    lines: Vec<String>,
    /// Next to what `insertafter` or `insertbefore` matched.
    place: Option<usize>,
}

impl Text {
    /// Brings the line in; whether something changed, and what.
    fn edit(&mut self, args: &Args, line: &str) -> Result<(bool, &'static str), Failure> {
        let matcher = Matcher::of(args)?;
        let pattern = |p: &Option<String>, option| match p.as_deref() {
            None | Some("BOF" | "EOF") => Ok(None),
            Some(p) => pyre::compile(p, "", option).map(Some),
        };
        let after = pattern(&args.insertafter, "insertafter")?;
        let before = pattern(&args.insertbefore, "insertbefore")?;
        let mut new = line.to_string();
        let mut at = None;
        for (i, l) in self.lines.iter().enumerate() {
            let hit = match &matcher {
                Matcher::Pattern(re) => match re.captures(l).ok().flatten() {
                    Some(groups) => {
                        if args.backrefs {
                            new = pyre::expand(line, &groups)?;
                        }
                        true
                    }
                    None => false,
                },
                Matcher::Text(s) => l.contains(s.as_str()),
                Matcher::None => false,
            };
            if hit {
                at = Some(i);
                if args.firstmatch {
                    break;
                }
            }
        }
        if at.is_none() {
            for (i, l) in self.lines.iter().enumerate() {
                if bare(l) == line {
                    at = Some(i);
                } else if after.as_ref().or(before.as_ref()).is_some_and(|re| matches(re, l)) {
                    self.place = Some(if after.is_some() { i + 1 } else { i });
                    if args.firstmatch {
                        break;
                    }
                }
            }
        }
        if !new.ends_with('\n') {
            new.push('\n');
        }
        if let Some(i) = at {
            if self.lines[i] == new {
                return Ok((false, ""));
            }
            self.lines[i] = new;
            return Ok((true, "line replaced"));
        }
        if args.backrefs {
            // Without a match there is nothing that the references could mean.
            return Ok((false, ""));
        }
        let edge = |w: &str| args.insertbefore.as_deref() == Some(w) || args.insertafter.as_deref() == Some(w);
        let place = if edge("BOF") { 0 } else { self.place.unwrap_or(self.lines.len()) };
        // With `firstmatch` the search ended before the line, which stands there already.
        let beside = self.lines.get(place).or(self.lines.last());
        if self.place.is_some() && args.insertafter.is_some() && beside.is_some_and(|l| bare(l) == line) {
            return Ok((false, ""));
        }
        if place == self.lines.len() {
            // A file that does not end with a newline gets one first.
            if let Some(last) = self.lines.last_mut().filter(|l| !l.ends_with(['\n', '\r'])) {
                last.push('\n');
            }
        }
        self.lines.insert(place, new);
        Ok((true, "line added"))
    }
}

fn absent(ctx: &mut Ctx, args: &Args) -> Result<Outcome, Failure> {
    let path = &*args.path;
    if !Path::new(path).exists() {
        return Ok(Outcome::changed(false).with("msg", "file not present"));
    }
    let data = fs::read(path).map_err(|e| Failure::os(&e, path))?;
    let before = universal(&decode_as(&data, &args.encoding)?);
    let matcher = Matcher::of(args)?;
    let all: Vec<String> = before.split_inclusive('\n').map(str::to_owned).collect();
    let keep: Vec<String> = all
        .iter()
        .filter(|l| match &matcher {
            Matcher::Pattern(re) => !matches(re, l),
            Matcher::Text(s) => !l.contains(s.as_str()),
            Matcher::None => args.line.as_deref() != Some(bare(l)),
        })
        .cloned()
        .collect();
    let found = all.len() - keep.len();
    let msg = if found > 0 { format!("{found} line(s) removed") } else { String::new() };
    let o = finish(ctx, args, before, &keep, found > 0, msg)?;
    Ok(o.with("found", found as i64))
}
