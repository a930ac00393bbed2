//! `ansible`: one task on the hosts of a pattern, without a playbook. Called by a link of this name.
//! <https://docs.ansible.com/ansible/latest/cli/ansible.html>
//!
//! The task becomes a playbook that only exists in memory: arguments may hold what nobody is to find on the disk.
//!
//! Limit: `--tree` is refused.

use crate::{complain, fail, say};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::config::Config;
use rustle_inventory::{Inventory, Order};
use rustle_parse::{Given, Request};
use rustle_plan::PlanOptions;
use rustle_run::{execute, passwords, prompt, report_options};
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_value::{Dict, JsonStyle, Value, dict, to_json_string};

/// Modules that do nothing without arguments.
const NEED_ARGUMENTS: [&str; 7] = ["command", "win_command", "ansible.windows.win_command", "shell", "win_shell", "raw", "script"];

pub(crate) fn command() -> Command {
    let kept = [
        "inventory", "limit", "extra-vars", "vault-id", "vault-password-file", "ask-vault-password", "check", "diff", "verbose", "forks",
        "module-path", "user", "connection", "timeout", "private-key", "ssh-common-args", "ssh-extra-args", "sftp-extra-args",
        "scp-extra-args", "become", "become-method", "become-user",
    ];
    let number = |id: &'static str, short: char, help: &'static str| {
        Arg::new(id).long(id).short(short).value_name("SECONDS").value_parser(clap::value_parser!(u64)).help(help)
    };
    crate::flags::program("ansible", "Runs one task on the hosts of a pattern", &kept)
        .arg(Arg::new("PATTERN").required_unless_present("version").help("Which hosts"))
        .arg(Arg::new("module-name").long("module-name").short('m').value_name("MODULE").help("The module; default: command"))
        .arg(Arg::new("args").long("args").short('a').value_name("ARGUMENTS").allow_hyphen_values(true).help("Its arguments: key=value, or JSON or YAML"))
        .arg(number("background", 'B', "Run it in the background for at most as long"))
        .arg(number("poll", 'P', "How often to ask whether a background job is done"))
        .arg(Arg::new("task-timeout").long("task-timeout").value_name("SECONDS").value_parser(clap::value_parser!(u64)).help("How long the task may take"))
        .arg(Arg::new("one-line").long("one-line").short('o').action(ArgAction::SetTrue).help("A line per result"))
        .arg(Arg::new("tree").long("tree").short('t').value_name("DIR").help("Not supported"))
        .arg(Arg::new("list-hosts").long("list-hosts").action(ArgAction::SetTrue).help("List the hosts that match, and do nothing else"))
        .arg(Arg::new("playbook-dir").long("playbook-dir").value_name("DIR").help("The folder that stands for a playbook's"))
        .args(rustle_run::password_flags())
}

/// The module, and the text of a playbook with the task.
fn playbook(args: &ArgMatches, config: &Config) -> Result<(String, String), String> {
    let module = args.get_one::<String>("module-name").cloned().or_else(|| config.text("DEFAULT_MODULE_NAME")).unwrap_or_else(|| "command".into());
    let short = module.strip_prefix("ansible.builtin.").or(module.strip_prefix("ansible.legacy.")).unwrap_or(&module);
    let given = args.get_one::<String>("args").cloned().or_else(|| config.text("DEFAULT_MODULE_ARGS")).unwrap_or_default();
    if matches!(short, "import_playbook" | "include") {
        return Err(format!("'{module}' is not a valid action for ad-hoc commands"));
    }
    if given.trim().is_empty() && NEED_ARGUMENTS.contains(&short) && !args.get_flag("list-hosts") {
        return Err(format!("No argument passed to {module} module"));
    }
    // A mapping stays one; all else is read as the text after a module's name.
    let value = given
        .trim_start()
        .starts_with('{')
        .then(|| rustle_yaml::parse_value(&given, "<CLI option '-a'>", rustle_yaml::Trust::Data).ok())
        .flatten()
        .filter(|v| matches!(v, Value::Dict(_)))
        .unwrap_or_else(|| if given.is_empty() { Value::Null } else { Value::from(given.as_str()) });
    let mut task: Dict = [(Value::from(module.as_str()), value)].into_iter().collect();
    let number = |id: &str| args.get_one::<u64>(id).map(|n| Value::Int(i64::try_from(*n).unwrap_or(i64::MAX)));
    if let Some(seconds) = number("background") {
        task.insert("async", seconds);
        task.insert("poll", number("poll").unwrap_or(Value::Int(15)));
    }
    if let Some(seconds) = number("task-timeout") {
        task.insert("timeout", seconds);
    }
    let pattern = args.get_one::<String>("PATTERN").cloned().unwrap_or_default();
    let play = dict! { "name" => "Ansible Ad-Hoc", "hosts" => pattern, "gather_facts" => false, "tasks" => Value::list(vec![Value::dict(task)]) };
    Ok((module, to_json_string(&Value::list(vec![Value::dict(play)]), &JsonStyle { ensure_ascii: false, ..JsonStyle::default() })))
}

pub(crate) fn run(args: &ArgMatches, signals: Option<libc::sigset_t>) -> u8 {
    let (cwd, config) = match crate::opening(args, "ansible") {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    if args.contains_id("tree") {
        return fail("[ERROR]: --tree is not supported; `ansible-playbook --output ndjson` and `register` keep results", exit::BAD_OPTIONS);
    }
    let mut options = rustle_parse::options(args, &cwd.to_string_lossy());
    if options.forks == Some(0) {
        return fail("ansible: error: The number of processes (--forks) must be >= 1", 2);
    }
    let (module, text) = match playbook(args, &config) {
        Ok(made) => made,
        Err(e) => return fail(&format!("[ERROR]: {e}"), exit::BAD_OPTIONS),
    };
    config.warnings.iter().for_each(|w| complain(&format!("[WARNING]: {w}")));
    let folder = args.get_one::<String>("playbook-dir").map_or_else(|| cwd.clone(), |d| cwd.join(d));
    let name = format!("<adhoc '{module}' task>");
    let path = rustle_playbook::paths::absolute(&name, &rustle_playbook::paths::absolute(&folder.to_string_lossy(), &cwd.to_string_lossy()));
    options.playbooks = vec![path.clone()];
    options.config = config.changed();
    let mut settings = rustle_parse::configured(&config, args.get_many::<String>("module-path").unwrap_or_default(), &mut options);
    // A module that is not there is the hosts' failure.
    settings.check_modules = false;
    let passwords = match passwords(args, &config) {
        Ok(p) => p,
        Err(e) => return fail(&format!("[ERROR]: {e}"), exit::ERROR),
    };
    let extra_vars = args.get_many::<String>("extra-vars").unwrap_or_default().cloned().collect();
    let request = Request { options, extra_vars, settings, given: Some(Given { path, name, text }) };
    let read = match rustle_parse::read(request, &mut |q| prompt::secret(q)) {
        Ok(read) => read,
        Err(e) => return crate::refuse(&e, true, &config),
    };
    let pattern = args.get_one::<String>("PATTERN").map_or("", String::as_str);
    read.warnings.iter().for_each(|w| complain(&format!("[WARNING]: {w}")));
    let empty = read.inventory.hosts.is_empty();
    let local = matches!(pattern, "localhost" | "127.0.0.1" | "::1");
    if empty && !local && config.flag("LOCALHOST_WARNING") {
        complain(&format!("[WARNING]: {}", crate::NO_HOSTS));
    }
    let limit = match read.run.options.limit.as_deref().map(Inventory::limit).transpose() {
        Ok(l) => l,
        Err(e) => return fail(&format!("[ERROR]: {e}"), exit::ERROR),
    };
    let hosts = match read.inventory.hosts_for(pattern, limit.as_deref(), Order::Inventory) {
        Ok(hosts) => hosts,
        Err(e) => return fail(&format!("[ERROR]: {e}"), exit::ERROR),
    };
    read.inventory.take_warnings().iter().for_each(|w| complain(&format!("[WARNING]: {w}")));
    if hosts.is_empty() && !empty && limit.is_some() {
        return fail("[ERROR]: Specified inventory, host pattern and/or --limit leaves us with no hosts to target.", exit::ERROR);
    }
    if args.get_flag("list-hosts") {
        let names: String = hosts.iter().map(|h| format!("    {h}\n")).collect();
        say(&format!("  hosts ({}):\n{names}", hosts.len()));
        return exit::OK;
    }
    if hosts.is_empty() {
        if !empty {
            complain("[WARNING]: No hosts matched, nothing to do");
        }
        return exit::OK;
    }
    let chosen = || config.text("DEFAULT_STDOUT_CALLBACK").filter(|_| config.flag("DEFAULT_LOAD_CALLBACK_PLUGINS"));
    let format = if args.get_flag("one-line") { "oneline".to_owned() } else { chosen().unwrap_or_else(|| "minimal".into()) };
    let show = report_options(&config, read.run.options.verbosity, read.run.options.check, true);
    let out = std::io::LineWriter::new(std::io::stdout());
    let Some(mut report) = rustle_report::create(&format, show, Box::new(out), Box::new(std::io::stderr())) else {
        return fail(&format!("[ERROR]: Could not load '{format}' callback plugin."), exit::ERROR);
    };
    report.settings(&crate::version("ansible", &config), config.file.as_ref().and_then(|f| f.to_str()));
    let code = execute(read, &config, PlanOptions::default(), passwords, signals, &mut |e: RunEvent| report.event(&e));
    _ = report.finish();
    match code {
        Ok(exit::INTERRUPTED) => fail("[ERROR]: User interrupted execution", exit::INTERRUPTED),
        Ok(code) => code,
        Err(e) => fail(&format!("[ERROR]: {e}"), exit::ERROR),
    }
}
