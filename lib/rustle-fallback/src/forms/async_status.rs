//! `async_status`: the module must be told where jobs leave their results.

use super::Form;
use crate::background;
use crate::python;
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;

pub(crate) static FORM: Form = Form { name: "async_status", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let mut args = request.args.clone();
    args.insert("_async_dir", background::folder(request));
    python::module(remote, request, "ansible.builtin.async_status", args)
}
