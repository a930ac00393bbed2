//! Executables with a plan inside, that need no controller.

use crate::BuildError;
use rustle_stream::Record;
use rustle_stream::payload::{EmbeddedFile, Manifest, Payload, append};
use rustle_stream::record::Place;
use rustle_value::{Value, py_str};
use std::collections::{BTreeMap, HashMap};

/// Why this plan cannot run without its controller: one line per task or value, each once, in the plan's order.
/// Empty where it can. `by_task`: whether the plan's decisions count; else somebody else has looked at the tasks.
pub fn reasons<'a>(records: impl IntoIterator<Item = &'a Record> + Clone, by_task: bool) -> Vec<String> {
    let tasks: HashMap<_, _> =
        records.clone().into_iter().filter_map(|r| if let Record::Task(t) = r { Some((t.id, t)) } else { None }).collect();
    let mut list: Vec<String> = Vec::new();
    let mut add = |line: String| {
        if !list.contains(&line) {
            list.push(line);
        }
    };
    for record in records {
        match record {
            // Programs of modules that are not native go in with the plan.
            Record::Decision(d) if by_task && d.place == Place::Controller => {
                let name = tasks.get(&d.task).map_or_else(
                    || format!("task {}", d.task.0),
                    |t| {
                        let place = t.origin.as_ref().map(|o| format!("{o}: ")).unwrap_or_default();
                        let name = t.name.as_ref().map_or_else(|| t.written.to_string(), text);
                        format!("{place}task '{name}'")
                    },
                );
                add(format!("{name}: {}", d.reason));
            }
            Record::Decision(_) | Record::Stream(_) => {}
            Record::Sealed(s) => s.what.iter().for_each(|w| add(format!("{w}: vaulted, and nobody is there to give the password"))),
            // A vaulted value needs a password that no one is there to give.
            other => {
                if other.to_line().is_ok_and(|l| l.contains("{\"$vault\":")) {
                    add(format!("{}: a vaulted value is inside", describe(other)));
                }
            }
        }
    }
    list
}

fn text(v: &Value) -> String {
    match v {
        Value::Template(t) => t.source.to_string(),
        other => py_str(other),
    }
}

fn describe(record: &Record) -> String {
    match record {
        Record::Task(t) => format!("task '{}'", t.name.as_ref().map_or_else(|| t.written.to_string(), text)),
        Record::Host(h) => format!("host '{}'", h.name),
        Record::Group(g) => format!("group '{}'", g.name),
        Record::Role(r) => format!("role '{}'", r.name),
        Record::Play(p) => format!("play {}", p.id.0),
        Record::ExtraVars(_) => "extra variables".into(),
        other => other.tag().into(),
    }
}

/// The runner with the plan for one host inside.
///
/// # Errors
/// [`BuildError::Payload`] where the runner is no ELF file.
pub fn embed(
    runner: &[u8],
    triple: &str,
    host: &str,
    run: &str,
    plan: &str,
    programs: &str,
    files: &BTreeMap<String, EmbeddedFile>,
) -> Result<Vec<u8>, BuildError> {
    let mut manifest = Manifest::default();
    manifest.producer = concat!("rustle-compile ", env!("CARGO_PKG_VERSION")).into();
    manifest.run = run.into();
    manifest.triple = triple.into();
    manifest.host = host.into();
    Ok(append(runner, &Payload { manifest, plan: plan.into(), programs: programs.into(), files: files.clone() })?)
}
