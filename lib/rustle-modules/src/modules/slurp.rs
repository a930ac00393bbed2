//! Reads a file, for use in variables: its content in base64.

use crate::errors::py_oserror;
use crate::{Ctx, Failure, Module, Outcome, Params, PathArg, Scope, Support, Value, params};
use base64::Engine as _;
use std::fs;
use std::io::ErrorKind;

params! {
    /// Options of `slurp`.
    pub struct Args {
        /// The file to read.
        src: PathArg => required(), aliases(&["path"]);
        /// Whether to encode the content; without, it has to be text.
        armor: bool => default("yes");
    }
}

const EXAMPLES: &str = "
- name: The host's key
  ansible.builtin.slurp:
    src: /etc/ssh/ssh_host_ed25519_key.pub
  register: key
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.slurp", "Reads files of hosts", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(_: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let path = &args.src;
    let data = fs::read(&**path).map_err(|e| match e.kind() {
        ErrorKind::NotFound => Failure::new(format!("File not found: {path}")).with("_causes", vec![Value::from(py_oserror(&e, path).replacen(": b'", ": '", 1))]),
        ErrorKind::PermissionDenied => Failure::new(format!("File is not readable: {path}")),
        ErrorKind::IsADirectory => Failure::new(format!("Source is a directory and must be a file: {path}")),
        _ => Failure::new(format!("Unable to slurp file: {}", py_oserror(&e, path))),
    })?;
    if !args.armor {
        let content = String::from_utf8(data).map_err(|_| Failure::new(format!("Refusing to deserialize an invalid UTF8 string value: {path} is no text")))?;
        return Ok(Outcome::ok().with("content", content).with("source", path).with("encoding", "utf-8"));
    }
    let content = base64::engine::general_purpose::STANDARD.encode(data);
    Ok(Outcome::ok().with("content", content).with("source", path).with("encoding", "base64"))
}
