//! Host patterns: `web:db`, `web,!web3`, `web:&staging`, `*.example.com`, `~web\d+`, `web[0]`, `web[1:3]`, `@file`.

use crate::options::Mismatch;
use crate::{Inventory, InventoryError, address};
use indexmap::IndexSet;
use std::collections::HashSet;
use std::path::Path;

/// The `order` keyword of a play.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Inventory,
    Sorted,
    ReverseSorted,
    ReverseInventory,
    Shuffle,
}

impl std::str::FromStr for Order {
    type Err = InventoryError;
    fn from_str(s: &str) -> Result<Order, InventoryError> {
        Ok(match s {
            "inventory" | "" => Order::Inventory,
            "sorted" => Order::Sorted,
            "reverse_sorted" => Order::ReverseSorted,
            "reverse_inventory" => Order::ReverseInventory,
            "shuffle" => Order::Shuffle,
            _ => return Err(InventoryError::BadOrder(s.into())),
        })
    }
}

/// Splits a pattern at its commas; without any, at its colons, unless it is one name, address or range.
pub fn split_patterns(pattern: &str) -> Vec<String> {
    let parts: Vec<String> = if pattern.contains(',') {
        pattern.split(',').map(str::to_string).collect()
    } else if address::parse(pattern, true).is_some() {
        vec![pattern.to_string()]
    } else {
        split_colons(pattern)
    };
    parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).map(str::to_string).collect()
}

/// Runs of anything but white space, colons and brackets, where a complete `[…]` counts as one of them.
fn split_colons(pattern: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let whole = rest.starts_with('[').then(|| rest.find(']')).flatten();
        let taken = match (c, whole) {
            ('[', Some(end)) => &rest[..=end],
            (':' | '[' | ']', _) => "",
            (c, _) if c.is_whitespace() => "",
            _ => &rest[..c.len_utf8()],
        };
        if taken.is_empty() {
            out.push(String::new());
            rest = &rest[c.len_utf8()..];
        } else {
            if let Some(last) = out.last_mut() {
                last.push_str(taken);
            }
            rest = &rest[taken.len()..];
        }
    }
    out
}

enum Subscript {
    None,
    One(i64),
    Range(usize, Option<usize>),
}

impl Inventory {
    /// The hosts that a pattern selects, in inventory order. What matches nothing is a warning.
    ///
    /// # Errors
    /// A regular expression that is none, a subscript out of range.
    pub fn select(&self, pattern: &str) -> Result<Vec<String>, InventoryError> {
        self.evaluate(&split_patterns(pattern))
    }

    /// The hosts of a play: those of `pattern` that `limit` (from [`Inventory::limit`]) leaves, in the given order.
    pub fn hosts_for(&self, pattern: &str, limit: Option<&[String]>, order: Order) -> Result<Vec<String>, InventoryError> {
        let mut hosts = self.select(pattern)?;
        if let Some(limit) = limit.filter(|l| !l.is_empty()) {
            let allowed: HashSet<String> = self.evaluate(limit)?.into_iter().collect();
            hosts.retain(|h| allowed.contains(h));
        }
        match order {
            Order::Inventory => {}
            Order::Sorted => hosts.sort_unstable(),
            Order::ReverseSorted => hosts.sort_unstable_by(|a, b| b.cmp(a)),
            Order::ReverseInventory => hosts.reverse(),
            Order::Shuffle => shuffle(&mut hosts),
        }
        Ok(hosts)
    }

    /// The patterns of `--limit`: split, and `@file` replaced by the file's lines.
    pub fn limit(text: &str) -> Result<Vec<String>, InventoryError> {
        let mut out = Vec::new();
        for p in split_patterns(text) {
            let Some(file) = p.strip_prefix('@') else {
                out.push(p);
                continue;
            };
            let path = Path::new(file);
            if !path.exists() {
                return Err(InventoryError::NoLimitFile(file.into()));
            }
            if !path.is_file() {
                return Err(InventoryError::LimitDirectory(file.into()));
            }
            let text = std::fs::read_to_string(path).map_err(|error| InventoryError::Io { path: path.into(), error })?;
            out.extend(text.split('\n').map(|l| l.trim().to_string()).filter(|l| !l.is_empty()));
        }
        Ok(out)
    }

    fn evaluate(&self, patterns: &[String]) -> Result<Vec<String>, InventoryError> {
        let (mut plain, mut both, mut not): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
        for p in patterns {
            match p.as_bytes().first() {
                None => {}
                Some(b'!') => not.push(p),
                Some(b'&') => both.push(p),
                Some(_) => plain.push(p),
            }
        }
        if plain.is_empty() {
            plain.push("all");
        }
        let mut hosts: IndexSet<String> = IndexSet::new();
        for p in plain {
            if self.hosts.contains_key(p) {
                hosts.insert(p.to_string());
            } else {
                hosts.extend(self.matches(p)?);
            }
        }
        for p in both {
            let kept: HashSet<String> = self.matches(&p[1..])?.into_iter().collect();
            hosts.retain(|h| kept.contains(h));
        }
        for p in not {
            let gone: HashSet<String> = self.matches(&p[1..])?.into_iter().collect();
            hosts.retain(|h| !gone.contains(h));
        }
        Ok(hosts.into_iter().collect())
    }

    fn matches(&self, pattern: &str) -> Result<Vec<String>, InventoryError> {
        if pattern.is_empty() {
            return Err(InventoryError::BadPattern(String::new()));
        }
        let (name, subscript) = self.split_subscript(pattern);
        let hosts = self.enumerate(name)?;
        if hosts.is_empty() {
            return Ok(hosts);
        }
        let bad = || InventoryError::BadSubscript(pattern.into());
        Ok(match subscript {
            Subscript::None => hosts,
            Subscript::One(i) => {
                let i = if i < 0 { i + hosts.len() as i64 } else { i };
                let i = usize::try_from(i).map_err(|_| bad())?;
                vec![hosts.get(i).ok_or_else(bad)?.clone()]
            }
            // An end of 0 counts as none given, so that `[0:0]` is the first host.
            Subscript::Range(start, Some(0)) => vec![hosts.get(start).ok_or_else(bad)?.clone()],
            Subscript::Range(start, end) => {
                let end = end.map_or(hosts.len(), |e| e.saturating_add(1).min(hosts.len()));
                hosts.get(start..end).map(<[String]>::to_vec).unwrap_or_default()
            }
        })
    }

    fn split_subscript<'a>(&self, pattern: &'a str) -> (&'a str, Subscript) {
        let whole = (pattern, Subscript::None);
        let Some((name, inner)) = pattern.strip_suffix(']').and_then(|p| p.rsplit_once('[')) else { return whole };
        if pattern.starts_with('~') || name.is_empty() {
            return whole;
        }
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|c| c.is_ascii_digit());
        if digits(inner.strip_prefix('-').unwrap_or(inner)) {
            return inner.parse().map_or(whole, |i| (name, Subscript::One(i)));
        }
        let Some(at) = inner.find([':', '-']) else { return whole };
        let (start, end) = (&inner[..at], &inner[at + 1..]);
        if !digits(start) || !(end.is_empty() || digits(end)) {
            return whole;
        }
        if inner.as_bytes()[at] == b'-' {
            self.warn("Use [x:y] inclusive subscripts instead of [x-y] which has been removed");
        }
        let Ok(start) = start.parse() else { return whole };
        (name, Subscript::Range(start, if end.is_empty() { None } else { end.parse().ok() }))
    }

    fn enumerate(&self, pattern: &str) -> Result<Vec<String>, InventoryError> {
        let matcher = Matcher::new(pattern)?;
        let mut out: Vec<String> = Vec::new();
        let groups: Vec<&String> = match &matcher {
            Matcher::Word(w) => self.groups.get_key_value(*w).map(|(k, _)| k).into_iter().collect(),
            m => self.groups.keys().filter(|g| m.fits(g)).collect(),
        };
        for g in &groups {
            out.extend(self.hosts_in(g).into_iter().map(str::to_string));
        }
        if groups.is_empty() || pattern.starts_with('~') || pattern.contains(['.', '?', '*', '[']) {
            match &matcher {
                Matcher::Word(w) => out.extend(self.hosts.get_key_value(*w).map(|(k, _)| k.clone())),
                m => out.extend(self.hosts.keys().filter(|h| m.fits(h)).cloned()),
            }
        }
        if out.is_empty() {
            // The names of this machine always have a host.
            out.extend(self.host(pattern).map(|h| h.name.clone()));
        }
        if out.is_empty() && groups.is_empty() && pattern != "all" {
            match self.options.mismatch {
                Mismatch::Ignore => {}
                Mismatch::Warn => self.warn(InventoryError::NoMatch(pattern.into()).to_string()),
                Mismatch::Error => return Err(InventoryError::NoMatch(pattern.into())),
            }
        }
        Ok(out)
    }
}

enum Matcher<'a> {
    Word(&'a str),
    Glob(Vec<char>),
    Regex(Box<fancy_regex::Regex>),
}

impl<'a> Matcher<'a> {
    fn new(pattern: &'a str) -> Result<Matcher<'a>, InventoryError> {
        if let Some(regex) = pattern.strip_prefix('~') {
            let regex = fancy_regex::Regex::new(&format!("^(?:{regex})"));
            return regex.map(|r| Matcher::Regex(Box::new(r))).map_err(|_| InventoryError::BadPattern(pattern.into()));
        }
        Ok(if pattern.contains(['*', '?', '[']) { Matcher::Glob(pattern.chars().collect()) } else { Matcher::Word(pattern) })
    }
    fn fits(&self, name: &str) -> bool {
        match self {
            Matcher::Word(w) => *w == name,
            Matcher::Glob(g) => glob(g, &name.chars().collect::<Vec<_>>()),
            Matcher::Regex(r) => r.is_match(name).unwrap_or(false),
        }
    }
}

/// Python's `fnmatch`, case-sensitive: `*`, `?`, `[seq]`, `[!seq]`.
fn glob(pattern: &[char], name: &[char]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    loop {
        if p == pattern.len() && n == name.len() {
            return true;
        }
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some('?') => (n < name.len()).then_some(1),
            Some('[') => match set(&pattern[p..]) {
                Some((len, negated, items)) => name.get(n).is_some_and(|&c| in_set(items, c) != negated).then_some(len),
                None => (name.get(n) == Some(&'[')).then_some(1),
            },
            Some(c) => (name.get(n) == Some(c)).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(len), _) => {
                p += len;
                n += 1;
            }
            (None, Some((sp, sn))) if sn < name.len() => {
                star = Some((sp, sn + 1));
                p = sp + 1;
                n = sn + 1;
            }
            _ => return false,
        }
    }
}

/// The length of the `[…]` at the start of `pattern`, whether it is negated, and what it lists.
fn set(pattern: &[char]) -> Option<(usize, bool, &[char])> {
    let negated = pattern.get(1) == Some(&'!');
    let start = 1 + usize::from(negated);
    // A `]` that comes first is an ordinary member.
    let end = (start + 1..pattern.len()).find(|&i| pattern[i] == ']')?;
    Some((end + 1, negated, &pattern[start..end]))
}

fn in_set(items: &[char], c: char) -> bool {
    let mut i = 0;
    while i < items.len() {
        if items.get(i + 1) == Some(&'-') && i + 2 < items.len() {
            if (items[i]..=items[i + 2]).contains(&c) {
                return true;
            }
            i += 3;
        } else {
            if items[i] == c {
                return true;
            }
            i += 1;
        }
    }
    false
}

/// Fisher and Yates, with the randomness of the standard library's hasher.
fn shuffle(items: &mut [String]) {
    use std::hash::{BuildHasher as _, Hasher as _};
    let state = std::collections::hash_map::RandomState::new();
    for i in (1..items.len()).rev() {
        let mut h = state.build_hasher();
        h.write_usize(i);
        items.swap(i, (h.finish() % (i as u64 + 1)) as usize);
    }
}
