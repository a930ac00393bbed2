//! What dpkg shall do with a package: install, hold, deinstall, purge.

use crate::{Ctx, Failure, Module, Outcome, Params, Support, dpkg, params};

params! {
    /// Options of `dpkg_selections`.
    pub struct Args {
        /// The package.
        name: String => required();
        /// What is wanted of it.
        selection: String => required(), choices(&["install", "hold", "deinstall", "purge"]);
    }
}

const EXAMPLES: &str = "
- name: Keep this version
  ansible.builtin.dpkg_selections:
    name: postgresql-15
    selection: hold
";

pub static MODULE: Module = Module {
    check: Support::Full,
    ..Module::new::<Args>("ansible.builtin.dpkg_selections", "Holds Debian packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let program = ctx.need_program("dpkg")?;
    let status = dpkg::Status::read();
    let Some(before) = status.find(&a.name).map(|p| p.selection.clone()) else {
        return Err(Failure::new(format!("Failed to find package '{}' to perform selection '{}'.", a.name, a.selection)));
    };
    let changed = before != a.selection;
    if changed && !ctx.check_mode {
        let input = format!("{} {}", a.name, a.selection);
        ctx.command([program.as_os_str()]).arg("--set-selections").stdin(input).run()?.check()?;
    }
    Ok(Outcome::changed(changed).with("before", before).with("after", a.selection))
}
