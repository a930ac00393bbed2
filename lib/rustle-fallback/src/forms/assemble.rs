//! `assemble`: fragments of the controller are put together here, and copied.

use super::{Form, blob, copy, text};
use crate::python;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_modules::pyre;
use rustle_modules::text::assemble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value};

pub(crate) static FORM: Form = Form { name: "assemble", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let Some(parts) = request.args.get("_parts").and_then(Value::as_list) else {
        return python::module(remote, request, "ansible.builtin.assemble", request.args.clone());
    };
    let mut args = request.args.clone();
    let pattern = text(&args, "regexp").map(|r| pyre::compile(&r, "", "regexp")).transpose().map_err(|f| Trouble::failed(f.msg))?;
    let hidden = text(&args, "ignore_hidden").is_some_and(|v| rustle_modules::convert::parse_bool(&v).unwrap_or(false));
    let mut named = Vec::new();
    for part in parts {
        let name = part.get("name").and_then(Value::as_str).unwrap_or_default();
        if hidden && name.starts_with('.') || pattern.as_ref().is_some_and(|p| !p.is_match(name).unwrap_or(false)) {
            continue;
        }
        if let Some(content) = blob(request, part.get("source")) {
            named.push((name.to_owned(), content.to_vec()));
        }
    }
    named.sort();
    let fragments: Vec<Vec<u8>> = named.into_iter().map(|(_, c)| c).collect();
    let content = assemble(&fragments, text(&args, "delimiter").as_deref());
    let shown = text(&args, "src").unwrap_or_default();
    for key in ["_parts", "regexp", "ignore_hidden", "delimiter", "src"] {
        args.remove(key);
    }
    // The destination is a file, never a folder to put something into.
    args.insert("_original_basename", shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    args.insert("_source_path", shown);
    copy::place(remote, request, args, &content)
}
