//! `cargo xtask docs [--check]`: makes the files that are generated from the code, or says which of them are stale.
//!
//! | source | files |
//! | --- | --- |
//! | the stages' clap commands | `man/<name>.1`, `man/completions/{bash,zsh,fish}/…` |
//! | the record types | `schema/<type>.schema.json` |
//! | the modules' tables | `man/rustle-modules.7`, `man/rustle-modules.json` |

mod commands;
mod modules;
mod schemas;
mod tree;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use tree::Tree;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let check = match args[..] {
        ["docs"] => false,
        ["docs", "--check"] => true,
        _ => {
            say("usage: cargo xtask docs [--check]");
            return ExitCode::from(64);
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut tree = Tree::default();
    let made = commands::generate(&mut tree).and_then(|()| schemas::generate(&mut tree)).and_then(|()| modules::generate(&mut tree));
    let result = made.and_then(|()| if check { tree.stale(&root) } else { tree.write(&root).map(|()| Vec::new()) });
    match result {
        Ok(stale) if stale.is_empty() => ExitCode::SUCCESS,
        Ok(stale) => {
            stale.iter().for_each(|f| say(&format!("xtask: error: {f} is stale")));
            say("  hint: run cargo xtask docs and commit the result");
            ExitCode::FAILURE
        }
        Err(e) => {
            say(&format!("xtask: error: {e}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    _ = writeln!(std::io::stderr(), "{text}");
}
