//! Everything around a run that runs nothing: `--deploy-only`, `--compile-only`, `--dry-run`, `--rollback`,
//! `--cleanup`, `--list-deployments`; and flags that are settings of rustle for one run.
//!
//! Limits: hosts are reached with the variables of the inventory as they stand there; a host whose connection needs a
//! variable that is a template, or vaulted, is refused here (a run reaches it).

use crate::{complain, fail, localhost, say};
use clap::{Arg, ArgAction, ArgMatches};
use rustle_build::Settings as Compilation;
use rustle_cli::config::Config;
use rustle_connect::{Secret, Settings};
use rustle_inventory::{Inventory, Order};
use rustle_parse::{ReadRun, Request};
use rustle_plan::{PlanOptions, Planner};
use rustle_run::{Hosts, Passwords, Prepared, Runners, heed_signals, prompt};
use rustle_ship::roll::{self, Wanted};
use rustle_ship::{BootstrapOptions, Deployment, History, HostVars, Platform, Runner, Shipping, Supply, deployment_name, lost};
use rustle_stream::exit;
use rustle_stream::model::PlayId;
use rustle_stream::record::{Batch, Options, Record, Shipment};
use rustle_toolchain::Env;
use rustle_value::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

/// The flags.
pub(crate) fn flags() -> Vec<Arg> {
    let switch = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help).help_heading("Deployment");
    let value = |id: &'static str, name: &'static str, help: &'static str| Arg::new(id).long(id).value_name(name).help(help).help_heading("Deployment");
    let number = |id: &'static str, name: &'static str, help: &'static str| value(id, name, help).value_parser(clap::value_parser!(u32).range(1..));
    let id = |id: &'static str, help: &'static str| value(id, "ID", help).num_args(0..=1).default_missing_value("");
    let instead = ["deploy-only", "compile-only", "dry-run", "rollback", "cleanup", "list-deployments"];
    let alone = |a: Arg| {
        let own = a.get_id().as_str().to_owned();
        a.conflicts_with_all(instead.into_iter().filter(|i| *i != own && !(own == "dry-run" && i.ends_with("-only")) && !(own.ends_with("-only") && *i == "dry-run")))
    };
    vec![
        alone(switch("deploy-only", "Bring the runners to the hosts, as a deployment that can be taken back, and run nothing")),
        alone(switch("compile-only", "Make the runners that the hosts need, and ship nothing")),
        alone(switch("dry-run", "Say what would be compiled, shipped and run, and what that is expected to cost (more with -v); hosts are asked what they are and have, and nothing is changed")),
        alone(id("rollback", "Take the newest deployment back on all hosts (or those of --limit); or bring back the state of the one with this id. Runs nothing")),
        alone(id("cleanup", "Remove runners and deployments from the hosts, or only the deployment with this id. Runs nothing")),
        alone(switch("list-deployments", "Show the deployments that were made from this machine")),
        switch("rollback-on-failure", "With --deploy-only: where a host fails, take the deployment back on the others").requires("deploy-only"),
        switch("localhost-test", "Prove the runner of this machine here first: it must start and run a task"),
        switch("rebuild", "Build even what is cached"),
        switch("incremental", "Build only what is not cached, whatever build.cache of the settings says").conflicts_with("rebuild"),
        switch("verify", "Let hosts compute the digest of a cached runner before it runs (default: deploy.verify of the settings)"),
        value("output-dir", "DIR", "With --compile-only: put the runners there, where RUSTLE_RUNNER=DIR finds them").value_parser(clap::value_parser!(PathBuf)).requires("compile-only"),
        value("cache-dir", "DIR", "Folder for all that rustle can make again (default: cache.dir of the settings)"),
        number("parallel", "N", "Hosts that are served, and platforms that are built, at the same time"),
        number("deployment-timeout", "SECONDS", "For how long a host may stay silent while a runner is brought to it (default: deploy.timeout of the settings, 60)"),
    ]
}

/// Flags that are settings: whatever reads the setting hears of them.
fn adopt(args: &ArgMatches, options: &Options) {
    let number = |flag: &str| args.get_one::<u32>(flag).map(u32::to_string);
    let mut set = vec![
        ("RUSTLE_CACHE_DIR", args.get_one::<String>("cache-dir").and_then(|d| std::path::absolute(d).ok()).map(|d| d.display().to_string())),
        ("RUSTLE_PARALLEL_JOBS", number("parallel").or_else(|| options.forks.map(|f| f.to_string()))),
        ("RUSTLE_MAX_COMPILATION_JOBS", number("parallel")),
        ("RUSTLE_DEPLOYMENT_TIMEOUT", number("deployment-timeout")),
        ("RUSTLE_VERIFY_DEPLOYMENTS", args.get_flag("verify").then(|| "true".into())),
    ];
    if args.get_flag("rebuild") || args.get_flag("incremental") {
        set.push(("RUSTLE_COMPILE_CACHE", Some(args.get_flag("incremental").to_string())));
    }
    for (name, value) in set {
        if let Some(value) = value {
            // SAFETY: no other thread has been started yet.
            unsafe { std::env::set_var(name, value) };
        }
    }
}

/// What comes before anything is read, or needs no playbook. `Some`: the program ends with this.
pub(crate) fn first(args: &ArgMatches, config: &Config, options: &Options, signals: Option<libc::sigset_t>) -> Option<u8> {
    adopt(args, options);
    if args.get_flag("list-deployments") {
        return Some(match history() {
            Ok(h) => {
                say(&h.table());
                exit::OK
            }
            Err(e) => fail(&format!("[ERROR]: {e}"), exit::BAD_OPTIONS),
        });
    }
    for flag in ["rollback", "cleanup"] {
        if let Some(id) = args.get_one::<String>(flag) {
            heed_signals(signals);
            let done = id_of(flag, id).and_then(|()| away(args, config, options, flag == "rollback", id));
            return Some(done.unwrap_or_else(|e| fail(&format!("[ERROR]: {e}"), exit::BAD_OPTIONS)));
        }
    }
    if args.get_flag("localhost-test") {
        match localhost::test(config) {
            Ok(how) => complain(&format!("localhost-test: the runner starts and runs here ({how})")),
            Err(e) => return Some(fail(&format!("[ERROR]: the runner does not work on this machine, so no host gets it: {e}"), exit::ERROR)),
        }
        if options.playbooks.is_empty() {
            return Some(exit::OK);
        }
    }
    None
}

/// A playbook's name behind `--rollback` is taken for its id.
fn id_of(flag: &str, id: &str) -> Result<(), String> {
    let good = id.is_empty() || rustle_ship::is_id(id);
    if good { Ok(()) } else { Err(format!("'{id}' is no deployment's id: put --{flag} last, or write --{flag}=ID (rustle-deploy --list-deployments shows them)")) }
}

fn history() -> Result<History, String> {
    let env = Env::load().map_err(|e| e.to_string())?;
    History::of(&env).map_err(|e| e.to_string())
}

/// `--rollback` and `--cleanup`.
fn away(args: &ArgMatches, config: &Config, options: &Options, back: bool, id: &str) -> Result<u8, String> {
    let mut options = options.clone();
    let history = history()?;
    let known = match (back, id) {
        (true, "") => Some(history.newest().map_err(|e| e.to_string())?),
        (true, id) => Some(history.load(id).map_err(|e| e.to_string())?),
        (false, _) => None,
    };
    // The deployment knows its hosts' inventory, for whoever does not name it again.
    if let Some(d) = known.as_ref().filter(|_| options.inventory.is_empty()) {
        let place = |s: &String| if s.contains(',') { s.clone() } else { std::path::Path::new(&d.cwd).join(s).display().to_string() };
        options.inventory = d.inventory.iter().map(place).collect();
    }
    options.playbooks.clear();
    options.config = config.changed();
    let settings = rustle_parse::configured(config, [], &mut options);
    let passwords = rustle_run::passwords(args, config)?;
    let extra_vars = args.get_many::<String>("extra-vars").unwrap_or_default().cloned().collect();
    let read = rustle_parse::read(Request { options, extra_vars, settings }, &mut |q| prompt::secret(q)).map_err(|e| e.report().trim_end().to_owned())?;
    let limit = limit(&read)?;
    let mut hosts = read.inventory.hosts_for("all", limit.as_deref(), Order::Inventory).map_err(|e| e.to_string())?;
    if let Some(d) = &known {
        hosts.retain(|h| d.hosts.iter().any(|p| p.host == *h));
    }
    let site = Site::of(&read, config, &passwords, &hosts)?;
    if hosts.is_empty() {
        return Err(match &known {
            Some(d) => format!("none of these hosts has to do with the deployment {} (-i and --limit choose others)", d.id),
            None => "no hosts: -i names an inventory".into(),
        });
    }
    let shipments = match &known {
        Some(d) => {
            let wanted = if id.is_empty() { Wanted::Newest } else { Wanted::State(&d.id) };
            let (d, shipments) = roll::back(&site.shipping, &site.hosts, &history, &wanted).map_err(|e| e.to_string())?;
            say(&if id.is_empty() { format!("deployment {} is taken back\n", d.id) } else { format!("back to deployment {}\n", d.id) });
            shipments
        }
        None => site.shipping.clean(&site.hosts, Some(id).filter(|i| !i.is_empty())),
    };
    Ok(site.told(shipments))
}

fn limit(read: &ReadRun) -> Result<Option<Vec<String>>, String> {
    read.run.options.limit.as_deref().map(Inventory::limit).transpose().map_err(|e| e.to_string())
}

/// What is done instead of the run. `Some`: the program ends with this.
pub(crate) fn instead(args: &ArgMatches, prepared: &Prepared, config: &Config, plan: PlanOptions, passwords: &Passwords, signals: Option<libc::sigset_t>) -> Option<u8> {
    let (deploy, compile, dry) = (args.get_flag("deploy-only"), args.get_flag("compile-only"), args.get_flag("dry-run"));
    if !(deploy || compile || dry) {
        return None;
    }
    heed_signals(signals);
    let read = &prepared.read;
    read.warnings.iter().for_each(|text| complain(&format!("[WARNING]: {text}")));
    // The plan and what it is expected to cost are shown after it.
    let whole = dry && !deploy && !compile;
    let done = hosts_of(read, plan).and_then(|hosts| {
        if compile && !dry {
            return compile_only(args, read, &hosts);
        }
        let site = Site::of(read, config, passwords, &hosts)?;
        let supply = Making { runners: Runners::asked_for()?, known: &prepared.known.runners };
        if dry { Ok(dry_run(&site, &supply, read, plan, [compile, deploy])) } else { deploy_only(args, &site, &supply, read) }
    });
    // A build that nobody waits for any more.
    rustle_toolchain::process::kill_all();
    Some(done.unwrap_or_else(|e| fail(&format!("[ERROR]: {e}"), exit::ERROR))).filter(|code| !(whole && *code == exit::OK))
}

/// The hosts of all plays, each once.
fn hosts_of(read: &ReadRun, plan: PlanOptions) -> Result<Vec<String>, String> {
    let inventory = RwLock::new(Inventory::from_records(&read.run.groups, &read.run.hosts, Default::default()));
    let source = Hosts { inventory: &inventory, limit: limit(read)? };
    let planner = Planner::new(&read.run, plan);
    let mut hosts: Vec<String> = Vec::new();
    for play in &read.run.plays {
        for host in planner.hosts(play, &source).map_err(|e| e.to_string())? {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    Ok(hosts)
}

/// The records that say how hosts are reached and what they are.
fn records(read: &ReadRun) -> Vec<Record> {
    let run = &read.run;
    let mut records: Vec<Record> = vec![run.options.clone().into(), run.extra_vars.clone().into()];
    records.extend(run.groups.iter().cloned().map(Record::from));
    records.extend(run.hosts.iter().cloned().map(Record::from));
    records
}

/// Hosts and the way to them.
struct Site {
    hosts: Vec<HostVars>,
    /// Hosts that are not even tried.
    refused: Vec<Shipment>,
    shipping: Shipping,
    keep: u32,
}

/// Variables without which a host might be another one.
const NEEDED: &[&str] = &[
    "ansible_connection", "ansible_host", "ansible_ssh_host", "ansible_port", "ansible_ssh_port", "ansible_user", "ansible_ssh_user", "ansible_password",
    "ansible_ssh_pass", "ansible_ssh_password", "ansible_ssh_private_key_file", "ansible_private_key_file", "ansible_ssh_args", "ansible_ssh_common_args",
    "ansible_ssh_extra_args",
];

impl Site {
    fn of(read: &ReadRun, config: &Config, passwords: &Passwords, names: &[String]) -> Result<Site, String> {
        let env = Env::load().map_err(|e| e.to_string())?;
        let records = records(read);
        let inventory = rustle_target::Inventory::of(&records);
        let (mut hosts, mut refused) = (Vec::new(), Vec::new());
        for name in names {
            match NEEDED.iter().find(|n| hard(read, name, n)) {
                Some(variable) => refused.push(Shipment {
                    host: name.clone(),
                    outcome: "failed".into(),
                    reason: Some(format!("{variable} is a template or vaulted, which is only known in a run (run the playbook instead)")),
                    ..Shipment::default()
                }),
                None => hosts.push((name.clone(), inventory.vars(name))),
            }
        }
        let mut raw = config.raw.clone();
        raw.update(&config.changed());
        let usual = BootstrapOptions::default();
        let number = |name: &str| env.number(name).and_then(|n| u32::try_from(n).ok());
        let keep = number("RUSTLE_DEPLOYMENT_KEEP").unwrap_or(usual.keep);
        let options = BootstrapOptions {
            verify: env.flag("RUSTLE_VERIFY_DEPLOYMENTS", false),
            patience: env.number("RUSTLE_DEPLOYMENT_TIMEOUT").map_or(usual.patience, std::time::Duration::from_secs),
            self_check: true,
            keep,
            ..usual
        };
        let settings = Settings { cli: read.run.options.connection.clone(), config: raw, password: passwords.connection.clone().map(Secret::new), ..Settings::default() };
        let parallel = number("RUSTLE_PARALLEL_JOBS").unwrap_or(20) as usize;
        Ok(Site { hosts, refused, shipping: Shipping { settings, options, parallel }, keep })
    }

    /// Prints what became of the hosts; the exit code that it makes.
    fn told(&self, mut shipments: Vec<Shipment>) -> u8 {
        shipments.extend(self.refused.iter().cloned());
        told(&shipments)
    }
}

fn told(shipments: &[Shipment]) -> u8 {
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

/// Whether a variable of this host is a template or vaulted, on any layer.
fn hard(read: &ReadRun, host: &str, name: &str) -> bool {
    let is = |v: Option<&Value>| matches!(v, Some(Value::Template(_) | Value::Vaulted(_)));
    let groups = read.run.groups.iter().filter(|g| g.name == "all" || below(read, &g.name, host, 0));
    groups.flat_map(|g| [&g.vars, &g.inventory_group_vars, &g.playbook_group_vars]).any(|d| is(d.get(name)))
        || read.run.hosts.iter().filter(|h| h.name == host).flat_map(|h| [&h.vars, &h.inventory_host_vars, &h.playbook_host_vars]).any(|d| is(d.get(name)))
        || is(read.run.extra_vars.vars.get(name))
}

fn below(read: &ReadRun, group: &str, host: &str, depth: usize) -> bool {
    let Some(g) = read.run.groups.iter().find(|g| g.name == group) else { return false };
    g.hosts.iter().any(|h| h == host) || depth < read.run.groups.len() && g.children.iter().any(|c| below(read, c, host, depth + 1))
}

fn size(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} kB", bytes.div_ceil(1024)) } else { format!("{:.1} MB", bytes as f64 / f64::from(1 << 20)) }
}

/// Runners as a run would choose them.
struct Making<'a> {
    runners: Runners,
    /// Those that a stream has for its hosts.
    known: &'a HashMap<String, Arc<Runner>>,
}

impl Supply for Making<'_> {
    fn expected(&self, host: &str) -> Option<Arc<Runner>> {
        self.known.get(host).cloned().or_else(|| self.runners.own())
    }
    fn choose(&self, host: &str, platform: &Platform) -> Result<Arc<Runner>, String> {
        self.known.get(host).cloned().map_or_else(|| self.runners.choose(platform), Ok)
    }
}

fn deploy_only(args: &ArgMatches, site: &Site, supply: &Making, read: &ReadRun) -> Result<u8, String> {
    let history = history()?;
    let options = &read.run.options;
    let mut d = Deployment {
        playbooks: options.playbooks.clone(),
        inventory: options.inventory.clone(),
        cwd: options.cwd.clone(),
        ..Deployment::new(&deployment_name(false, &options.playbooks), "runner")
    };
    let (shipments, warnings) = roll::out(&site.shipping, &site.hosts, supply, &mut d, Some(&history), site.keep);
    warnings.iter().for_each(|w| complain(&format!("[WARNING]: {w}")));
    let (reached, all) = d.reached();
    let failed: Vec<&str> = shipments.iter().chain(&site.refused).filter(|s| lost(s)).map(|s| s.host.as_str()).collect();
    let failed = failed.join(", ");
    let code = site.told(shipments);
    if all > 0 {
        say(&format!("deployment {}: in force on {reached} of {all} hosts\n", d.id));
    }
    if !failed.is_empty() && reached > 0 {
        if args.get_flag("rollback-on-failure") {
            say(&format!("it failed on {failed} and is taken back on the others\n"));
            let undone = roll::undo(&site.shipping, &site.hosts, Some(&history), &mut d);
            return Ok(code | told(&undone));
        }
        say(&format!("it failed on {failed}. To take it back on the others: rustle-deploy --rollback {}\n", roll::words(&d)));
    }
    Ok(code)
}

fn compile_only(args: &ArgMatches, read: &ReadRun, hosts: &[String]) -> Result<u8, String> {
    let env = Env::load().map_err(|e| e.to_string())?;
    let mut records = records(read);
    records.push(Batch { play: PlayId(0), index: 0, hosts: hosts.to_vec(), barriers: String::new(), reason: String::new(), free: false, strategy: String::new() }.into());
    let records: Vec<&Record> = records.iter().collect();
    let targets = rustle_target::targets_of_stream(&env, &records).map_err(|e| e.to_string())?;
    let wanted = rustle_build::wanted(&targets);
    let runners = Runners::asked_for()?;
    let work = Shipping { settings: Settings::default(), options: BootstrapOptions::default(), parallel: Compilation::of(&env).parallel };
    let made = work.each(&wanted, |w| runners.of_target(w.target.clone(), w.target.reason.as_deref().unwrap_or("unknown platform")));
    let mut code = exit::OK;
    let mut text = String::new();
    for (w, made) in wanted.iter().zip(made) {
        let hosts = w.hosts.join(", ");
        let placed = made.and_then(|r| match args.get_one::<PathBuf>("output-dir") {
            Some(dir) => place(&r, dir).map(|p| (r, p)),
            None => Ok((r.clone(), r.path.clone())),
        });
        match placed {
            Ok((r, path)) => _ = writeln!(text, "{}  {}  {}  for {hosts}", r.triple, &r.sha256.get(..12).unwrap_or_default(), path.display()),
            Err(why) => {
                code = exit::HOST_FAILED;
                let triple = if w.target.triple.is_empty() { "unknown platform" } else { &w.target.triple };
                _ = writeln!(text, "{triple}  no runner: {why}  for {hosts}");
            }
        }
    }
    say(&text);
    Ok(code)
}

/// Puts a runner into the folder, under the name by which it is found there.
fn place(runner: &Runner, dir: &std::path::Path) -> Result<PathBuf, String> {
    let path = dir.join(format!("rustle-runner-{}", runner.triple));
    let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    std::fs::create_dir_all(dir).map_err(|e| wrong(&e))?;
    let fresh = tempfile::NamedTempFile::new_in(dir).map_err(|e| wrong(&e))?;
    std::fs::write(fresh.path(), runner.bytes().map_err(|e| e.to_string())?).map_err(|e| wrong(&e))?;
    fresh.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).map_err(|e| wrong(&e))?;
    fresh.persist(&path).map_err(|e| wrong(&e.error))?;
    Ok(path)
}

/// Says what would be compiled, shipped and run. Hosts are asked what they are and have, and nothing else.
fn dry_run(site: &Site, supply: &Making, read: &ReadRun, plan: PlanOptions, [compile, deploy]: [bool; 2]) -> u8 {
    let mut shipments = Vec::new();
    let looked = site.shipping.look(&site.hosts);
    for ((host, _), found) in site.hosts.iter().zip(looked) {
        let shipment = |outcome: &str, reason: String| Shipment { host: host.clone(), outcome: outcome.into(), reason: Some(reason), ..Shipment::default() };
        shipments.push(match found {
            Err(e) => shipment("unreachable", e.to_string()),
            Ok(None) => shipment("local", "this machine's runner is used where it is".into()),
            Ok(Some(platform)) => {
                let runner = supply.known.get(host).cloned().map_or_else(|| supply.runners.at_hand(&platform), Ok);
                match runner {
                    Ok(r) if platform.cached.contains(&r.sha256) => Shipment { sha256: r.sha256.clone(), ..shipment("cached", format!("{}: nothing would be compiled or shipped", platform.label())) },
                    Ok(r) => {
                        let bytes = r.bytes().map_or(0, |b| b.len() as u64);
                        let would = if compile { "is made already".to_owned() } else { format!("would be shipped ({} before packing)", size(bytes)) };
                        Shipment { sha256: r.sha256.clone(), ..shipment("would ship", format!("{}: the runner for {} {would}", platform.label(), r.triple)) }
                    }
                    Err(why) => shipment("would build", format!("{}: no runner is at hand ({why}); it would be built{}, or the host served without one", platform.label(), if compile { "" } else { " and shipped" })),
                }
            }
        });
    }
    let code = site.told(shipments);
    if !compile && !deploy {
        let tasks = read.run.fragment.tasks.len();
        let hosts: usize = hosts_of(read, plan).map_or(0, |h| h.len());
        say(&format!("would run: {} plays with {tasks} tasks on {hosts} hosts (--list-tasks shows them; --check predicts what they change)\n", read.run.plays.len()));
    }
    code
}
