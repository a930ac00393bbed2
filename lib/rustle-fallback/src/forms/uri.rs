//! `uri` with a body from a file of the controller: the file goes to the host first.

use super::{Form, blob};
use crate::python;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;

pub(crate) static FORM: Form = Form { name: "uri", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let mut args = request.args.clone();
    let Some(content) = blob(request, args.remove("_source").as_ref()) else {
        return python::module(remote, request, "ansible.builtin.uri", args);
    };
    let path = remote.put(request, ".body", &content)?;
    args.insert("src", path.as_str());
    args.insert("remote_src", true);
    let result = python::module(remote, request, "ansible.builtin.uri", args);
    remote.remove(request, &path)?;
    result
}
