//! Arguments, and how they get to the program: what Ansible adds to the task's own, and the ways of writing them down.

use super::discovery::shell_words;
use crate::command::quote;
use rustle_stream::foreign::{IN_TEXT, ModulePayload, PayloadStyle};
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, JsonStyle, Value, dict, py_str, to_json_string};

/// What is to be run: nothing in it names a secret but `stdin` and `files`.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// For `sh -c`. The task's `environment` is the caller's business.
    pub command: String,
    pub stdin: Vec<u8>,
    /// Path (below the given folder), mode and content.
    pub files: Vec<(String, u32, Vec<u8>)>,
}

/// Whether [`assemble`] needs a folder for files: one that nobody else can enter, removed in any case.
pub fn needs_folder(payload: &ModulePayload) -> bool {
    matches!(payload.style, PayloadStyle::JsonFile | PayloadStyle::WordsFile)
}

/// Puts program, arguments and interpreter together.
///
/// # Errors
/// What is missing or does not fit, as text.
pub fn assemble(payload: &ModulePayload, request: &ModuleRequest, interpreter: &str, folder: Option<&str>) -> Result<Job, String> {
    let Some(program) = &payload.program else { return Err(format!("the program of module {} did not come", payload.name)) };
    let program = &program.0;
    let args = arguments(payload, request, folder);
    match payload.style {
        PayloadStyle::Python { at, bytes } => {
            let (before, after) = program.split_at_checked(at).ok_or("the payload is damaged")?;
            let whole = json(&Value::dict(dict! { "ANSIBLE_MODULE_ARGS" => args }));
            let literal = format!("{}'{}'", if bytes { "b" } else { "" }, whole.replace('\\', "\\\\").replace('\'', "\\'"));
            Ok(Job { command: interpreter.to_owned(), stdin: [before, literal.as_bytes(), after].concat(), files: Vec::new() })
        }
        PayloadStyle::InText => {
            let text = String::from_utf8_lossy(program);
            let json = json(&Value::dict(args));
            let text = text
                .replace("\"<<INCLUDE_ANSIBLE_MODULE_COMPLEX_ARGS>>\"", &format!("b{}", rustle_value::str_repr(&json)))
                .replace("\"<<ANSIBLE_VERSION>>\"", &rustle_value::str_repr(&payload.version))
                .replace(IN_TEXT, &json);
            Ok(Job { command: interpreter.to_owned(), stdin: text.into_bytes(), files: Vec::new() })
        }
        PayloadStyle::JsonFile | PayloadStyle::WordsFile => {
            let folder = folder.ok_or("no folder for the module's files")?;
            let (file, list) = (format!("{folder}/AnsiballZ_{}", payload.file), format!("{folder}/args"));
            let text = if payload.style == PayloadStyle::JsonFile {
                json(&Value::dict(args))
            } else {
                args.iter().map(|(k, v)| format!("{}={} ", py_str(k), quote(&py_str(v)))).collect()
            };
            let command = [interpreter, &quote(&file), &quote(&list)].join(" ");
            Ok(Job {
                command: command.trim_start().to_owned(),
                stdin: Vec::new(),
                files: vec![(file, 0o700, program.to_vec()), (list, 0o600, text.into_bytes())],
            })
        }
    }
}

fn json(v: &Value) -> String {
    to_json_string(v, &JsonStyle::default())
}

/// The interpreter's words as a shell takes them: the first may itself be several.
pub(super) fn with_flags(interpreter: &str, payload: &ModulePayload) -> String {
    let flags = payload.interpreter.get(1..).unwrap_or_default();
    [interpreter.to_owned()].into_iter().chain(flags.iter().map(|f| quote(f))).collect::<Vec<_>>().join(" ")
}

/// The task's arguments with those that Ansible's modules expect besides. What the engine knows better comes in the
/// hint `internals`.
fn arguments(payload: &ModulePayload, request: &ModuleRequest, folder: Option<&str>) -> Dict {
    let hint = |name: &str| request.hints.get(name).filter(|v| !v.is_null()).cloned();
    let mut args = request.args.clone();
    let special: Vec<Value> = ["fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"].map(Value::from).to_vec();
    args.update(&dict! {
        "_ansible_check_mode" => request.check,
        "_ansible_no_log" => request.no_log,
        "_ansible_debug" => false,
        "_ansible_diff" => request.diff,
        "_ansible_verbosity" => i64::from(request.verbosity),
        "_ansible_version" => payload.version.as_str(),
        "_ansible_module_name" => payload.name.as_str(),
        "_ansible_syslog_facility" => "LOG_USER",
        "_ansible_selinux_special_fs" => special,
        "_ansible_socket" => Value::Null,
        "_ansible_shell_executable" => hint("ansible_shell_executable").unwrap_or_else(|| "/bin/sh".into()),
        "_ansible_keep_remote_files" => false,
        "_ansible_tmpdir" => folder.map_or(Value::Null, Value::from),
        "_ansible_remote_tmp" => hint("ansible_remote_tmp").unwrap_or_else(|| "~/.ansible/tmp".into()),
        "_ansible_ignore_unknown_opts" => false,
        "_ansible_target_log_info" => Value::Null,
    });
    // Options that older modules' argument check does not know may not be there at all.
    let version: Vec<u32> = payload.version.split('.').filter_map(|p| p.parse().ok()).collect();
    if version.as_slice() >= [2, 19].as_slice() {
        args.insert("_ansible_tracebacks_for", Value::list(Vec::new()));
    }
    if version.as_slice() >= [2, 21].as_slice() {
        args.insert("_ansible_inject_invocation", hint("inject_invocation").is_some_and(|v| v.truthy()));
    }
    if let Some(Value::Dict(more)) = hint("internals") {
        args.update(&more);
    }
    args
}

/// Whether the first of `words` is what a shell would start (used to name a missing interpreter).
pub(super) fn first_word(interpreter: &str) -> String {
    shell_words(interpreter).into_iter().next().unwrap_or_default()
}
