//! `shell`: in Ansible, too, the module `command` with a word more.

use super::{Form, command};
use crate::remote::Remote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::Dict;

pub(crate) static FORM: Form = Form { name: "shell", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let mut args = request.args.clone();
    args.insert("_uses_shell", true);
    command::with(remote, request, args)
}
