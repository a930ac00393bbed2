//! Before a play: `vars_prompt`, what a person is asked; keywords that say how the play is run.

use crate::shared::{PlayState, Shared};
use crate::world::ControllerWorld;
use rustle_stream::event::RunEvent;
use rustle_stream::model::Play;
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

/// `vars_prompt`: asked once per play, unless `-e` gives the value.
pub(crate) fn ask(shared: &Shared, play: &Play, emit: &mut dyn FnMut(RunEvent)) -> Dict {
    let mut out = Dict::new();
    let Some(list) = play.other.get("vars_prompt").and_then(|v| v.as_list().map(<[Value]>::to_vec)) else { return out };
    let mut vars = play.keywords.vars.clone();
    vars.update(&shared.extra_vars);
    let jinja = rustle_jinja::Environment::new();
    for entry in list {
        let entry = jinja.render_value(&entry, &vars).unwrap_or(entry);
        let text = |key: &str| entry.get(key).filter(|v| !v.is_null()).map(py_str);
        let Some(name) = text("name") else { continue };
        if shared.extra_vars.contains_key(&name) {
            continue;
        }
        let default = text("default");
        let mut question = text("prompt").unwrap_or_else(|| name.clone());
        if question.is_empty() {
            question = format!("input for {name}");
        }
        if let Some(d) = &default {
            question.push_str(&format!(" [{d}]"));
        }
        let hidden = entry.get("private").is_none_or(|v| rustle_engine::to_bool(v).unwrap_or(true));
        let confirm = entry.get("confirm").is_some_and(|v| rustle_engine::to_bool(v).unwrap_or(false));
        let answer = loop {
            let Some(first) = (shared.ask)(&format!("{question}: "), hidden) else {
                emit(RunEvent::Warning { text: "Not prompting as we are not in interactive mode".into() });
                break None;
            };
            if !confirm || (shared.ask)(&format!("confirm {question}: "), hidden).as_ref() == Some(&first) {
                break Some(first);
            }
            emit(RunEvent::Warning { text: "***** VALUES ENTERED DO NOT MATCH ****".into() });
        };
        let answer = match (answer, default) {
            (Some(a), None) => a,
            (Some(a), Some(d)) => if a.is_empty() { d } else { a },
            (None, Some(d)) => d,
            // Nobody was asked.
            (None, None) => {
                out.insert(name, "None");
                continue;
            }
        };
        let value = match text("encrypt") {
            None if entry.get("unsafe").is_some_and(|v| rustle_engine::to_bool(v).unwrap_or(false)) => Value::from(answer),
            None => Value::trusted(answer, None),
            Some(kind) => {
                let salt = text("salt").map(|s| format!(", {}", rustle_value::str_repr(&s))).unwrap_or_default();
                let source = format!("{} | password_hash({}{salt})", rustle_value::str_repr(&answer), rustle_value::str_repr(&kind));
                match rustle_jinja::Environment::new().eval_local(&source.into(), None, &Dict::new()) {
                    Ok(v) => v,
                    Err(e) => {
                        emit(RunEvent::Warning { text: e.to_string() });
                        Value::from("")
                    }
                }
            }
        };
        out.insert(name, value);
    }
    out
}

/// Renders the keywords that decide how a play is run, with lookups, but without any host's variables. What cannot be
/// rendered stays, for the planner to complain of.
pub(crate) fn render_keywords(shared: &Arc<Shared>, play: &mut Play) {
    let due: Vec<&str> = ["strategy", "serial", "order", "max_fail_percentage"].into_iter().filter(|k| matches!(play.other.get(k), Some(Value::Template(_)))).collect();
    if due.is_empty() && !matches!(play.hosts, Value::Template(_)) {
        return;
    }
    let state = Arc::new(PlayState::new(play, Default::default(), &[]));
    let world = ControllerWorld::new(shared.clone(), "localhost", state.clone());
    let Ok(mut engine) = shared.engine(&world, "localhost", &state, &[]) else { return };
    engine.vars.inventory = Dict::new();
    for keyword in due {
        if let Some(Ok(v)) = play.other.get(keyword).map(|v| engine.render_plain(v)) {
            play.other.insert(keyword, v);
        }
    }
    if let (Value::Template(_), Ok(v)) = (&play.hosts, engine.render_plain(&play.hosts)) {
        play.hosts = v;
    }
}
