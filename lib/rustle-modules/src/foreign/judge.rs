//! From what a module printed to its result: JSON among other lines, the marked objects of newer ansible-cores, and what is
//! said where there is no result.

use super::arguments::first_word;
use rustle_value::{Dict, Value, dict, from_json, py_str};

/// What a module's program did.
#[derive(Clone, Copy, Debug)]
pub struct Ran<'a> {
    pub rc: i32,
    pub stdout: &'a str,
    pub stderr: &'a str,
    /// What it was started with; empty where it was started by itself.
    pub interpreter: &'a str,
}

/// The result as the engine takes it. `_ansible_chain` (kind, messages, help) tells how a failure that is not the module's
/// own is to be shown; `_ansible_cause` is the whole text of the module's exception.
pub fn judge(ran: &Ran<'_>) -> Dict {
    let parsed = json_lines(ran.stdout).and_then(|(text, warnings)| {
        let parsed = serde_json::from_str(&text).or_else(|e| serde_json::from_str(&finite(&text)).map_err(|_| e));
        match parsed.map(|j| plain(from_json(j))) {
            Ok(Value::Dict(d)) => Ok((std::sync::Arc::unwrap_or_clone(d), warnings)),
            Ok(_) => Err("No start of json char found".to_owned()),
            Err(e) => Err(e.to_string()),
        }
    });
    match parsed {
        Ok((mut result, mut warnings)) => {
            tidy(&mut result, &mut warnings);
            result
        }
        Err(_) if lone_surrogate(ran.stdout) => failed_chain("Action failed", &["Refusing to deserialize an invalid UTF8 string value.".into()], None),
        Err(why) => no_result(ran, &why),
    }
}

/// A failed result that the engine shows as a chain of causes under `kind` (`Action failed`).
pub fn failed_chain(kind: &str, messages: &[String], help: Option<&str>) -> Dict {
    let list: Vec<Value> = messages.iter().map(|m| Value::from(m.as_str())).collect();
    dict! {
        "failed" => true,
        "msg" => messages.join(": "),
        "_ansible_chain" => dict! { "kind" => kind, "messages" => list, "help" => help.map_or(Value::Null, Value::from) },
    }
}

fn no_result(ran: &Ran<'_>, why: &str) -> Dict {
    let words = first_word(ran.interpreter);
    let gone = ["No such file or directory", "not found", "command not found"];
    let missing = !words.is_empty()
        && [ran.stderr, ran.stdout].iter().any(|t| gone.iter().any(|g| [&words, ran.interpreter].iter().any(|w| t.contains(&format!("{w}: {g}")))));
    let see = "See stdout/stderr for the returned output.";
    let mut result = if missing {
        let message = format!("The module interpreter {} was not found.", rustle_value::str_repr(ran.interpreter));
        failed_chain("Action failed", &[message], Some(&format!("Consider overriding the configured interpreter path for this host. {see}")))
    } else {
        let messages = ["Module result deserialization failed".to_owned(), why.to_owned()];
        failed_chain("Action failed", &messages, Some(see))
    };
    result.insert("module_stdout", ran.stdout);
    result.insert("module_stderr", ran.stderr);
    result.insert("rc", i64::from(ran.rc));
    result
}

/// The lines from the first that begins with a brace to the last that ends with one; what came behind is warned of.
fn json_lines(data: &str) -> Result<(String, Vec<String>), String> {
    let lines: Vec<&str> = data.lines().collect();
    let start = lines.iter().position(|l| l.trim_start().starts_with('{')).ok_or("No start of json char found")?;
    let end = lines.iter().rposition(|l| l.trim_end().ends_with('}')).filter(|e| *e >= start).ok_or("No end of json char found")?;
    let junk = &lines[end + 1..];
    let warnings = if junk.iter().any(|l| !l.trim().is_empty()) {
        vec![format!("Module invocation had junk after the JSON data: {}", junk.join("\n"))]
    } else {
        Vec::new()
    };
    Ok((lines[start..=end].join("\n"), warnings))
}

/// Whether text escapes bytes that are no text, as Python's `surrogateescape` does.
fn lone_surrogate(text: &str) -> bool {
    text.match_indices("\\udc").any(|(at, _)| {
        let high = at.checked_sub(6).and_then(|i| text.get(i..at)).is_some_and(|t| t.starts_with("\\ud") && matches!(t.as_bytes()[3], b'8'..=b'b'));
        !high
    })
}

/// Python prints numbers that JSON has not; they become null. Only outside of texts.
fn finite(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut quoted) = (text, false);
    while let Some(c) = rest.chars().next() {
        if quoted && c == '\\' {
            let n = rest.char_indices().nth(2).map_or(rest.len(), |(i, _)| i);
            out.push_str(&rest[..n]);
            rest = &rest[n..];
            continue;
        }
        quoted ^= c == '"';
        let number = ["-Infinity", "Infinity", "NaN"].into_iter().find(|w| !quoted && rest.starts_with(w));
        let n = number.map_or(c.len_utf8(), str::len);
        out.push_str(if number.is_some() { "null" } else { &rest[..n] });
        rest = &rest[n..];
    }
    out
}

/// Marked objects as what they mean.
fn plain(v: Value) -> Value {
    match v {
        Value::List(l) => Value::list(l.iter().cloned().map(plain).collect()),
        Value::Dict(d) => {
            let kind = d.get("__ansible_type").and_then(Value::as_str).map(str::to_owned);
            let field = |name: &str| d.get(name).filter(|v| !v.is_null()).cloned();
            match kind.as_deref() {
                Some("WarningSummary") => Value::from(event_text(&Value::Dict(d.clone()))),
                Some("ErrorSummary") => Value::dict(dict! { "_ansible_text" => event_text(&Value::Dict(d.clone())) }),
                Some("DeprecationSummary") => {
                    let mut out = Dict::new();
                    let by = field("deprecator");
                    let name = by.as_ref().and_then(|b| b.get("resolved_name").cloned());
                    if let Some(name) = name.filter(|n| n.as_str().is_some_and(|n| n.contains('.'))) {
                        let parts: Vec<String> = py_str(&name).split('.').take(2).map(Into::into).collect();
                        out.insert("collection_name", parts.join("."));
                    }
                    if let Some(Value::Dict(by)) = by {
                        let shown: Dict = by.iter().filter(|(k, _)| k.as_str() != Some("__ansible_type")).map(|(k, v)| (k.clone(), v.clone())).collect();
                        out.insert("deprecator", shown);
                    }
                    out.insert("msg", event_text(&Value::Dict(d.clone())));
                    for key in ["version", "date"] {
                        if let Some(v) = field(key) {
                            out.insert(key, v);
                        }
                    }
                    Value::dict(out)
                }
                Some(_) => field("value").or_else(|| field("iso8601")).map_or_else(|| {
                    let rest = d.iter().filter(|(k, _)| k.as_str() != Some("__ansible_type")).map(|(k, v)| (k.clone(), plain(v.clone())));
                    Value::dict(rest.collect())
                }, plain),
                None => match (d.len(), d.get("__ansible_unsafe")) {
                    (1, Some(text)) => text.clone(),
                    _ => Value::dict(d.iter().map(|(k, v)| (k.clone(), plain(v.clone()))).collect()),
                },
            }
        }
        other => other,
    }
}

/// The messages of an event and of its causes, in one line.
fn event_text(summary: &Value) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut event = summary.get("event").cloned();
    while let Some(e) = event {
        let msg = e.get("msg").map(py_str).unwrap_or_default();
        // A cause that its effect already quotes is not said twice.
        if !msg.is_empty() && !out.last().is_some_and(|l| l.contains(msg.as_str())) {
            out.push(msg);
        }
        event = e.get("chain").and_then(|c| c.get("event")).cloned();
    }
    let n = out.len();
    out.iter().enumerate().map(|(i, m)| if i + 1 < n { m.trim_end_matches('.') } else { m }).collect::<Vec<_>>().join(": ")
}

/// Warnings and deprecations as lists, the exception as text, internal keys away.
fn tidy(result: &mut Dict, warnings: &mut Vec<String>) {
    let listed = |v: Option<Value>| match v {
        Some(Value::List(l)) | Some(Value::Tuple(l)) => l.to_vec(),
        None | Some(Value::Null) => Vec::new(),
        Some(one) => vec![one],
    };
    let mut all: Vec<Value> = warnings.drain(..).map(Value::from).collect();
    all.extend(listed(result.remove("warnings")));
    if !all.is_empty() {
        result.insert("warnings", all);
    }
    let old = listed(result.remove("deprecations"));
    if !old.is_empty() {
        let dicts: Vec<Value> = old.into_iter().map(|d| if d.as_dict().is_some() { d } else { Value::dict(dict! { "msg" => py_str(&d) }) }).collect();
        result.insert("deprecations", dicts);
    }
    if let Some(text) = result.get("exception").and_then(|e| e.get("_ansible_text")).map(py_str) {
        result.remove("exception");
        result.insert("_ansible_cause", text);
    }
    let kept = result.clone();
    *result = result.iter().filter(|(k, _)| !internal(k)).map(|(k, v)| (k.clone(), public(v))).collect();
    for key in ["_ansible_cause", "_ansible_no_log"] {
        if let Some(v) = kept.get(key) {
            result.insert(key, v.clone());
        }
    }
}

fn internal(key: &Value) -> bool {
    key.as_str().is_some_and(|k| k.starts_with("_ansible_"))
}

/// A value without keys that are Ansible's own, however deep.
fn public(v: &Value) -> Value {
    match v {
        Value::Dict(d) => Value::dict(d.iter().filter(|(k, _)| !internal(k)).map(|(k, v)| (k.clone(), public(v))).collect()),
        Value::List(l) => Value::list(l.iter().map(public).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stdout: &str) -> Dict {
        judge(&Ran { rc: 1, stdout, stderr: "", interpreter: "/usr/bin/python3" })
    }

    #[test]
    fn results_among_other_lines() {
        let d = of("hello\n {\"a\": NaN, \"b\": \"NaN \\\" {\", \"_ansible_x\": 1}\n\nbye\n");
        assert_eq!((d.get("a"), d.get("b").map(py_str).as_deref()), (Some(&Value::Null), Some("NaN \" {")));
        assert!(py_str(d.get("warnings").unwrap_or(&Value::Null)).contains("junk after"));
        assert!(!d.contains_key("_ansible_x"));
    }

    #[test]
    fn no_result_is_a_failure() {
        let d = of("oops");
        assert_eq!(d.get("msg").map(py_str).as_deref(), Some("Module result deserialization failed: No start of json char found"));
        assert_eq!(d.get("module_stdout").map(py_str).as_deref(), Some("oops"));
    }

    #[test]
    fn marked_objects() {
        let event = |m: &str, more: &str| format!(r#"{{"event": {{"msg": "{m}"{more}, "__ansible_type": "Event"}}, "__ansible_type": "KIND"}}"#);
        let cause = r#", "chain": {"event": {"msg": "zero", "__ansible_type": "Event"}, "__ansible_type": "EventChain"}"#;
        let text = format!(
            r#"{{"failed": true, "msg": "m", "exception": {}, "warnings": [{}]}}"#,
            event("caught.", cause).replace("KIND", "ErrorSummary"),
            event("w", "").replace("KIND", "WarningSummary")
        );
        let d = of(&text);
        assert_eq!(d.get("_ansible_cause").map(py_str).as_deref(), Some("caught: zero"));
        assert_eq!(d.get("warnings").map(py_str).as_deref(), Some("['w']"));
    }
}
