//! Services, whatever runs them: systemd, OpenRC or System V scripts.

use crate::systemd::{self, SystemdArgs};
use crate::sysv::{self, Wish};
use crate::{Ctx, Failure, Module, Outcome, Params, Scope, Support, params};

params! {
    /// Options of `service`.
    pub struct Args {
        /// The service.
        name: String => required();
        /// What it should be doing.
        state: Option<String> => choices(&["started", "stopped", "reloaded", "restarted"]);
        /// Seconds between stop and start of a restart.
        sleep: Option<i64>;
        /// A text in the process list that shows it runs, for scripts without `status`.
        pattern: Option<String>;
        /// Whether it starts with the system.
        enabled: Option<bool>;
        /// The runlevel, for OpenRC.
        runlevel: String => default("default");
        /// More words for the script.
        arguments: String => default(""), aliases(&["args"]);
    }
}

const EXAMPLES: &str = "
- name: The server runs
  ansible.builtin.service:
    name: nginx
    state: started
    enabled: true
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::World,
    rules: &[crate::Rule::RequiredOneOf(&["state", "enabled"])],
    ..Module::new::<Args>("ansible.builtin.service", "Manages services", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    if systemd::runs(ctx) {
        return systemd::manage(ctx, &SystemdArgs {
            name: Some(a.name),
            state: a.state,
            enabled: a.enabled,
            force: None,
            masked: None,
            daemon_reload: false,
            daemon_reexec: false,
            scope: "system".into(),
            no_block: false,
        });
    }
    sysv::manage(ctx, &Wish {
        name: &a.name,
        state: a.state.as_deref(),
        enabled: a.enabled,
        pattern: a.pattern.as_deref(),
        arguments: &a.arguments,
        runlevels: vec![a.runlevel.clone()],
        sleep: a.sleep.and_then(|s| u64::try_from(s).ok()).unwrap_or(0),
    })
}
