//! Runs a command line in the user's shell, with nothing around it: what Ansible sends over a bare connection.

use crate::{Ctx, Failure, Module, Outcome, Params, Scope, Support, params};

params! {
    /// Options of `raw`.
    pub struct Args {
        /// The command line, as free text.
        _raw_params: Option<String> => internal();
        /// The command line.
        cmd: Option<String> => internal();
        /// The shell to use.
        executable: Option<String>;
    }
}

const EXAMPLES: &str = "
- name: Python comes first
  ansible.builtin.raw: apt-get install -y python3
";

pub static MODULE: Module = Module {
    check: Support::None,
    scope: Scope::World,
    ..Module::new::<Args>("ansible.builtin.raw", "Runs a bare command line", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let line = a._raw_params.or(a.cmd).unwrap_or_default();
    let out = ctx.command([a.executable.as_deref().unwrap_or("/bin/sh"), "-c", &line]).run()?;
    let o = Outcome::changed(true).with("rc", i64::from(out.rc)).with("stdout", out.out()).with("stderr", out.err());
    if out.rc != 0 {
        return Err(Failure { msg: "non-zero return code".into(), result: o.result });
    }
    Ok(o)
}
