//! `rustle-deploy`: what `ansible-playbook` does, in one process.
//!
//! - [`main`]: command line, settings, passwords, the special modes (`--list-hosts`, `--syntax-check`, …);
//! - `optimize`: what a run is expected to cost, before it and after it;
//! - `flags`: the command line itself; `setup`: `--check-capabilities` and `--setup`; `stream`: a plan in place of playbooks;
//! - `deployment`: what brings runners to hosts, or takes them back, and runs nothing; `dry`: says what would be done;
//!   `site`: the hosts of both;
//!   `localhost`: the runner proved on this machine first.
//!
//! The execution is in `rustle-run`: this program is the pipeline in one process. Instead of playbooks it takes a
//! stream (`rustle-deploy plan.ndjson`, or `-` for stdin), which it recognises by its first record.
//!
//! Called as `ansible-playbook` it knows no option and prints no line that Ansible does not. Called as `ansible` or
//! `ansible-inventory` it is these: `adhoc`, `inventory`.

mod adhoc;
mod deployment;
mod dry;
mod flags;
mod inventory;
mod optimize;
mod setup;
mod localhost;
mod site;
mod stream;

pub use flags::command;

use clap::ArgMatches;
use rustle_cli::config::Config;
use rustle_parse::{ParseError, ReadRun, Request};
use rustle_run::{Hosts, Reporter, execute, passwords, prompt, report_options, reporter, watch_signals};
use rustle_plan::{HostSource, PlanOptions, Planner};
use rustle_report::lists::{Listed, Wanted, list, syntax_ok};
use rustle_stream::event::RunEvent;
use rustle_stream::record::Diagnostic;
use rustle_stream::{Record, exit};
use std::io::Write;
use std::process::ExitCode;
use std::sync::RwLock;

/// The name that the program was called by.
fn called_as() -> String {
    let first = std::env::args_os().next().unwrap_or_default();
    std::path::Path::new(&first).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// `--log-format json`.
static AS_RECORDS: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// A warning.
fn complain(text: &str) {
    tell(text, exit::OK);
}

/// An error, with the exit code that it leads to.
fn fail(text: &str, code: u8) -> u8 {
    tell(text, code);
    code
}

fn tell(text: &str, code: u8) {
    if AS_RECORDS.load(std::sync::atomic::Ordering::Relaxed) {
        let (level, message) = match text.strip_prefix("[WARNING]: ") {
            Some(rest) => ("warning", rest),
            None => ("error", text.strip_prefix("[ERROR]: ").unwrap_or(text)),
        };
        let d = Diagnostic { level: level.into(), program: "rustle-deploy".into(), message: message.trim_end().into(), exit: code, ..Diagnostic::default() };
        if let Ok(line) = Record::from(d).to_line() {
            _ = writeln!(std::io::stderr(), "{line}");
        }
        return;
    }
    _ = writeln!(std::io::stderr(), "{text}");
}

/// The program.
pub fn main() -> ExitCode {
    let name = called_as();
    let ansible = name == "ansible-playbook";
    // Before any thread: all of them inherit it.
    let signals = watch_signals();
    let command = match &*name {
        "ansible" => adhoc::command(),
        "ansible-inventory" => inventory::command(),
        _ => flags::command(ansible),
    };
    let matches = match command.try_get_matches() {
        Ok(m) => m,
        Err(e) => {
            let asked = !e.use_stderr();
            _ = e.print();
            // Python's argparse ends with 2.
            return if asked { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    ExitCode::from(match &*name {
        "ansible" => adhoc::run(&matches, signals),
        "ansible-inventory" => inventory::run(&matches),
        _ => run(&matches, ansible, signals),
    })
}

/// What `--version` says: `program` is one of Ansible's, or `rustle-deploy`.
fn version(program: &str, config: &Config) -> String {
    if program == "rustle-deploy" {
        return format!("rustle-deploy {} (behaves as ansible-core {})\n", env!("CARGO_PKG_VERSION"), rustle_controller::ANSIBLE_VERSION);
    }
    let file = config.file.as_ref().map_or_else(|| "None".to_owned(), |f| f.display().to_string());
    format!(
        "{program} [core {}]\n  config file = {file}\n  executable location = {}\n",
        rustle_controller::ANSIBLE_VERSION,
        std::env::current_exe().unwrap_or_default().display()
    )
}

fn program(ansible: bool) -> &'static str {
    if ansible { "ansible-playbook" } else { "rustle-deploy" }
}

/// What every program begins with: the working folder and the settings; or the code to end with, where these are wrong or
/// only the version is asked for.
fn opening(args: &ArgMatches, program: &str) -> Result<(std::path::PathBuf, Config), u8> {
    let cwd = std::env::current_dir().unwrap_or_default();
    let config = Config::load(&cwd).map_err(|e| fail(&format!("[ERROR]: {e}"), exit::BAD_OPTIONS))?;
    if args.get_flag("version") {
        say(&version(program, &config));
        return Err(exit::OK);
    }
    Ok((cwd, config))
}

fn run(args: &ArgMatches, ansible: bool, signals: Option<libc::sigset_t>) -> u8 {
    let (cwd, config) = match opening(args, program(ansible)) {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    if !ansible {
        AS_RECORDS.store(args.get_one::<String>("log-format").is_some_and(|f| f == "json"), std::sync::atomic::Ordering::Relaxed);
        if args.get_flag("schema") {
            return match rustle_cli::stage::schemas(<rustle_run::RunStage as rustle_cli::stage::Stage>::READS, &["stream", "event", "diagnostic"]) {
                Ok(text) => {
                    say(&text);
                    exit::OK
                }
                Err(e) => {
                    fail(e.human("rustle-deploy").trim_end(), e.exit)
                }
            };
        }
    }
    if let Some(code) = if ansible { None } else { optimize::report(args).or_else(|| setup::run(args, signals.as_ref())) } {
        return code;
    }
    let mut options = rustle_parse::options(args, &cwd.to_string_lossy());
    if !ansible && let Some(code) = deployment::first(args, &config, &options, signals) {
        return code;
    }
    if options.playbooks.is_empty() {
        return fail(&format!("{}\nerror: the following arguments are required: playbook", flags::command(ansible).render_usage()), 2);
    }
    if options.forks == Some(0) {
        let program = program(ansible);
        return fail(&format!("{}\n{program}: error: The number of processes (--forks) must be >= 1", flags::command(ansible).render_usage()), 2);
    }
    options.flush_cache = args.get_flag("flush-cache");
    options.step = args.get_flag("step");
    for text in &config.warnings {
        complain(&format!("[WARNING]: {text}"));
    }
    let passwords = |config: &Config| passwords(args, config).map_err(|e| fail(&format!("[ERROR]: {e}"), exit::ERROR));
    let (mut prepared, config, passwords) = if let Some(source) = stream::source(&options.playbooks, ansible) {
        let (prepared, config) = match stream::read(source, args, &options) {
            Ok(found) => found,
            Err(e) => {
                return fail(e.human("rustle-deploy").trim_end(), e.exit);
            }
        };
        let Ok(passwords) = passwords(&config) else { return exit::ERROR };
        (prepared, config, passwords)
    } else {
        options.config = config.changed();
        let settings = rustle_parse::configured(&config, args.get_many::<String>("module-path").unwrap_or_default(), &mut options);
        let Ok(passwords) = passwords(&config) else { return exit::ERROR };
        let extra_vars = args.get_many::<String>("extra-vars").unwrap_or_default().cloned().collect();
        match rustle_parse::read(Request { options, extra_vars, settings, given: None }, &mut |q| prompt::secret(q)) {
            Ok(read) => (read.into(), config, passwords),
            Err(e) => return refuse(&e, ansible, &config),
        }
    };
    let any = any_hosts(&mut prepared.read, &config);
    let read = &prepared.read;
    if let Err(e) = any {
        read.warnings.iter().for_each(|text| complain(&format!("[WARNING]: {text}")));
        return fail(&format!("[ERROR]: {e}"), exit::ERROR);
    }
    let mut plan = PlanOptions::default();
    if !ansible {
        if let Some(Ok(s)) = args.get_one::<String>("strategy").map(|s| s.parse()) {
            plan.strategy = s;
        }
        if let Some(Ok(b)) = args.get_one::<String>("barriers").map(|b| b.parse()) {
            plan.barriers = Some(b);
        }
        plan.strategy = rustle_plan::short_strategy(args).unwrap_or(plan.strategy);
        prepared.known.mode = optimize::mode(args).or(prepared.known.mode);
    }
    if let Some(code) = lists(args, read, plan) {
        return code;
    }
    if !ansible && deployment::is_instead(args) {
        return deployment::instead(args, prepared, &config, plan, &passwords, signals);
    }
    let show = report_options(&config, read.run.options.verbosity, read.run.options.check, ansible);
    let asked = args_output(args, ansible);
    let Some(Reporter { mut report, format, warnings }) = reporter(&config, asked, show, &|| Box::new(std::io::LineWriter::new(std::io::stdout()))) else {
        return fail(&format!("[ERROR]: no output format is called '{}'", asked.unwrap_or_default()), exit::ERROR);
    };
    warnings.iter().for_each(|text| complain(&format!("[WARNING]: {text}")));
    if let Some(code) = (!ansible).then(|| optimize::before(args, read, &prepared.known, plan, format)).flatten() {
        return code;
    }
    let analysed = !ansible && optimize::shown(args, read);
    let outcome = prepared.known.outcome.clone();
    report.settings(&version(program(ansible), &config), config.file.as_ref().and_then(|f| f.to_str()));
    for text in read.warnings.iter().chain(read.run.warnings.iter().map(|w| &w.text)) {
        report.event(&RunEvent::Warning { text: text.clone() });
    }
    if let [file] = &read.run.options.playbooks[..] {
        report.playbook(file, read.run.plays.len());
    }
    prepared.known.quiet = ansible;
    // Ansible says nothing of a file of `vars_files` that is not there.
    let silent = |e: &RunEvent| matches!(e, RunEvent::Warning { text } if ansible && text.starts_with("vars file "));
    let code = execute(prepared, &config, plan, passwords, signals, &mut |e| {
        if !silent(&e) {
            report.event(&e);
        }
    });
    _ = report.finish();
    optimize::after(analysed, &outcome, format);
    match code {
        Ok(code) => {
            if code == exit::INTERRUPTED {
                tell("[ERROR]: User interrupted execution", code);
            }
            code
        }
        Err(e) => {
            fail(&format!("[ERROR]: {e}"), exit::ERROR)
        }
    }
}

fn args_output(args: &ArgMatches, ansible: bool) -> Option<&str> {
    if ansible { None } else { args.get_one::<String>("output").map(String::as_str) }
}

const NO_HOSTS: &str = "provided hosts list is empty, only localhost is available. Note that the implicit localhost does not match 'all'";

fn refuse(e: &ParseError, ansible: bool, config: &Config) -> u8 {
    let text = if ansible { e.plain_report() } else { e.report() };
    // Reports of several lines are followed by an empty one.
    if let ParseError::AfterInventory { warnings, empty, .. } = e {
        let none = (*empty && config.flag("LOCALHOST_WARNING")).then_some(NO_HOSTS);
        warnings.iter().map(String::as_str).chain(none).for_each(|w| complain(&format!("[WARNING]: {w}")));
    }
    fail(&format!("[ERROR]: {}{}", text.trim_end(), if text.trim_end().contains('\n') { "\n" } else { "" }), e.code())
}

/// A run needs hosts; with an empty inventory the implicit localhost remains.
fn any_hosts(read: &mut ReadRun, config: &Config) -> Result<(), String> {
    let inventory = &read.inventory;
    let empty = inventory.hosts.is_empty();
    if empty && config.flag("LOCALHOST_WARNING") {
        read.warnings.push(NO_HOSTS.into());
    }
    let Some(limit) = read.run.options.limit.as_deref() else { return Ok(()) };
    let limit = rustle_inventory::Inventory::limit(limit).map_err(|e| e.to_string())?;
    let left = inventory.hosts_for("all", Some(&limit), rustle_inventory::Order::Inventory).map_err(|e| e.to_string())?;
    read.warnings.extend(inventory.take_warnings());
    if left.is_empty() && !empty {
        return Err("Specified inventory, host pattern and/or --limit leaves us with no hosts to target.".into());
    }
    Ok(())
}

/// `--list-*` and `--syntax-check`: everything that runs nothing.
fn lists(args: &ArgMatches, read: &ReadRun, plan: PlanOptions) -> Option<u8> {
    let wanted = Wanted { hosts: args.get_flag("list-hosts"), tasks: args.get_flag("list-tasks"), tags: args.get_flag("list-tags") };
    let syntax = args.get_flag("syntax-check");
    if !(wanted.hosts || wanted.tasks || wanted.tags || syntax) {
        return None;
    }
    for text in read.warnings.iter().chain(read.run.warnings.iter().map(|w| &w.text)) {
        complain(&format!("[WARNING]: {text}"));
    }
    let run = &read.run;
    if syntax {
        for file in &run.options.playbooks {
            say(&syntax_ok(file));
        }
        return Some(exit::OK);
    }
    let limit = match run.options.limit.as_deref().map(rustle_inventory::Inventory::limit).transpose() {
        Ok(l) => l,
        Err(e) => {
            return Some(fail(&format!("[ERROR]: {e}"), exit::ERROR));
        }
    };
    // The planner wants to share the inventory with a run; here nothing changes it.
    let inventory = RwLock::new(rustle_inventory::Inventory::from_records(&run.groups, &run.hosts, Default::default()));
    let source = Hosts { inventory: &inventory, limit };
    let planner = &Planner::new(run, plan);
    let cwd = &run.options.cwd;
    for file in &run.options.playbooks {
        let path = rustle_playbook::paths::absolute(file, cwd);
        let mut hosts = Vec::new();
        let plays: Vec<_> = run.plays.iter().filter(|p| run.options.playbooks.len() == 1 || rustle_playbook::paths::absolute(&p.playbook, cwd) == path).collect();
        for play in &plays {
            match planner.hosts(play, &source as &dyn HostSource) {
                Ok(h) => hosts.push(h),
                Err(e) => {
                    return Some(fail(&format!("[ERROR]: {e}"), exit::ERROR));
                }
            }
        }
        let renderers: Vec<_> = plays.iter().map(|play| move |v: &rustle_value::Value| planner.tag(play, v)).collect();
        let listed: Vec<Listed<'_>> =
            plays.iter().zip(&hosts).zip(&renderers).map(|((play, hosts), tag)| Listed { play, fragment: &run.fragment, hosts, tag }).collect();
        say(&list(file, &listed, wanted, &run.options.tags, &run.options.skip_tags));
    }
    Some(exit::OK)
}
