//! `vars_files`: variables from files whose names may depend on facts, so that they are looked for again when the facts
//! are others.

use crate::session::lock;
use crate::shared::{Note, PlayState, Shared};
use crate::world::ControllerWorld;
use rustle_playbook::Finder;
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

/// Reads the files of a host as its facts are now, keeps what they say, and returns it: what a person was asked, then the
/// first file of each entry that is there. A file that is not there is nobody's mistake: its name may depend on facts.
pub(crate) fn load(shared: &Arc<Shared>, play: &Arc<PlayState>, host: &str) -> Dict {
    let vars = read(shared, play, host);
    lock(&shared.vars).entry(host.to_owned()).or_default().vars_files = vars.clone();
    vars
}

fn read(shared: &Arc<Shared>, play: &Arc<PlayState>, host: &str) -> Dict {
    let mut vars = play.prompted.clone();
    let Some(entries) = play.play.other.get("vars_files").filter(|v| !v.is_null()) else { return vars };
    let entries = entries.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![entries.clone()]);
    let merge = shared.merges_dicts();
    let finder = Finder::new(&[], &shared.playbook_dir(&play.play));
    let world = ControllerWorld::new(shared.clone(), host, play.clone());
    for entry in &entries {
        let choices = entry.as_list().map(<[Value]>::to_vec).unwrap_or_else(|| vec![entry.clone()]);
        for choice in &choices {
            let Ok(mut engine) = shared.engine(&world, host, play, &[]) else { continue };
            // Names may depend on facts and on what stands in files, not on what tasks registered.
            engine.vars.set = Dict::new();
            engine.vars.included = Dict::new();
            engine.vars.vars_files = vars.clone();
            let name = match engine.render_plain(choice) {
                Ok(name) => py_str(&name),
                Err(e) if matches!(e, rustle_jinja::Error::Undefined(_)) => {
                    let place = rustle_engine::origin_of(choice).map_or_else(String::new, |o| format!("\nOrigin: {}:{}:{}\n", o.file, o.line, o.column));
                    shared.note(Note::Warning(format!("skipping vars_files item due to an undefined variable{place}")));
                    break;
                }
                Err(e) => {
                    shared.note(Note::Warning(e.to_string()));
                    continue;
                }
            };
            let Ok(path) = finder.find_needle("vars", &name) else { continue };
            match lock(&shared.loader).load_vars_file(&path) {
                Ok(Some(d)) => if merge { vars.merge(&d) } else { vars.update(&d) },
                Ok(None) => {}
                Err(e) => shared.note(Note::Abort { message: e.report() }),
            }
            break;
        }
    }
    vars
}
