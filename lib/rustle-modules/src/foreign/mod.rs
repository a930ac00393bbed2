//! Modules that are not native: programs that came as a [`ModulePayload`] and are run with an interpreter of the host.
//!
//! [`run`] does it here, on the host. Whoever stands elsewhere and has only a way to run commands there uses the parts:
//! [`interpreter`], [`assemble`], [`judge`]. A Python module and its arguments go to standard input and never to the disk.
//! Modules of older kinds need files: they lie in a folder that only their user can enter, and go when the module ends.

mod arguments;
mod discovery;
mod folder;
mod judge;
mod warm;

pub use arguments::{Job, assemble, needs_folder};
pub use discovery::{FALLBACK, Interpreter, add, discovered, interpreter, look_for_python, names};
pub use judge::{Ran, failed_chain, judge};

use crate::command::Cmd;
use rustle_stream::foreign::ModulePayload;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, dict, py_str};

/// Runs the request's payload here. The result is what Ansible makes of what the module printed.
pub(crate) fn run(request: &ModuleRequest, payload: &ModulePayload) -> Dict {
    let mut found = None;
    let interpreter = match interpreter(payload, request) {
        Interpreter::Given(words) => words,
        Interpreter::Discover { silent } => {
            let path = discovery::here(&names(request));
            let notes = discovered(request, path.as_deref(), silent);
            let words = path.unwrap_or_else(|| FALLBACK.to_owned());
            found = Some(notes);
            words
        }
        Interpreter::None => String::new(),
    };
    let folder = match needs_folder(payload).then(|| folder::Folder::new(request)).transpose() {
        Ok(folder) => folder,
        Err(e) => return dict! { "failed" => true, "msg" => format!("Failed to create temporary directory: {e}") },
    };
    let path = folder.as_ref().map(|f| f.path().to_string_lossy().into_owned());
    let job = match assemble(payload, request, &interpreter, path.as_deref()) {
        Ok(job) => job,
        Err(message) => return failed_chain("Action failed", &[message], None),
    };
    for (file, mode, data) in &job.files {
        if let Err(e) = folder::write(file, *mode, data) {
            return dict! { "failed" => true, "msg" => format!("{file}: {e}") };
        }
    }
    let env: Vec<(String, String)> = request.environment.iter().map(|(k, v)| (py_str(k), py_str(v))).collect();
    let shell = request.hints.get("ansible_shell_executable").and_then(Value::as_str).unwrap_or("/bin/sh");
    let warm = if payload.is_python() { warm::run(shell, &job.command, &env, &job.stdin) } else { None };
    let ran = match warm {
        Some(done) => Ok(done),
        None => Cmd::new([shell, "-c", &job.command], &env).stdin(job.stdin).run().map(|o| warm::Done { rc: o.rc, out: o.out(), err: o.err() }),
    };
    drop(folder);
    let mut result = match ran {
        Ok(done) => {
            let mut result = judge(&Ran { rc: done.rc, stdout: &done.out, stderr: &done.err, interpreter: &interpreter });
            // Nobody else hears a job.
            if request.hints.contains_key("background") && !done.err.is_empty() && !result.contains_key("stderr") {
                result.insert("stderr", done.err);
            }
            result
        }
        Err(f) => dict! { "failed" => true, "msg" => f.msg },
    };
    if let Some(notes) = found {
        add(&mut result, notes);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_stream::foreign::PayloadStyle;
    use std::sync::Arc;

    fn request(style: PayloadStyle, interpreter: &[&str], program: &str) -> ModuleRequest {
        let words = interpreter.iter().map(ToString::to_string).collect();
        let payload = ModulePayload::new("a.b.probe", "probe", "2.21.0", style, words, program.as_bytes().to_vec());
        ModuleRequest {
            module: "a.b.probe".into(),
            args: dict! { "word" => "it's \"1\"", "n" => 3 },
            payload: Some(Arc::new(payload)),
            hints: dict! { "ansible_remote_tmp" => std::env::temp_dir().join("rustle-foreign").to_string_lossy().into_owned() },
            ..ModuleRequest::default()
        }
    }

    #[test]
    fn arguments_reach_every_style() {
        let words = "#!/bin/sh\n. \"$1\"\nls -l \"$1\" >&2; printf '{\"word\": \"%s\", \"n\": %s, \"rest\": \"%s\"}\\n' \"${word%%\\\"*}\" \"$n\" \"$_ansible_check_mode\"\n";
        let d = crate::run(&request(PayloadStyle::WordsFile, &["/bin/sh"], words));
        assert_eq!(d.get("word").map(py_str).as_deref(), Some("it's "), "{d:?}");
        assert_eq!(d.get("rest").map(py_str).as_deref(), Some("False"));
        let json = "#!/bin/sh\n# WANT_JSON\necho noise\nprintf '{\"got\": %s}\\n' \"$(cat \"$1\")\"\necho more\n";
        let d = crate::run(&request(PayloadStyle::JsonFile, &["/bin/sh"], json));
        assert_eq!(d.get("got").and_then(|g| g.get("word")).map(py_str).as_deref(), Some("it's \"1\""), "{d:?}");
        assert_eq!(d.get("warnings").map(py_str).as_deref(), Some("['Module invocation had junk after the JSON data: more']"));
        let text = "cat <<'END'\n{\"got\": <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>}\nEND\n";
        let d = crate::run(&request(PayloadStyle::InText, &["/bin/sh"], text));
        assert_eq!(d.get("got").and_then(|g| g.get("n")), Some(&Value::Int(3)), "{d:?}");
        let left = std::fs::read_dir(std::env::temp_dir().join("rustle-foreign")).map(Iterator::count).unwrap_or(0);
        assert_eq!(left, 0);
    }

    #[test]
    fn an_interpreter_that_is_not_there() {
        let d = crate::run(&request(PayloadStyle::InText, &["/nonexistent/ruby"], "x"));
        let text = py_str(&Value::dict(d));
        assert!(text.contains("The module interpreter '/nonexistent/ruby' was not found."), "{text}");
    }
}
