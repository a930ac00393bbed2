//! The flags that say what is run: those of `ansible-playbook`, by its names. `rustle-deploy` takes the same.

use clap::{Arg, ArgAction, ArgMatches};
use rustle_stream::record::Options;
use rustle_value::{Dict, Value};

fn many(id: &'static str, short: Option<char>, value: &'static str, help: &'static str) -> Arg {
    let arg = Arg::new(id).long(id).value_name(value).action(ArgAction::Append).help(help);
    short.into_iter().fold(arg, Arg::short)
}
fn one(id: &'static str, short: Option<char>, value: &'static str, help: &'static str) -> Arg {
    many(id, short, value, help).action(ArgAction::Set)
}
fn flag(id: &'static str, short: Option<char>, help: &'static str) -> Arg {
    let arg = Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    short.into_iter().fold(arg, Arg::short)
}

/// The flags, and the playbooks.
pub fn run_flags() -> Vec<Arg> {
    vec![
        Arg::new("PLAYBOOK").num_args(1..).required(true).help("Playbook files, run in order"),
        many("inventory", Some('i'), "SOURCE", "Inventory file, folder, script or comma-separated host list").visible_alias("inventory-file"),
        one("limit", Some('l'), "PATTERN", "Only hosts that match this pattern, too"),
        many("extra-vars", Some('e'), "VARS", "Variables: key=value, YAML, JSON, or @file with YAML or JSON"),
        many("tags", Some('t'), "TAGS", "Only plays and tasks with these tags"),
        many("skip-tags", None, "TAGS", "Not the plays and tasks with these tags"),
        many("vault-id", None, "ID@SOURCE", "A vault identity and the file with its password"),
        many("vault-password-file", None, "FILE", "A file with a vault password, or a program that prints one").visible_alias("vault-pass-file"),
        flag("ask-vault-password", Some('J'), "Ask for the vault password").visible_alias("ask-vault-pass"),
        flag("check", Some('C'), "Change nothing; predict what would change"),
        flag("diff", Some('D'), "Show what changes in files"),
        Arg::new("verbose").long("verbose").short('v').action(ArgAction::Count).help("Say more; up to -vvvvvv"),
        one("forks", Some('f'), "COUNT", "Hosts at once").value_parser(clap::value_parser!(u32)),
        one("start-at-task", None, "NAME", "Begin at the task of this name"),
        flag("force-handlers", None, "Run notified handlers even if a task fails"),
        many("module-path", Some('M'), "PATHS", "Folders with custom modules, separated by colons"),
        one("user", Some('u'), "USER", "Connect as this user"),
        one("connection", Some('c'), "KIND", "How to connect: ssh, local, …"),
        one("timeout", Some('T'), "SECONDS", "Seconds until a connection attempt fails"),
        one("private-key", None, "FILE", "The key to authenticate with").visible_alias("key-file"),
        one("ssh-common-args", None, "ARGS", "Further arguments for ssh, scp and sftp"),
        one("ssh-extra-args", None, "ARGS", "Further arguments for ssh"),
        one("sftp-extra-args", None, "ARGS", "Further arguments for sftp"),
        one("scp-extra-args", None, "ARGS", "Further arguments for scp"),
        flag("become", Some('b'), "Run tasks as another user"),
        one("become-method", None, "METHOD", "How to become another user: sudo, su, doas, …"),
        one("become-user", None, "USER", "The user to become"),
    ]
}

fn words(args: &ArgMatches, id: &str) -> Vec<String> {
    args.get_many::<String>(id).unwrap_or_default().cloned().collect()
}

fn comma_list(args: &ArgMatches, id: &str) -> Vec<String> {
    let all = words(args, id);
    all.iter().flat_map(|w| w.split(',')).map(str::trim).filter(|t| !t.is_empty()).map(Into::into).collect()
}

/// What the flags say, as the record that travels. Nothing secret is in it.
pub fn options(args: &ArgMatches, cwd: &str) -> Options {
    let mut connection = Dict::new();
    for id in [
        "user", "connection", "timeout", "private-key", "ssh-common-args", "ssh-extra-args", "sftp-extra-args", "scp-extra-args",
        "become-method", "become-user",
    ] {
        if let Some(v) = args.get_one::<String>(id) {
            connection.insert(id.replace('-', "_"), v.as_str());
        }
    }
    if args.get_flag("become") {
        connection.insert("become", Value::Bool(true));
    }
    let mut vault_ids = words(args, "vault-id");
    vault_ids.extend(words(args, "vault-password-file").into_iter().map(|f| format!("default@{f}")));
    if args.get_flag("ask-vault-password") {
        vault_ids.push("default@prompt_ask_vault_pass".into());
    }
    Options {
        check: args.get_flag("check"),
        diff: args.get_flag("diff"),
        verbosity: args.get_count("verbose"),
        tags: comma_list(args, "tags"),
        skip_tags: comma_list(args, "skip-tags"),
        limit: args.get_one::<String>("limit").cloned(),
        start_at_task: args.get_one::<String>("start-at-task").cloned(),
        force_handlers: args.get_flag("force-handlers"),
        flush_cache: false,
        step: false,
        forks: args.get_one::<u32>("forks").copied(),
        playbooks: words(args, "PLAYBOOK"),
        inventory: words(args, "inventory"),
        cwd: cwd.into(),
        vault_ids,
        connection,
        config: Dict::new(),
    }
}
