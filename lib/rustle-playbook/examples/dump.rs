//! Prints the records of playbooks, or what is wrong with them: `dump [--list] FILE…`.
#![allow(clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;

use rustle_playbook::{Loader, Options};
use rustle_stream::Record;

fn main() {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let list = files.iter().position(|f| f == "--list").map(|i| files.remove(i)).is_some();
    let cwd = std::env::current_dir().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
    match Loader::new(Options { cwd, collections_path: std::env::var("ANSIBLE_COLLECTIONS_PATH").map_or_else(|_| rustle_playbook::default_collections_path(), |p| vec![p]), ..Options::default() }).load_playbooks(&files) {
        Err(e) => println!("[ERROR]: {}\nrc={}", e.report(), e.code()),
        Ok(parsed) if list => {
            for w in &parsed.warnings {
                println!("[WARNING]: {}", w.text);
            }
            println!("{}", support::list_tasks(&parsed));
        }
        Ok(parsed) => {
            let f = parsed.fragment;
            let all = parsed.plays.into_iter().map(Record::from).chain(f.roles.into_iter().map(Record::from));
            let all = all.chain(f.blocks.into_iter().map(Record::from)).chain(f.tasks.into_iter().map(Record::from));
            for line in all.filter_map(|r| r.to_line().ok()) {
                println!("{line}");
            }
        }
    }
}
