//! What the module does, in a few words, and where its limits are.
//!
//! Copy this file to begin a new module; the file's name (without `_`) is the module's.

use crate::{Ctx, FileArgs, Failure, Outcome, Params, PathArg, Scope, Support, Module, params};

params! {
    /// Options of `template`.
    pub struct Args with { file: FileArgs } {
        /// The file that must be there.
        path: PathArg => required(), aliases(&["dest"]);
        /// Whether it is there.
        state: String => default("present"), choices(&["absent", "present"]);
        /// How many times.
        count: Option<i64>;
    }
}

const EXAMPLES: &str = "
- name: A file is there
  ansible.builtin.template_of_a_module:
    path: /tmp/x
    mode: '0644'
";

pub static MODULE: Module = Module {
    check: Support::Full,
    diff: Support::None,
    scope: Scope::Looks,
    ..Module::new::<Args>("ansible.builtin.template_of_a_module", "Begins a new module", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, args: Args) -> Result<Outcome, Failure> {
    let there = std::path::Path::new(&*args.path).exists();
    if !there && args.count.is_some() {
        return Err(Failure::new(format!("{} is not there", args.path)).with("path", &args.path));
    }
    let changed = there && ctx.set_file_attributes(&args.path, &args.file, false, None)?;
    Ok(Outcome::changed(changed).with("path", &args.path).with("state", args.state))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_has_the_options() {
        assert!(super::MODULE.options().any(|p| p.name == "path"));
    }
}
