//! The whole run as one JSON document at its end: `{"plays": [{"play": …, "tasks": [{"task": …, "hosts": {…}}]}],
//! "stats": {…}}`, laid out as the community's `json` callback lays it out.

use super::Format;
use crate::Report;
use crate::options::Options;
use crate::result::clean;
use rustle_stream::event::{RunEvent, Status, TaskEvent, TaskHeader};
use rustle_value::{Dict, JsonStyle, Value, dict, to_json_string};
use std::io::{self, Write};

pub(super) static FORMAT: Format = Format {
    name: "json",
    collection: "ansible.posix",
    about: "The whole run as one JSON document",
    for_programs: true,
    create,
};

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, _: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    // The document has everything that -vvv would show.
    let options = Options { verbosity: options.verbosity.max(3), ..options };
    Box::new(Json { out, options, plays: Vec::new(), stats: Dict::new(), reached: Dict::new() })
}

struct Task {
    header: TaskHeader,
    hosts: Dict,
}

struct Json<'w> {
    out: Box<dyn Write + 'w>,
    options: Options,
    plays: Vec<(String, Vec<Task>)>,
    stats: Dict,
    reached: Dict,
}

impl Report for Json<'_> {
    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::PlayStart { name, .. } => self.plays.push((name.clone(), Vec::new())),
            RunEvent::TaskStart { header, .. } => {
                if let Some((_, tasks)) = self.plays.last_mut() {
                    tasks.push(Task { header: header.clone(), hosts: Dict::new() });
                }
            }
            RunEvent::Host { host, event, .. } => {
                if let TaskEvent::Result { position, status, result, .. } = &**event {
                    self.result(host, position, *status, result);
                }
            }
            RunEvent::Unreachable { host, message, .. } => {
                let d = dict! { "msg" => message.as_str(), "unreachable" => true, "changed" => false };
                if let Some(task) = self.plays.last_mut().and_then(|(_, t)| t.last_mut()) {
                    task.hosts.insert(host.as_str(), d);
                }
            }
            RunEvent::Reached { host, method, reason } => {
                let d = dict! { "method" => method.as_str(), "reason" => reason.clone() };
                self.reached.insert(host.as_str(), d);
            }
            RunEvent::Stats { hosts, .. } => {
                for (host, c) in hosts {
                    let d = dict! {
                        "changed" => c.changed, "failures" => c.failed, "ignored" => c.ignored, "ok" => c.ok,
                        "rescued" => c.rescued, "skipped" => c.skipped, "unreachable" => c.unreachable,
                    };
                    self.stats.insert(host.as_str(), d);
                }
            }
            RunEvent::NoHosts { .. } | RunEvent::NoMoreHosts | RunEvent::Asked { .. } | RunEvent::Warning { .. } | RunEvent::Error { .. } => {}
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let plays: Vec<Value> = self.plays.drain(..).map(|(name, tasks)| play(&name, tasks)).collect();
        let mut whole = dict! { "plays" => plays, "stats" => std::mem::take(&mut self.stats) };
        if self.options.say_methods {
            whole.insert("reached", std::mem::take(&mut self.reached));
        }
        let style = JsonStyle { sort_keys: true, ..JsonStyle::pretty(4) };
        writeln!(self.out, "{}", to_json_string(&whole.into(), &style))?;
        self.out.flush()
    }
}

impl Json<'_> {
    fn result(&mut self, host: &str, position: &[u32], status: Status, result: &Dict) {
        let Some((_, tasks)) = self.plays.last_mut() else { return };
        let Some(task) = tasks.iter_mut().rev().find(|t| t.header.position == position) else { return };
        let mut d = clean(&self.options, &task.header.action, result, task.header.no_log);
        d.insert("action", task.header.action.as_str());
        match status {
            Status::Failed | Status::Rescued | Status::Ignored => _ = d.insert("failed", true),
            Status::Skipped => _ = d.insert("skipped", true),
            Status::Unreachable => _ = d.insert("unreachable", true),
            Status::Ok | Status::Changed => {}
        }
        task.hosts.insert(host, d);
    }
}

fn play(name: &str, tasks: Vec<Task>) -> Value {
    let tasks: Vec<Value> = tasks
        .into_iter()
        .map(|t| {
            let path = t.header.origin.as_ref().map(|o| format!("{}:{}", o.file, o.line));
            let task = dict! { "name" => t.header.name, "id" => t.header.task.0.to_string(), "path" => path };
            Value::from(dict! { "task" => task, "hosts" => t.hosts })
        })
        .collect();
    dict! { "play" => dict! { "name" => name }, "tasks" => tasks }.into()
}
