//! Says what is there and what would be done, asks, and does it.

use crate::SetupError;
use crate::component::{COMPONENTS, Component, Plan, Site, Step};
use rustle_cli::settings::{amend, fresh};
use rustle_cli::stage::{StageError, StageIo};
use rustle_stream::exit;
use rustle_toolchain::{cached, process};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// `--install`: these components, or those that are usual where none is named. `yes`: without asking.
///
/// # Errors
/// Of the first component that failed; the others are installed all the same. 64 where nobody can be asked.
pub fn assist(mut site: Site, names: &[String], yes: bool, io: &mut StageIo) -> Result<u8, StageError> {
    if !site.options.set.is_empty() {
        let path = config_path(&site).map_err(told)?;
        amended(&path, &site.options.set).map_err(told)?;
    }
    let before = site.caps.level.clone();
    let mut list: Vec<&Component> = COMPONENTS.iter().copied().filter(|c| if names.is_empty() { (c.usual)(&site) } else { wanted(c, names, &site) }).collect();
    list.sort_by_key(|c| c.rank);
    let (mut found, mut todo, mut cannot) = (String::new(), String::new(), String::new());
    let mut work: Vec<(&Component, Vec<Step>)> = Vec::new();
    for c in list {
        match (c.plan)(&site) {
            Plan::There(what) => _ = writeln!(found, "  {:15} {what}", c.name),
            Plan::Cannot { why, way } => {
                _ = writeln!(cannot, "  {:15} {why}", c.name);
                if let Some(way) = way {
                    _ = writeln!(cannot, "  {:15} $ {way}", "");
                }
            }
            Plan::Steps(steps) => {
                let state = site.found(c.name).map(|t| {
                    let version = t.version.as_deref().unwrap_or("it works");
                    format!("{}: {}", t.command.join(" "), t.problem.as_deref().unwrap_or(version))
                });
                _ = writeln!(found, "  {:15} {}", c.name, state.unwrap_or_else(|| format!("not there ({})", c.about)));
                for s in &steps {
                    _ = writeln!(todo, "  {:15} {}", c.name, s.says);
                }
                site.coming.insert(c.name);
                work.push((c, steps));
            }
        }
    }
    let mut text = String::new();
    for (title, part) in [("Found", &found), ("To do", &todo), ("Not possible here", &cannot)] {
        if !part.is_empty() {
            _ = write!(text, "{title}:\n{part}");
        }
    }
    io.live()?;
    io.text(&text)?;
    let lost = if cannot.is_empty() { exit::OK } else { exit::UNAVAILABLE };
    if work.is_empty() {
        io.text("Nothing is to be done.\n")?;
        return Ok(lost);
    }
    if !yes {
        match io.ask("Do it? [y/N] ")? {
            None => return Err(StageError::usage("nothing is done: there is no terminal to ask on").hint("say --yes to do it")),
            Some(answer) if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") => {
                io.text("Nothing is done.\n")?;
                return Ok(exit::UNAVAILABLE);
            }
            Some(_) => {}
        }
    }
    process::die_with_children();
    let mut failure: Option<StageError> = None;
    for (component, steps) in work {
        for step in steps {
            io.progress(format!("{}: {}", component.name, step.says));
            if let Err(e) = (step.act)(&mut site) {
                let e = StageError::new(e.code(), format!("{}: {e}", component.name));
                match failure {
                    None => failure = Some(e),
                    // The first one is told at the end.
                    Some(_) => io.warn(e.message),
                }
                break;
            }
        }
        site.refresh().map_err(told)?;
    }
    // What others remember of this machine is old now.
    let caps = cached(&site.env, true);
    if failure.is_none() {
        io.text(&if before == caps.level { "Done.\n".to_owned() } else { format!("Level: {before}, now {}\n", caps.level) })?;
    }
    match failure {
        Some(e) => Err(e),
        None => Ok(lost),
    }
}

fn wanted(c: &Component, names: &[String], site: &Site) -> bool {
    // `--set` is of no use without the file.
    names.iter().any(|n| n == c.name) || (c.name == "config" && !site.options.set.is_empty())
}

fn told(e: SetupError) -> StageError {
    StageError::new(e.code(), e)
}

/// The folder of tools, for a person.
pub(crate) fn shown(site: &Site) -> String {
    site.tools_dir().map_or_else(|e| e.to_string(), |d| d.display().to_string())
}

/// A setting that names another tool counts more than the one that is installed: it is changed where it stands in
/// rustle's own file. `settings` are variables, with the settings' keys.
///
/// # Errors
/// A plan that says why that is not for rustle to change.
pub(crate) fn settle(site: &Site, name: &'static str, settings: &[(&'static str, &'static str)]) -> Result<Vec<Step>, Plan> {
    let mut steps = Vec::new();
    let own = config_path(site).map(|p| p.display().to_string()).unwrap_or_default();
    for (variable, key) in settings {
        let Some(value) = site.env.var(variable) else { continue };
        match site.env.settings().place(variable) {
            Some(place) if place.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with(':')) => {
                let Some(path) = site.tools_dir().ok().map(|d| d.join("bin").join(name).display().to_string()) else { continue };
                let set = vec![((*key).to_owned(), path.clone())];
                steps.push(Step::new(format!("amend {own}: {key} = {path}, which is {value}"), move |site| write_config(site, &set)));
            }
            Some(place) if !place.starts_with("environment") => {
                let why = format!("{key} in {place} is {value} and counts more than what would be installed: remove that line");
                return Err(Plan::Cannot { why, way: None });
            }
            _ => {
                let why = format!("{variable} is {value} and counts more than what would be installed");
                return Err(Plan::Cannot { why, way: Some(format!("unset {variable}")) });
            }
        }
    }
    Ok(steps)
}

/// `~/.rustle/config.toml`.
pub(crate) fn config_path(site: &Site) -> Result<PathBuf, SetupError> {
    let home = site.env.var("HOME").ok_or_else(|| SetupError::Missing("there is no home folder for settings: set HOME".into()))?;
    Ok(Path::new(home).join(".rustle/config.toml"))
}

/// The file's text with these settings.
pub(crate) fn amended(path: &Path, set: &[(String, String)]) -> Result<String, SetupError> {
    let old = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => fresh(),
        Err(e) => return Err(SetupError::io(path)(e)),
    };
    Ok(amend(&old, path, set)?)
}

/// Writes the file as a whole or not at all; a link stays one, and its mode is kept.
pub(crate) fn write_config(site: &Site, set: &[(String, String)]) -> Result<(), SetupError> {
    let path = config_path(site)?;
    let text = amended(&path, set)?;
    let path = path.canonicalize().unwrap_or(path);
    let dir = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(dir).map_err(SetupError::io(dir))?;
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(SetupError::io(dir))?;
    file.write_all(text.as_bytes()).map_err(SetupError::io(&path))?;
    if let Ok(old) = path.metadata() {
        file.as_file().set_permissions(old.permissions()).map_err(SetupError::io(&path))?;
    }
    file.persist(&path).map_err(|e| SetupError::io(&path)(e.error))?;
    Ok(())
}
