//! Runs a command line in a shell.

use crate::execute::{ExecArgs, execute};
use crate::{Failure, Module, Params, Scope, Support};

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
        // Shared with `command`; the shell expands its words itself.
        if ctx.request.args.contains_key("expand_argument_vars") {
            return Err(Failure::new("Unsupported parameters for (shell) module: expand_argument_vars"));
        }
        execute(ctx, &ExecArgs::read(v)?, true)
    })
};
