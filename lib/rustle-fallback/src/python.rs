//! Modules as programs for the host's Python: the program goes to the interpreter's standard input, so that nothing of
//! it touches the host's disk; its answer is the JSON object that it prints.

use crate::background;
use crate::remote::Remote;
use crate::shell::{Output, quote};
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, dict, from_json, py_str};
use std::sync::{Arc, PoisonError};

/// What is to be run.
pub struct Wanted<'a> {
    /// The request, for check mode, diff mode and the like.
    pub request: &'a ModuleRequest,
    /// The module's full name: not always the request's.
    pub module: &'a str,
    /// Its arguments: not always the request's.
    pub args: &'a Dict,
    /// The host's Python.
    pub interpreter: &'a str,
    /// The folder that the module may use for temporary files.
    pub tmpdir: &'a str,
}

/// A program that reads nothing and prints one JSON object.
pub struct Program {
    pub text: Arc<[u8]>,
    /// How it starts, where it is not the host's Python: a `#!` line's program.
    pub interpreter: Option<String>,
}

/// Makes programs of modules.
pub trait Programs: Send + Sync {
    /// The program that runs a module with its arguments.
    ///
    /// # Errors
    /// There is no such module, or nobody who could make a program of it. The message says all of it.
    fn program(&self, wanted: &Wanted<'_>) -> Result<Program, String>;
}

/// Interpreters that are looked for, best first, as Ansible looks for them.
const CANDIDATES: [&str; 8] =
    ["python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3.9", "/usr/bin/python3", "python3"];

/// Runs `module` with `args` on the host.
pub(crate) fn module(remote: &Remote, request: &ModuleRequest, module: &str, args: Dict) -> Result<Dict, Trouble> {
    let (interpreter, warning) = interpreter(remote, request)?;
    let wanted = Wanted { request, module, args: &args, interpreter: &interpreter, tmpdir: "" };
    let program = remote.programs.program(&wanted).map_err(|e| Trouble::failed(explain(remote, module, &e)))?;
    let runs = program.interpreter.as_deref().unwrap_or(&interpreter);
    let mut result = if let Some(limit) = request.async_seconds {
        background::start(remote, request, &program, runs, limit)?
    } else {
        // The interpreter's text is the user's and may have arguments.
        let out = remote.run(&format!("{}{runs}", environment(request)), &program.text, request.elevate.as_ref(), request.timeout)?;
        answer(&out, runs)
    };
    if let Some(text) = warning {
        let mut warnings = result.get("warnings").and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
        warnings.insert(0, Value::from(text));
        result.insert("warnings", warnings);
    }
    Ok(result)
}

fn explain(remote: &Remote, module: &str, why: &str) -> String {
    format!("the module {module} needs a runner on {}, or ansible-core on the controller (no runner: {}; no ansible-core: {why})", remote.host, remote.why)
}

/// Assignments for the shell, with a space at their end.
pub(crate) fn environment(request: &ModuleRequest) -> String {
    request.environment.str_iter().filter(|(k, _)| is_name(k)).map(|(k, v)| format!("{k}={} ", quote(&py_str(v)))).collect()
}

fn is_name(k: &str) -> bool {
    !k.is_empty() && !k.starts_with(|c: char| c.is_ascii_digit()) && k.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The host's Python, and a warning where there seems to be none.
fn interpreter(remote: &Remote, request: &ModuleRequest) -> Result<(String, Option<String>), Trouble> {
    let named = request.hints.get("ansible_python_interpreter").map(py_str).filter(|p| !p.is_empty());
    match named.as_deref() {
        None | Some("auto" | "auto_legacy" | "auto_silent" | "auto_legacy_silent") => {}
        Some(path) => return Ok((path.to_owned(), None)),
    }
    let mut known = remote.interpreter.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = &*known {
        return Ok((path.clone(), None));
    }
    let line: String = CANDIDATES.iter().map(|c| format!("command -v {c} || ")).collect::<String>() + "echo";
    let found = remote.run(&line, b"", None, None)?.text();
    let found = found.lines().last().unwrap_or_default().trim();
    let (path, warning) = if found.starts_with('/') {
        (found.to_owned(), None)
    } else {
        let tried: Vec<String> = CANDIDATES.iter().map(|c| format!("'{c}'")).collect();
        let text = format!("No python interpreters found for host '{}' (tried [{}]).", remote.host, tried.join(", "));
        ("/usr/bin/python3".to_owned(), Some(text))
    };
    *known = Some(path.clone());
    Ok((path, warning))
}

/// The result in a module's output. What other programs may have printed around it is left out.
pub(crate) fn answer(out: &Output, interpreter: &str) -> Dict {
    let text = out.text();
    let mut rest = text.as_str();
    loop {
        let start = match rest.find('{') {
            Some(0) => 0,
            // Only at the beginning of a line.
            Some(at) if rest.as_bytes().get(at - 1) == Some(&b'\n') => at,
            Some(at) => {
                rest = &rest[at + 1..];
                continue;
            }
            None => return nonsense(out, interpreter),
        };
        let mut values = serde_json::Deserializer::from_str(&rest[start..]).into_iter::<serde_json::Value>();
        match values.next() {
            Some(Ok(v)) if v.is_object() => {
                return match from_json(v) {
                    Value::Dict(d) => Arc::unwrap_or_clone(d),
                    _ => nonsense(out, interpreter),
                };
            }
            _ => rest = &rest[start + 1..],
        }
    }
}

/// A module that printed no result: in Ansible's words.
fn nonsense(out: &Output, interpreter: &str) -> Dict {
    let all = format!("{}{}", out.text(), out.stderr);
    let missing = out.code == 127 || all.contains("not found") || all.contains("No such file or directory");
    let msg = if missing && all.contains(interpreter) {
        format!("The module interpreter '{interpreter}' was not found.")
    } else {
        "Module result deserialization failed: No start of json char found".to_owned()
    };
    dict! {
        "failed" => true,
        "changed" => false,
        "module_stdout" => out.text(),
        "module_stderr" => out.stderr.as_str(),
        "msg" => msg,
        "rc" => i64::from(out.code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_around_the_result() {
        let out = Output { stdout: b"motd {x\n{not json}\n\n{\"changed\": true, \"msg\": \"{\"}\nbye\n".to_vec(), ..Output::default() };
        assert_eq!(answer(&out, "python3"), dict! { "changed" => true, "msg" => "{" });
        let out = Output { stderr: "/bin/sh: 1: /usr/bin/python3: not found\n".into(), code: 127, ..Output::default() };
        assert_eq!(answer(&out, "/usr/bin/python3").get("msg").map(py_str).unwrap(), "The module interpreter '/usr/bin/python3' was not found.");
    }
    #[test]
    fn environments_are_words() {
        let request = ModuleRequest { environment: dict! { "A" => "it's", "B; rm" => "x" }, ..ModuleRequest::default() };
        assert_eq!(environment(&request), "A='it'\"'\"'s' ");
    }
}
