//! Modules that are done in a way of their own. One file each; the list is made from the folder. Whatever is not here
//! goes to the host's Python as it is.

use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, dict, py_str};
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/forms.rs"));

/// How a module is done.
pub(crate) struct Form {
    /// The module's name, without its collection.
    pub name: &'static str,
    pub run: fn(&Remote, &ModuleRequest) -> Result<Dict, Trouble>,
}

/// The form of a module (full name), where it has one.
pub(crate) fn find(module: &str) -> Option<&'static Form> {
    let short = module.strip_prefix("ansible.builtin.").or_else(|| module.strip_prefix("ansible.legacy."))?;
    FORMS.iter().copied().find(|f| f.name == short)
}

/// An argument as text.
fn text(args: &Dict, key: &str) -> Option<String> {
    args.get(key).filter(|v| !v.is_null()).map(py_str)
}

/// The content that a reference (`{"_blob": digest}`) stands for.
fn blob(request: &ModuleRequest, reference: Option<&Value>) -> Option<Arc<[u8]>> {
    let digest = reference?.get("_blob")?.as_str()?;
    request.blobs.iter().find(|b| b.sha256 == digest).map(|b| b.data.0.clone())
}

fn skipped(message: impl Into<String>) -> Dict {
    let message: String = message.into();
    dict! { "changed" => false, "skipped" => true, "msg" => message }
}

/// A path that the host's shell expands: `~` is its user's home, the rest is taken as it is.
fn path_word(path: &str) -> String {
    use crate::shell::quote;
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("\"$HOME\"{}", if rest.is_empty() { String::new() } else { quote(rest) }),
        _ => quote(path),
    }
}

/// Whether a path (not a pattern) is there, seen from folder `from`.
fn exists(remote: &Remote, request: &ModuleRequest, path: &str, from: Option<&str>) -> Result<bool, Trouble> {
    let enter = from.map(|d| format!("cd {} && ", path_word(d))).unwrap_or_default();
    let out = remote.run(&format!("{enter}[ -e {} ]", path_word(path)), b"", request.elevate.as_ref(), request.timeout)?;
    Ok(out.code == 0)
}

/// Whether a result says that the module failed.
fn bad(result: &Dict) -> bool {
    result.get("failed").is_some_and(Value::truthy)
}
