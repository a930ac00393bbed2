//! Man pages and completions of every stage in `bins/`, and of `rustle-deploy`.

use crate::tree::Tree;
use clap_complete::{Shell, generate as complete};
use clap_mangen::Man;
use std::io;

include!(concat!(env!("OUT_DIR"), "/stages.rs"));

/// Adds `man/<name>.1` and the completions.
pub fn generate(tree: &mut Tree) -> io::Result<()> {
    for mut command in stages().into_iter().chain([rustle_deploy::command(false)]) {
        let name = command.get_name().to_owned();
        let mut page = Vec::new();
        Man::new(command.clone()).date("").manual("rustle").render(&mut page)?;
        tree.add(format!("man/{name}.1"), page);
        for (shell, path) in [
            (Shell::Bash, format!("man/completions/bash/{name}")),
            (Shell::Zsh, format!("man/completions/zsh/_{name}")),
            (Shell::Fish, format!("man/completions/fish/{name}.fish")),
        ] {
            let mut text = Vec::new();
            complete(shell, &mut command, &name, &mut text);
            tree.add(path, text);
        }
    }
    Ok(())
}
