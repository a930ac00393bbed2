//! `junit`: an XML file for those who show tests: a case per task and host.
//! <https://docs.ansible.com/ansible/latest/collections/ansible/builtin/junit_callback.html>
//!
//! Limits: an error's text is its message, without a traceback. Of several playbooks one file is written, with the last
//! one's name where that is known.

use super::{Callback, Given, Setting, Watcher};
use crate::options::Options;
use crate::result::{clean, is_action};
use crate::screen::Screen;
use rustle_jinja::relpath;
use rustle_stream::event::{ErrorPart, RunEvent, Status, TaskEvent, TaskHeader};
use rustle_stream::protocol::Position;
use rustle_value::{Dict, JsonStyle, Value, py_str, to_json_string};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const fn setting(key: &'static str, env: &'static str, default: &'static str) -> Setting {
    // Ansible has variables only.
    Setting { key, env, section: "callback_junit", ini: "", default, check: super::any }
}

pub(super) static CALLBACK: Callback = Callback {
    name: "junit",
    collection: "ansible.builtin",
    settings: &[
        setting("output_dir", "JUNIT_OUTPUT_DIR", "~/.ansible.log"),
        setting("task_class", "JUNIT_TASK_CLASS", "false"),
        setting("task_relative_path", "JUNIT_TASK_RELATIVE_PATH", ""),
        setting("replace_out_of_tree_path", "JUNIT_REPLACE_OUT_OF_TREE_PATH", ""),
        setting("fail_on_change", "JUNIT_FAIL_ON_CHANGE", "false"),
        setting("fail_on_ignore", "JUNIT_FAIL_ON_IGNORE", "false"),
        setting("include_setup_tasks_in_report", "JUNIT_INCLUDE_SETUP_TASKS_IN_REPORT", "true"),
        setting("hide_task_arguments", "JUNIT_HIDE_TASK_ARGUMENTS", "false"),
        setting("test_case_prefix", "JUNIT_TEST_CASE_PREFIX", ""),
    ],
    create,
};

fn create(given: &Given, _: Duration) -> Box<dyn Watcher> {
    Box::new(Junit { given: given.clone(), book: "playbook".into(), play: String::new(), tasks: HashMap::new(), cases: Vec::new() })
}

struct Junit {
    given: Given,
    book: String,
    play: String,
    tasks: HashMap<Position, (TaskHeader, Duration)>,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    took: Duration,
    end: End,
}

enum End {
    Passed(String),
    Skipped(String),
    /// Message and text.
    Failed(String, String),
    Error(String, String),
}

impl Junit {
    /// Only the word counts.
    fn flag(&self, key: &str) -> bool {
        self.given.text(key).eq_ignore_ascii_case("true")
    }

    fn class(&self, header: &TaskHeader) -> String {
        let Some(origin) = &header.origin else { return String::new() };
        let mut path = crate::errors::absolute(&origin.file);
        let base = self.given.text("task_relative_path");
        if !base.is_empty() {
            path = relpath(&path, &crate::errors::absolute(base));
            let placeholder = self.given.text("replace_out_of_tree_path");
            if !placeholder.is_empty() && path.starts_with("../") {
                path = format!("{placeholder}{}", path.rsplit('/').next().unwrap_or_default());
            }
        }
        if self.flag("task_class") { path.strip_suffix(".yml").map_or(path.clone(), str::to_owned) } else { format!("{path}:{}", origin.line) }
    }

    fn ended(&mut self, host: &str, position: &Position, ended: &Ended<'_>, now: Duration, options: &Options) {
        let Some((header, began)) = self.tasks.get(position) else { return };
        let setup = is_action(&header.action, "setup") || is_action(&header.action, "gather_facts");
        if is_action(&header.action, "meta") || (setup && !self.flag("include_setup_tasks_in_report")) {
            return;
        }
        let task = if header.name.trim().is_empty() { header.action.trim() } else { header.name.trim() };
        let end = self.judge(header, task, ended, options);
        let prefix = self.given.text("test_case_prefix");
        if !task.starts_with(prefix) && !matches!(end, End::Failed(..) | End::Error(..)) {
            return;
        }
        let args: Vec<String> = header.args.iter().map(|(k, v)| format!("{}={}", py_str(k), py_str(v))).collect();
        let args = if header.no_log || self.flag("hide_task_arguments") || args.is_empty() { String::new() } else { format!(" {}", args.join(", ")) };
        let name = format!("[{host}] {}: {task}{args}", self.play);
        let case = Case { class: self.class(header), name, took: now.saturating_sub(*began), end };
        self.cases.push(case);
    }

    fn judge(&self, header: &TaskHeader, task: &str, ended: &Ended<'_>, options: &Options) -> End {
        let result = clean(options, &header.action, ended.result, header.no_log);
        let indent = if ended.result.get("_ansible_verbose_always").is_some_and(Value::truthy) { 4 } else { 0 };
        let style = JsonStyle { sort_keys: true, ensure_ascii: false, ..JsonStyle::pretty(indent) };
        let text = to_json_string(&Value::dict(result.clone()), &style);
        let message = |result: &Dict| result.get("msg").map_or_else(|| "rc=0".to_owned(), py_str);
        let mut failed = match ended.status {
            Status::Skipped => return End::Skipped(ended.result.get("skip_reason").filter(|_| !header.no_log).map_or_else(|| "skipped".into(), py_str)),
            Status::Failed | Status::Rescued | Status::Unreachable => true,
            Status::Ignored => self.flag("fail_on_ignore"),
            Status::Changed => self.flag("fail_on_change"),
            Status::Ok => false,
        };
        if task.contains("EXPECTED FAILURE") {
            failed = false;
        }
        if task.contains("TOGGLE RESULT") {
            failed = !failed;
        }
        if !failed {
            return End::Passed(text);
        }
        if ended.errors.is_empty() || header.no_log {
            return End::Failed(message(&result), text);
        }
        let parts: Vec<&str> = ended.errors.iter().map(|e| e.message.as_str()).collect();
        End::Error(parts.join(": "), crate::errors::describe(ended.errors))
    }

    fn document(&self) -> String {
        let count = |of: fn(&End) -> bool| self.cases.iter().filter(|c| of(&c.end)).count();
        let (errors, failures) = (count(|e| matches!(e, End::Error(..))), count(|e| matches!(e, End::Failed(..))));
        let skipped = count(|e| matches!(e, End::Skipped(_)));
        let tests = self.cases.len();
        let time = self.cases.iter().map(|c| c.took).sum::<Duration>().as_secs_f64();
        let mut out = String::from("<?xml version=\"1.0\" ?>\n");
        _ = writeln!(out, "<testsuites disabled=\"0\" errors=\"{errors}\" failures=\"{failures}\" tests=\"{tests}\" time=\"{time:.6}\">");
        let name = escaped(&self.book);
        _ = writeln!(
            out,
            "\t<testsuite disabled=\"0\" errors=\"{errors}\" failures=\"{failures}\" name=\"{name}\" skipped=\"{skipped}\" tests=\"{tests}\" time=\"{time:.6}\">"
        );
        for case in &self.cases {
            let (class, name, time) = (escaped(&case.class), escaped(&case.name), case.took.as_secs_f64());
            _ = writeln!(out, "\t\t<testcase classname=\"{class}\" name=\"{name}\" time=\"{time:.6}\">");
            _ = match &case.end {
                End::Passed(text) => writeln!(out, "\t\t\t<system-out>{}</system-out>", escaped(text)),
                End::Skipped(why) => writeln!(out, "\t\t\t<skipped>{}</skipped>", escaped(why)),
                End::Failed(message, text) => {
                    writeln!(out, "\t\t\t<failure message=\"{}\" type=\"failure\">{}</failure>", escaped(message), escaped(text))
                }
                End::Error(message, text) => {
                    writeln!(out, "\t\t\t<error message=\"{}\" type=\"error\">{}</error>", escaped(message), escaped(text))
                }
            };
            out.push_str("\t\t</testcase>\n");
        }
        out.push_str("\t</testsuite>\n</testsuites>\n");
        out
    }

    fn write(&self, now: Duration) -> Result<(), String> {
        let folder = self.given.text("output_dir");
        let folder = match (folder.strip_prefix("~/"), std::env::var("HOME")) {
            (Some(below), Ok(home)) => format!("{home}/{below}"),
            _ => folder.to_owned(),
        };
        let path = Path::new(&folder).join(format!("{}-{:.7}.xml", self.book, now.as_secs_f64()));
        let wrong = |e: std::io::Error| format!("{}: {e}", path.display());
        std::fs::create_dir_all(&folder).map_err(wrong)?;
        std::fs::write(&path, self.document()).map_err(wrong)
    }
}

/// How a task ended on a host.
struct Ended<'e> {
    status: Status,
    result: &'e Dict,
    errors: &'e [ErrorPart],
}

impl Watcher for Junit {
    fn playbook(&mut self, file: &str) {
        self.book = Path::new(file).file_stem().map_or_else(|| file.to_owned(), |f| f.to_string_lossy().into_owned());
    }

    fn event(&mut self, event: &RunEvent, now: Duration, screen: &mut Screen<'_>) {
        match event {
            RunEvent::PlayStart { name, .. } => {
                self.tasks.clear();
                name.trim().clone_into(&mut self.play);
            }
            RunEvent::TaskStart { header, .. } => _ = self.tasks.insert(header.position.clone(), (header.clone(), now)),
            RunEvent::Host { host, event, .. } => {
                if let TaskEvent::Result { position, status, result, errors, .. } = &**event {
                    self.ended(host, position, &Ended { status: *status, result, errors }, now, &screen.options);
                }
            }
            RunEvent::Stats { .. } => {
                if let Err(e) = self.write(now) {
                    screen.line(&format!("[WARNING]: junit: cannot write {e}"));
                }
            }
            _ => {}
        }
    }
}

/// Text for XML; characters that it cannot have are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escaped, relpath};

    #[test]
    fn paths_and_text() {
        assert_eq!(relpath("/a/b/c.yml", "/a"), "b/c.yml");
        assert_eq!(relpath("/a/b/c.yml", "/a/d/e"), "../../b/c.yml");
        assert_eq!(escaped("a<\"&\u{7}\n"), "a&lt;&quot;&amp;\n");
    }
}
