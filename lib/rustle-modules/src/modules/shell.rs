//! Runs a command line in a shell.

use crate::execute::{ExecArgs, execute};
use crate::{Module, Params, Scope, Support};

const EXAMPLES: &str = "
- name: Count the users
  ansible.builtin.shell: wc -l < /etc/passwd
  register: users
  changed_when: false
";

pub static MODULE: Module = Module {
    check: Support::Partial,
    scope: Scope::World,
    ..Module::new::<ExecArgs>("ansible.builtin.shell", "Runs a command line in a shell", EXAMPLES, |ctx, v| {
        execute(ctx, &ExecArgs::read(v)?, true)
    })
};
