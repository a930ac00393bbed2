//! Python packages, through pip.
//!
//! In a virtual environment, what is installed is read from its folders: a task with nothing to do starts no Python,
//! and its `stdout` is empty where pip's would say that all requirements are satisfied.

use crate::{Ctx, Failure, Module, Outcome, Output, Params, PathArg, Rule, Support, Value, command, params};
use std::path::Path;

params! {
    /// Options of `pip`.
    pub struct Args {
        /// Packages: names, names with versions, addresses.
        name: Option<Vec<String>>;
        /// The version of the one package.
        version: Option<String>;
        /// A file of requirements.
        requirements: Option<String>;
        /// The virtual environment's folder; made where it is not there.
        virtualenv: Option<PathArg>;
        /// Whether it sees the system's packages.
        virtualenv_site_packages: bool => default("no");
        /// The program that makes it.
        virtualenv_command: PathArg => default("virtualenv");
        /// The Python that it is made with.
        virtualenv_python: Option<String>;
        /// What the packages should be.
        state: String => default("present"), choices(&["absent", "forcereinstall", "latest", "present"]);
        /// More words for pip.
        extra_args: Option<String>;
        /// Whether the package's folder is used in place.
        editable: bool => default("no");
        /// The folder in which pip runs.
        chdir: Option<PathArg>;
        /// The pip program.
        executable: Option<PathArg>;
        /// The umask while pip runs.
        umask: Option<String>;
        /// Whether packages of the system's manager may be overridden.
        break_system_packages: bool => default("no");
    }
}

const EXAMPLES: &str = "
- name: The application's requirements
  ansible.builtin.pip:
    requirements: /srv/app/requirements.txt
    virtualenv: /srv/app/venv
    virtualenv_command: python3 -m venv
";

pub static MODULE: Module = Module {
    check: Support::Full,
    rules: &[
        Rule::RequiredOneOf(&["name", "requirements"]),
        Rule::MutuallyExclusive(&["name", "requirements"]),
        Rule::MutuallyExclusive(&["executable", "virtualenv"]),
    ],
    ..Module::new::<Args>("ansible.builtin.pip", "Manages Python packages", EXAMPLES, |ctx, v| run(ctx, Args::read(v)?))
};

/// A name as pip compares names.
fn canonical(name: &str) -> String {
    let name = name.split('[').next().unwrap_or(name).trim();
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        let c = if matches!(c, '_' | '.') { '-' } else { c };
        if !(c == '-' && out.ends_with('-')) {
            out.push(c);
        }
    }
    out
}

/// Name and version of what a virtual environment has.
fn in_environment(dir: &str) -> Vec<(String, String)> {
    let folders = crate::execute::glob(&format!("{}/lib*/python3*/site-packages/*.dist-info", dir.trim_end_matches('/')));
    let names = folders.iter().filter_map(|f| f.rsplit('/').next()?.strip_suffix(".dist-info")?.split_once('-'));
    names.map(|(n, v)| (canonical(n), v.to_owned())).collect()
}

/// Name and version of pip's own list.
fn listed(out: &str) -> Vec<(String, String)> {
    out.lines().filter_map(|l| l.split_once("==")).map(|(n, v)| (canonical(n), v.trim().to_owned())).collect()
}

/// Name and exact version of a requirement; `None` where it is more than that.
fn simple(spec: &str) -> Option<(String, Option<String>)> {
    if spec.contains("://") || spec.contains('/') || spec.contains([';', '@', '<', '>', '~', '!', '*']) {
        return None;
    }
    match spec.split_once("==") {
        Some((n, v)) => Some((canonical(n), Some(v.trim().to_owned()))),
        None if spec.contains('=') => None,
        None => Some((canonical(spec), None)),
    }
}

fn present(installed: &[(String, String)], spec: &str) -> Option<bool> {
    let (name, version) = simple(spec)?;
    Some(installed.iter().any(|(n, v)| *n == name && version.as_ref().is_none_or(|w| w == v)))
}

fn run(ctx: &mut Ctx, a: Args) -> Result<Outcome, Failure> {
    let umask = match &a.umask {
        Some(u) => Some(u32::from_str_radix(u, 8).map_err(|_| Failure::new("umask must be an octal integer").with("details", u.as_str()))?),
        None => None,
    };
    let names: Vec<String> =
        a.name.iter().flatten().flat_map(|n| split_names(n)).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect();
    if a.version.is_some() && a.state == "latest" {
        return Err(Failure::new("version is incompatible with state=latest"));
    }
    if a.version.is_some() && names.len() > 1 {
        return Err(Failure::new("'version' argument is ambiguous when installing multiple package distributions. Please specify version restrictions next to each package in 'name' argument."));
    }
    let specs: Vec<String> = match (&a.version, &names[..]) {
        (Some(v), [one]) if v.starts_with(['<', '>', '=', '!', '~']) => vec![format!("{one}{v}")],
        (Some(v), [one]) => vec![format!("{one}=={v}")],
        _ => names.clone(),
    };
    let (mut outs, mut errs) = (String::new(), String::new());
    let mut made = false;
    if let Some(env) = &a.virtualenv {
        if !Path::new(&env.0).join("bin/activate").exists() {
            if ctx.check_mode {
                return Ok(Outcome::changed(true));
            }
            let out = make_environment(ctx, &a, env, umask)?;
            outs += &out.out();
            errs += &out.err();
            made = true;
        }
    }
    let finish = |changed: bool, cmd: Value, outs: String, errs: String| {
        Ok(Outcome::changed(changed)
            .with("cmd", cmd)
            .with("name", if a.name.is_some() { Value::from(names.clone()) } else { Value::Null })
            .with("version", a.version.clone())
            .with("state", a.state.as_str())
            .with("requirements", a.requirements.clone())
            .with("virtualenv", a.virtualenv.as_ref().map_or(Value::Null, Value::from))
            .with("stdout", outs)
            .with("stderr", errs))
    };
    let mut cmd = pip(ctx, &a)?;
    cmd.push(if a.state == "absent" { "uninstall" } else { "install" }.to_owned());
    match a.state.as_str() {
        "absent" => cmd.push("-y".into()),
        "latest" => cmd.push("-U".into()),
        "forcereinstall" => cmd.extend(["-U".into(), "--force-reinstall".into()]),
        _ => {}
    }
    if a.break_system_packages && a.state != "absent" {
        cmd.push("--break-system-packages".into());
    }
    if a.editable {
        cmd.push("-e".into());
    }
    if let Some(extra) = &a.extra_args {
        cmd.extend(command::split(extra).map_err(Failure::new)?);
    }
    if a.state == "absent" {
        cmd.extend(names.iter().cloned());
    } else {
        cmd.extend(specs.iter().cloned());
    }
    if let Some(r) = &a.requirements {
        cmd.extend(["-r".to_owned(), r.clone()]);
    }
    // What is there already, where that decides.
    let plain = a.requirements.is_none() && a.extra_args.is_none() && !a.editable;
    if plain && matches!(a.state.as_str(), "present" | "absent") && (a.virtualenv.is_some() || ctx.check_mode) {
        let installed = match &a.virtualenv {
            Some(env) => in_environment(env),
            None => {
                let mut list = pip(ctx, &a)?;
                list.extend(["list".into(), "--format=freeze".into()]);
                listed(&ctx.command(list).env("PIP_DISABLE_PIP_VERSION_CHECK", "1").run()?.out())
            }
        };
        let there: Vec<Option<bool>> = specs.iter().map(|s| present(&installed, s)).collect();
        let done = if a.state == "present" {
            there.iter().all(|t| *t == Some(true))
        } else {
            there.iter().all(|t| *t == Some(false))
        };
        if ctx.check_mode && there.iter().all(Option::is_some) {
            // What Ansible shows in check mode is the question that it asked.
            let list = [pip(ctx, &a)?, vec!["list".into(), "--format=freeze".into()]].concat();
            return Ok(Outcome::changed(!done).with("cmd", command::join(&list)).with("stdout", outs).with("stderr", errs));
        }
        if done {
            return finish(!done || made, Value::from(cmd), outs, errs);
        }
    }
    if ctx.check_mode {
        return Ok(Outcome::changed(true));
    }
    let folder = a.chdir.as_ref().map(|d| d.0.clone()).unwrap_or_else(|| std::env::temp_dir().to_string_lossy().into_owned());
    let out = ctx.command(&cmd).cwd(folder).umask(umask).c_locale().run()?;
    outs += &out.out();
    errs += &out.err();
    if out.rc != 0 {
        let nothing = a.state == "absent" && out.err().contains("not installed");
        if !nothing {
            let said = if outs.is_empty() { errs } else { format!("stdout: {outs}\n:stderr: {errs}") };
            return Err(Failure::new(said).with("cmd", cmd));
        }
    }
    let changed = made
        || match a.state.as_str() {
            "absent" => out.out().contains("Successfully uninstalled"),
            _ => out.out().contains("Successfully installed"),
        };
    finish(changed, Value::from(cmd), outs, errs)
}

/// Names in one text, separated by commas; a comma also separates the versions of one name.
fn split_names(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for part in text.split(',') {
        match out.last_mut() {
            Some(last) if part.trim().starts_with(['<', '>', '=', '!', '~']) => {
                last.push(',');
                last.push_str(part);
            }
            _ => out.push(part.to_owned()),
        }
    }
    out
}

/// The pip to call.
fn pip(ctx: &Ctx, a: &Args) -> Result<Vec<String>, Failure> {
    if let Some(x) = &a.executable {
        let path = if x.starts_with('/') { x.0.clone() } else { ctx.need_program(x)?.to_string_lossy().into_owned() };
        return Ok(vec![path]);
    }
    if let Some(env) = &a.virtualenv {
        let found = ["pip3", "pip"].iter().map(|p| format!("{}/bin/{p}", env.trim_end_matches('/'))).find(|p| Path::new(p).exists());
        return match found {
            Some(p) => Ok(vec![p]),
            None if ctx.check_mode => Ok(vec![format!("{}/bin/pip3", env.trim_end_matches('/'))]),
            None => Err(Failure::new(format!("Unable to find pip in the virtualenv, {}, under any of these names: pip3, pip. Make sure pip is present in the virtualenv.", env.0))),
        };
    }
    let python = ctx.hint("ansible_python_interpreter").map(str::to_owned).or_else(|| {
        let p = rustle_facts::discover_python(None)?;
        Some(p.executable)
    });
    if let Some(p) = python {
        if ctx.command([p.as_str(), "-c", "import pip"]).run().is_ok_and(|o| o.rc == 0) {
            return Ok(vec![p, "-m".into(), "pip".into()]);
        }
    }
    match ["pip3", "pip"].iter().find_map(|p| ctx.find_program(p)) {
        Some(p) => Ok(vec![p.to_string_lossy().into_owned()]),
        None => Err(Failure::new("Unable to find any of pip3 to use. pip needs to be installed.")),
    }
}

fn make_environment(ctx: &Ctx, a: &Args, env: &str, umask: Option<u32>) -> Result<Output, Failure> {
    let words = command::split(&a.virtualenv_command).map_err(Failure::new)?;
    let Some((program, rest)) = words.split_first() else { return Err(Failure::new("virtualenv_command is empty")) };
    let path = ctx.need_program(program)?;
    let venv = rest.iter().any(|w| w == "venv") || program.ends_with("pyvenv");
    let mut cmd = ctx.command([path.as_os_str()]).args(rest);
    if a.virtualenv_site_packages {
        cmd = cmd.arg("--system-site-packages");
    }
    if let Some(p) = &a.virtualenv_python {
        if venv {
            return Err(Failure::new("virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command"));
        }
        cmd = cmd.arg(format!("-p{p}"));
    }
    let out = cmd.arg(env).umask(umask).run()?;
    if out.rc != 0 {
        return Err(Failure::new(format!("{}{}", out.out(), out.err())).with("cmd", out.failure().result.get("cmd").cloned().unwrap_or_default()));
    }
    Ok(out)
}
