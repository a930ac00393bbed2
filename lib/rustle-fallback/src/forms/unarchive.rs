//! `unarchive`: an archive of the controller goes to a temporary file of the host, where Ansible's module finds it.

use super::{Form, blob, exists, skipped, text};
use crate::python;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;

pub(crate) static FORM: Form = Form { name: "unarchive", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let mut args = request.args.clone();
    if let Some(p) = text(&args, "creates")
        && exists(remote, request, &p, None)?
    {
        return Ok(skipped(format!("skipped, since {p} exists")));
    }
    for key in ["creates", "copy", "decrypt"] {
        args.remove(key);
    }
    let content = blob(request, args.get("_source"));
    let name = text(&args, "_original_basename").unwrap_or_default();
    for key in ["_source", "_original_basename", "_source_path", "_source_mode"] {
        args.remove(key);
    }
    args.insert("remote_src", true);
    let Some(content) = content else { return python::module(remote, request, "ansible.builtin.unarchive", args) };
    let extension: String = name.split_once('.').map_or("", |(_, e)| e).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    let path = remote.put(request, &format!(".source.{extension}"), &content)?;
    args.insert("src", path.as_str());
    let result = python::module(remote, request, "ansible.builtin.unarchive", args);
    remote.remove(request, &path)?;
    result
}
