//! The stage `rustle-ship`: brings onto every host that the plan reaches what it is to have, and says how it went.
//!
//! Limits: no passwords are asked for here (`-k`). A host whose connection variables cannot be rendered is not reached.
//! Runners come from the stream's `artifact` records; without any, from the runner that was installed with this program.

use crate::roll::{self, Wanted};
use crate::{BootstrapOptions, Deployment, History, HostVars, Platform, Runner, ShipError, Shipping, Supply, deployment_name, lost};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::stage::{Input, Stage, StageError, StageIo};
use rustle_connect::Settings;
use rustle_stream::record::{Artifact, Options, Shipment};
use rustle_stream::{Record, exit};
use rustle_target::{AsWritten, Inventory, Reach, hosts_to_reach};
use rustle_toolchain::Env;
use rustle_value::names::did_you_mean;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// `rustle-ship`. `R` knows how hosts are reached.
pub struct ShipStage<R = AsWritten>(std::marker::PhantomData<R>);

impl<R: Reach> Stage for ShipStage<R> {
    const READS: &'static [&'static str] = &[
        "stream", "options", "extra_vars", "host", "group", "play", "role", "block", "task", "batch", "target", "artifact", "shipment",
    ];
    const WRITES: &'static [&'static str] = &["shipment"];
    const READ_ONLY: bool = false;

    fn command() -> Command {
        let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        let id = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("ID").num_args(0..=1).require_equals(true).default_missing_value("").help(help);
        let count = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("N").value_parser(clap::value_parser!(u32).range(1..)).help(help);
        Command::new("rustle-ship")
            .about("Brings the runner, or the executable with the plan inside, onto each host: upload, verification, roll-back, clean-up")
            .arg(flag("verify", "Let each host compute the digest of its cached runner (default: deploy.verify of the settings)"))
            .arg(id("rollback", "Take the newest deployment back, so that each host has in force what it had before; or bring back the state of the one with this id. Ships nothing else").conflicts_with("cleanup"))
            .arg(flag("rollback-on-failure", "Where a host fails, take the deployment back on the others").conflicts_with_all(["rollback", "cleanup"]))
            .arg(id("cleanup", "Remove runners and deployments from the hosts instead; or only the deployment with this id"))
            .arg(flag("list-deployments", "Show the deployments that were made from this machine, instead; no input is read"))
            .arg(Arg::new("limit").long("limit").short('l').value_name("HOSTS").value_delimiter(',').action(ArgAction::Append).help("Only these hosts of the plan"))
            .arg(Arg::new("name").long("name").value_name("NAME").help("What the deployment is called: hosts have it as ~/.rustle/current/NAME (default: rustle-runner, or the playbook's name where the plan is inside)"))
            .arg(count("keep", "Runners, and deployments of a name, that a host keeps, newest first (default: deploy.keep of the settings, 5)"))
            .arg(count("parallel", "Hosts at the same time (default: deploy.parallel of the settings, else the stream's options, else 20)").visible_alias("forks").short('f'))
            .arg(count("timeout", "Seconds for which a host may stay silent (default: deploy.timeout of the settings, 60)").value_name("SECONDS"))
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let env = Env::load().map_err(|e| StageError::new(e.code(), e))?;
        let history = History::of(&env).map_err(|e| refuse(&e));
        if args.get_flag("list-deployments") {
            io.text(&history?.table())?;
            return Ok(exit::OK);
        }
        let input = io.read_all()?;
        let records: Vec<&Record> = input.records().collect();
        let inventory = Inventory::of(records.iter().copied()).rendered(R::of(&input, &mut |w| io.warn(w))?);
        let stream = records.iter().find_map(|r| if let Record::Options(o) = r { Some((*o).clone()) } else { None }).unwrap_or_default();
        let names = hosts(args, &records)?;
        let (names, lost): (Vec<String>, Vec<String>) = names.into_iter().partition(|h| inventory.untold(h).is_none());
        let hosts: Vec<HostVars> = names.into_iter().map(|h| (h.clone(), inventory.vars(&h))).collect();
        let number = |name: &str| args.get_one::<u32>(name).copied();
        let keep = number("keep").unwrap_or_else(|| setting(&env, "RUSTLE_DEPLOYMENT_KEEP").unwrap_or(5));
        let usual = BootstrapOptions::default();
        let timeout = number("timeout").map(u64::from).or_else(|| env.number("RUSTLE_DEPLOYMENT_TIMEOUT"));
        let shipping = Shipping {
            settings: Settings { cli: inventory.cli(), config: stream.config.clone(), ..Settings::default() },
            options: BootstrapOptions {
                verify: args.get_flag("verify") || env.flag("RUSTLE_VERIFY_DEPLOYMENTS", false),
                patience: timeout.map_or(usual.patience, Duration::from_secs),
                self_check: true,
                keep,
                ..usual
            },
            parallel: number("parallel").or_else(|| setting(&env, "RUSTLE_PARALLEL_JOBS")).or(stream.forks).unwrap_or(20) as usize,
        };
        let shipments = if let Some(id) = args.get_one::<String>("cleanup") {
            shipping.clean(&hosts, Some(id.as_str()).filter(|id| !id.is_empty()).map(valid).transpose()?)
        } else if let Some(id) = args.get_one::<String>("rollback") {
            let id = if id.is_empty() { Wanted::Newest } else { Wanted::State(valid(id)?) };
            roll::back(&shipping, &hosts, &history?, &id).map_err(|e| refuse(&e))?.1
        } else {
            forward(args, io, &shipping, &hosts, &Fleet::of(&env, &records), history, &stream, keep)?
        };
        let untold = lost.into_iter().map(|host| {
            let name = inventory.untold(&host).unwrap_or_default();
            Shipment { host, outcome: "failed".into(), reason: Some(format!("{name} is a template, or vaulted, and cannot be rendered here")), ..Shipment::default() }
        });
        hand_on(io, &input, shipments.into_iter().chain(untold).collect())
    }
}

/// A setting that counts something.
fn setting(env: &Env, name: &str) -> Option<u32> {
    env.number(name).and_then(|n| u32::try_from(n).ok())
}

fn refuse(e: &ShipError) -> StageError {
    StageError::new(exit::UNAVAILABLE, e)
}

fn valid(id: &str) -> Result<&str, StageError> {
    if id.is_empty() || crate::deployment::plain(id) { Ok(id) } else { Err(StageError::usage(format!("'{id}' is no deployment's id")).hint("rustle-ship --list-deployments shows them")) }
}

/// Hosts of the plan, within `--limit`.
fn hosts(args: &ArgMatches, records: &[&Record]) -> Result<Vec<String>, StageError> {
    let mut names = hosts_to_reach(records.iter().copied());
    if let Some(limit) = args.get_many::<String>("limit") {
        let limit: Vec<&String> = limit.collect();
        for one in &limit {
            if !names.contains(one) {
                let e = StageError::usage(format!("--limit names '{one}', which is no host of the plan"));
                return Err(match did_you_mean(one, names.iter().map(String::as_str)) {
                    Some(near) => e.hint(near),
                    None => e.hint("patterns are for rustle-parse --limit"),
                });
            }
        }
        names.retain(|n| limit.contains(&n));
    }
    Ok(names)
}

/// Ships, and writes the deployment down.
#[allow(clippy::too_many_arguments, reason = "they are what a deployment is made of")]
fn forward(
    args: &ArgMatches,
    io: &mut StageIo,
    shipping: &Shipping,
    hosts: &[HostVars],
    fleet: &Fleet,
    history: Result<History, StageError>,
    stream: &Options,
    keep: u32,
) -> Result<Vec<Shipment>, StageError> {
    let artifacts = !fleet.artifacts.is_empty();
    let name = match args.get_one::<String>("name") {
        Some(given) if crate::deployment::plain(given) => given.clone(),
        Some(given) => return Err(StageError::usage(format!("--name '{given}': a name is of letters, digits and . _ + -"))),
        None => deployment_name(artifacts, &stream.playbooks),
    };
    let mut deployment = Deployment {
        playbooks: stream.playbooks.clone(),
        inventory: stream.inventory.clone(),
        cwd: stream.cwd.clone(),
        ..Deployment::new(&name, if artifacts { "artifact" } else { "runner" })
    };
    // Without a place to write it down, runners are shipped all the same.
    let history = match history {
        Ok(h) => Some(h),
        Err(e) if artifacts => return Err(e),
        Err(_) => None,
    };
    let (mut shipments, told) = roll::out(shipping, hosts, fleet, &mut deployment, history.as_ref(), keep);
    told.iter().for_each(|w| io.warn(w));
    let failed: Vec<&str> = shipments.iter().filter(|s| lost(s)).map(|s| s.host.as_str()).collect();
    let (reached, _) = deployment.reached();
    if !failed.is_empty() && reached > 0 {
        let id = &deployment.id;
        if args.get_flag("rollback-on-failure") {
            io.warn(format!("deployment {id} failed on {} and is rolled back on {reached} hosts", failed.join(", ")));
            let undone = roll::undo(shipping, hosts, history.as_ref(), &mut deployment);
            for (s, back) in shipments.iter_mut().zip(undone) {
                if !lost(s) && s.outcome != "local" && s.outcome != "fallback" {
                    *s = back;
                }
            }
        } else if artifacts {
            io.warn(format!(
                "deployment {id} failed on {}; {reached} hosts have it. To take it back there: rustle-deploy --rollback {}; to go on, repeat this command",
                failed.join(", "),
                roll::words(&deployment)
            ));
        }
    }
    Ok(shipments)
}

/// The input with the new shipments in place of older ones of the same hosts.
fn hand_on(io: &mut StageIo, input: &Input, shipments: Vec<Shipment>) -> Result<u8, StageError> {
    for line in &input.lines {
        match &line.record {
            Some(Record::Shipment(s)) if shipments.iter().any(|new| new.host == s.host) => {}
            _ => io.pass(line)?,
        }
    }
    let mut failed = false;
    for s in shipments {
        if lost(&s) {
            failed = true;
            io.warn(format!("{}: {}: {}", s.host, s.outcome, s.reason.as_deref().unwrap_or_default()));
        }
        io.write(&s.into())?;
    }
    Ok(if failed { exit::UNAVAILABLE } else { exit::OK })
}

/// What the stream has for its hosts.
struct Fleet {
    by_host: HashMap<String, Result<Arc<Runner>, String>>,
    /// Executables with the plan inside.
    artifacts: HashMap<String, Arc<Runner>>,
    /// The installed runner, where the stream has no artifacts.
    own: Option<Arc<Runner>>,
}

impl Fleet {
    fn of(env: &Env, records: &[&Record]) -> Fleet {
        let all: Vec<&Artifact> = records.iter().filter_map(|r| if let Record::Artifact(a) = r { Some(a) } else { None }).collect();
        let cache = rustle_build::Cache::of(env).ok();
        let (mut by_host, mut artifacts) = (HashMap::new(), HashMap::new());
        for a in &all {
            if a.failed.is_none() && a.embedded_plan.is_some() {
                // Changes with each plan: its packed form is not worth keeping.
                let file = Arc::new(Runner::of(a, None));
                artifacts.extend(a.hosts.iter().map(|h| (h.clone(), file.clone())));
                continue;
            }
            let runner = match &a.failed {
                Some(why) => Err(why.clone()),
                None => Ok(Arc::new(Runner::of(a, cache.clone()))),
            };
            by_host.extend(a.hosts.iter().map(|h| (h.clone(), runner.clone())));
        }
        let target = rustle_target::controller(env);
        let own = rustle_build::prebuilt::find(env, &target.triple, &target).0;
        Fleet { by_host, artifacts, own: own.map(|a| Arc::new(Runner::of(&a, cache))) }
    }
}

impl Supply for Fleet {
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

    fn artifact(&self, host: &str) -> Option<Arc<Runner>> {
        self.artifacts.get(host).cloned()
    }
}
