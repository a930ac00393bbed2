//! Runs a program, without a shell.

use crate::execute::{ExecArgs, execute};
use crate::{Module, Params, Scope, Support};

const EXAMPLES: &str = "
- name: The date, once
  ansible.builtin.command:
    cmd: /usr/bin/make install
    chdir: /srv/app
    creates: /srv/app/.installed
";

pub static MODULE: Module = Module {
    check: Support::Partial,
    scope: Scope::World,
    ..Module::new::<ExecArgs>("ansible.builtin.command", "Runs a program, without a shell", EXAMPLES, |ctx, v| {
        let a = ExecArgs::read(v)?;
        let shell = a._uses_shell;
        execute(ctx, &a, shell)
    })
};
