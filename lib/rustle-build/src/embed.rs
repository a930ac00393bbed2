//! Executables with a plan inside, that need no controller.

use crate::BuildError;
use rustle_stream::Record;
use rustle_stream::payload::{Alone, EmbeddedFile, Manifest, Payload, PayloadError, append};
use rustle_stream::record::Place;
use rustle_value::{Value, py_str};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// The runner with the plan for one host inside. `manifest` says for whom; who made it, when, and what can be counted is
/// filled in. `programs`: [`Alone`] as JSON, or nothing.
///
/// # Errors
/// [`BuildError::Payload`] where the runner can take no plan.
pub fn embed(runner: &[u8], mut manifest: Manifest, plan: &str, programs: &str, files: &BTreeMap<String, EmbeddedFile>) -> Result<Vec<u8>, BuildError> {
    manifest.producer = concat!("rustle-compile ", env!("CARGO_PKG_VERSION")).into();
    manifest.created = now();
    if !programs.is_empty() {
        let alone: Alone = serde_json::from_str(programs).map_err(|e| PayloadError::Damaged(e.to_string()))?;
        manifest.modules = modules(&alone);
    }
    Ok(append(runner, &Payload { manifest, plan: plan.into(), programs: programs.into(), files: files.clone() })?)
}

/// Names of all that the tasks call, sorted.
fn modules(alone: &Alone) -> Vec<String> {
    let fragments = alone.plays.iter().flat_map(|p| std::iter::once(&p.program.fragment).chain(p.program.includes.iter().map(|(_, f, _)| f)));
    let names: BTreeSet<&str> = fragments.flat_map(|f| &f.tasks).map(|t| &*t.action).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// UTC, as RFC 3339 has it.
fn now() -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Howard Hinnant's days to a date of the Gregorian calendar; years begin in March, so that leap days end them.
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}
