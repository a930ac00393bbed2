//! The stage `rustle-ship`: brings the runner onto every host that the plan reaches, and says how it went.
//!
//! Limits: no passwords are asked for here (`-k`), and variables that are templates or vaulted are not looked at: such
//! hosts are shipped to by the stage that runs the plan. Runners come from the stream's `artifact` records; without
//! any, from the runner that was installed with this program.

use crate::{Bootstrap, BootstrapOptions, Outcome, Platform, Runner, ShipError, bootstrap, cleanup};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::stage::{Stage, StageError, StageIo};
use rustle_connect::{HostSpec, Settings, connect};
use rustle_stream::record::{Artifact, Shipment};
use rustle_stream::{Record, exit};
use rustle_target::{Inventory, hosts_to_reach};
use rustle_toolchain::Env;
use rustle_value::Dict;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// `rustle-ship`.
pub struct ShipStage;

impl Stage for ShipStage {
    const READS: &'static [&'static str] =
        &["stream", "options", "extra_vars", "host", "group", "batch", "target", "artifact", "shipment"];
    const WRITES: &'static [&'static str] = &["shipment"];
    const READ_ONLY: bool = false;

    fn command() -> Command {
        let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        Command::new("rustle-ship")
            .about("Brings the runner onto each host: upload, verification, clean-up")
            .arg(flag("verify", "Let each host compute the digest of its cached runner"))
            .arg(flag("cleanup", "Remove the runners from the hosts instead"))
            .arg(
                Arg::new("keep")
                    .long("keep")
                    .value_name("N")
                    .value_parser(clap::value_parser!(u32).range(1..))
                    .default_value("5")
                    .help("Runners that a host keeps, newest first"),
            )
            .arg(
                Arg::new("forks")
                    .long("forks")
                    .short('f')
                    .value_name("N")
                    .value_parser(clap::value_parser!(u32).range(1..))
                    .help("Hosts at the same time (default: the stream's options, else 20)"),
            )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let input = io.read_all()?;
        let records: Vec<&Record> = input.records().collect();
        let inventory = Inventory::of(records.iter().copied());
        let mut config = Dict::new();
        let mut forks = None;
        for r in &records {
            if let Record::Options(o) = r {
                config = o.config.clone();
                forks = o.forks;
            }
        }
        let env = Env::load().map_err(|e| StageError::new(e.code(), e))?;
        let usual = BootstrapOptions::default();
        let job = Job {
            settings: Settings { cli: inventory.cli(), config, ..Settings::default() },
            fleet: Fleet::of(&env, &records),
            options: BootstrapOptions {
                verify: args.get_flag("verify") || env.flag("RUSTLE_VERIFY_DEPLOYMENTS", false),
                patience: env.number("RUSTLE_DEPLOYMENT_TIMEOUT").map_or(usual.patience, Duration::from_secs),
                self_check: true,
                keep: args.get_one::<u32>("keep").copied().unwrap_or(5),
                ..usual
            },
            cleanup: args.get_flag("cleanup"),
        };
        let hosts: Vec<(String, Dict)> =
            hosts_to_reach(records.iter().copied()).into_iter().map(|h| (h.clone(), inventory.vars(&h))).collect();
        let parallel = env.number("RUSTLE_PARALLEL_JOBS").and_then(|n| u32::try_from(n).ok());
        let forks = args.get_one::<u32>("forks").copied().or(parallel).or(forks).unwrap_or(20) as usize;
        let shipments = job.all(&hosts, forks);
        for line in &input.lines {
            match &line.record {
                Some(Record::Shipment(s)) if hosts.iter().any(|(h, _)| *h == s.host) => {}
                _ => io.pass(line)?,
            }
        }
        let mut lost = 0;
        for s in shipments {
            if matches!(s.outcome.as_str(), "failed" | "unreachable") {
                lost += 1;
                io.warn(format!("{}: {}: {}", s.host, s.outcome, s.reason.as_deref().unwrap_or_default()));
            }
            io.write(&s.into())?;
        }
        Ok(if lost > 0 { exit::UNAVAILABLE } else { exit::OK })
    }
}

/// The runners at hand.
struct Fleet {
    by_host: HashMap<String, Result<Arc<Runner>, String>>,
    /// The installed runner, where the stream has no artifacts.
    own: Option<Arc<Runner>>,
}

impl Fleet {
    fn of(env: &Env, records: &[&Record]) -> Fleet {
        let artifacts: Vec<&Artifact> = records.iter().filter_map(|r| if let Record::Artifact(a) = r { Some(a) } else { None }).collect();
        let cache = rustle_build::Cache::of(env).ok();
        let mut by_host = HashMap::new();
        for a in &artifacts {
            let runner = match &a.failed {
                Some(why) => Err(why.clone()),
                None => Ok(Arc::new(Runner::of(a, cache.clone()))),
            };
            for host in &a.hosts {
                by_host.insert(host.clone(), runner.clone());
            }
        }
        let target = rustle_target::controller(env);
        let own = rustle_build::prebuilt::find(env, &target.triple, &target).0;
        Fleet { by_host, own: own.map(|a| Arc::new(Runner::of(&a, cache))) }
    }

    fn expected(&self, host: &str) -> Option<Arc<Runner>> {
        match self.by_host.get(host) {
            Some(r) => r.as_ref().ok().cloned(),
            None => self.own.clone(),
        }
    }

    fn choose(&self, host: &str, platform: &Platform) -> Result<Arc<Runner>, String> {
        if let Some(answer) = self.by_host.get(host) {
            return answer.clone();
        }
        let fits = |r: &Arc<Runner>| {
            let own = Platform::of_triple(&r.triple);
            own.system == platform.system && own.machine == platform.machine
        };
        let none = || format!("no runner for {} is in the stream (rustle-compile makes them)", platform.label());
        self.own.as_ref().filter(|r| fits(r)).cloned().ok_or_else(none)
    }
}

struct Job {
    settings: Settings,
    fleet: Fleet,
    options: BootstrapOptions,
    cleanup: bool,
}

impl Job {
    /// All hosts, some at a time; the results in the hosts' order.
    fn all(&self, hosts: &[(String, Dict)], forks: usize) -> Vec<Shipment> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..forks.clamp(1, hosts.len().max(1)) {
                scope.spawn(|| {
                    while let Some((host, vars)) = hosts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = self.one(host, vars).unwrap_or_else(|e| refused(host, &e));
                        done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|s: &Shipment| hosts.iter().position(|(h, _)| *h == s.host));
        done
    }

    fn one(&self, host: &str, vars: &Dict) -> Result<Shipment, ShipError> {
        let spec = HostSpec::from_vars(host, vars, &self.settings)?;
        let shipment = |outcome: &str| Shipment { host: host.to_owned(), outcome: outcome.to_owned(), ..Shipment::default() };
        let mut connection = connect(&spec)?;
        if connection.is_local() {
            let Some(own) = self.fleet.expected(host) else {
                return Ok(Shipment { reason: Some("no runner is installed".into()), ..shipment("fallback") });
            };
            return Ok(Shipment { sha256: own.sha256.clone(), path: own.path.display().to_string(), ..shipment("local") });
        }
        let options = BootstrapOptions { expected: self.fleet.expected(host), retries: spec.retries, ..self.options.clone() };
        if self.cleanup {
            let removed = cleanup(&mut *connection, None, &options)?;
            let reason = Some(if removed.is_empty() { "nothing was there".into() } else { removed.join(", ") });
            return Ok(Shipment { reason, ..shipment("removed") });
        }
        match bootstrap(&mut *connection, &|p| self.fleet.choose(host, p), &options)? {
            Bootstrap::Fallback { reason, mut notes, .. } => {
                notes.insert(0, reason);
                Ok(Shipment { reason: Some(notes.join("; ")), ..shipment("fallback") })
            }
            Bootstrap::Ready(session) => {
                let outcome = if session.outcome == Outcome::Cached { "cached" } else { "uploaded" };
                // The runner ends when nobody speaks to it any more.
                drop(session.channel);
                Ok(Shipment {
                    sha256: session.runner.sha256.clone(),
                    path: session.path,
                    uploaded_bytes: session.uploaded_bytes,
                    reason: (!session.notes.is_empty()).then(|| session.notes.join("; ")),
                    // With `self_check` a runner that runs has computed its own digest.
                    verified: true,
                    ..shipment(outcome)
                })
            }
        }
    }
}

fn refused(host: &str, e: &ShipError) -> Shipment {
    let outcome = match e {
        ShipError::Connect(_) => "unreachable",
        ShipError::Runner(_) | ShipError::Protocol(_) => "failed",
    };
    Shipment { host: host.to_owned(), outcome: outcome.to_owned(), reason: Some(e.to_string()), ..Shipment::default() }
}
