//! Ansible's `default` format: banners, a line per host, the recap.

use super::Format;
use crate::errors::{absolute, describe};
use crate::options::Options;
use crate::result::{clean, is_action, is_verbose, render};
use crate::screen::{Role, Screen};
use crate::{Report, diff, recap, warnings};
use rustle_stream::event::{ErrorPart, RunEvent, Status, TaskEvent, TaskHeader};
use rustle_stream::protocol::Position;
use rustle_value::{Dict, Value, py_str};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

pub(super) static FORMAT: Format = Format {
    name: "default",
    collection: "ansible.builtin",
    about: "Banners, a line per host, a recap (Ansible's own)",
    for_programs: false,
    create,
};

fn create<'w>(options: Options, out: Box<dyn Write + 'w>, err: Box<dyn Write + 'w>) -> Box<dyn Report + 'w> {
    Box::new(Default {
        screen: Screen::new(options, out, err),
        headers: HashMap::new(),
        banner_due: None,
        included: None,
        reached: BTreeMap::new(),
    })
}

/// Hosts that included the same file, for one line.
struct Included {
    file: String,
    label: Option<Value>,
    hosts: Vec<String>,
}

struct Default<'w> {
    screen: Screen<'w>,
    headers: HashMap<Position, TaskHeader>,
    /// A banner that waits for a line worth printing (`display_skipped_hosts: false`).
    banner_due: Option<TaskHeader>,
    included: Option<Included>,
    reached: BTreeMap<String, (String, Option<String>)>,
}

/// What is common to the ends of a task and of an item.
struct End<'e> {
    status: Status,
    result: &'e Dict,
    errors: &'e [ErrorPart],
    delegated: Option<&'e str>,
    label: Option<&'e Value>,
    looped: bool,
}

impl Report for Default<'_> {
    fn settings(&mut self, version: &str, file: Option<&str>) {
        self.screen.settings(version, file);
    }

    fn playbook(&mut self, file: &str, plays: usize) {
        if self.screen.verbose(2) {
            let name = std::path::Path::new(file).file_name().map_or(file.into(), |f| f.to_string_lossy());
            self.screen.banner(&format!("PLAYBOOK: {name}"));
            self.screen.colored(&format!("{plays} plays in {file}"), |p| &p.verbose);
        }
        self.dry_run();
    }

    fn event(&mut self, event: &RunEvent) {
        if !matches!(event, RunEvent::Host { event, .. } if matches!(**event, TaskEvent::Included { .. })) {
            self.flush_included();
        }
        match event {
            RunEvent::PlayStart { name, .. } => {
                self.headers.clear();
                let name = name.trim();
                let mark = self.mark(self.screen.options.check);
                let title = if name.is_empty() { format!("PLAY{mark}") } else { format!("PLAY [{name}]{mark}") };
                self.screen.banner(&title);
            }
            RunEvent::NoHosts { .. } => self.screen.colored("skipping: no hosts matched", |p| &p.skip),
            RunEvent::TaskStart { header, .. } => self.task_start(header),
            RunEvent::Host { host, event, .. } => self.host(host, event),
            RunEvent::Unreachable { host, message, .. } => {
                let mut d = Dict::new();
                d.insert("changed", false);
                d.insert("msg", message.as_str());
                d.insert("unreachable", true);
                let text = format!("fatal: [{host}]: UNREACHABLE! => {}", render(&self.screen.options, &d, false));
                self.show_banner();
                self.screen.failure(&text, |p| &p.unreachable);
            }
            RunEvent::Warning { text } => warnings::warn(&mut self.screen, text),
            RunEvent::Error { text } => self.screen.colored_err(&format!("[ERROR]: {text}"), |p| &p.error),
            RunEvent::Reached { host, method, reason } => {
                self.reached.insert(host.clone(), (method.clone(), reason.clone()));
            }
            RunEvent::Asked { text, answered: true } => self.screen.banner(text),
            RunEvent::Asked { answered: false, .. } => {}
            RunEvent::NoMoreHosts => self.screen.banner("NO MORE HOSTS LEFT"),
            RunEvent::Stats { hosts, custom, .. } => {
                recap::recap(&mut self.screen, hosts);
                if self.screen.options.custom_stats && !custom.is_empty() {
                    recap::custom(&mut self.screen, custom);
                }
                if self.screen.options.say_methods {
                    recap::methods(&mut self.screen, &self.reached);
                }
                self.dry_run();
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.flush_included();
        self.screen.finish()
    }
}

impl Default<'_> {
    fn dry_run(&mut self) {
        if self.screen.options.check && self.screen.options.check_markers {
            self.screen.banner("DRY RUN");
        }
    }
    fn mark(&self, check: bool) -> &'static str {
        if check && self.screen.options.check_markers { " [CHECK MODE]" } else { "" }
    }

    fn task_start(&mut self, header: &TaskHeader) {
        self.headers.insert(header.position.clone(), header.clone());
        self.banner_due = Some(header.clone());
        if self.screen.options.skipped_hosts && self.screen.options.ok_hosts {
            self.show_banner();
        }
    }
    fn show_banner(&mut self) {
        let Some(h) = self.banner_due.take() else { return };
        let word = if h.handler { "RUNNING HANDLER" } else { "TASK" };
        let mut args = String::new();
        if self.screen.options.args && !h.no_log && !h.args.is_empty() {
            let list: Vec<String> = h.args.iter().map(|(k, v)| format!("{k}={v}")).collect();
            args = format!(" {}", list.join(", "));
        }
        let name = if h.name.trim().is_empty() { h.action.as_str() } else { h.name.trim() };
        let mark = self.mark(h.check);
        self.screen.banner(&format!("{word} [{name}{args}]{mark}"));
        if self.screen.verbose(2) {
            self.task_path(&h, false);
        }
    }
    fn task_path(&mut self, h: &TaskHeader, failed: bool) {
        if let Some(o) = &h.origin {
            let text = format!("task path: {}:{}", absolute(&o.file), o.line);
            if failed { self.screen.failure(&text, |p| &p.debug) } else { self.screen.colored(&text, |p| &p.debug) }
        }
    }

    fn flush_included(&mut self) {
        let Some(i) = self.included.take() else { return };
        let label = i.label.map(|l| format!(" => (item={})", py_str(&l))).unwrap_or_default();
        self.show_banner();
        self.screen.colored(&format!("included: {} for {}{label}", i.file, i.hosts.join(", ")), |p| &p.included);
    }

    fn host(&mut self, host: &str, event: &TaskEvent) {
        match event {
            TaskEvent::Start { header } => {
                if self.screen.options.per_host_start {
                    self.show_banner();
                    let word = if header.handler { "HANDLER" } else { "TASK" };
                    self.screen.colored(&format!(" [started {word}: {} on {host}]", header.name), |p| &p.ok);
                }
            }
            TaskEvent::Item { position, status, result, label, errors, delegated } => {
                let end = End { status: *status, result, errors, delegated: delegated.as_deref(), label: Some(label), looped: false };
                self.end(host, position, &end);
            }
            TaskEvent::Result { position, status, result, looped, errors, delegated, notified, .. } => {
                if self.screen.verbose(2) {
                    for name in notified {
                        self.screen.colored(&format!("Notification for handler {name} has been saved."), |p| &p.verbose);
                    }
                }
                let end = End { status: *status, result, errors, delegated: delegated.as_deref(), label: None, looped: *looped };
                self.end(host, position, &end);
            }
            TaskEvent::Retry { position, left, result, .. } => {
                let name = self.headers.get(position).map_or("", |h| h.name.as_str());
                let mut text = format!("FAILED - RETRYING: [{host}]: {name} ({left} retries left).");
                if self.screen.verbose(3) {
                    let cleaned = self.clean(position, result);
                    text.push_str(&format!("Result was: {}", render(&self.screen.options, &cleaned, false)));
                }
                self.show_banner();
                self.screen.colored(&text, |p| &p.debug);
            }
            TaskEvent::Included { file, label, .. } => {
                match &mut self.included {
                    Some(i) if i.file == *file && i.label == *label && !i.hosts.iter().any(|h| h == host) => i.hosts.push(host.to_owned()),
                    _ => {
                        self.flush_included();
                        self.included =
                            Some(Included { file: file.clone(), label: label.clone(), hosts: vec![host.to_owned()] });
                    }
                }
            }
            TaskEvent::Told { verbosity, text, .. } => {
                if self.screen.verbose(*verbosity) {
                    self.show_banner();
                    let color: fn(&crate::color::Palette) -> &String = if *verbosity == 0 { |p| &p.skip } else { |p| &p.verbose };
                    self.screen.colored(text, color);
                }
            }
            TaskEvent::Rescue { .. } | TaskEvent::Passed { .. } => {}
        }
    }

    fn clean(&self, position: &Position, result: &Dict) -> Dict {
        let header = self.headers.get(position);
        let (action, no_log) = header.map_or(("", false), |h| (h.action.as_str(), h.no_log));
        clean(&self.screen.options, action, result, no_log)
    }

    /// The end of a task or item on a host.
    fn end(&mut self, host: &str, position: &Position, end: &End<'_>) {
        let header = self.headers.get(position).cloned().unwrap_or_default();
        if is_action(&header.action, "meta") && matches!(end.status, Status::Ok | Status::Changed) {
            if let Some(m) = end.result.get("msg").filter(|_| self.screen.verbose(2)) {
                self.screen.colored(&format!("META: {m}"), |p| &p.verbose);
            }
            return;
        }
        warnings::of_result(&mut self.screen, end.result);
        let hidden = header.no_log || end.result.get("_ansible_no_log").is_some_and(Value::truthy);
        let who = end.delegated.filter(|d| *d != host).map_or_else(|| host.to_owned(), |d| format!("{host} -> {d}"));
        let mut result = self.clean(position, end.result);
        let item = end.label.map(|l| if hidden { "(censored due to no_log)".into() } else { py_str(l) });
        let options = self.screen.options.clone();
        let always = end.result.get("_ansible_verbose_always").is_some_and(Value::truthy);
        let shown = is_verbose(&options, &header.action, end.result);
        match end.status {
            Status::Ok | Status::Changed if end.looped => {}
            Status::Ok | Status::Changed => {
                let changed = end.status == Status::Changed;
                self.diff(end.result, changed, hidden);
                if !changed && !options.ok_hosts {
                    return;
                }
                let (word, role): (_, Role) = if changed { ("changed", |p| &p.changed) } else { ("ok", |p| &p.ok) };
                let mut text = format!("{word}: [{who}]");
                if let Some(i) = item {
                    text.push_str(&format!(" => (item={i})"));
                }
                if shown {
                    text.push_str(&format!(" => {}", self.dump(&mut result, always)));
                }
                self.show_banner();
                self.screen.colored(&text, role);
            }
            Status::Skipped => {
                if !options.skipped_hosts {
                    return;
                }
                let mut text = format!("skipping: [{host}]");
                if let Some(i) = item {
                    text.push_str(&format!(" => (item={i}) "));
                }
                if end.looped {
                    result.remove("results");
                }
                if shown {
                    text.push_str(&format!(" => {}", self.dump(&mut result, always)));
                }
                self.show_banner();
                self.screen.colored(&text, |p| &p.skip);
            }
            Status::Failed | Status::Rescued | Status::Ignored | Status::Unreachable => {
                // An unreachable host may be ignored, too.
                let unreachable = end.status == Status::Unreachable || end.result.get("unreachable").is_some_and(Value::truthy);
                self.show_banner();
                // `debug` shows its message alone, so that the summary has no list of items left.
                let whole = is_action(&header.action, "debug") && end.result.contains_key("msg");
                if !end.looped || unreachable || whole {
                    self.error(end.errors);
                    if options.path_on_failure && options.verbosity < 2 {
                        self.task_path(&header, true);
                    }
                    if !unreachable {
                        self.diff(end.result, false, hidden);
                    }
                    let dump = self.dump(&mut result, always);
                    let (text, role): (_, Role) = match (&item, unreachable) {
                        (None, true) => (format!("fatal: [{who}]: UNREACHABLE! => {dump}"), |p| &p.unreachable),
                        (None, false) => (format!("fatal: [{who}]: FAILED! => {dump}"), |p| &p.error),
                        (Some(i), _) => (format!("failed: [{who}] (item={i}) => {dump}"), |p| &p.error),
                    };
                    self.screen.failure(&text, role);
                }
                if end.status == Status::Ignored && item.is_none() {
                    self.screen.colored("...ignoring", |p| &p.skip);
                }
            }
        }
    }

    fn dump(&self, result: &mut Dict, always: bool) -> String {
        render(&self.screen.options, result, always)
    }

    fn error(&mut self, errors: &[ErrorPart]) {
        if errors.is_empty() {
            return;
        }
        let text = format!("[ERROR]: {}", describe(errors));
        if self.screen.first_time(&text) {
            self.screen.failure(&text, |p| &p.error);
        }
    }

    /// What `--diff` shows of a change.
    fn diff(&mut self, result: &Dict, changed: bool, hidden: bool) {
        let Some(d) = result.get("diff").filter(|d| self.screen.options.diffs && changed && !hidden && d.truthy()) else { return };
        let lines = diff::lines(d);
        if lines.is_empty() {
            return;
        }
        self.show_banner();
        let painted: String = lines
            .iter()
            .map(|line| match line.as_bytes() {
                [b'+', ..] => self.screen.paint(line, |p| &p.diff_add),
                [b'-', ..] => self.screen.paint(line, |p| &p.diff_remove),
                [b'@', b'@', ..] => self.screen.paint(line, |p| &p.diff_lines),
                _ => line.clone(),
            })
            .collect();
        self.screen.line(painted.strip_suffix('\n').unwrap_or(&painted));
    }
}
