//! `command`: the module knows a command line by another name than playbooks do.

use super::Form;
use crate::python;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;

pub(crate) static FORM: Form = Form { name: "command", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    with(remote, request, request.args.clone())
}

pub(super) fn with(remote: &Remote, request: &ModuleRequest, mut args: Dict) -> Result<Dict, Trouble> {
    if let Some(line) = args.remove("cmd")
        && !args.contains_key("_raw_params")
    {
        args.insert("_raw_params", line);
    }
    python::module(remote, request, "ansible.builtin.command", args)
}
