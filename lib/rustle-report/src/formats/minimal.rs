//! Ansible's `minimal` format: a line, or the result as JSON, per host and task; no banners, no recap.

use super::Format;
use crate::errors::describe;
use crate::options::Options;
use crate::result::{clean, is_action, render};
use crate::screen::{Role, Screen};
use crate::{Report, diff, warnings};
use rustle_stream::event::{ErrorPart, RunEvent, Status, TaskEvent, TaskHeader};
use rustle_stream::protocol::Position;
use rustle_value::{Dict, Value};
use std::collections::HashMap;
use std::io::{self, Write};

pub(super) static FORMAT: Format = Format {
    name: "minimal",
    collection: "ansible.builtin",
    about: "One result per host, as ad-hoc commands show it",
    for_programs: false,
    create,
};

fn create<'w>(mut options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    options.pretty = options.pretty.or(Some(true));
    Box::new(Minimal { screen: Screen::new(options, out, err), headers: HashMap::new() })
}

/// Actions whose output is text for a person: shown as it is.
const RAW: [&str; 4] = ["command", "shell", "raw", "script"];

struct Minimal<'w> {
    screen: Screen<'w>,
    headers: HashMap<Position, TaskHeader>,
}

impl Report for Minimal<'_> {
    fn settings(&mut self, version: &str, file: Option<&str>) {
        self.screen.settings(version, file);
    }

    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::PlayStart { .. } => self.headers.clear(),
            RunEvent::TaskStart { header, .. } => _ = self.headers.insert(header.position.clone(), header.clone()),
            RunEvent::Warning { text } => warnings::warn(&mut self.screen, text),
            RunEvent::Error { text } => self.screen.colored_err(&format!("[ERROR]: {text}"), |p| &p.error),
            RunEvent::Unreachable { host, message, .. } => {
                let mut d = Dict::new();
                d.insert("changed", false);
                d.insert("msg", message.as_str());
                d.insert("unreachable", true);
                self.end(host, &Vec::new(), Status::Unreachable, &d, &[]);
            }
            RunEvent::Host { host, event, .. } => {
                if let TaskEvent::Result { position, status, result, errors, .. } = &**event {
                    self.end(host, position, *status, result, errors);
                }
            }
            RunEvent::Asked { text, answered: true } => self.screen.banner(text),
            RunEvent::Asked { answered: false, .. } => {}
            RunEvent::NoHosts { .. } | RunEvent::NoMoreHosts | RunEvent::Reached { .. } | RunEvent::Stats { .. } => {}
        }
    }
    fn finish(&mut self) -> io::Result<()> {
        self.screen.finish()
    }
}

impl Minimal<'_> {
    fn end(&mut self, host: &str, position: &Position, status: Status, result: &Dict, errors: &[ErrorPart]) {
        let header = self.headers.get(position).cloned().unwrap_or_default();
        if is_action(&header.action, "meta") {
            return;
        }
        warnings::of_result(&mut self.screen, result);
        if !errors.is_empty() && !header.no_log {
            let text = format!("[ERROR]: {}", describe(errors));
            if self.screen.first_time(&text) {
                self.screen.colored(&text, |p| &p.error);
            }
        }
        if status == Status::Changed && let Some(d) = result.get("diff").filter(|_| !header.no_log) {
            let text = diff::lines(d).concat();
            if !text.is_empty() {
                self.screen.line(text.strip_suffix('\n').unwrap_or(&text));
            }
        }
        let cleaned = if matches!(status, Status::Ok | Status::Changed) { header.action.as_str() } else { "" };
        let shown = clean(&self.screen.options, cleaned, result, header.no_log);
        let (word, role): (_, Role) = match status {
            Status::Skipped => return self.screen.colored(&format!("{host} | SKIPPED"), |p| &p.skip),
            Status::Ok => ("SUCCESS", |p| &p.ok),
            Status::Changed => ("CHANGED", |p| &p.changed),
            Status::Failed | Status::Ignored | Status::Rescued => ("FAILED", |p| &p.error),
            Status::Unreachable => ("UNREACHABLE!", |p| &p.unreachable),
        };
        // Of a job in the background, its id is of interest, too.
        if RAW.iter().any(|a| is_action(&header.action, a)) && status != Status::Unreachable && !shown.contains_key("ansible_job_id") {
            let text = raw(host, word, &shown);
            return self.screen.colored(&text, role);
        }
        let mark = if word == "FAILED" { "FAILED!" } else { word };
        let text = format!("{host} | {mark} => {}", render(&self.screen.options, &shown, true));
        self.screen.colored(&text, role);
    }
}

/// `host | CHANGED | rc=0 >>` and what the command printed.
fn raw(host: &str, word: &str, result: &Dict) -> String {
    let text = |key: &str| result.get(key).map(Value::to_string).unwrap_or_default();
    let rc = result.get("rc").map_or_else(|| "-1".into(), Value::to_string);
    format!("{host} | {word} | rc={rc} >>\n{}{}{}", text("stdout"), text("stderr"), text("msg"))
}
