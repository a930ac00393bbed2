//! The flags of `ansible-playbook` in the order of its usage line, then rustle's own.

/// What follows a flag, and what repeating it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Nothing; each one counts.
    Count,
    /// A value; the last one wins.
    One,
    /// An integer; the last one wins.
    Number,
    /// A value; all are kept.
    Many,
}

/// One flag.
#[derive(Debug)]
pub struct Flag {
    /// Its name in [`super::Parsed`].
    pub id: &'static str,
    pub short: Option<char>,
    /// Long names without dashes, the documented one first.
    pub long: &'static [&'static str],
    pub takes: Takes,
    /// The value's name.
    pub value: &'static str,
    /// Flags that exclude each other share a number above 0.
    pub group: u8,
    /// Refused by `ansible-playbook`.
    pub own: bool,
    pub choices: &'static [&'static str],
    pub help: &'static str,
}

const fn flag(id: &'static str, short: Option<char>, long: &'static [&'static str], takes: Takes, value: &'static str, help: &'static str) -> Flag {
    Flag { id, short, long, takes, value, group: 0, own: false, choices: &[], help }
}
const fn group(group: u8, f: Flag) -> Flag {
    Flag { group, ..f }
}
const fn own(choices: &'static [&'static str], f: Flag) -> Flag {
    Flag { own: true, choices, ..f }
}

use Takes::{Count, Many, Nothing, Number, One};

/// Every flag.
pub static FLAGS: &[Flag] = &[
    flag("help", Some('h'), &["help"], Nothing, "", "Show this help and exit"),
    flag("version", None, &["version"], Nothing, "", "Show version, configuration file and search paths, and exit"),
    flag("verbosity", Some('v'), &["verbose"], Count, "", "Say more; up to -vvvvvv"),
    flag("private_key", None, &["private-key", "key-file"], One, "PRIVATE_KEY_FILE", "Log in with this key file"),
    flag("user", Some('u'), &["user"], One, "REMOTE_USER", "Log in as this user"),
    flag("connection", Some('c'), &["connection"], One, "CONNECTION", "Connection plugin"),
    flag("timeout", Some('T'), &["timeout"], Number, "TIMEOUT", "Seconds to wait for a connection"),
    flag("ssh_common_args", None, &["ssh-common-args"], One, "SSH_COMMON_ARGS", "Arguments for ssh, scp and sftp"),
    flag("sftp_extra_args", None, &["sftp-extra-args"], One, "SFTP_EXTRA_ARGS", "Arguments for sftp alone"),
    flag("scp_extra_args", None, &["scp-extra-args"], One, "SCP_EXTRA_ARGS", "Arguments for scp alone"),
    flag("ssh_extra_args", None, &["ssh-extra-args"], One, "SSH_EXTRA_ARGS", "Arguments for ssh alone"),
    group(1, flag("ask_pass", Some('k'), &["ask-pass"], Nothing, "", "Ask for the connection's password")),
    group(1, flag("connection_password_file", None, &["connection-password-file", "conn-pass-file"], One, "CONNECTION_PASSWORD_FILE", "File or program with the connection's password")),
    flag("force_handlers", None, &["force-handlers"], Nothing, "", "Run notified handlers on hosts that failed, too"),
    flag("become", Some('b'), &["become"], Nothing, "", "Run tasks as another user"),
    flag("become_method", None, &["become-method"], One, "BECOME_METHOD", "How to become that user"),
    flag("become_user", None, &["become-user"], One, "BECOME_USER", "Which user to become"),
    group(2, flag("ask_become_pass", Some('K'), &["ask-become-pass"], Nothing, "", "Ask for the password that becoming needs")),
    group(2, flag("become_password_file", None, &["become-password-file", "become-pass-file"], One, "BECOME_PASSWORD_FILE", "File or program with that password")),
    flag("tags", Some('t'), &["tags"], Many, "TAGS", "Run only what has one of these tags"),
    flag("skip_tags", None, &["skip-tags"], Many, "SKIP_TAGS", "Leave out what has one of these tags"),
    flag("check", Some('C'), &["check"], Nothing, "", "Change nothing; say what would change"),
    flag("diff", Some('D'), &["diff"], Nothing, "", "Show how files change"),
    flag("inventory", Some('i'), &["inventory", "inventory-file"], Many, "INVENTORY", "Inventory file or folder, or hosts with a comma"),
    flag("list_hosts", None, &["list-hosts"], Nothing, "", "List the hosts of each play, run nothing"),
    flag("limit", Some('l'), &["limit"], One, "SUBSET", "Of the hosts, take only those that this pattern matches"),
    flag("flush_cache", None, &["flush-cache"], Nothing, "", "Forget all cached facts first"),
    flag("extra_vars", Some('e'), &["extra-vars"], Many, "EXTRA_VARS", "Variables as key=value, YAML, JSON, or @file"),
    flag("vault_ids", None, &["vault-id"], Many, "VAULT_IDS", "Vault identity, as label@source"),
    group(3, flag("ask_vault_pass", Some('J'), &["ask-vault-password", "ask-vault-pass"], Nothing, "", "Ask for the vault's password")),
    group(3, flag("vault_password_files", None, &["vault-password-file", "vault-pass-file"], Many, "VAULT_PASSWORD_FILES", "File or program with the vault's password")),
    flag("forks", Some('f'), &["forks"], Number, "FORKS", "How many hosts at once"),
    flag("module_path", Some('M'), &["module-path"], Many, "MODULE_PATH", "Folders with modules, before all others"),
    flag("syntax_check", None, &["syntax-check"], Nothing, "", "Read the playbook, run nothing"),
    flag("list_tasks", None, &["list-tasks"], Nothing, "", "List the tasks that would run, run nothing"),
    flag("list_tags", None, &["list-tags"], Nothing, "", "List all tags, run nothing"),
    flag("step", None, &["step"], Nothing, "", "Ask before each task"),
    flag("start_at_task", None, &["start-at-task"], One, "START_AT_TASK", "Begin at the task of this name"),
    own(&["auto", "strict", "none"], flag("barriers", None, &["barriers"], One, "WHEN", "When hosts wait for each other")),
    own(&["binary-hybrid", "binary-only", "ssh-only", "linear", "free"], flag("strategy", None, &["strategy"], One, "STRATEGY", "Who executes, or the plays' strategy")),
    own(&[], flag("check_capabilities", None, &["check-capabilities"], Nothing, "", "Say what this machine can build with, run nothing")),
    own(&[], flag("report", None, &["report"], One, "FORMAT", "Output format: default, minimal, oneline, json, ndjson")),
];
