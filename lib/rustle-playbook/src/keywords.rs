//! Which keyword may stand where.
//!
//! Source: <https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html>

/// What a set of keywords belongs to, by Ansible's name in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Play,
    Block,
    Task,
    Handler,
    Role,
    Include,
    HandlerInclude,
    IncludeRole,
    Import,
    LoopControl,
}

/// Everything that takes connection settings and the like.
const BASE: &[&str] = &[
    "any_errors_fatal", "become", "become_exe", "become_flags", "become_method", "become_user", "check_mode", "connection",
    "debugger", "diff", "environment", "ignore_errors", "ignore_unreachable", "module_defaults", "name", "no_log", "port",
    "remote_user", "run_once", "tags", "throttle", "timeout", "vars",
];
const PLAY: &[&str] = &[
    "collections", "fact_path", "force_handlers", "gather_facts", "gather_subset", "gather_timeout", "handlers", "hosts",
    "max_fail_percentage", "order", "post_tasks", "pre_tasks", "roles", "serial", "strategy", "tasks", "user",
    "validate_argspec", "vars_files", "vars_prompt",
];
const BLOCK: &[&str] =
    &["always", "block", "collections", "delegate_facts", "delegate_to", "notify", "rescue", "when"];
const TASK: &[&str] = &[
    "action", "args", "async", "changed_when", "collections", "delay", "delegate_facts", "delegate_to", "failed_when",
    "local_action", "loop", "loop_control", "notify", "poll", "register", "retries", "until", "when",
];
const INCLUDE: &[&str] = &[
    "action", "args", "collections", "debugger", "ignore_errors", "loop", "loop_control", "name", "no_log", "register",
    "run_once", "tags", "timeout", "vars", "when",
];
const ROLE: &[&str] = &["collections", "role", "when"];
const IMPORT: &[&str] = &["import_playbook", "when"];
const LOOP_CONTROL: &[&str] =
    &["break_when", "extended", "extended_allitems", "index_var", "label", "loop_var", "pause"];

/// Play keywords that go to `Play.other`.
pub(crate) const PLAY_OTHER: &[&str] = &[
    "fact_path", "force_handlers", "gather_facts", "gather_subset", "gather_timeout", "max_fail_percentage", "order",
    "serial", "strategy", "validate_argspec", "vars_files", "vars_prompt",
];

/// Shared keywords that go to `Keywords.other`.
pub(crate) const SHARED_OTHER: &[&str] = &[
    "any_errors_fatal", "become", "become_exe", "become_flags", "become_method", "become_user", "check_mode", "connection",
    "debugger", "delegate_facts", "delegate_to", "diff", "ignore_errors", "ignore_unreachable", "no_log", "port",
    "remote_user", "run_once", "throttle", "timeout",
];

impl Owner {
    /// Ansible's name for it in messages.
    pub fn name(self) -> &'static str {
        match self {
            Owner::Play => "Play",
            Owner::Block => "Block",
            Owner::Task => "Task",
            Owner::Handler => "Handler",
            Owner::Role => "RoleDefinition",
            Owner::Include => "TaskInclude",
            Owner::HandlerInclude => "HandlerTaskInclude",
            Owner::IncludeRole => "IncludeRole",
            Owner::Import => "PlaybookInclude",
            Owner::LoopControl => "LoopControl",
        }
    }

    fn sets(self) -> &'static [&'static [&'static str]] {
        match self {
            Owner::Play => &[BASE, PLAY],
            Owner::Block => &[BASE, BLOCK],
            Owner::Task => &[BASE, TASK],
            Owner::Handler => &[BASE, TASK, &["listen"]],
            Owner::Role => &[BASE, ROLE],
            Owner::Include | Owner::IncludeRole => &[INCLUDE],
            Owner::HandlerInclude => &[INCLUDE, &["listen"]],
            Owner::Import => &[BASE, IMPORT],
            Owner::LoopControl => &[LOOP_CONTROL],
        }
    }

    /// Every keyword that may stand there.
    pub fn keywords(self) -> impl Iterator<Item = &'static str> {
        self.sets().iter().flat_map(|s| s.iter().copied())
    }

    /// Whether `word` may stand there.
    pub fn allows(self, word: &str) -> bool {
        self.sets().iter().any(|s| s.contains(&word))
    }
}

/// Whether a key of a task is a keyword of tasks or handlers, and so no action. `with_…` is one too.
pub(crate) fn is_task_key(word: &str) -> bool {
    Owner::Handler.allows(word) || word.starts_with("with_")
}
