//! Ansible's `oneline` format: one line per host and task.

use super::Format;
use crate::options::Options;
use crate::result::{clean, is_action};
use crate::screen::{Role, Screen};
use crate::{Report, warnings};
use rustle_stream::event::{RunEvent, Status, TaskEvent, TaskHeader};
use rustle_stream::protocol::Position;
use rustle_value::{Dict, JsonStyle, Value, to_json_string};
use std::collections::HashMap;
use std::io::{self, Write};

pub(super) static FORMAT: Format = Format {
    name: "oneline",
    collection: "ansible.builtin",
    about: "One line per host and task",
    for_programs: false,
    create,
};

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    Box::new(Oneline { screen: Screen::new(options, out, err), headers: HashMap::new() })
}

struct Oneline<'w> {
    screen: Screen<'w>,
    headers: HashMap<Position, TaskHeader>,
}

impl Report for Oneline<'_> {
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
                self.screen.colored(&format!("{host} | UNREACHABLE!: {message}"), |p| &p.unreachable);
            }
            RunEvent::Host { host, event, .. } => {
                if let TaskEvent::Result { position, status, result, .. } = &**event {
                    self.end(host, position, *status, result);
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

impl Oneline<'_> {
    fn end(&mut self, host: &str, position: &Position, status: Status, result: &Dict) {
        let header = self.headers.get(position).cloned().unwrap_or_default();
        if is_action(&header.action, "meta") {
            return;
        }
        warnings::of_result(&mut self.screen, result);
        let shown = clean(&self.screen.options, "", result, header.no_log);
        let (word, role): (_, Role) = match status {
            Status::Skipped => return self.screen.colored(&format!("{host} | SKIPPED"), |p| &p.skip),
            Status::Ok => ("SUCCESS", |p| &p.ok),
            Status::Changed => ("CHANGED", |p| &p.changed),
            Status::Failed | Status::Ignored | Status::Rescued => ("FAILED!", |p| &p.error),
            Status::Unreachable => {
                let msg = shown.get("msg").map(Value::to_string).unwrap_or_default();
                return self.screen.colored(&format!("{host} | UNREACHABLE!: {msg}"), |p| &p.unreachable);
            }
        };
        let command = ["command", "shell", "raw", "script"].iter().any(|a| is_action(&header.action, a)) && !shown.contains_key("ansible_job_id");
        let text = if command {
            streams(host, word, &shown)
        } else {
            // Made with line breaks and indents where it asks for attention, which are then taken out.
            let always = result.get("_ansible_verbose_always").is_some_and(Value::truthy);
            let indent = (always || self.screen.verbose(3)).then_some(4);
            let style =
                JsonStyle { indent, sort_keys: true, ensure_ascii: false, item_separator: ",".into(), ..JsonStyle::default() };
            format!("{host} | {word} => {}", to_json_string(&Value::dict(shown), &style).replace('\n', ""))
        };
        self.screen.colored(&text, role);
    }
}

/// `host | CHANGED | rc=0 | (stdout) text (stderr) text`, with line breaks written out.
fn streams(host: &str, word: &str, result: &Dict) -> String {
    let text = |key: &str| result.get(key).map(Value::to_string).unwrap_or_default().replace('\n', "\\n").replace('\r', "\\r");
    let rc = result.get("rc").map_or_else(|| "-1".into(), Value::to_string);
    let word = word.trim_end_matches('!');
    let mut line = format!("{host} | {word} | rc={rc} | (stdout) {}", text("stdout"));
    if !text("stderr").is_empty() {
        line.push_str(&format!(" (stderr) {}", text("stderr")));
    }
    line
}
