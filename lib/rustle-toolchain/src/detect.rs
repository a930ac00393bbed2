//! Looks for all tools at the same time.

use crate::{Advice, Capabilities, Env, Recommendation, Tool, level, origin};

/// One tool: how it is found, and what to tell a user who lacks it.
pub struct Detector {
    /// The name in the `capabilities` record.
    pub name: &'static str,
    pub look: fn(&Env) -> Found,
    /// Advice, given everything that was found.
    pub advise: fn(&Advice) -> Option<Recommendation>,
}

/// What looking for a tool gave.
pub enum Found {
    /// Not on this machine.
    Nothing,
    Works { command: Vec<String>, version: Option<String> },
    /// It is there but of no use.
    Broken { command: Vec<String>, problem: String },
}


include!(concat!(env!("OUT_DIR"), "/tools.rs"));

impl Found {
    /// Runs `command` with `args` and takes the version from the first line of its output.
    pub(crate) fn ask(env: &Env, command: Vec<String>, args: &[&str]) -> Found {
        let words: Vec<&str> = command.iter().map(String::as_str).chain(args.iter().copied()).collect();
        match env.ask(&words) {
            Ok(outcome) => {
                let text = format!("{}{}", outcome.stdout_text(), outcome.stderr_text());
                Found::Works { version: version_in(text.lines().next().unwrap_or("")), command }
            }
            Err(problem) => Found::Broken { command, problem },
        }
    }
    /// `name` on PATH, asked for its version.
    pub(crate) fn on_path(env: &Env, name: &str, args: &[&str]) -> Found {
        match env.which(name) {
            Some(path) => Found::ask(env, vec![path.display().to_string()], args),
            None => Found::Nothing,
        }
    }
    /// The tool that one of these variables names; else the first that runs of rustle's own and the one on PATH.
    pub(crate) fn best(env: &Env, variables: &[&str], name: &str, args: &[&str]) -> Found {
        if let Some(path) = variables.iter().find_map(|v| env.var(v)) {
            return Found::ask(env, vec![path.to_owned()], args);
        }
        let mut broken = Found::Nothing;
        for path in env.own_tool(name).into_iter().chain(env.which(name)) {
            match Found::ask(env, vec![path.display().to_string()], args) {
                found @ Found::Works { .. } => return found,
                found if matches!(broken, Found::Nothing) => broken = found,
                _ => {}
            }
        }
        broken
    }
}

/// The first word of a line that looks like a version: `1.95.0`, `9.2p1`.
pub(crate) fn version_in(line: &str) -> Option<String> {
    line.split([' ', '_', ',', '/'])
        .find(|w| w.contains('.') && w.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

/// Examines this machine, all tools in parallel.
pub fn detect(env: &Env) -> Capabilities {
    let mut tools: Vec<Tool> = std::thread::scope(|scope| {
        let running: Vec<_> = TOOLS.iter().map(|t| (t.name, scope.spawn(|| (t.look)(env)))).collect();
        running
            .into_iter()
            .map(|(name, thread)| {
                let found = thread.join().unwrap_or_else(|_| Found::Broken {
                    command: Vec::new(),
                    problem: "looking for it failed".into(),
                });
                record(env, name, found)
            })
            .collect()
    });
    tools.sort_by(|a, b| a.name.cmp(&b.name));
    let installed_targets = env.sysroot().map(installed).unwrap_or_default();
    level::judge(env, tools, installed_targets)
}

fn record(env: &Env, name: &str, found: Found) -> Tool {
    let name = name.to_owned();
    match found {
        Found::Nothing => Tool { name, problem: Some("not found".into()), ..Tool::default() },
        Found::Works { command, version } => {
            let from = origin::of(env, &name, &command);
            Tool { name, command, version, works: true, problem: None, from }
        }
        Found::Broken { command, problem } => {
            let from = origin::of(env, &name, &command);
            Tool { name, command, problem: Some(problem), from, ..Tool::default() }
        }
    }
}

/// Triples whose standard library lies in the sysroot.
fn installed(sysroot: &std::path::Path) -> Vec<String> {
    let holds_std = |dir: std::path::PathBuf| {
        std::fs::read_dir(dir.join("lib")).into_iter().flatten().flatten().any(|f| {
            f.file_name().to_str().is_some_and(|n| n.starts_with("libstd-") && n.ends_with(".rlib"))
        })
    };
    let mut list: Vec<String> = std::fs::read_dir(sysroot.join("lib/rustlib"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|e| holds_std(e.path()))
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    list.sort();
    list
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_are_found_in_what_tools_say() {
        for (line, want) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some("1.95.0")),
            ("OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.16", Some("9.2p1")),
            ("0.15.2", Some("0.15.2")),
            ("podman version 4.3.1", Some("4.3.1")),
            ("no idea", None),
        ] {
            assert_eq!(version_in(line).as_deref(), want, "{line}");
        }
    }
}
