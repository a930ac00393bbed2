//! Hosts and the way to them, for what is done without a run: as a run would reach them.

use crate::{complain, say};
use rustle_cli::config::Config;
use rustle_connect::HostSpec;
use rustle_parse::ReadRun;
use rustle_playbook::ParsedRun;
use rustle_plan::PlanOptions;
use rustle_run::{Passwords, Reached, Runners, connection_settings, reach};
use rustle_ship::{BootstrapOptions, Deployment, HostVars, Platform, Runner, Shipping, Supply};
use rustle_stream::exit;
use rustle_stream::record::Shipment;
use rustle_toolchain::Env;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// Hosts and the way to them.
pub(crate) struct Site {
    pub run: ParsedRun,
    pub bridge: Arc<rustle_bridge::Bridge>,
    pub hosts: Vec<HostVars>,
    pub shipping: Shipping,
    /// Deployments that stay on a host.
    pub keep: u32,
}

impl Site {
    /// The hosts of the plays; where none were read, those of the inventory.
    pub(crate) fn of(read: ReadRun, config: &Config, passwords: &Passwords, plan: PlanOptions) -> Result<Site, String> {
        let env = Env::load().map_err(|e| e.to_string())?;
        let settings = connection_settings(&read.run.options, config, passwords.connection.clone());
        let Reached { run, bridge, hosts } = reach(read, config, plan, &mut |w| complain(&format!("[WARNING]: {w}")))?;
        let usual = BootstrapOptions::default();
        let number = |name: &str| env.number(name).and_then(|n| u32::try_from(n).ok());
        let keep = number("RUSTLE_DEPLOYMENT_KEEP").unwrap_or(usual.keep);
        let options = BootstrapOptions {
            verify: env.flag("RUSTLE_VERIFY_DEPLOYMENTS", false),
            patience: env.number("RUSTLE_DEPLOYMENT_TIMEOUT").map_or(usual.patience, Duration::from_secs),
            self_check: true,
            keep,
            ..usual
        };
        let parallel = number("RUSTLE_PARALLEL_JOBS").unwrap_or(20) as usize;
        Ok(Site { run, bridge, hosts, shipping: Shipping { settings, options, parallel }, keep })
    }

    /// Leaves the hosts of a deployment. Where nothing else says who logs in there, it is who did so then: a play's
    /// `remote_user` is not known any more.
    pub(crate) fn only(&mut self, deployment: &Deployment) {
        self.hosts.retain_mut(|(host, vars)| {
            let Some(part) = deployment.hosts.iter().find(|p| p.host == *host) else { return false };
            let user = HostSpec::from_vars(host, vars, &self.shipping.settings).ok().and_then(|s| s.user);
            if let (None, Some(then)) = (user, &part.user) {
                vars.insert("ansible_user", then.clone());
            }
            true
        });
    }
}

/// Prints what became of the hosts; the exit code that it makes.
pub(crate) fn told(shipments: &[Shipment]) -> u8 {
    let width = shipments.iter().map(|s| s.host.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let mut code = exit::OK;
    for s in shipments {
        let digest = s.sha256.get(..12).unwrap_or("");
        let sent = if s.uploaded_bytes > 0 { format!("  {} sent", size(s.uploaded_bytes)) } else { String::new() };
        let why = s.reason.as_ref().map(|r| format!("  {r}")).unwrap_or_default();
        let line = format!("{:<width$}  {:<11}  {digest}{sent}{why}", s.host, s.outcome);
        _ = writeln!(text, "{}", line.trim_end());
        code |= match s.outcome.as_str() {
            "failed" => exit::HOST_FAILED,
            "unreachable" => exit::HOST_UNREACHABLE,
            _ => exit::OK,
        };
    }
    say(&text);
    code
}

pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} kB", bytes.div_ceil(1024)) } else { format!("{:.1} MB", bytes as f64 / f64::from(1 << 20)) }
}

/// Runners as a run would choose them.
pub(crate) struct Making<'a> {
    pub runners: Runners,
    /// Those that a stream has for its hosts.
    pub known: &'a HashMap<String, Arc<Runner>>,
    pub hosts: &'a [HostVars],
}

impl Making<'_> {
    /// What the stream or the user says of a host's runner goes before what the host says of itself.
    fn told(&self, host: &str) -> Option<Result<Arc<Runner>, String>> {
        let named = || self.runners.named(&self.hosts.iter().find(|(h, _)| h == host)?.1);
        self.known.get(host).cloned().map(Ok).or_else(named)
    }
}

impl Supply for Making<'_> {
    fn expected(&self, host: &str) -> Option<Arc<Runner>> {
        match self.told(host) {
            Some(runner) => runner.ok(),
            None => self.runners.own(),
        }
    }
    fn choose(&self, host: &str, platform: &Platform) -> Result<Arc<Runner>, String> {
        self.told(host).unwrap_or_else(|| self.runners.choose(platform))
    }
}
