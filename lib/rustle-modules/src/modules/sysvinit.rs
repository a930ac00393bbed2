//! Services of System V scripts.

use crate::sysv::{self, Wish};
use crate::{Ctx, Failure, Module, Outcome, Params, Scope, Support, params};

params! {
    /// Options of `sysvinit`.
    pub struct Args {
        /// The service.
        name: String => required(), aliases(&["service"]);
        /// What it should be doing.
        state: Option<String> => choices(&["restarted", "started", "stopped", "reloaded"]);
        /// Whether it starts with the system.
        enabled: Option<bool>;
        /// Seconds between stop and start of a restart.
        sleep: i64 => default("1");
        /// A text in the process list that shows it runs.
        pattern: Option<String>;
        /// Runlevels in which it starts.
        runlevels: Option<Vec<String>>;
        /// More words for the script.
        arguments: String => default(""), aliases(&["args"]);
        /// Whether the script makes itself a daemon.
        daemonize: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: The daemon runs
  ansible.builtin.sysvinit:
    name: apache2
    state: started
    enabled: true
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::World,
    rules: &[crate::Rule::RequiredOneOf(&["state", "enabled"])],
    ..Module::new::<Args>("ansible.builtin.sysvinit", "Manages System V services", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    sysv::manage(ctx, &Wish {
        name: &a.name,
        state: a.state.as_deref(),
        enabled: a.enabled,
        pattern: a.pattern.as_deref(),
        arguments: &a.arguments,
        runlevels: a.runlevels.clone().unwrap_or_default(),
        sleep: u64::try_from(a.sleep).unwrap_or(1),
    })
}
