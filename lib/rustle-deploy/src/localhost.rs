//! `--localhost-test`: the runner for this machine is started here, and runs one task, before hosts get one.
//!
//! Limits: it proves the runner of this machine's platform, and no other.

use rustle_cli::config::Config;
use rustle_parse::Request;
use rustle_plan::PlanOptions;
use rustle_run::{Passwords, execute};
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_stream::record::Options;

const PLAY: &str = "- hosts: localhost\n  gather_facts: false\n  connection: local\n  become: false\n  tasks:\n    - ping:\n";

/// Runs it. Returns how the runner was reached, for a person.
///
/// # Errors
/// What did not work.
pub(crate) fn test(config: &Config) -> Result<String, String> {
    let dir = tempfile::tempdir().map_err(|e| format!("no folder for the test: {e}"))?;
    let playbook = dir.path().join("localhost-test.yml");
    std::fs::write(&playbook, PLAY).map_err(|e| format!("{}: {e}", playbook.display()))?;
    let mut options = Options {
        playbooks: vec![playbook.display().to_string()],
        inventory: vec!["localhost,".into()],
        cwd: dir.path().display().to_string(),
        config: config.changed(),
        ..Options::default()
    };
    let settings = rustle_parse::configured(config, [], &mut options);
    // Nothing here is vaulted, whatever the settings name.
    options.vault_ids.clear();
    let read = rustle_parse::read(Request { options, extra_vars: Vec::new(), settings, given: None }, &mut |_| Err("nobody is asked".into())).map_err(|e| e.to_string())?;
    let (mut answered, mut method, mut trouble) = (false, String::new(), None);
    let code = execute(read, config, PlanOptions::default(), Passwords::default(), None, &mut |e| match e {
        RunEvent::Reached { method: how, reason, .. } => method = reason.map_or(how.clone(), |r| format!("{how}: {r}")),
        RunEvent::Unreachable { message, .. } => trouble = Some(message),
        RunEvent::Error { text } => trouble = Some(text),
        RunEvent::Stats { hosts, .. } => answered = hosts.iter().any(|(_, c)| c.ok == 1),
        _ => {}
    })?;
    if code == exit::OK && answered { Ok(method) } else { Err(trouble.unwrap_or_else(|| format!("the task 'ping' did not succeed (exit status {code})"))) }
}
