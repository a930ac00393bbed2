//! Answers `pong`.
//!
//! Runs anywhere.

use crate::{Failure, Module, Outcome, Params, Scope, Support, params};

params! {
    /// Options of `ping`.
    pub struct Args {
        /// What to answer; `crash` fails on purpose.
        data: String => default("pong");
    }
}

const EXAMPLES: &str = "
- name: Is it there?
  ansible.builtin.ping:
";

pub static MODULE: Module = Module {
    check: Support::Full,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.ping", "Answers pong", EXAMPLES, |_, v| {
        let a = Args::read(v)?;
        if a.data == "crash" {
            return Err(Failure::broke_off("boom").with("exception", "(traceback unavailable)"));
        }
        Ok(Outcome::ok().with("ping", a.data))
    })
};
