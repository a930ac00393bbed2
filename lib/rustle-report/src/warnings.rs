//! Warnings and deprecations that a result carries: each text once, on stderr.

use crate::screen::Screen;
use rustle_value::{Dict, Origin, Value};

const DEPRECATED: &str = "[DEPRECATION WARNING]: ";
const HOW_TO_DISABLE: &str =
    "[WARNING]: Deprecation warnings can be disabled by setting `deprecation_warnings=False` in ansible.cfg.";

/// Shows a warning that was not shown before.
pub(crate) fn warn(screen: &mut Screen<'_>, text: &str) {
    if text.starts_with(DEPRECATED) {
        return say_deprecated(screen, text);
    }
    let line = format!("[WARNING]: {text}");
    if screen.first_time(&line) {
        screen.colored_err(&line, |p| &p.warn);
    }
}

/// Shows a result's `warnings` and `deprecations`.
pub(crate) fn of_result(screen: &mut Screen<'_>, result: &Dict) {
    if screen.options.action_warnings {
        for w in result.get("warnings").and_then(Value::as_list).unwrap_or_default() {
            match w.get("msg").or(w.get("message")) {
                Some(m) => warn(screen, &m.to_string()),
                None => warn(screen, &w.to_string()),
            }
        }
    }
    if screen.options.deprecations {
        for d in result.get("deprecations").and_then(Value::as_list).unwrap_or_default() {
            deprecated(screen, d);
        }
    }
}

fn deprecated(screen: &mut Screen<'_>, d: &Value) {
    say_deprecated(screen, &format!("{DEPRECATED}{}{}", sentence(d), place(d)));
}

/// Where that is, with the lines there, and what to do instead.
fn place(d: &Value) -> String {
    let mut text = String::new();
    if let Some(at) = d.get("_origin") {
        let number = |key: &str| at.get(key).and_then(Value::as_i64).and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
        let file = at.get("file").map(ToString::to_string).unwrap_or_default();
        let file = if file.starts_with('<') { file } else { crate::errors::absolute(&file) };
        text = format!("\n{}\n", rustle_yaml::excerpt_from_file(&Origin::new(file, number("line"), number("column"))));
    }
    if let Some(help) = d.get("_help").filter(|h| h.truthy()) {
        text.push_str(&format!("\n{help}\n"));
    }
    text
}

fn say_deprecated(screen: &mut Screen<'_>, line: &str) {
    if !screen.options.deprecations {
        return;
    }
    if screen.first_time(line) {
        if screen.first_time(HOW_TO_DISABLE) {
            screen.colored_err(HOW_TO_DISABLE, |p| &p.warn);
        }
        screen.colored_err(line, |p| &p.deprecate);
    }
}

/// What is deprecated, and when it goes.
fn sentence(d: &Value) -> String {
    let text = |key: &str| d.get(key).filter(|v| !v.is_null()).map(ToString::to_string).filter(|s| !s.is_empty());
    let Some(message) = text("msg") else { return d.to_string() };
    let message = message.trim().trim_end_matches('.').to_owned();
    let from = match text("collection_name").as_deref() {
        Some("ansible.builtin" | "ansible.legacy") => " from ansible-core".to_owned(),
        Some(name) => format!(" from collection '{name}'"),
        None => String::new(),
    };
    let when = match (text("date"), text("version")) {
        (Some(date), _) => format!(" in a release after {date}"),
        (None, Some(version)) => format!(" version {version}"),
        _ => " in a future release".into(),
    };
    format!("{message}. This feature will be removed{from}{when}.")
}
