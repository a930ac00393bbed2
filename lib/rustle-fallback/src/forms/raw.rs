//! `raw`: a command line for the user's shell. Needs nothing on the host, and is given no environment, as in Ansible.

use super::{Form, text};
use crate::remote::Remote;
use crate::shell::quote;
use crate::trouble::Trouble;
use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, dict};

pub(crate) static FORM: Form = Form { name: "raw", run };

fn run(remote: &Remote, request: &ModuleRequest) -> Result<Dict, Trouble> {
    let line = text(&request.args, "_raw_params").or_else(|| text(&request.args, "cmd")).unwrap_or_default();
    if request.check {
        return Ok(dict! { "changed" => false, "skipped" => true });
    }
    let line = match text(&request.args, "executable") {
        Some(shell) => format!("{shell} -c {}", quote(&line)),
        None => line,
    };
    let out = remote.run(&line, b"", request.elevate.as_ref(), request.timeout)?;
    let mut result = Dict::new();
    if !request.environment.is_empty() {
        result.insert("warnings", vec!["raw module does not support the environment keyword".to_owned()]);
    }
    result.update(&dict! { "changed" => true, "rc" => i64::from(out.code), "stdout" => out.text(), "stderr" => out.stderr.as_str() });
    if out.code != 0 {
        result.update(&dict! { "failed" => true, "msg" => "non-zero return code" });
    }
    Ok(result)
}
