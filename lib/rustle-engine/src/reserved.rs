//! Names of variables that mean something else: allowed, with a warning.

use crate::context::TaskContext;
use crate::engine::Engine;
use rustle_value::Dict;

/// Functions of the template language, and keywords of plays, blocks and tasks.
const RESERVED: &[&str] = &[
    "action", "always", "any_errors_fatal", "args", "async", "async_val", "become", "become_exe", "become_flags", "become_method",
    "become_user", "block", "changed_when", "check_mode", "collections", "connection", "cycler", "debugger", "delay", "delegate_facts",
    "delegate_to", "dict", "diff", "environment", "fact_path", "failed_when", "force_handlers", "gather_facts", "gather_timeout",
    "handlers", "hosts", "ignore_errors", "ignore_unreachable", "joiner", "lipsum", "local_action", "lookup", "loop", "loop_control",
    "loop_with", "max_fail_percentage", "module_defaults", "name", "namespace", "no_log", "notify", "now", "omit", "order", "poll",
    "port", "post_tasks", "pre_tasks", "q", "query", "range", "register", "remote_user", "rescue", "retries", "roles", "run_once",
    "serial", "strategy", "tags", "tasks", "throttle", "timeout", "undef", "until", "validate_argspec", "vars_files", "vars_prompt",
    "when", "with_",
];

/// Warns of reserved names among new variables.
pub fn warn(engine: &Engine<'_>, cx: &TaskContext, vars: &Dict) {
    for (name, _) in vars.str_iter().filter(|(n, _)| RESERVED.contains(n)) {
        let place = cx.task.origin.as_ref().map_or_else(String::new, |o| format!("\nOrigin: {}:{}:{}", o.file, o.line, o.column));
        engine.world.warning(format!("Found variable using reserved name '{name}'.{place}\n"));
    }
}
