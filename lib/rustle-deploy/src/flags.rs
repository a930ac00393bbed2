//! The command line: `ansible-playbook`'s, and rustle's own long options where the program is called by its own name.

use clap::{Arg, ArgAction, Command};

fn switch(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
}

/// The command; `ansible` where it is called as `ansible-playbook`: then only what Ansible knows.
pub fn command(ansible: bool) -> Command {
    let name = if ansible { "ansible-playbook" } else { "rustle-deploy" };
    let mut args = rustle_parse::run_flags();
    args.extend([
        switch("list-hosts", "List the hosts that match, and do nothing else"),
        switch("list-tasks", "List the tasks that would run"),
        switch("list-tags", "List all tags"),
        switch("syntax-check", "Check the playbooks' syntax, and run nothing"),
        switch("flush-cache", "Forget cached facts"),
        switch("step", "Confirm each task before it runs"),
    ]);
    args.extend(rustle_run::password_flags());
    if !ansible {
        args.extend([
            Arg::new("strategy").long("strategy").value_name("NAME").value_parser(rustle_plan::STRATEGIES.to_vec()).help("How hosts are served, and whether they wait for each other"),
            Arg::new("barriers").long("barriers").value_name("RULE").value_parser(rustle_plan::BARRIERS.to_vec()).help("When hosts wait for each other"),
            Arg::new("output").long("output").value_name("FORMAT").help("How results are shown: default, minimal, oneline, json, ndjson"),
        ]);
    }
    Command::new(name)
        .bin_name(name)
        .about("Runs Ansible playbooks, executing the defined tasks on the targeted hosts")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(switch("version", "Print the version"))
        .args(args)
        .mut_arg("PLAYBOOK", |a| a.required(false))
}
