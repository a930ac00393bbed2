//! Everything around a run that runs nothing: `--deploy-only`, `--compile-only`, `--dry-run`, `--rollback`,
//! `--cleanup`, `--list-deployments`; and flags that are settings of rustle for one run.

use crate::site::{Making, Site, told};
use crate::{complain, dry, fail, localhost, say};
use clap::{Arg, ArgAction, ArgMatches};
use rustle_build::Settings as Compilation;
use rustle_cli::config::Config;
use rustle_connect::Settings;
use rustle_parse::Request;
use rustle_plan::PlanOptions;
use rustle_run::{Passwords, Prepared, Runners, heed_signals, prompt};
use rustle_ship::roll::{self, Wanted};
use rustle_ship::{BootstrapOptions, Deployment, History, Runner, Shipping, deployment_name, lost};
use rustle_stream::exit;
use rustle_stream::model::PlayId;
use rustle_stream::record::{Batch, Options, Record};
use rustle_toolchain::Env;
use std::fmt::Write as _;
use std::path::PathBuf;

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
    let read = rustle_parse::read(Request { options, extra_vars, settings, given: None }, &mut |q| prompt::secret(q)).map_err(|e| e.report().trim_end().to_owned())?;
    let mut site = Site::of(read, config, &passwords, PlanOptions::default())?;
    if let Some(d) = &known {
        site.only(d);
    }
    if site.hosts.is_empty() {
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
    Ok(told(&shipments))
}

/// Whether something is done instead of the run.
pub(crate) fn is_instead(args: &ArgMatches) -> bool {
    ["deploy-only", "compile-only", "dry-run"].into_iter().any(|f| args.get_flag(f))
}

/// What is done instead of the run; the exit code.
pub(crate) fn instead(args: &ArgMatches, prepared: Prepared, config: &Config, plan: PlanOptions, passwords: &Passwords, signals: Option<libc::sigset_t>) -> u8 {
    heed_signals(signals);
    let Prepared { read, known } = prepared;
    read.warnings.iter().for_each(|text| complain(&format!("[WARNING]: {text}")));
    let done = Site::of(read, config, passwords, plan).and_then(|site| {
        let supply = Making { runners: Runners::asked_for()?, known: &known.runners, hosts: &site.hosts };
        match (args.get_flag("dry-run"), args.get_flag("compile-only")) {
            (true, _) => dry::run(args, &site, &supply, plan, known.mode),
            (_, true) => compile_only(args, &site, &supply.runners),
            _ => deploy_only(args, &site, &supply),
        }
    });
    // A build that nobody waits for any more.
    rustle_toolchain::process::kill_all();
    done.unwrap_or_else(|e| fail(&format!("[ERROR]: {e}"), exit::ERROR))
}

fn deploy_only(args: &ArgMatches, site: &Site, supply: &Making) -> Result<u8, String> {
    let history = history()?;
    let options = &site.run.options;
    let mut d = Deployment {
        playbooks: options.playbooks.clone(),
        inventory: options.inventory.clone(),
        cwd: options.cwd.clone(),
        ..Deployment::new(&deployment_name(false, &options.playbooks), "runner")
    };
    let (shipments, warnings) = roll::out(&site.shipping, &site.hosts, supply, &mut d, Some(&history), site.keep);
    warnings.iter().for_each(|w| complain(&format!("[WARNING]: {w}")));
    let (reached, all) = d.reached();
    let failed: Vec<&str> = shipments.iter().filter(|s| lost(s)).map(|s| s.host.as_str()).collect();
    let failed = failed.join(", ");
    let code = told(&shipments);
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

fn compile_only(args: &ArgMatches, site: &Site, runners: &Runners) -> Result<u8, String> {
    let env = Env::load().map_err(|e| e.to_string())?;
    let run = &site.run;
    let hosts = site.hosts.iter().map(|(host, _)| host.clone()).collect();
    let mut records: Vec<Record> = vec![run.options.clone().into(), run.extra_vars.clone().into()];
    records.extend(run.groups.iter().cloned().map(Record::from));
    records.extend(run.hosts.iter().cloned().map(Record::from));
    records.push(Batch { play: PlayId(0), index: 0, hosts, barriers: String::new(), reason: String::new(), free: false, strategy: String::new() }.into());
    let records: Vec<&Record> = records.iter().collect();
    let targets = rustle_target::targets_of_stream(&env, &records, site.hosts.iter().cloned().collect()).map_err(|e| e.to_string())?;
    let wanted = rustle_build::wanted(&targets);
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
