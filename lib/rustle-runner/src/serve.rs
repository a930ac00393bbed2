//! The protocol on stdin and stdout.

use crate::world::{Modules, RunnerWorld, Shared};
use rustle_engine::{Engine, Update};
use rustle_stream::protocol::{Down, PlayProgram, RunOptions, Up, VERSION};
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

/// What the engine's thread does next.
enum Work {
    Options(RunOptions),
    Play(Box<PlayProgram>),
}

/// Serves one controller until it says goodbye or goes away.
pub(crate) fn serve(modules: Modules) -> ExitCode {
    let shared = Shared::new(modules);
    shared.send(&Up::Ready { v: VERSION, runner: env!("CARGO_PKG_VERSION").into(), pid: std::process::id() });
    let (work, todo) = mpsc::channel();
    let mine = shared.clone();
    let engine = std::thread::Builder::new().stack_size(64 << 20).spawn(move || drive(&mine, &todo));
    if let Err(e) = engine {
        shared.send(&Up::Fatal { message: format!("cannot start a thread: {e}") });
        return ExitCode::from(rustle_stream::exit::OS);
    }
    let code = read(&shared, &work);
    shared.clean_up();
    // The engine may be in the middle of a module: what it runs ends with us.
    crate::children::kill_descendants();
    std::process::exit(code.into())
}

/// Reads messages until the end; returns the exit code.
fn read(shared: &Arc<Shared>, work: &mpsc::Sender<Work>) -> u8 {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return rustle_stream::exit::IO };
        if line.is_empty() {
            continue;
        }
        let message: Down = match serde_json::from_str(&line) {
            Ok(m) => m,
            Err(e) => {
                shared.send(&Up::Fatal { message: format!("a message that I do not understand: {e}") });
                return rustle_stream::exit::PROTOCOL;
            }
        };
        let sent = match message {
            Down::Hello { v, .. } if v != VERSION => {
                shared.send(&Up::Fatal { message: format!("the controller speaks protocol {v}, this runner {VERSION}") });
                return rustle_stream::exit::PROTOCOL;
            }
            Down::Hello { options, .. } => work.send(Work::Options(options)).is_ok(),
            Down::Play { program } => work.send(Work::Play(program)).is_ok(),
            Down::Reply { id, reply } => {
                shared.answer(id, reply);
                true
            }
            Down::Exec { id, request } => {
                let shared = shared.clone();
                // Before the next message, which may leave the program out.
                shared.learn(&request);
                std::thread::spawn(move || {
                    let result = shared.module(&request);
                    shared.send(&Up::Executed { id, result });
                });
                true
            }
            Down::Vars { changes } => {
                shared.update(Update::Vars(changes));
                true
            }
            Down::Magic { changes } => {
                shared.update(Update::Magic(changes));
                true
            }
            Down::Inventory { vars } => {
                shared.update(Update::Inventory(vars));
                true
            }
            Down::Stop { reason } => {
                shared.update(Update::Stop(reason));
                true
            }
            Down::Bye => return 0,
        };
        if !sent {
            return rustle_stream::exit::SOFTWARE;
        }
    }
    0
}

/// The engine's thread: plays, one after the other.
fn drive(shared: &Arc<Shared>, todo: &mpsc::Receiver<Work>) {
    let world = RunnerWorld(shared.clone());
    let mut engine: Option<Engine<'_>> = None;
    for work in todo {
        match work {
            Work::Options(options) => engine = Some(Engine::new(&world, options)),
            Work::Play(program) => {
                let Some(engine) = engine.as_mut() else {
                    shared.send(&Up::Fatal { message: "a play came before the greeting".into() });
                    return;
                };
                engine.load(*program);
                let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (engine.run(), engine.goes_on().cloned())));
                match run {
                    Ok((outcome, after)) => shared.send(&Up::PlayDone { outcome, after }),
                    Err(panic) => {
                        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                        shared.send(&Up::Fatal { message: format!("internal error in the runner: {}", text.unwrap_or_default()) });
                        return;
                    }
                }
            }
        }
    }
}
