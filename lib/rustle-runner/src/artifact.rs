//! The plan inside the executable, run on this machine with no controller.
//!
//! Events go to stdout as records, in the order in which `rustle-run` prints them. What needs the controller (other
//! hosts' values, lookups of its files, includes whose name is a template) is an error of the task that asks.

use crate::alone::{AloneWorld, Told};
use rustle_engine::Engine;
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_stream::payload::{Alone, Payload};
use rustle_stream::protocol::Outcome;
use rustle_value::{Dict, Value};
use std::collections::HashSet;
use std::process::ExitCode;

const HELP: &str = "Runs the plan inside on this machine, and prints what happens as records.

Options:
  -C, --check              Change nothing; predict what would change
  -D, --diff               Show what changes in files
  -t, --tags <TAGS>        Only plays and tasks with these tags
      --skip-tags <TAGS>   Not the plays and tasks with these tags
  -l, --limit <HOST>       Run only if this names the host that the plan is for, or 'localhost'
  -e, --extra-vars <VARS>  key=value or a JSON object
      --start-at-task <NAME>
      --force-handlers     Run notified handlers even if a task fails
  -v, --verbose            Say more; up to -vvvvvv
      --events <FILE>      Write what happens there instead of to stdout
      --manifest           Print what is inside, and run nothing
  -h, --help

Exit status: 0 all went well, 2 a task failed, 64 wrong command line, 65 the plan inside is damaged.
";

/// What the command line says.
#[derive(Default)]
struct Flags {
    check: bool,
    diff: bool,
    force_handlers: bool,
    manifest: bool,
    help: bool,
    verbosity: u8,
    tags: Vec<String>,
    skip_tags: Vec<String>,
    start_at_task: Option<String>,
    limit: Option<String>,
    events: Option<String>,
    extra: Dict,
}

fn usage(message: &str) -> ExitCode {
    crate::complain(&format!("rustle-runner: error: {message}"));
    ExitCode::from(exit::USAGE)
}

fn flags(args: &[String]) -> Result<Flags, String> {
    let mut f = Flags::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (name, mut inline) = match arg.split_once('=') {
            Some((n, v)) if n.starts_with("--") => (n, Some(v.to_owned())),
            _ => (arg.as_str(), None),
        };
        let mut value = || inline.take().or_else(|| rest.next().cloned()).ok_or_else(|| format!("{name} needs a value"));
        let words = |text: String| text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect::<Vec<_>>();
        match name {
            "-C" | "--check" => f.check = true,
            "-D" | "--diff" => f.diff = true,
            "--force-handlers" => f.force_handlers = true,
            "--manifest" => f.manifest = true,
            "-h" | "--help" => f.help = true,
            "--verbose" => f.verbosity += 1,
            "-t" | "--tags" => f.tags.extend(words(value()?)),
            "--skip-tags" => f.skip_tags.extend(words(value()?)),
            "--start-at-task" => f.start_at_task = Some(value()?),
            "--events" => f.events = Some(value()?),
            "-l" | "--limit" => f.limit = Some(value()?),
            "-e" | "--extra-vars" => f.extra.update(&variables(&value()?)?),
            v if v.len() > 1 && v.starts_with("-v") && v[1..].chars().all(|c| c == 'v') => f.verbosity += (v.len() - 1).min(6) as u8,
            other => return Err(format!("unexpected argument '{other}'")),
        }
    }
    Ok(f)
}

/// `-e`: pairs, or a JSON object (which is YAML, too; other YAML would need a file's worth of text).
fn variables(text: &str) -> Result<Dict, String> {
    if text.trim_start().starts_with('{') {
        return match serde_json::from_str::<Value>(text).map(Value::into_data) {
            Ok(Value::Dict(d)) => Ok((*d).clone()),
            Ok(_) => Err("-e: a JSON object is expected".into()),
            Err(e) => Err(format!("-e: {e}")),
        };
    }
    if text.starts_with('@') {
        return Err("-e: files of variables cannot be read here; give key=value or a JSON object".into());
    }
    Ok(text.split_whitespace().filter_map(|w| w.split_once('=')).map(|(k, v)| (Value::from(k), Value::from(v.trim_matches(['"', '\''])))).collect())
}

/// Runs the payload with these arguments (without the program's name).
pub(crate) fn run(payload: Payload, args: &[String]) -> ExitCode {
    let flags = match flags(args) {
        Ok(f) => f,
        Err(e) => return usage(&e),
    };
    if flags.help {
        return crate::say(HELP.trim_end());
    }
    if flags.manifest {
        return match serde_json::to_string(&payload.manifest) {
            Ok(text) => crate::say(&text),
            Err(_) => ExitCode::from(exit::SOFTWARE),
        };
    }
    let mut alone: Alone = match serde_json::from_str(&payload.programs) {
        Ok(a) => a,
        Err(e) => {
            crate::complain(&format!("rustle-runner: error: the plan inside cannot be read: {e}"));
            return ExitCode::from(exit::DATA);
        }
    };
    let host = payload.manifest.host.clone();
    if let Some(limit) = &flags.limit
        && !limit.split([',', ':']).any(|l| l == host || l == "localhost" || l == "all")
    {
        return usage(&format!("the plan inside is for host '{host}', which --limit '{limit}' leaves out"));
    }
    let events = match flags.events.as_deref().filter(|f| *f != "-").map(std::fs::File::create).transpose() {
        Ok(file) => file,
        Err(e) => {
            crate::complain(&format!("rustle-runner: error: --events {}: {e}", flags.events.unwrap_or_default()));
            return ExitCode::from(exit::CANT_CREATE);
        }
    };
    let options = &mut alone.options;
    options.check |= flags.check;
    options.diff |= flags.diff;
    options.force_handlers |= flags.force_handlers;
    options.verbosity = options.verbosity.max(flags.verbosity);
    options.start_at_task = flags.start_at_task.or(options.start_at_task.take());
    if !flags.tags.is_empty() {
        options.tags = flags.tags;
    }
    if !flags.skip_tags.is_empty() {
        options.skip_tags = flags.skip_tags;
    }
    for play in &mut alone.plays {
        play.program.extra_vars.update(&flags.extra);
        play.program.magic.update(&rustle_value::dict! {
            "ansible_check_mode" => options.check,
            "ansible_diff_mode" => options.diff,
            "ansible_verbosity" => u32::from(options.verbosity),
        });
    }
    // Templates and blocks may nest deeply.
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(move || plays(payload, alone, Told::new(&host, events), &host));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => ExitCode::from(code),
        _ => ExitCode::from(exit::UNEXPECTED),
    }
}

/// Runs all plays; returns Ansible's exit code.
fn plays(payload: Payload, alone: Alone, told: Told, host: &str) -> u8 {
    told.start(&payload.manifest.run);
    let controller_tasks: HashSet<_> =
        alone.plays.iter().flat_map(|p| &p.program.fragment.tasks).filter(|t| &*t.action != "ansible.builtin.meta").map(|t| t.id).collect();
    let world = AloneWorld::new(told, payload.files, controller_tasks);
    let mut engine = Engine::new(&world, alone.options);
    let mut code = exit::OK;
    for play in alone.plays {
        world.begin(&play);
        if play.hosts.is_empty() {
            world.told.emit(RunEvent::NoHosts { play: play.program.play.id });
            continue;
        }
        engine.load(play.program);
        let outcome = engine.run();
        world.told.end_play(host);
        match outcome {
            Outcome::Completed | Outcome::Ended => {}
            Outcome::Failed => code |= exit::HOST_FAILED,
            Outcome::Unreachable => code |= exit::HOST_UNREACHABLE,
        }
        if code != exit::OK {
            break;
        }
    }
    world.told.stats(code);
    world.clean_up();
    code
}
