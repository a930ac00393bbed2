//! One settings file: sections with keys, each with its place.

use super::{Setting, SettingsError, kind, table};
use rustle_value::names::did_you_mean;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The settings of a file's text: each with its plain value and its place (`FILE:LINE`).
///
/// # Errors
/// The first mistake, with its place.
pub(super) fn read(text: &str, path: &Path, home: Option<&Path>) -> Result<Vec<(Setting, String, String)>, SettingsError> {
    let file = File { text, path, home };
    let document = DeTable::parse(text).map_err(|e| file.wrong(e.span().unwrap_or_default(), e.message().to_owned()))?;
    let mut found = Vec::new();
    for (section, content) in document.get_ref() {
        let name = section.get_ref();
        let sections = || table().filter_map(|s| s.key.split_once('.').map(|(section, _)| section));
        if !sections().any(|s| s == &**name) {
            return Err(file.wrong(section.span(), unknown("section", name, sections())));
        }
        let DeValue::Table(content) = content.get_ref() else {
            return Err(file.wrong(content.span(), format!("'{name}' is a section: write [{name}]")));
        };
        for (key, value) in content {
            found.push(file.setting(name, key, value)?);
        }
    }
    Ok(found)
}

struct File<'a> {
    text: &'a str,
    path: &'a Path,
    home: Option<&'a Path>,
}

impl File<'_> {
    fn setting(&self, section: &str, key: &Spanned<impl AsRef<str>>, value: &Spanned<DeValue>) -> Result<(Setting, String, String), SettingsError> {
        let name = key.get_ref().as_ref();
        let full = format!("{section}.{name}");
        let Some(setting) = table().find(|s| s.key == full) else {
            let keys = table().filter_map(|s| s.key.split_once('.')).filter(|(s, _)| *s == section).map(|(_, k)| k);
            return Err(self.wrong(key.span(), unknown("setting", name, keys)));
        };
        let given = match value.get_ref() {
            DeValue::String(s) => s.to_string(),
            DeValue::Integer(i) => i.to_string(),
            DeValue::Boolean(b) => b.to_string(),
            other => return Err(self.wrong(value.span(), format!("{full} is one value, not {} {}", article(other), other.type_str()))),
        };
        let mut plain = kind::plain(&given, setting.kind).map_err(|e| self.wrong(value.span(), format!("{full}: {e}")))?;
        if setting.kind == "path" {
            plain = self.absolute(&plain);
        }
        Ok((setting, plain, format!("{}:{}", self.path.display(), self.place(value.span()).0)))
    }

    /// `~` is the home; what is relative is so to the file. A name without a slash is looked for on PATH.
    fn absolute(&self, path: &str) -> String {
        if let (Some(home), Some(rest)) = (self.home, path.strip_prefix("~/")) {
            return home.join(rest).display().to_string();
        }
        if path.contains('/') && let Some(folder) = self.path.parent() {
            return folder.join(path).display().to_string();
        }
        path.to_owned()
    }

    /// Line and column, from 1.
    fn place(&self, span: Range<usize>) -> (usize, usize) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1)
    }

    fn wrong(&self, span: Range<usize>, problem: String) -> SettingsError {
        let (line, column) = self.place(span);
        SettingsError::Wrong { place: format!("{}:{line}:{column}", self.path.display()), problem }
    }
}

fn article(value: &DeValue) -> &'static str {
    if matches!(value, DeValue::Array(_)) { "an" } else { "a" }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    let near = did_you_mean(name, known.iter().copied()).unwrap_or_else(|| format!("There are: {}", known.join(", ")));
    format!("there is no {what} '{name}'. {near}")
}
