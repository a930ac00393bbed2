//! The command line: `ansible-playbook`'s, and rustle's own long options where the program is called by its own name.

use clap::{Arg, ArgAction, Command};

const EXIT_HELP: &str = "Instead of playbooks: a stream of records (`rustle-deploy plan.ndjson`, or `-` for stdin).

Exit status, as ansible-playbook has it: 0 all went well, 1 an error outside of any host, 2 a host failed (or the \
command line is wrong), 4 a host could not be reached, whether or not others failed (or a playbook cannot be parsed), 5 wrong options or \
settings, 99 interrupted, 250 an unexpected error. With a stream: 64 what the stream has is given again, 65 it is wrong, \
66 it is not there.";

fn switch(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
}

/// The command; `ansible` where it is called as `ansible-playbook`: then only what Ansible knows.
pub fn command(ansible: bool) -> Command {
    let name = crate::program(ansible);
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
        args.extend(crate::setup::flags());
        args.extend([
            Arg::new("schema").long("schema").action(clap::ArgAction::SetTrue).help("Print the JSON Schemas of the records it reads and writes, one a line, and exit"),
            Arg::new("log-format").long("log-format").value_name("FORMAT").value_parser(["human", "json"]).default_value("human").help("How errors and warnings before the run are written to stderr"),
            Arg::new("strategy").long("strategy").value_name("NAME").value_parser(rustle_plan::STRATEGIES.to_vec()).help("How hosts are served, and whether they wait for each other"),
            Arg::new("barriers").long("barriers").value_name("RULE").value_parser(rustle_plan::BARRIERS.to_vec()).help("When hosts wait for each other"),
            Arg::new("output").long("output").value_name("FORMAT").help(format!("How results are shown: {}", rustle_report::formats::list())),
        ]);
        args.extend(crate::optimize::flags());
        args.extend(crate::deployment::flags());
    }
    let command = Command::new(name);
    let command = if ansible { command } else { command.after_help(EXIT_HELP) };
    command
        .bin_name(name)
        .about("Runs Ansible playbooks, executing the defined tasks on the targeted hosts")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(switch("version", "Print the version"))
        .args(args)
        .mut_arg("PLAYBOOK", |a| a.required(false))
}

/// A command with those of the flags of a run that `kept` names. The others are not among Ansible's own of that program:
/// they are hidden and lose their letters.
pub(crate) fn program(name: &'static str, about: &'static str, kept: &[&str]) -> Command {
    let flags = rustle_parse::run_flags().into_iter().filter(|a| a.get_id() != "PLAYBOOK").map(|a| {
        let known = kept.contains(&a.get_id().as_str());
        if known { a } else { a.short(None).hide(true) }
    });
    Command::new(name)
        .bin_name(name)
        .about(about)
        .disable_version_flag(true)
        .arg(switch("version", "Print the version"))
        .args(flags)
        .arg(Arg::new("PLAYBOOK").long("playbook").hide(true).action(ArgAction::Append))
}
