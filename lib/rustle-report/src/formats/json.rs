//! The whole run as one JSON document at its end: `{"plays": [{"play": …, "tasks": [{"task": …, "hosts": {…}}]}],
//! "custom_stats": {…}, "global_custom_stats": {…}, "stats": {…}}`, laid out as Ansible's `json` callback lays it out.
//!
//! Limits: ids are the plan's numbers; plays have no `path`, results no `_ansible_…` and no `exception`.

use super::Format;
use crate::Report;
use crate::callbacks::{Clock, clock};
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
    Box::new(Json {
        out,
        options,
        plays: Vec::new(),
        stats: Dict::new(),
        custom: Dict::new(),
        global: Dict::new(),
        reached: Dict::new(),
        clock: clock(),
    })
}

struct Play {
    name: String,
    id: u32,
    duration: Dict,
    tasks: Vec<Task>,
}

struct Task {
    header: TaskHeader,
    duration: Dict,
    hosts: Dict,
}

struct Json<'w> {
    out: Box<dyn Write + 'w>,
    options: Options,
    plays: Vec<Play>,
    stats: Dict,
    custom: Dict,
    global: Dict,
    reached: Dict,
    clock: Clock,
}

impl Report for Json<'_> {
    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::PlayStart { name, play, .. } => {
                let duration = dict! { "start" => self.now() };
                self.plays.push(Play { name: name.clone(), id: play.0, duration, tasks: Vec::new() });
            }
            RunEvent::TaskStart { header, .. } => {
                let duration = dict! { "start" => self.now() };
                if let Some(play) = self.plays.last_mut() {
                    play.tasks.push(Task { header: header.clone(), duration, hosts: Dict::new() });
                }
            }
            RunEvent::Host { host, event, .. } => match &**event {
                TaskEvent::Result { position, status, result, .. } => self.result(host, position, *status, result),
                TaskEvent::Included { position, .. } => self.result(host, position, Status::Ok, &dict! { "changed" => false }),
                _ => {}
            },
            RunEvent::Unreachable { host, message, .. } => {
                let d = dict! { "msg" => message.as_str(), "unreachable" => true, "changed" => false };
                if let Some(task) = self.plays.last_mut().and_then(|p| p.tasks.last_mut()) {
                    task.hosts.insert(host.as_str(), d);
                }
            }
            RunEvent::Reached { host, method, reason } => {
                let d = dict! { "method" => method.as_str(), "reason" => reason.clone() };
                self.reached.insert(host.as_str(), d);
            }
            RunEvent::Stats { hosts, custom, .. } => {
                for (host, own) in custom.str_iter().filter(|_| self.options.custom_stats) {
                    match own.as_dict() {
                        Some(run) if host == "_run" => self.global = run.clone(),
                        _ => _ = self.custom.insert(host, own.clone()),
                    }
                }
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
        let plays: Vec<Value> = self.plays.drain(..).map(play).collect();
        let mut whole = dict! {
            "custom_stats" => std::mem::take(&mut self.custom),
            "global_custom_stats" => std::mem::take(&mut self.global),
            "plays" => plays,
            "stats" => std::mem::take(&mut self.stats),
        };
        if self.options.say_methods {
            whole.insert("reached", std::mem::take(&mut self.reached));
        }
        let style = JsonStyle { sort_keys: true, ..JsonStyle::pretty(4) };
        writeln!(self.out, "{}", to_json_string(&whole.into(), &style))?;
        self.out.flush()
    }
}

impl Json<'_> {
    fn now(&mut self) -> String {
        let t = (self.clock)();
        rustle_jinja::strftime_utc(t.as_secs().cast_signed(), i64::from(t.subsec_micros()), "%Y-%m-%dT%H:%M:%S.%fZ")
    }

    fn result(&mut self, host: &str, position: &[u32], status: Status, result: &Dict) {
        let now = self.now();
        let Some(play) = self.plays.last_mut() else { return };
        let Some(task) = play.tasks.iter_mut().rev().find(|t| t.header.position == position) else { return };
        play.duration.insert("end", now.as_str());
        task.duration.insert("end", now);
        let action = if task.header.written.is_empty() { &task.header.action } else { &task.header.written };
        // Nothing is left out as people would have it left out of a `debug`.
        let mut d = clean(&self.options, "", result, task.header.no_log);
        if let Some(items) = result.get("results").and_then(Value::as_list) {
            let hidden = d.contains_key("censored");
            d.insert("results", Value::list(items.iter().map(|v| item(&self.options, v, hidden)).collect()));
        }
        d.insert("action", action.as_str());
        match status {
            Status::Failed | Status::Rescued | Status::Ignored => _ = d.insert("failed", true),
            Status::Skipped => _ = d.insert("skipped", true),
            Status::Unreachable => _ = d.insert("unreachable", true),
            Status::Ok | Status::Changed => {}
        }
        task.hosts.insert(host, d);
    }
}

/// An item's result: that it did not fail is not said.
fn item(options: &Options, v: &Value, hidden: bool) -> Value {
    let Some(result) = v.as_dict() else { return v.clone() };
    if hidden {
        return Value::dict(clean(options, "", result, true));
    }
    let mut d = result.clone();
    d.retain(|k, v| {
        let key = k.as_str().unwrap_or_default();
        !(key == "exception" || key.starts_with("_ansible_") || (key == "failed" && !v.truthy()) || (key == "invocation" && options.verbosity < 3))
    });
    Value::dict(d)
}

fn play(p: Play) -> Value {
    let tasks: Vec<Value> = p
        .tasks
        .into_iter()
        .map(|t| {
            let path = t.header.origin.as_ref().map(|o| format!("{}:{}", o.file, o.line));
            let task = dict! { "duration" => t.duration, "name" => t.header.name, "id" => t.header.task.0.to_string(), "path" => path };
            Value::from(dict! { "task" => task, "hosts" => t.hosts })
        })
        .collect();
    dict! { "play" => dict! { "duration" => p.duration, "id" => p.id.to_string(), "name" => p.name }, "tasks" => tasks }.into()
}
