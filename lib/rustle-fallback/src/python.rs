//! Modules as programs for an interpreter of the host, mostly its Python: the program goes to the interpreter's standard
//! input, so that nothing of it touches the host's disk; its answer is the JSON object that it prints.

use crate::background;
use crate::remote::{Remote, lock};
use crate::shell::quote;
use crate::trouble::Trouble;
use rustle_modules::foreign::{self, FALLBACK, Interpreter, Ran};
use rustle_stream::foreign::ModulePayload;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, py_str};
use std::sync::Arc;

/// Makes programs of modules.
pub trait Programs: Send + Sync {
    /// The module of this full name as a program, without its arguments.
    ///
    /// # Errors
    /// See [`NoProgram`].
    fn payload(&self, module: &str) -> Result<Arc<ModulePayload>, NoProgram>;
}

/// Why there is no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoProgram {
    /// Nobody here can make programs of modules: why not.
    Nobody(String),
    /// Of this one there is none; the message is complete.
    Other(String),
}

/// Runs `module` with `args` on the host.
pub(crate) fn module(remote: &Remote, request: &ModuleRequest, module: &str, args: Dict) -> Result<Dict, Trouble> {
    let payload = payload(remote, request, module)?;
    let request = &ModuleRequest { args, blobs: Vec::new(), payload: None, ..request.clone() };
    let mut notes = None;
    let interpreter = match foreign::interpreter(&payload, request) {
        Interpreter::Given(words) => words,
        Interpreter::Discover { silent } => {
            let (path, first) = discover(remote, request)?;
            if first {
                notes = Some(foreign::discovered(request, path.as_deref(), silent));
            }
            path.unwrap_or_else(|| FALLBACK.to_owned())
        }
        Interpreter::None => String::new(),
    };
    let folder = if foreign::needs_folder(&payload) { Some(remote.folder(request)?) } else { None };
    let job = foreign::assemble(&payload, request, &interpreter, folder.as_deref()).map_err(Trouble::failed)?;
    for (path, mode, content) in &job.files {
        remote.write(request, path, *mode, content)?;
    }
    let mut result = if let Some(limit) = request.async_seconds {
        if folder.is_some() {
            return Err(Trouble::failed(format!("the module {module} is no Python program: without a runner on the host it cannot run in the background")));
        }
        background::start(remote, request, &job, limit)?
    } else {
        let line = format!("{}{}", environment(request), job.command);
        let out = remote.run(&line, &job.stdin, request.elevate.as_ref(), request.timeout);
        if let Some(folder) = &folder {
            remote.remove(request, folder)?;
        }
        let out = out?;
        foreign::judge(&Ran { rc: out.code, stdout: &out.text(), stderr: &out.stderr, interpreter: &interpreter })
    };
    if let Some(notes) = notes {
        foreign::add(&mut result, notes);
    }
    Ok(result)
}

/// The request's own program, or the module's.
fn payload(remote: &Remote, request: &ModuleRequest, module: &str) -> Result<Arc<ModulePayload>, Trouble> {
    if let Some(own) = request.payload.clone().and_then(|p| remote.payloads.whole(p)) {
        return Ok(own);
    }
    remote.programs.payload(module).map_err(|e| match e {
        NoProgram::Nobody(why) => Trouble::failed(format!(
            "the module {module} needs a runner on {}, or ansible-core on the controller (no runner: {}; {why})",
            remote.host, remote.why
        )),
        NoProgram::Other(message) => Trouble::failed(message),
    })
}

/// Assignments for the shell, with a space at their end.
pub(crate) fn environment(request: &ModuleRequest) -> String {
    request.environment.str_iter().filter(|(k, _)| is_name(k)).map(|(k, v)| format!("{k}={} ", quote(&py_str(v)))).collect()
}

fn is_name(k: &str) -> bool {
    !k.is_empty() && !k.starts_with(|c: char| c.is_ascii_digit()) && k.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The host's Python, looked for once, and whether that was now.
fn discover(remote: &Remote, request: &ModuleRequest) -> Result<(Option<String>, bool), Trouble> {
    let mut known = lock(&remote.interpreter);
    if let Some(found) = &*known {
        return Ok((found.clone(), false));
    }
    let line: String = foreign::names(request).iter().map(|n| format!("command -v {} || ", quote(n))).collect::<String>() + "echo";
    let text = remote.run(&line, b"", None, None)?.text();
    let last = text.lines().last().unwrap_or_default().trim();
    let found = last.starts_with('/').then(|| last.to_owned());
    *known = Some(found.clone());
    Ok((found, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_value::dict;

    #[test]
    fn environments_are_words() {
        let request = ModuleRequest { environment: dict! { "A" => "it's", "B; rm" => "x" }, ..ModuleRequest::default() };
        assert_eq!(environment(&request), "A='it'\"'\"'s' ");
    }
}
