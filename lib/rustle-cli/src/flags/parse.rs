//! Arguments to values, by `argparse`'s rules.

use super::table::{Flag, Takes};
use super::Face;
use std::collections::HashMap;

/// Why a command line is refused, in `argparse`'s words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadArguments(pub String);

/// What a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub playbooks: Vec<String>,
    values: HashMap<&'static str, Vec<String>>,
    counts: HashMap<&'static str, u8>,
}

impl Parsed {
    /// Whether a flag without a value was given.
    pub fn given(&self, id: &str) -> bool {
        self.counts.contains_key(id) || self.values.contains_key(id)
    }
    /// How many times it was given.
    pub fn count(&self, id: &str) -> u8 {
        self.counts.get(id).copied().unwrap_or(0)
    }
    /// The last value.
    pub fn one(&self, id: &str) -> Option<&str> {
        self.values.get(id).and_then(|v| v.last()).map(String::as_str)
    }
    /// The last value of a flag that takes an integer.
    pub fn number(&self, id: &str) -> Option<i64> {
        self.one(id)?.trim().parse().ok()
    }
    /// All values.
    pub fn many(&self, id: &str) -> &[String] {
        self.values.get(id).map_or(&[], Vec::as_slice)
    }
    /// All values, split at commas: tags.
    pub fn words(&self, id: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.many(id).iter().flat_map(|v| v.split(',')).map(str::trim) {
            if !words.iter().any(|w| w == word) {
                words.push(word.to_owned());
            }
        }
        words
    }
}

/// A flag's names as complaints show them: `-i/--inventory/--inventory-file`.
fn names(f: &Flag) -> String {
    let short = f.short.map(|c| format!("-{c}"));
    short.into_iter().chain(f.long.iter().map(|l| format!("--{l}"))).collect::<Vec<_>>().join("/")
}

/// The flag that a long name, perhaps shortened, means.
fn long(face: Face, name: &str, shown: &str) -> Result<Option<&'static Flag>, BadArguments> {
    if let Some(f) = face.flags().find(|f| f.long.contains(&name)) {
        return Ok(Some(f));
    }
    let near: Vec<(&'static Flag, &str)> =
        face.flags().flat_map(|f| f.long.iter().filter(|l| l.starts_with(name)).map(move |l| (f, *l))).collect();
    match near[..] {
        [] => Ok(None),
        [(f, _)] => Ok(Some(f)),
        _ => {
            let all: Vec<String> = near.iter().map(|(_, l)| format!("--{l}")).collect();
            Err(BadArguments(format!("ambiguous option: {shown} could match {}", all.join(", "))))
        }
    }
}

struct Parser {
    face: Face,
    out: Parsed,
    unknown: Vec<String>,
    /// The flag of each excluding group that was seen.
    groups: HashMap<u8, &'static Flag>,
}

/// Whether `argparse` would take it for a flag and not for a value.
fn looks_like_flag(arg: &str) -> bool {
    let number = arg[1.min(arg.len())..].parse::<f64>().is_ok();
    arg.len() > 1 && arg.starts_with('-') && !number && !arg.contains(' ')
}

impl Parser {
    /// Stores a flag; `value` where one was found.
    fn store(&mut self, f: &'static Flag, value: Option<String>) -> Result<(), BadArguments> {
        if f.group > 0 {
            let before = *self.groups.entry(f.group).or_insert(f);
            if before.id != f.id {
                let text = format!("argument {}: not allowed with argument {}", names(f), names(before));
                return Err(BadArguments(text));
            }
        }
        match (f.takes, value) {
            (Takes::Nothing | Takes::Count, _) => {
                let n = self.out.counts.entry(f.id).or_insert(0);
                *n = n.saturating_add(1);
            }
            (_, None) => return Err(BadArguments(format!("argument {}: expected one argument", names(f)))),
            (Takes::Number, Some(v)) if v.trim().parse::<i64>().is_err() => {
                // The name of the type is what ansible-core 2.21 shows.
                return Err(BadArguments(format!("argument {}: invalid tag_value value: '{v}'", names(f))));
            }
            (_, Some(v)) if !f.choices.is_empty() && !f.choices.contains(&v.as_str()) => {
                let all = f.choices.join(", ");
                return Err(BadArguments(format!("argument {}: invalid choice: '{v}' (choose from {all})", names(f))));
            }
            (_, Some(v)) => self.out.values.entry(f.id).or_default().push(v),
        }
        Ok(())
    }

    /// A long flag; returns whether the next argument was its value.
    fn long(&mut self, arg: &str, next: Option<&String>) -> Result<bool, BadArguments> {
        let (name, inline) = match arg[2..].split_once('=') {
            Some((n, v)) => (n, Some(v.to_owned())),
            None => (&arg[2..], None),
        };
        let Some(f) = long(self.face, name, &arg[..2 + name.len()])? else {
            self.unknown.push(arg.to_owned());
            return Ok(false);
        };
        match (f.takes, inline) {
            (Takes::Nothing | Takes::Count, Some(v)) => {
                Err(BadArguments(format!("argument {}: ignored explicit argument '{v}'", names(f))))
            }
            (Takes::Nothing | Takes::Count, None) => self.store(f, None).map(|()| false),
            (_, Some(v)) => self.store(f, Some(v)).map(|()| false),
            (_, None) => {
                let value = next.filter(|n| !looks_like_flag(n)).cloned();
                let used = value.is_some();
                self.store(f, value).map(|()| used)
            }
        }
    }

    /// Short flags in one argument; returns whether the next argument was the last one's value.
    fn short(&mut self, arg: &str, next: Option<&String>) -> Result<bool, BadArguments> {
        let letters: Vec<char> = arg[1..].chars().collect();
        for (i, c) in letters.iter().enumerate() {
            let Some(f) = self.face.flags().find(|f| f.short == Some(*c)) else {
                let rest: String = letters[i..].iter().collect();
                if i == 0 {
                    self.unknown.push(arg.to_owned());
                    return Ok(false);
                }
                let before = self.face.flags().find(|f| f.short == Some(letters[i - 1])).map(names).unwrap_or_default();
                return Err(BadArguments(format!("argument {before}: ignored explicit argument '{rest}'")));
            };
            if matches!(f.takes, Takes::Nothing | Takes::Count) {
                self.store(f, None)?;
                continue;
            }
            let rest: String = letters[i + 1..].iter().collect();
            if !rest.is_empty() {
                self.store(f, Some(rest.strip_prefix('=').unwrap_or(&rest).to_owned()))?;
                return Ok(false);
            }
            let value = next.filter(|n| !looks_like_flag(n)).cloned();
            let used = value.is_some();
            self.store(f, value)?;
            return Ok(used);
        }
        Ok(false)
    }
}

pub(super) fn parse(face: Face, args: Vec<String>) -> Result<Parsed, BadArguments> {
    let mut p = Parser { face, out: Parsed::default(), unknown: Vec::new(), groups: HashMap::new() };
    let mut i = 0;
    while let Some(arg) = args.get(i) {
        let next = args.get(i + 1);
        i += 1;
        if arg == "--" {
            p.out.playbooks.extend(args[i..].iter().cloned());
            break;
        }
        let used = if !looks_like_flag(arg) {
            p.out.playbooks.push(arg.clone());
            false
        } else if arg.starts_with("--") {
            p.long(arg, next)?
        } else {
            p.short(arg, next)?
        };
        i += usize::from(used);
        // These two answer at once.
        if p.out.given("help") || p.out.given("version") {
            return Ok(p.out);
        }
    }
    if p.out.playbooks.is_empty() && !p.out.given("check_capabilities") {
        return Err(BadArguments("the following arguments are required: playbook".into()));
    }
    if !p.unknown.is_empty() {
        return Err(BadArguments(format!("unrecognized arguments: {}", p.unknown.join(" "))));
    }
    if p.out.number("forks").is_some_and(|n| n < 1) {
        return Err(BadArguments("The number of processes (--forks) must be >= 1".into()));
    }
    Ok(p.out)
}
