//! The usage line and the list of flags, laid out as `argparse` lays them out.

use super::Face;
use super::table::{Flag, Takes};

const WIDTH: usize = 78;

fn short_form(f: &Flag) -> String {
    let name = f.short.map_or_else(|| format!("--{}", f.long[0]), |c| format!("-{c}"));
    if matches!(f.takes, Takes::Nothing | Takes::Count) { name } else { format!("{name} {}", f.value) }
}

/// `usage: ansible-playbook [-h] …`, wrapped.
pub(super) fn usage(face: Face) -> String {
    let flags: Vec<&Flag> = face.flags().collect();
    let mut parts = Vec::new();
    for (i, f) in flags.iter().enumerate() {
        let with_before = f.group > 0 && i > 0 && flags[i - 1].group == f.group;
        let with_next = f.group > 0 && flags.get(i + 1).is_some_and(|n| n.group == f.group);
        let (open, close) = (if with_before { "" } else { "[" }, if with_next { " |" } else { "]" });
        parts.push(format!("{open}{}{close}", short_form(f)));
    }
    let start = format!("usage: {}", face.name());
    let indent = " ".repeat(start.len() + 1);
    let mut text = start;
    let mut column = text.len();
    for part in parts {
        if column + 1 + part.len() > WIDTH {
            text.push_str(&format!("\n{indent}{part}"));
            column = indent.len() + part.len();
        } else {
            text.push_str(&format!(" {part}"));
            column += 1 + part.len();
        }
    }
    text + &format!("\n{indent}playbook [playbook ...]\n")
}

/// The flags with their help, in two columns.
pub(super) fn options(face: Face) -> String {
    let mut text = String::from("Runs playbooks: their tasks, on the hosts that they name.\n\noptions:\n");
    for f in face.flags() {
        let names: Vec<String> =
            f.short.map(|c| format!("-{c}")).into_iter().chain(f.long.iter().map(|l| format!("--{l}"))).collect();
        let value = if f.value.is_empty() { String::new() } else { format!(" {}", f.value) };
        let left = format!("  {}{value}", names.join(", "));
        let right = if f.choices.is_empty() { f.help.to_owned() } else { format!("{} ({})", f.help, f.choices.join(", ")) };
        if left.len() > 22 {
            text.push_str(&format!("{left}\n{:24}{right}\n", ""));
        } else {
            text.push_str(&format!("{left:24}{right}\n"));
        }
    }
    text
}
