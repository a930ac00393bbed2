//! Units of systemd: state, start with the system, masks.

use crate::systemd::{SystemdArgs, manage};
use crate::{Module, Params, Scope, Support};

const EXAMPLES: &str = "
- name: The server runs, now and after a restart
  ansible.builtin.systemd_service:
    name: nginx
    state: started
    enabled: true
    daemon_reload: true
";

pub static MODULE: Module = Module {
    aliases: &["ansible.builtin.systemd"],
    check: Support::Full,
    scope: Scope::World,
    ..Module::new::<SystemdArgs>("ansible.builtin.systemd_service", "Manages units of systemd", EXAMPLES, |ctx, v| {
        manage(ctx, &SystemdArgs::read(v)?)
    })
};
