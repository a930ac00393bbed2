//! `async`: jobs that outlive the task that started them.
//!
//! The job's result stands in `~/.ansible_async/<job id>` (or `ansible_async_dir`), where `async_status` looks.

use rustle_stream::protocol::ModuleRequest;
use rustle_value::{Dict, Value, dict, py_str};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

fn folder(request: &ModuleRequest) -> PathBuf {
    let home = std::env::var("HOME").unwrap_or_else(|_| "/tmp".into());
    let named = request.hints.get("ansible_async_dir").map(py_str).or_else(|| request.environment.get("ANSIBLE_ASYNC_DIR").map(py_str));
    // Where `async_status` looks, too.
    let named = named.or_else(|| std::env::var("ANSIBLE_ASYNC_DIR").ok());
    match named {
        Some(d) => PathBuf::from(d.strip_prefix('~').map_or(d.clone(), |rest| format!("{home}{rest}"))),
        None => PathBuf::from(home).join(".ansible_async"),
    }
}

fn write_result(path: &PathBuf, result: &Dict) -> std::io::Result<()> {
    let next = path.with_extension("tmp");
    let text = rustle_value::to_json_string(&Value::dict(result.clone()), &rustle_value::JsonStyle::default());
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(next, path)
}

/// Starts the module in the background and answers at once.
pub(crate) fn start(request: &ModuleRequest) -> Dict {
    let fail = |e: String| dict! { "failed" => true, "changed" => false, "msg" => format!("could not start the job: {e}") };
    let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let job = format!("j{}.{}", stamp % 1_000_000_000_000, std::process::id());
    let dir = folder(request);
    if let Err(e) = std::fs::create_dir_all(&dir) {
        return fail(format!("{}: {e}", dir.display()));
    }
    let path = dir.join(&job);
    let begun = dict! { "started" => true, "finished" => false, "ansible_job_id" => job.as_str() };
    if let Err(e) = write_result(&path, &begun) {
        return fail(format!("{}: {e}", path.display()));
    }
    let Ok(exe) = std::env::current_exe() else { return fail("my own path is unknown".into()) };
    let mut command = Command::new(exe);
    command.arg("--async").arg(&path).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    use std::os::unix::process::CommandExt;
    // SAFETY: setsid(2) is async-signal-safe and touches no memory.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            Ok(())
        });
    }
    let spawned = command.spawn().and_then(|mut child| {
        let text = serde_json::to_string(request).map_err(std::io::Error::other)?;
        match child.stdin.take() {
            Some(mut pipe) => pipe.write_all(text.as_bytes()),
            None => Err(std::io::Error::other("no pipe")),
        }
    });
    if let Err(e) = spawned {
        return fail(e.to_string());
    }
    dict! {
        "started" => true,
        "finished" => false,
        "changed" => true,
        "ansible_job_id" => job,
        "results_file" => path.to_string_lossy().into_owned(),
    }
}

/// The job itself: a second fork detaches it for good, a watcher ends it when its time is up.
pub(crate) fn run_job(path: &str) -> ExitCode {
    let mut text = String::new();
    if std::io::stdin().read_to_string(&mut text).is_err() {
        return ExitCode::from(rustle_stream::exit::IO);
    }
    let Ok(mut request) = serde_json::from_str::<ModuleRequest>(&text) else {
        return ExitCode::from(rustle_stream::exit::DATA);
    };
    // SAFETY: this process has one thread; the parent leaves at once so that the job belongs to init.
    match unsafe { libc::fork() } {
        0 => {}
        pid if pid > 0 => return ExitCode::SUCCESS,
        _ => return ExitCode::from(rustle_stream::exit::OS),
    }
    let path = PathBuf::from(path);
    let job = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let limit = request.async_seconds.take().unwrap_or(0);
    request.hints.insert("background", true);
    let (send, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || _ = send.send(rustle_modules::run(&request)));
    let mut result = match done.recv_timeout(Duration::from_secs(limit.max(1))) {
        Ok(result) => result,
        Err(_) => {
            crate::children::kill_descendants();
            dict! { "failed" => true, "msg" => format!("job reached maximum time limit of {limit} seconds."), "child_pid" => std::process::id() }
        }
    };
    result.insert("started", true);
    result.insert("finished", true);
    result.insert("ansible_job_id", job);
    match write_result(&path, &result) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(rustle_stream::exit::IO),
    }
}
