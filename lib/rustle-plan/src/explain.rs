//! The plan for a person: every task, who runs it, why, and where hosts wait.

use rustle_playbook::ParsedRun;
use rustle_stream::Record;
use rustle_stream::model::{RoleId, Task, TaskId};
use rustle_stream::record::Place;
use rustle_value::py_str;
use std::collections::HashMap;
use std::fmt::Write;

fn place(p: Place) -> &'static str {
    match p {
        Place::Host => "host",
        Place::Controller => "controller",
        Place::Engine => "engine",
        Place::Bridge => "bridge",
    }
}

fn name(task: &Task) -> String {
    task.name.as_ref().map_or_else(|| task.written.to_string(), py_str)
}

/// One line about a task that needs the controller.
pub(crate) fn complaint(task: &Task, reason: &str) -> String {
    let at = task.origin.as_ref().map_or_else(String::new, |o| format!("{o}: "));
    format!("  {at}{}: {reason}", name(task))
}

/// The plan as text, from the run and its plan's records.
pub fn explain(run: &ParsedRun, plan: &[Record]) -> String {
    let tasks: HashMap<TaskId, &Task> = run.fragment.tasks.iter().map(|t| (t.id, t)).collect();
    let roles: HashMap<RoleId, &str> = run.fragment.roles.iter().map(|r| (r.id, r.name.as_str())).collect();
    let title = |t: &Task| t.role.and_then(|r| roles.get(&r)).map_or_else(|| name(t), |r| format!("{r} : {}", name(t)));
    let mut out = String::new();
    for play in &run.plays {
        _ = writeln!(out, "PLAY {}: {}", play.id.0 + 1, py_str(play.name.as_ref().unwrap_or(&play.hosts)));
        let mut batches = 0;
        for record in plan {
            let Record::Batch(b) = record else { continue };
            if b.play != play.id {
                continue;
            }
            batches += 1;
            if b.index == 0 {
                _ = writeln!(out, "  barriers: {} ({})", b.barriers, b.reason);
            }
            _ = writeln!(out, "  batch {}: {} ({})", b.index + 1, hosts(&b.hosts), b.hosts.len());
        }
        if batches == 0 {
            _ = writeln!(out, "  no hosts match");
        }
        let rows: Vec<[String; 4]> = plan
            .iter()
            .filter_map(|r| if let Record::Decision(d) = r { Some(d) } else { None })
            .filter(|d| d.play == play.id)
            .filter_map(|d| {
                let wait = d.barrier.as_ref().map_or_else(String::new, |b| format!("wait: {b}"));
                Some([title(tasks.get(&d.task)?), place(d.place).to_owned(), d.reason.clone(), wait])
            })
            .collect();
        let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
        let (a, b, c) = (width(0).min(50), width(1), width(2).min(50));
        for [task, place, reason, wait] in &rows {
            let line = format!("    {task:<a$}  {place:<b$}  {reason:<c$}  {wait}");
            _ = writeln!(out, "{}", line.trim_end());
        }
        for record in plan {
            let Record::Requirement(r) = record else { continue };
            if r.play == play.id && !r.python_modules.is_empty() {
                _ = writeln!(out, "  needs Python on the hosts for: {}", r.python_modules.join(", "));
            }
        }
        out.push('\n');
    }
    out
}

fn hosts(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
