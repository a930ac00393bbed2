//! Changes a settings file: a person's lines, their order and comments stay.

use super::{SettingsError, file, kind, table};
use rustle_value::names::did_you_mean;
use std::fmt::Write;
use std::path::Path;
use toml_edit::{DocumentMut, Item, Table, Value};

/// The file's text with these settings (`build.jobs`, `2`) in it, changed in their places or added to their sections.
///
/// # Errors
/// As for reading: the text is no settings file, a key does not exist, a value is of another kind. `path` is what
/// errors name.
pub fn amend(text: &str, path: &Path, changes: &[(String, String)]) -> Result<String, SettingsError> {
    let wrong = |problem: String| SettingsError::Wrong { place: path.display().to_string(), problem };
    // Its mistakes are told with their places.
    file::read(text, path, None)?;
    let mut document: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| wrong(e.message().to_owned()))?;
    for (key, given) in changes {
        let Some(setting) = table().find(|s| s.key == key) else {
            let near = did_you_mean(key, table().map(|s| s.key)).unwrap_or_else(|| "'--show-config' lists them".into());
            return Err(SettingsError::Wrong { place: key.clone(), problem: format!("there is no setting '{key}'. {near}") });
        };
        kind::plain(given, setting.kind).map_err(|problem| SettingsError::Wrong { place: key.clone(), problem })?;
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        let section = document.entry(section).or_insert(Item::Table(Table::new()));
        let Some(section) = section.as_table_like_mut() else {
            return Err(wrong(format!("'{key}' has no section to be in")));
        };
        let mut value = written(given, setting.kind);
        match section.get_mut(name).and_then(Item::as_value_mut) {
            Some(old) => {
                // Spaces before it, and the comment after it.
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            None => _ = section.insert(name, Item::Value(value)),
        }
    }
    let text = document.to_string();
    file::read(&text, path, None)?;
    Ok(text)
}

/// Numbers and truth values are written as such.
fn written(given: &str, kind: &str) -> Value {
    match (kind, given.parse::<i64>(), given.parse::<bool>()) {
        ("count" | "seconds" | "bytes", Ok(n), _) => n.into(),
        ("bool", _, Ok(b)) => b.into(),
        _ => given.into(),
    }
}

/// The text of a new settings file: every setting, as a comment with its meaning.
pub fn fresh() -> String {
    let mut text = String::from("# rustle's settings. A project's rustle.toml, environment variables and flags count more.\n");
    let mut last = "";
    for s in table() {
        let (section, name) = s.key.split_once('.').unwrap_or(("", s.key));
        if section != last {
            let _ = write!(text, "\n[{section}]\n");
            last = section;
        }
        let shown = match (s.kind, s.default) {
            ("count", "") => "2".to_owned(),
            ("bool" | "count" | "seconds", default) => default.to_owned(),
            (_, default) => format!("\"{default}\""),
        };
        let _ = writeln!(text, "# {}; {}\n#{name} = {shown}", s.meaning, s.variable);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn lines_and_comments_of_the_user_stay() {
        let old = "# mine\n\n[deploy]   # how\nverify = true # always\n\n[build]\n# not too many\njobs   =  3   # of 8\n";
        let new = amend(old, Path::new("c.toml"), &pairs(&[("build.jobs", "2"), ("build.zig", "/z/zig"), ("cache.max_bytes", "1GB"), ("deploy.verify", "false")])).unwrap();
        let want = "# mine\n\n[deploy]   # how\nverify = false # always\n\n[build]\n# not too many\njobs   =  2   # of 8\nzig = \"/z/zig\"\n\n[cache]\nmax_bytes = \"1GB\"\n";
        assert_eq!(new, want);
        assert_eq!(amend(&new, Path::new("c.toml"), &[]).unwrap(), new);
    }

    #[test]
    fn what_is_wrong_is_not_written() {
        let problem = |text: &str, key: &str, value: &str| amend(text, Path::new("c.toml"), &pairs(&[(key, value)])).unwrap_err().to_string();
        assert_eq!(problem("", "build.zigg", "x"), "build.zigg: there is no setting 'build.zigg'. Did you mean 'build.zig'?");
        assert_eq!(problem("", "build.jobs", "many"), "build.jobs: 'many' is not a whole number from 1");
        assert_eq!(problem("[build]\ntimout = 1\n", "build.jobs", "2"), "c.toml:2:1: there is no setting 'timout'. Did you mean 'timeout'?");
        assert!(problem("[build\n", "build.jobs", "2").starts_with("c.toml:1:7: "));
    }

    #[test]
    fn a_new_file_says_everything_and_sets_nothing() {
        let mut names: Vec<&str> = table().flat_map(|s| [s.key, s.variable]).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a key or variable is there twice");
        let text = fresh();
        assert!(table().all(|s| text.contains(s.variable)), "{text}");
        assert!(file::read(&text, Path::new("c.toml"), None).unwrap().is_empty());
        let set = amend(&text, Path::new("c.toml"), &pairs(&[("build.jobs", "2")])).unwrap();
        assert_eq!(file::read(&set, Path::new("c.toml"), None).unwrap().len(), 1);
        // Every line, once it is no comment any more, is right where a default is known.
        for line in text.lines().filter(|l| l.starts_with('#') && l.contains(" = ") && !l.starts_with("# ") && !l.ends_with("\"\"")) {
            let section = text[..text.find(line).unwrap()].lines().rfind(|l| l.starts_with('[')).unwrap();
            assert!(file::read(&format!("{section}\n{}\n", &line[1..]), Path::new("c.toml"), None).is_ok(), "{line}");
        }
    }
}
