//! What the callbacks that measure time share: how long what has taken, and lines that say so.

use std::time::Duration;

/// Widths of lines that do not care for the terminal.
pub(crate) const COLUMNS: usize = 79;

/// When a callback began, and when it last said how late it is.
pub(crate) struct Pace {
    began: Duration,
    said: Duration,
}

impl Pace {
    pub(crate) fn new(now: Duration) -> Self {
        Pace { began: now, said: now }
    }
    /// `Sunday 29 November 2026  10:06:28 +0000 (0:00:01.065)       0:00:01.137 *******`: when it is, how long after the
    /// last such line, and how long after the beginning.
    pub(crate) fn line(&mut self, now: Duration, format: &str) -> String {
        let date = rustle_jinja::strftime_local(now.as_secs().cast_signed(), i64::from(now.subsec_micros()), format);
        let text = format!("{date} ({})       {}", clock(now.saturating_sub(self.said)), clock(now.saturating_sub(self.began)));
        self.said = now;
        rule(&text, '*')
    }
}

/// What the run spent its time with, in the order in which it began.
pub(crate) struct Spent<K> {
    entries: Vec<(K, String, Duration)>,
    current: Option<(usize, Duration)>,
}

impl<K: PartialEq> Spent<K> {
    pub(crate) fn new() -> Self {
        Spent { entries: Vec::new(), current: None }
    }
    /// `key` begins, and what came before it ends. What was there before goes on.
    pub(crate) fn begin(&mut self, key: K, name: &str, now: Duration) {
        self.end(now);
        let at = self.entries.iter().position(|(k, ..)| *k == key).unwrap_or_else(|| {
            self.entries.push((key, name.to_owned(), Duration::ZERO));
            self.entries.len() - 1
        });
        self.current = Some((at, now));
    }
    pub(crate) fn end(&mut self, now: Duration) {
        if let Some((at, since)) = self.current.take() {
            self.entries[at].2 += now.saturating_sub(since);
        }
    }
    /// Names and times.
    pub(crate) fn list(&self) -> Vec<(&str, Duration)> {
        self.entries.iter().map(|(_, name, spent)| (name.as_str(), *spent)).collect()
    }
}

/// `text` filled up to the line's end; at least three characters.
pub(crate) fn rule(text: &str, fill: char) -> String {
    let text = if text.is_empty() { String::new() } else { format!("{text} ") };
    let n = COLUMNS.saturating_sub(text.chars().count()).max(3);
    format!("{text}{} ", fill.to_string().repeat(n))
}

/// `slow : command ------ 2.01s`, so many columns wide.
pub(crate) fn entry(name: &str, spent: Duration, columns: usize) -> String {
    let width = columns.saturating_sub(9);
    format!("{:-<width$}{:->9}", format!("{name} "), format!(" {:.2}s", spent.as_secs_f64()))
}

/// `0:00:01.065`: no rounding.
fn clock(d: Duration) -> String {
    let s = d.as_secs();
    format!("{}:{:02}:{:02}.{:03}", s / 3600, s / 60 % 60, s % 60, d.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_off_and_sums_rounded() {
        assert_eq!(clock(Duration::from_micros(36_999)), "0:00:00.036");
        assert_eq!(clock(Duration::from_millis(100 * 3_600_000 + 61_001)), "100:01:01.001");
        assert!(entry("two", Duration::from_millis(1065), COLUMNS).ends_with("--- 1.06s"));
        assert_eq!(entry("two", Duration::from_millis(15_920), COLUMNS).len(), COLUMNS);
        assert!(entry(&"x".repeat(80), Duration::from_millis(1740), COLUMNS).ends_with("x --- 1.74s"));
        assert_eq!(rule("", '='), format!("{} ", "=".repeat(79)));
        assert_eq!(rule(&"a".repeat(79), '*'), format!("{} *** ", "a".repeat(79)));
    }
}
