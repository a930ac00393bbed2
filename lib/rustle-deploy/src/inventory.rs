//! `ansible-inventory`: what the sources come to. Called by a link of this name.
//! <https://docs.ansible.com/ansible/latest/cli/ansible-inventory.html>
//!
//! Limit: TOML is read, not written.

use crate::{fail, say};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_inventory::{Inventory, InventoryError, Listing, Order};
use rustle_parse::{ReadRun, Request};
use rustle_run::prompt;
use rustle_stream::exit;
use rustle_value::{Dict, JsonStyle, Value, to_json_string};
use std::path::Path;

fn switch(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
}

pub(crate) fn command() -> Command {
    let kept = ["inventory", "limit", "extra-vars", "vault-id", "vault-password-file", "ask-vault-password", "verbose"];
    crate::flags::program("ansible-inventory", "Shows what is in an inventory: as a script would, by default", &kept)
        .arg(Arg::new("GROUP").help("The group for --graph"))
        .arg(switch("list", "All hosts and groups"))
        .arg(Arg::new("host").long("host").value_name("HOST").help("The variables of one host"))
        .arg(switch("graph", "A tree of groups and hosts"))
        .arg(switch("yaml", "YAML instead of JSON").short('y'))
        .arg(switch("toml", "TOML instead of JSON"))
        .arg(switch("vars", "Variables, too, with --graph"))
        .arg(switch("export", "With --list: variables stay with their groups"))
        .arg(Arg::new("output").long("output").value_name("FILE").help("With --list: write there"))
        .arg(Arg::new("playbook-dir").long("playbook-dir").value_name("DIR").help("The folder whose group_vars and host_vars count as a playbook's"))
}

pub(crate) fn run(args: &ArgMatches) -> u8 {
    let (cwd, config) = match crate::opening(args, "ansible-inventory") {
        Ok(opened) => opened,
        Err(code) => return code,
    };
    match [args.get_flag("list"), args.contains_id("host"), args.get_flag("graph")].iter().filter(|b| **b).count() {
        0 => return fail("[ERROR]: No action selected, at least one of --host, --graph or --list needs to be specified.", exit::BAD_OPTIONS),
        1 => {}
        _ => return fail("[ERROR]: Conflicting options used, only one of --host, --graph or --list can be used at the same time.", exit::BAD_OPTIONS),
    }
    if args.get_flag("toml") && !args.get_flag("graph") {
        return fail("[ERROR]: TOML is not written; --yaml and JSON are", exit::BAD_OPTIONS);
    }
    let mut options = rustle_parse::options(args, &cwd.to_string_lossy());
    options.config = config.changed();
    if options.verbosity > 0 && let Some(file) = &config.file {
        say(&format!("Using {} as config file\n", file.display()));
    }
    let settings = rustle_parse::configured(&config, [], &mut options);
    let extra_vars = args.get_many::<String>("extra-vars").unwrap_or_default().cloned().collect();
    let read = match rustle_parse::read(Request { options, extra_vars, settings, given: None }, &mut |q| prompt::secret(q)) {
        Ok(read) => read,
        Err(e) => return crate::refuse(&e, true, &config),
    };
    read.warnings.iter().for_each(|w| crate::complain(&format!("[WARNING]: {w}")));
    let code = match shown(args, &read) {
        Ok(Ok(text)) => match args.get_one::<String>("output").filter(|_| args.get_flag("list")) {
            Some(file) => match std::fs::write(file, text) {
                Ok(()) => exit::OK,
                Err(e) => fail(&format!("[ERROR]: Unable to write to destination ({file}): {e}"), exit::ERROR),
            },
            None => {
                say(&text);
                exit::OK
            }
        },
        Ok(Err(why)) => {
            read.inventory.take_warnings().iter().for_each(|w| crate::complain(&format!("[WARNING]: {w}")));
            return fail(&format!("[ERROR]: {why}"), exit::BAD_OPTIONS);
        }
        Err(e) => fail(&format!("[ERROR]: {e}"), exit::ERROR),
    };
    read.inventory.take_warnings().iter().for_each(|w| crate::complain(&format!("[WARNING]: {w}")));
    code
}

/// What is asked for, as text; or what is wrong with the question.
fn shown(args: &ArgMatches, read: &ReadRun) -> Result<Result<String, &'static str>, InventoryError> {
    let inventory = &read.inventory;
    let limit = read.run.options.limit.as_deref().map(Inventory::limit).transpose()?;
    let hosts = match &limit {
        Some(limit) => Some(inventory.hosts_for("all", Some(limit), Order::Inventory)?.into_iter().collect()),
        None => None,
    };
    let listing = Listing {
        hosts,
        export: args.get_flag("export"),
        playbook_dir: args.get_one::<String>("playbook-dir").map(Path::new),
        extra_vars: read.run.extra_vars.vars.clone(),
    };
    if let Some(host) = args.get_one::<String>("host") {
        let [host] = &inventory.hosts_for(host, limit.as_deref(), Order::Inventory)?[..] else {
            return Ok(Err("You must pass a single valid host to --host parameter"));
        };
        // One host's variables are always whole.
        let vars = inventory.of_host(host, &Listing { export: false, ..listing })?;
        return Ok(Ok(text(args, vars)));
    }
    if args.get_flag("graph") {
        let group = args.get_one::<String>("GROUP").map_or("all", String::as_str);
        if !inventory.groups.contains_key(group) {
            return Ok(Err("Pattern must be valid group name when using --graph"));
        }
        return Ok(Ok(inventory.graph(group, args.get_flag("vars").then_some(&listing))? + "\n"));
    }
    let all = if args.get_flag("yaml") { inventory.tree(&listing)? } else { inventory.list(&listing)? };
    Ok(Ok(text(args, all)))
}

fn text(args: &ArgMatches, value: Dict) -> String {
    if args.get_flag("yaml") {
        let style = rustle_yaml::DumpStyle { flow: rustle_yaml::FlowStyle::Block, ..Default::default() };
        return rustle_yaml::dump(&Value::dict(value), &style);
    }
    let style = JsonStyle { sort_keys: true, ensure_ascii: false, ..JsonStyle::pretty(4) };
    to_json_string(&Value::dict(value), &style) + "\n"
}
