//! The compiler: `RUSTLE_RUSTC`, `RUSTC`, rustle's own, or `rustc` on PATH.

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "rustc",
    look: |env| match env.rustc() {
        Some(path) => Found::ask(env, vec![path.display().to_string()], &["-V"]),
        None => Found::Nothing,
    },
    advise: |a| {
        if a.has("rustc") {
            return None;
        }
        let found = a.tools.iter().find(|t| t.name == "rustc" && !t.command.is_empty());
        // Without a compiler there are installed runners and, for other hosts, SSH; without that, too, nothing.
        let impact = if a.containers() { "low" } else if a.has("ssh") { "high" } else { "critical" };
        if let Some(tool) = found {
            let command = match tool.from.as_deref() {
                Some("rustup") => Some("rustup update stable".to_owned()),
                _ => Some(RUSTUP.to_owned()),
            };
            let problem = tool.problem.as_deref().unwrap_or("does not run");
            return recommend(impact, &format!("the Rust compiler {} is of no use: {problem}", tool.command.join(" ")), command);
        }
        if a.containers() {
            return None;
        }
        recommend(impact, "no Rust compiler: runners can only be prebuilt ones", Some(RUSTUP.into()))
    },
};

const RUSTUP: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y";
