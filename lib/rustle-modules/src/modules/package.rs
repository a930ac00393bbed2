//! The package manager that this module would choose is a module of its own: the engine calls that one. This file
//! only says so where there is none for the host.

use crate::{Failure, Module, Params, Support, params};

params! {
    /// Options of `package`.
    pub struct Args {
        /// Packages.
        name: Vec<String> => required();
        /// What they should be.
        state: String => required();
        /// The package manager.
        r#use: String => name("use"), default("auto");
    }
}

const EXAMPLES: &str = "
- name: An editor
  ansible.builtin.package:
    name: vim
    state: present
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::Full,
    ..Module::new::<Args>("ansible.builtin.package", "Manages packages, whatever manages them", EXAMPLES, |ctx, v| {
        let a = Args::read(v)?;
        let manager = if a.r#use == "auto" { ctx.hint("ansible_pkg_mgr").unwrap_or("unknown").to_owned() } else { a.r#use };
        if matches!(manager.as_str(), "unknown" | "auto") {
            return Err(Failure::new("Could not detect which package manager to use. Try gathering facts or setting the \"use\" option."));
        }
        Err(Failure::new(format!("Could not find a matching action for the \"{manager}\" package manager.")))
    })
};
