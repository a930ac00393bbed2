//! The plan inside the executable, run on this machine with no controller.
//!
//! Events go to stdout as records, in the order in which `rustle-run` prints them. What needs the controller (other
//! hosts' values, lookups of its files, includes whose name is a template) is an error of the task that asks.

use crate::alone::{AloneWorld, Told};
use crate::arguments::{self, HELP, Refusal};
use crate::limit;
use rustle_engine::Engine;
use rustle_stream::event::RunEvent;
use rustle_stream::exit;
use rustle_stream::payload::{Alone, Payload};
use rustle_stream::protocol::Outcome;
use std::collections::HashSet;
use std::process::ExitCode;

fn refuse(code: u8, message: &str) -> ExitCode {
    crate::complain(&format!("rustle-runner: error: {message}"));
    ExitCode::from(code)
}

/// Runs the payload with these arguments (without the program's name).
pub(crate) fn run(payload: Payload, args: &[String]) -> ExitCode {
    let flags = match arguments::parse(args) {
        Ok(f) => f,
        Err(Refusal(code, e)) => return refuse(code, &e),
    };
    if flags.help {
        return crate::say(HELP.trim_end());
    }
    if flags.version {
        return crate::say(crate::VERSION);
    }
    if flags.manifest {
        return match serde_json::to_string(&payload.manifest) {
            Ok(text) => crate::say(&text),
            Err(_) => ExitCode::from(exit::SOFTWARE),
        };
    }
    let mut alone: Alone = match serde_json::from_str(&payload.programs) {
        Ok(a) => a,
        Err(e) => return refuse(exit::DATA, &format!("the plan inside cannot be read: {e}")),
    };
    let host = payload.manifest.host.clone();
    if let Some(limit) = &flags.limit {
        let groups = alone.plays.iter().find_map(|p| p.program.magic.get("groups")).cloned().unwrap_or_default();
        match limit::names(limit, &host, &groups) {
            Ok(true) => {}
            // Ansible's words and exit code, where a limit leaves no host.
            Ok(false) => {
                let words = "Specified inventory, host pattern and/or --limit leaves us with no hosts to target.";
                return refuse(exit::ERROR, &format!("{words}\n  hint: the plan inside is for host '{host}', which --limit '{limit}' leaves out"));
            }
            Err(e) => return refuse(exit::USAGE, &e),
        }
    }
    let password = match flags.become_password_file.as_deref().map(arguments::password).transpose() {
        Ok(p) => p,
        Err(Refusal(code, e)) => return refuse(code, &e),
    };
    let events = match flags.events.as_deref().filter(|f| *f != "-").map(std::fs::File::create).transpose() {
        Ok(file) => file,
        Err(e) => return refuse(exit::CANT_CREATE, &format!("--events {}: {e}", flags.events.unwrap_or_default())),
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
    options.config.update(&flags.settings);
    for play in &mut alone.plays {
        if password.is_some() {
            play.program.become_password.clone_from(&password);
        }
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
