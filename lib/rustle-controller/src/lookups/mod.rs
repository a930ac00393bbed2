//! Lookups that look at the controller: its files, environment, commands. One file each.

use crate::world::ControllerWorld;
use rustle_jinja::{Args, Error, Interp};
use rustle_playbook::Finder;
use rustle_value::{Value, py_str};
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/lookups.rs"));

/// A lookup: terms and options in, the list of answers out.
pub(crate) struct Lookup {
    pub name: &'static str,
    pub run: fn(&ControllerWorld, Args, &mut Interp<'_>) -> Result<Vec<Value>, Error>,
}

/// Runs a lookup by its short or full name; `None` where there is none of that name.
pub(crate) fn run(world: &ControllerWorld, name: &str, args: &Args, cx: &mut Interp<'_>) -> Option<Result<Value, Error>> {
    let short = name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name);
    let lookup = ALL.iter().find(|l| l.name == short)?;
    Some((lookup.run)(world, args.clone(), cx).map(Value::list))
}

pub(crate) use fileglob::files_like;

/// Terms as text.
pub(crate) fn terms(args: &Args) -> Vec<String> {
    args.pos.iter().map(py_str).collect()
}

/// An option as a boolean.
pub(crate) fn flag(args: &mut Args, name: &str, default: bool) -> bool {
    args.take(name).map_or(default, |v| rustle_engine::to_bool(&v).unwrap_or(default))
}

/// An option as text.
pub(crate) fn text(args: &mut Args, name: &str) -> Option<String> {
    args.take(name).filter(|v| !v.is_null()).map(|v| py_str(&v))
}

/// Looks for files as `ansible_search_path` of the evaluation says.
pub(crate) fn finder(world: &ControllerWorld, cx: &mut Interp<'_>) -> Finder {
    let search: Vec<String> = match cx.host_variable(&Arc::from("ansible_search_path")) {
        Ok(Some(v)) => v.as_list().unwrap_or_default().iter().map(py_str).collect(),
        _ => Vec::new(),
    };
    Finder::new(&search, &world.shared.playbook_dir(&world.play.play))
}

/// A file's bytes, decrypted where it is vaulted.
pub(crate) fn read(world: &ControllerWorld, path: &str) -> Result<Vec<u8>, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::runtime(format!("Unable to read '{path}': {e}")))?;
    if bytes.starts_with(b"$ANSIBLE_VAULT;") {
        return world.shared.decrypt(&String::from_utf8_lossy(&bytes), path).map(String::into_bytes).map_err(Error::runtime);
    }
    Ok(bytes)
}

/// A template for `{% include %}` and the like, below the first of the folders that has it.
pub(crate) fn find_template(world: &ControllerWorld, name: &str, folders: &[String]) -> Result<Option<Arc<str>>, Error> {
    let Some(path) = folders.iter().map(|f| format!("{f}/{name}")).find(|p| std::path::Path::new(p).is_file()) else { return Ok(None) };
    Ok(Some(String::from_utf8_lossy(&read(world, &path)?).into_owned().into()))
}
