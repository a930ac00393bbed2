//! A task's result as text: what is left out, and JSON or YAML.

use crate::options::Options;
use rustle_value::{Dict, JsonStyle, Value, py_str, to_json_string};
use rustle_yaml::{DumpStyle, dump};

const CENSORED: &str = "the output has been hidden due to the fact that 'no_log: true' was specified for this result";

/// Keys that say how to show a result, or that are shown by other means.
const HIDDEN: [&str; 5] = ["failed", "skipped", "exception", "warnings", "deprecations"];

/// Whether `name` is this action, by any of its names.
pub(crate) fn is_action(action: &str, name: &str) -> bool {
    let short = action.strip_prefix("ansible.builtin.").or(action.strip_prefix("ansible.legacy.")).unwrap_or(action);
    short == name
}

/// Whether the result is shown at all at this verbosity.
pub(crate) fn is_verbose(options: &Options, action: &str, result: &Dict) -> bool {
    let flag = |key: &str| result.get(key).is_some_and(Value::truthy);
    let facts = is_action(action, "setup") || is_action(action, "gather_facts");
    (options.verbosity > 0 || flag("_ansible_verbose_always")) && !flag("_ansible_verbose_override") && !facts
}

/// The result without what nobody is to see.
pub(crate) fn clean(options: &Options, action: &str, result: &Dict, no_log: bool) -> Dict {
    if no_log || result.get("_ansible_no_log").is_some_and(Value::truthy) {
        let mut d = Dict::new();
        d.insert("censored", CENSORED);
        for key in ["attempts", "changed", "retries", "unreachable"] {
            if key == "changed" && is_action(action, "debug") {
                continue;
            }
            if let Some(v) = result.get(key) {
                d.insert(key, v.clone());
            }
        }
        return d;
    }
    let debug = is_action(action, "debug");
    // A message stands alone; of a variable's value only what comes with every result is left out.
    let message = debug && result.contains_key("msg");
    let mut d = result.clone();
    d.retain(|k, _| {
        let key = k.as_str().unwrap_or_default();
        if message && key != "msg" {
            return false;
        }
        !(key.starts_with("_ansible_")
            || HIDDEN.contains(&key)
            || (options.verbosity < 3 && matches!(key, "invocation" | "diff"))
            || (debug && matches!(key, "changed" | "invocation" | "skip_reason")))
    });
    d
}

/// What [`Options::apart`] takes out of a result, in the order in which it is shown.
const APART: [&str; 5] = ["stdout", "stderr", "msg", "module_stdout", "module_stderr"];

/// The text after `=> `. YAML starts on a line of its own.
pub(crate) fn render(options: &Options, result: &Dict, always: bool) -> String {
    if options.apart {
        return apart(options, result);
    }
    if options.yaml {
        return yaml(options, result);
    }
    let value = Value::dict(result.clone());
    let mut style = JsonStyle::default();
    if always || options.verbosity > 2 || options.pretty == Some(true) {
        style = JsonStyle::pretty(options.indent);
    }
    style.sort_keys = true;
    style.ensure_ascii = false;
    to_json_string(&value, &style)
}

/// The result without text for a person, and below it that text, each under its name. Nothing is said of empty ones.
fn apart(options: &Options, result: &Dict) -> String {
    let mut rest = result.clone();
    rest.retain(|k, _| {
        let key = k.as_str().unwrap_or_default();
        !APART.contains(&key.strip_suffix("_lines").unwrap_or(key))
    });
    let mut text = render(&Options { apart: false, ..options.clone() }, &rest, true);
    for key in APART {
        if let Some(v) = result.get(key).filter(|v| v.truthy()) {
            text.push_str(&format!("\n\n{}:\n\n{}\n", key.to_uppercase(), py_str(v)));
        }
    }
    text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
}

fn yaml(options: &Options, result: &Dict) -> String {
    let mut result = result.clone();
    for (whole, lines) in [("stdout", "stdout_lines"), ("stderr", "stderr_lines")] {
        if result.contains_key(whole) && result.contains_key(lines) {
            result.insert(lines, "<omitted>");
        }
    }
    let lossy = options.pretty != Some(false);
    let value = if lossy { tidy(&Value::dict(result)) } else { Value::dict(result) };
    let style = DumpStyle { literal_lines: lossy, indent: options.indent as i64, ..DumpStyle::nice() };
    let text = dump(&value, &style);
    let pad = " ".repeat(options.indent);
    let indented: Vec<String> =
        text.trim_end().lines().map(|l| if l.is_empty() { String::new() } else { format!("{pad}{l}") }).collect();
    format!("\n{}", indented.join("\n"))
}

/// Text of several lines without the blanks that would force quotes.
fn tidy(v: &Value) -> Value {
    match v {
        Value::Str(s) if s.contains('\n') => {
            let lines: Vec<String> = s.lines().map(|l| expand_tabs(l).trim_end().to_owned()).collect();
            Value::from(lines.join("\n").trim_end().to_owned())
        }
        Value::List(l) | Value::Tuple(l) => Value::list(l.iter().map(tidy).collect()),
        Value::Dict(d) => Value::dict(d.iter().map(|(k, x)| (k.clone(), tidy(x))).collect()),
        other => other.clone(),
    }
}

/// Tabs as blanks up to the next multiple of eight.
fn expand_tabs(line: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for c in line.chars() {
        let n = if c == '\t' { 8 - column % 8 } else { 1 };
        if c == '\t' { out.extend(std::iter::repeat_n(' ', n)) } else { out.push(c) }
        column += n;
    }
    out
}
