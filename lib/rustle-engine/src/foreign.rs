//! Modules that are not native: their programs come from the controller, once per play; what their requests and results have
//! besides those of native modules.

use crate::context::TaskContext;
use crate::engine::Engine;
use crate::failure::Failure;
use rustle_stream::event::ErrorPart;
use rustle_stream::foreign::ModulePayload;
use rustle_stream::protocol::{Call, ModuleRequest, Reply};
use rustle_value::{Dict, Value, py_str};
use std::sync::Arc;

/// Whether a module must come from the controller. A name of `ansible.legacy` is a module of the user's own, also where
/// a native one has the same name.
pub fn is_foreign(module: &str) -> bool {
    module.starts_with("ansible.legacy.") || rustle_modules::find(module).is_none()
}

/// What a program is kept under: the same name may mean another module for another role.
pub(crate) fn key(module: &str, search_path: &[String]) -> String {
    [&[module.to_owned()], search_path].concat().join("\0")
}

impl Engine<'_> {
    /// The program of a module that is not native.
    pub(crate) fn payload(&mut self, cx: &TaskContext, module: &str) -> Result<Arc<ModulePayload>, Failure> {
        let key = key(module, &cx.task.search_path);
        if let Some(known) = self.payloads.get(&key) {
            return Ok(known.clone());
        }
        let call = Call::Payload { task: cx.task.id, scope: cx.place.frames.clone(), item: cx.place.item, module: module.to_owned() };
        match self.ask(&cx.place.position, call)? {
            Reply::Payload { payload } => {
                self.payloads.insert(key, payload.clone());
                Ok(payload)
            }
            _ => Err(Failure::new(format!("the controller sent no module {module}"))),
        }
    }
    /// Has the host's Python looked for, as Ansible does with the first module that it runs there: playbooks read the fact.
    pub(crate) fn want_python(&self, request: &mut ModuleRequest) {
        let known = self.vars.namespaced().contains_key("discovered_interpreter_python");
        if known || matches!(&*request.module, "ansible.builtin.raw" | "ansible.builtin.script") {
            return;
        }
        let configured = self.options.config.get("INTERPRETER_PYTHON").map(py_str);
        let wish = request.hints.get("ansible_python_interpreter").map(py_str).or(configured).unwrap_or_else(|| "auto".into());
        if matches!(wish.trim(), "" | "auto" | "auto_silent" | "auto_legacy" | "auto_legacy_silent") {
            request.hints.insert("discover_python", true);
            if let Some(own) = self.options.config.get("INTERPRETER_PYTHON_FALLBACK").filter(|v| !v.is_null()) {
                request.hints.insert("interpreter_python_fallback", own.clone());
            }
        }
    }
    /// Puts a program into a request, with what its interpreter and Ansible's library want to know.
    pub(crate) fn carry(&mut self, cx: &TaskContext, request: &mut ModuleRequest, payload: Arc<ModulePayload>) {
        let hints = &mut request.hints;
        let mut var = |name: &str| {
            if let Ok(Some(v)) = self.variable_str(cx, name) {
                hints.insert(name, v);
            }
        };
        var("inventory_hostname");
        if let Some(first) = payload.interpreter.first() {
            let name = first.rsplit('/').next().unwrap_or(first);
            var(&format!("ansible_{name}_interpreter"));
        }
        // One that nobody has used yet is looked for again, so that what Ansible says of it is said.
        let silent = self.silent_python.take();
        if let Some(known) = self.vars.namespaced().get("discovered_interpreter_python").filter(|known| silent.as_ref() != Some(*known)) {
            hints.insert("discovered_interpreter_python", known.clone());
        }
        let config = |name: &str| self.options.config.get(name).filter(|v| !v.is_null()).cloned();
        for (hint, setting) in [("interpreter_python", "INTERPRETER_PYTHON"), ("interpreter_python_fallback", "INTERPRETER_PYTHON_FALLBACK")] {
            if let Some(v) = config(setting) {
                hints.insert(hint, v);
            }
        }
        if let (None, Some(tmp)) = (hints.get("ansible_remote_tmp"), config("DEFAULT_REMOTE_TMP")) {
            hints.insert("ansible_remote_tmp", tmp);
        }
        let mut internals = Dict::new();
        for (key, setting) in [
            ("_ansible_debug", "DEFAULT_DEBUG"),
            ("_ansible_syslog_facility", "DEFAULT_SYSLOG_FACILITY"),
            ("_ansible_selinux_special_fs", "DEFAULT_SELINUX_SPECIAL_FS"),
            ("_ansible_target_log_info", "TARGET_LOG_INFO"),
        ] {
            if let Some(v) = config(setting) {
                internals.insert(key, v);
            }
        }
        for (key, name) in [("_ansible_syslog_facility", "ansible_syslog_facility"), ("_ansible_target_log_info", "ansible_target_log_info")] {
            if let Ok(Some(v)) = self.variable_str(cx, name) {
                internals.insert(key, v);
            }
        }
        let silent = config("DEFAULT_NO_TARGET_SYSLOG").and_then(|v| crate::context::to_bool(&v)).unwrap_or(false);
        let named = self.variable_str(cx, "ansible_no_target_syslog").ok().flatten().and_then(|v| crate::context::to_bool(&Value::from(v)));
        if named.unwrap_or(silent) {
            internals.insert("_ansible_no_log", true);
        }
        hints.insert("internals", internals);
        request.payload = Some(payload);
    }
}

/// What a failed result says of its causes, taken out of it: see `rustle_modules::foreign::judge`. The parts to show and,
/// where there are none, the text that stands for `msg` in them.
pub(crate) fn causes(result: &mut Dict, cx: &TaskContext) -> (Vec<ErrorPart>, Option<String>) {
    let cause = result.remove("_ansible_cause").map(|v| py_str(&v));
    let Some(chain) = result.remove("_ansible_chain") else { return (Vec::new(), cause) };
    let kind = chain.get("kind").map(py_str).unwrap_or_default();
    let messages: Vec<String> = chain.get("messages").and_then(Value::as_list).unwrap_or_default().iter().map(py_str).collect();
    let help = chain.get("help").and_then(Value::as_str).map(Into::into);
    let outer = ErrorPart::new(format!("Task failed: {kind}"), cx.task.origin.as_ref());
    (vec![outer, ErrorPart { message: messages.join(": "), help, ..ErrorPart::default() }], None)
}

/// Variables that say how to connect or what to start: no module may set them by its facts.
const RESTRICTED: &[&str] = &[
    "ansible_connection", "ansible_module_compression", "ansible_shell_type", "ansible_shell_executable", "ansible_host", "ansible_user",
    "ansible_password", "ansible_port", "ansible_pipelining", "ansible_timeout", "ansible_private_key_file", "ansible_network_os",
    "ansible_connection_user", "ansible_sftp_extra_args", "ansible_scp_extra_args", "ansible_become", "ansible_docker_extra_args",
    "ansible_transport", "ansible_rsync_path", "ansible_loop_var",
    // Ours: which runner a host gets.
    "rustle_target",
];
/// Beginnings of such names.
const RESTRICTED_BEGIN: &[&str] = &["ansible_become_", "ansible_ssh_", "ansible_local_", "ansible_winrm_", "ansible_psrp_", "ansible_paramiko_ssh_"];

/// Facts without what they must not say, and the names that were taken out.
pub(crate) fn allowed_facts(facts: &Dict) -> (Dict, Vec<String>) {
    let bad = |name: &str| {
        let end = ["_bridge", "_gwbridge"].iter().any(|e| name.ends_with(e));
        !name.starts_with("ansible_ssh_host_key_")
            && (RESTRICTED.contains(&name)
                || RESTRICTED_BEGIN.iter().any(|b| name.starts_with(b) && !end)
                || (name.starts_with("ansible_") && name.ends_with("_interpreter")))
    };
    let (mut kept, mut gone) = (facts.clone(), Vec::new());
    kept.retain(|k, _| match k.as_str().filter(|k| bad(k)) {
        Some(name) => {
            gone.push(name.to_owned());
            false
        }
        None => true,
    });
    (kept, gone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustle_value::dict;

    #[test]
    fn modules_do_not_say_how_to_connect() {
        let facts = dict! { "ansible_host" => "evil", "ansible_python_interpreter" => "/tmp/x", "ansible_ssh_host_key_rsa_public" => "k", "mine" => 1 };
        let (kept, gone) = allowed_facts(&facts);
        assert_eq!(kept.len(), 2);
        assert_eq!(gone, ["ansible_host", "ansible_python_interpreter"]);
    }

    #[test]
    fn the_users_own_comes_first() {
        assert!(is_foreign("ansible.legacy.ping") && is_foreign("ns.coll.thing") && !is_foreign("ansible.builtin.ping"));
    }
}
