//! Settings in files of sections and `option = value` lines.
//!
//! Limits: names of options end at `=`; a colon does not separate them from values.

use crate::lines::{content_part, universal};
use crate::paths::{dirname, is_link, realpath};
use crate::pyre::{decode_as, encode};
use crate::{Ctx, Failure, FileArgs, Module, Outcome, Params, PathArg, Rule, Support, params};
use std::fs;
use std::path::Path;

params! {
    /// What a section must have to be the one that is meant.
    pub struct Wanted {
        /// An option that is in it.
        option: String => required();
        /// Its value; any where there is none.
        value: Option<String>;
        /// Values of which it has one.
        values: Option<Vec<String>>;
    }
}

params! {
    /// Options of `ini_file`.
    pub struct Args with { file: FileArgs } {
        /// The file; made where it is not there.
        path: PathArg => required(), aliases(&["dest"]);
        /// The section; without one, what stands before the first.
        section: Option<String>;
        /// Among sections of one name: the first that has these.
        section_has_values: Option<Vec<Wanted>> => sub_rules(&[Rule::MutuallyExclusive(&["value", "values"])]);
        /// The option; without one, the section as a whole.
        option: Option<String>;
        /// Its value.
        value: Option<String>;
        /// Its values, each in a line of its own.
        values: Option<Vec<String>>;
        /// Whether to keep a copy of what was there.
        backup: bool => default("no");
        /// Whether it is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// Whether other values of the option are removed.
        exclusive: bool => default("yes");
        /// Whether lines have no blanks around `=`.
        no_extra_spaces: bool => default("no");
        /// Whether lines stay that differ in blanks around `=` only.
        ignore_spaces: bool => default("no");
        /// Whether to make a file that is not there.
        create: bool => default("yes");
        /// Whether an option may have neither value nor `=`.
        allow_no_value: bool => default("no");
        /// Whether a line with the option that is commented out is put to use.
        modify_inactive_option: bool => default("yes");
        /// Whether a link is followed.
        follow: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: The journal is kept across restarts
  community.general.ini_file:
    path: /etc/systemd/journald.conf
    section: Journal
    option: Storage
    value: persistent
    no_extra_spaces: true
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.ini_file"],
    check: Support::Full,
    diff: Support::Full,
    rules: &[Rule::MutuallyExclusive(&["value", "values"])],
    ..Module::new::<Args>("community.general.ini_file", "Manages settings in INI files", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let present = a.state == "present";
    let mut values: Vec<String> = Vec::new();
    for v in a.value.iter().chain(a.values.iter().flatten()) {
        if !values.contains(v) {
            values.push(v.clone());
        }
    }
    if present && !a.allow_no_value && values.is_empty() {
        return Err(Failure::new("Parameter 'value(s)' must be defined if state=present and allow_no_value=False."));
    }
    let target = if a.follow && is_link(&a.path) { realpath(&a.path) } else { a.path.0.clone() };
    let there = Path::new(&target).exists();
    if !there && !a.create {
        return Err(Failure::new(format!("Destination {target} does not exist!")).with("rc", 257));
    }
    let before = if there {
        let data = fs::read(&target).map_err(|e| Failure::os(&e, &target))?;
        universal(decode_as(&data, "utf-8")?.trim_start_matches('\u{feff}'))
    } else {
        String::new()
    };
    let mut ini = Ini { lines: before.split_inclusive('\n').map(str::to_owned).collect(), changed: false, msg: "OK" };
    match ini.lines.last_mut() {
        Some(last) if !last.ends_with('\n') => {
            last.push('\n');
            ini.changed = true;
        }
        Some(_) => {}
        // An empty file gets an empty line, if something else, too.
        None => ini.lines.push("\n".into()),
    }
    ini.edit(&a, &values, present);
    let after = ini.lines.concat();
    let mut result = Outcome::changed(ini.changed).with("msg", ini.msg).with("path", &a.path);
    result.set("diff", content_part(ctx, &a.path, &before, &after));
    if ini.changed && !ctx.check_mode {
        if a.backup {
            if let Some(name) = ctx.backup(&target)? {
                result.set("backup_file", name);
            }
        }
        let folder = dirname(&target);
        if !there && !folder.is_empty() && !Path::new(folder).exists() {
            fs::create_dir_all(folder).map_err(|e| Failure::os(&e, folder))?;
        }
        ctx.write_atomic(&target, &encode(&after), a.file.unsafe_writes)?;
    }
    if Path::new(&target).exists() {
        let changed = ctx.set_file_attributes(&target, &a.file, ini.changed, None)?;
        result.set("changed", changed);
    }
    Ok(result)
}

/// A line with the option.
struct Line<'a> {
    /// It is commented out.
    inactive: bool,
    /// It has a sign between option and value.
    sign: bool,
    value: &'a str,
}

/// What a line is about, if it is about the option.
fn about<'a>(line: &'a str, option: &str) -> Option<Line<'a>> {
    let blanks = |s: &'a str| s.trim_start_matches([' ', '\t']);
    let line = blanks(line.trim_end_matches('\n'));
    let inactive = line.starts_with(['#', ';']);
    let rest = blanks(if inactive { &line[1..] } else { line }).strip_prefix(option)?;
    match blanks(rest) {
        "" => Some(Line { inactive, sign: false, value: "" }),
        r => r.strip_prefix('=').map(|v| Line { inactive, sign: true, value: blanks(v) }),
    }
}

/// A file's lines while they are edited.
struct Ini {
    lines: Vec<String>,
    changed: bool,
    msg: &'static str,
}

impl Ini {
    fn edit(&mut self, a: &Args, values: &[String], present: bool) {
        let wanted = a.section_has_values.as_deref().unwrap_or_default();
        let section = a.section.as_deref().filter(|s| !s.is_empty());
        let Some((start, end)) = self.find(section, wanted) else {
            if present {
                self.add_section(a, section.unwrap_or_default(), wanted, values);
            }
            return;
        };
        match a.option.as_deref().filter(|o| !o.is_empty()) {
            Some(option) if present => self.set(a, option, values, start, end),
            Some(option) => self.remove(option, values, a.exclusive, start, end),
            None if !present => {
                // The lines before the first section have no header to remove.
                self.lines.drain(start..end);
                self.change("section removed");
            }
            None => {}
        }
    }

    fn change(&mut self, msg: &'static str) {
        self.changed = true;
        self.msg = msg;
    }

    /// The section's lines, with its header.
    fn find(&self, section: Option<&str>, wanted: &[Wanted]) -> Option<(usize, usize)> {
        let end = |from: usize| self.lines[from..].iter().position(|l| l.starts_with('[')).map_or(self.lines.len(), |n| from + n);
        let Some(name) = section else { return Some((0, end(0))) };
        let header = |l: &str| {
            let rest = l.strip_prefix('[').and_then(|r| r.trim_start().strip_prefix(name));
            rest.is_some_and(|r| r.trim_start().starts_with(']'))
        };
        let has = |(from, to): &(usize, usize)| {
            wanted.iter().all(|w| {
                let values: Vec<&String> = w.value.iter().chain(w.values.iter().flatten()).collect();
                self.lines[*from..*to].iter().filter_map(|l| about(l, &w.option)).any(|l| {
                    !l.inactive && (values.is_empty() || values.iter().any(|v| l.value == v.as_str()))
                })
            })
        };
        let starts = (0..self.lines.len()).filter(|n| header(&self.lines[*n]));
        starts.map(|n| (n, end(n + 1))).find(has)
    }

    /// A line as it should be.
    fn line(a: &Args, option: &str, value: &str) -> String {
        let sign = if a.no_extra_spaces { "=" } else { " = " };
        format!("{option}{sign}{value}\n")
    }

    fn set(&mut self, a: &Args, option: &str, values: &[String], start: usize, end: usize) {
        let body: Vec<usize> = (start..end).filter(|n| {
            about(&self.lines[*n], option).is_some_and(|l| !l.inactive || a.modify_inactive_option)
        }).collect();
        if values.is_empty() {
            let line = format!("{option}\n");
            match body.first() {
                Some(n) => self.replace(*n, line),
                None => self.add(vec![line], start, end),
            }
            return;
        }
        let mut left: Vec<&String> = values.iter().collect();
        let mut kept = Vec::new();
        // Lines that have a value that is wanted stay.
        for n in &body {
            let Some(place) = left.iter().position(|v| about(&self.lines[*n], option).is_some_and(|l| l.value == v.as_str())) else { continue };
            let value = left.remove(place);
            kept.push(*n);
            if !a.allow_no_value {
                self.update(a, option, *n, value);
            }
        }
        let mut gone = Vec::new();
        // Where options may be without values, none is taken away, as with Ansible.
        if a.exclusive && !a.allow_no_value {
            // A comment that only begins with the option's name is none of its lines.
            let mine = |line: &str| about(line, option).is_some_and(|l| !l.inactive || l.sign);
            for n in body.iter().filter(|n| !kept.contains(n)) {
                if !mine(&self.lines[*n]) {
                    continue;
                }
                if left.is_empty() {
                    gone.push(*n);
                } else {
                    let value = left.remove(0);
                    self.update(a, option, *n, value);
                }
            }
        }
        let removed = gone.len();
        for n in gone.into_iter().rev() {
            self.lines.remove(n);
            self.change("option changed");
        }
        if !left.is_empty() {
            let new: Vec<String> = left.into_iter().map(|v| Ini::line(a, option, v)).collect();
            self.add(new, start, end - removed);
        }
    }

    /// Writes the line anew where it differs.
    fn update(&mut self, a: &Args, option: &str, n: usize, value: &str) {
        let new = Ini::line(a, option, value);
        let same = about(&self.lines[n], option).is_some_and(|l| a.ignore_spaces && !l.inactive && l.value == value);
        if !same {
            self.replace(n, new);
        }
    }

    fn replace(&mut self, n: usize, new: String) {
        if self.lines[n] != new {
            self.lines[n] = new;
            self.change("option changed");
        }
    }

    /// Puts lines behind the section's last one that is neither empty nor a comment.
    fn add(&mut self, new: Vec<String>, start: usize, end: usize) {
        let quiet = |l: &str| matches!(l.trim_start_matches([' ', '\t']).chars().next(), None | Some('\n' | '#' | ';'));
        let place = (start..end).rev().find(|n| !quiet(&self.lines[*n])).map_or(start, |n| n + 1);
        self.lines.splice(place..place, new);
        self.change("option added");
    }

    fn remove(&mut self, option: &str, values: &[String], exclusive: bool, start: usize, end: usize) {
        for n in (start..end).rev() {
            let hit = about(&self.lines[n], option).is_some_and(|l| {
                !l.inactive && (exclusive || values.iter().any(|w| w == l.value))
            });
            if hit {
                self.lines.remove(n);
                self.change("option changed");
            }
        }
    }

    fn add_section(&mut self, a: &Args, section: &str, wanted: &[Wanted], values: &[String]) {
        self.lines.push(format!("[{section}]\n"));
        self.change("only section added");
        let lines = |option: &str, values: &[&String]| -> Vec<String> {
            match values.is_empty() {
                true => a.allow_no_value.then(|| format!("{option}\n")).into_iter().collect(),
                false => values.iter().map(|v| Ini::line(a, option, v)).collect(),
            }
        };
        let mut all: Vec<&String> = values.iter().collect();
        for w in wanted {
            let conditions: Vec<&String> = w.value.iter().chain(w.values.iter().flatten()).collect();
            if a.option.as_ref() != Some(&w.option) {
                self.lines.extend(lines(&w.option, &conditions));
            } else if !a.exclusive {
                // The option's own values come first.
                all.extend(conditions.into_iter().filter(|c| !values.contains(c)));
            }
        }
        if let Some(option) = &a.option {
            self.lines.extend(lines(option, &all));
            self.msg = "section and option added";
        }
    }
}
