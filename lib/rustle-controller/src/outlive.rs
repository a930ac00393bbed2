//! Plays that may outlive their hosts' connections: those that restart a host, or wait until one can be reached.
//!
//! The engine of such a play stands here, and a runner on each host executes modules only, so that a connection can be
//! made anew in the middle. That costs a round trip per task, so plays are looked through for tasks that need it; of
//! files that dynamic includes may bring, the text is searched. A word too many costs time and nothing else.

use crate::shared::{Driver, Shared};
use rustle_playbook::paths;
use rustle_stream::model::{Fragment, Play, Task};
use rustle_value::{Value, is_template, py_str};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files looked into, at most: a play is to begin.
const MOST: usize = 3000;

/// Where the engines of a play's hosts stand.
pub(crate) fn driver(shared: &Shared, play: &Play, fragment: &Fragment) -> Driver {
    if fragment.tasks.iter().any(restarts) {
        return Driver::Controller;
    }
    let mut seen = 0;
    let places = places(shared, play, fragment);
    if places.iter().any(|place| searched(place, &mut seen)) { Driver::Controller } else { Driver::Host }
}

/// Whether this task may cut the connection to its host, or waits for one.
fn restarts(task: &Task) -> bool {
    match &*task.action {
        "ansible.builtin.reboot" | "ansible.builtin.wait_for_connection" => true,
        "ansible.builtin.command" | "ansible.builtin.shell" | "ansible.builtin.raw" => {
            ["_raw_params", "cmd", "argv"].iter().filter_map(|k| task.args.get(k)).any(|v| match v {
                Value::Template(t) => command_restarts(&t.source),
                other => command_restarts(&py_str(other)),
            })
        }
        _ => false,
    }
}

fn command_restarts(text: &str) -> bool {
    text.contains("reboot") || text.contains("shutdown -r") || text.contains("init 6")
}

/// Files of tasks, and folders with such files, that dynamic includes of the play may name.
fn places(shared: &Shared, play: &Play, fragment: &Fragment) -> BTreeSet<PathBuf> {
    let mut out = BTreeSet::new();
    let base = shared.playbook_dir(play);
    for task in &fragment.tasks {
        match &*task.action {
            "ansible.builtin.include_tasks" => {
                let named = ["file", "_raw_params"].iter().find_map(|k| task.args.get(k)).map(py_str).unwrap_or_default();
                // What a template will name lies in one of the folders; else it is one file.
                let inside = if is_template(&named) { "" } else { &named };
                for place in task.search_path.iter().chain([&base]) {
                    out.extend([PathBuf::from(paths::join(place, inside)), Path::new(place).join("tasks").join(inside)]);
                }
            }
            "ansible.builtin.include_role" => {
                let name = ["name", "role"].iter().find_map(|k| task.args.get(k)).map(py_str).unwrap_or_default();
                let near = fragment.roles.iter().map(|r| PathBuf::from(paths::parent(&r.path)));
                let places: BTreeSet<PathBuf> = near.chain([Path::new(&base).join("roles")]).collect();
                for place in places {
                    if is_template(&name) {
                        let roles = std::fs::read_dir(&place).into_iter().flatten().flatten();
                        roles.for_each(|role| out.extend(["tasks", "handlers"].map(|f| role.path().join(f))));
                    } else {
                        out.extend(["tasks", "handlers"].map(|f| place.join(&name).join(f)));
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// Whether this file of tasks, or one in this folder, has such a task, by its text. A file that names others stands for
/// its folder.
fn searched(place: &Path, seen: &mut usize) -> bool {
    let mut said = |path: &Path| {
        *seen += 1;
        if *seen < MOST { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() }
    };
    let folder = match std::fs::read_dir(place) {
        Ok(folder) => folder,
        Err(_) => {
            let text = said(place);
            if says(&text) {
                return true;
            }
            match place.parent().map(std::fs::read_dir) {
                Some(Ok(folder)) if includes(&text) => folder,
                _ => return false,
            }
        }
    };
    let files = folder.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "yml" || e == "yaml"));
    files.into_iter().any(|path| says(&said(&path)))
}

fn includes(text: &str) -> bool {
    ["include", "import_"].iter().any(|word| text.contains(word))
}

fn says(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let line = line.strip_prefix("- ").unwrap_or(line);
        let word = line.split(':').next().unwrap_or_default();
        let short = word.rsplit('.').next().unwrap_or_default().trim();
        matches!(short, "reboot" | "wait_for_connection") || (matches!(short, "command" | "shell" | "raw" | "cmd") && command_restarts(line))
    })
}

#[cfg(test)]
mod tests {
    use super::{says, searched};

    #[test]
    fn a_file_is_read_for_itself_and_for_what_it_names() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("a.yml", "- ping:\n"), ("b.yml", "- include_tasks: reboot.yml\n"), ("reboot.yml", "- reboot:\n")] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        for (name, want) in [("a.yml", false), ("b.yml", true), ("reboot.yml", true), ("", true), ("none.yml", false)] {
            assert_eq!(searched(&dir.path().join(name), &mut 0), want, "{name}");
        }
    }

    #[test]
    fn files_of_tasks_are_told_by_their_text() {
        for (text, want) in [
            ("- name: x\n  reboot:\n", true),
            ("- ansible.builtin.reboot:\n", true),
            ("- wait_for_connection: {delay: 3}\n", true),
            ("- shell: sleep 2 && reboot\n", true),
            ("- name: no reboot here\n  ping:\n", false),
            ("- copy:\n    src: reboot.sh\n", false),
            ("- command: shutdown -h now\n", false),
        ] {
            assert_eq!(says(text), want, "{text}");
        }
    }
}
