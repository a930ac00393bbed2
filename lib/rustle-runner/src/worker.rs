//! `become`: the runner again, under another identity.
//!
//! A worker is started once per identity and kept. It reads one [`ModuleRequest`] a line and answers with one result
//! a line. Passwords are written to the elevating program's standard input, never to a command line.

use rustle_stream::foreign::Payloads;
use rustle_stream::protocol::{Become, ModuleRequest};
use rustle_value::{Dict, Value, dict};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const READY: &str = "rustle-worker-ready";

/// The worker's side: executes modules until its input ends.
pub(crate) fn serve() -> ExitCode {
    let stdin = std::io::stdin();
    let mut out = std::io::stdout();
    if writeln!(out, "{READY}").and_then(|()| out.flush()).is_err() {
        return ExitCode::from(rustle_stream::exit::IO);
    }
    let (send, lines) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        for line in stdin.lock().lines() {
            let Ok(line) = line else { break };
            if send.send(line).is_err() {
                break;
            }
        }
        // The runner is gone: so is the reason for whatever is running.
        crate::children::kill_descendants();
        std::process::exit(0);
    });
    let payloads = Payloads::default();
    for line in lines {
        let result = match serde_json::from_str::<ModuleRequest>(&line) {
            Ok(request) => match crate::world::with_program(&request, &payloads) {
                Ok(whole) => crate::world::execute(whole.as_ref().unwrap_or(&request)),
                Err(result) => result,
            },
            // A password that nobody asked for may come first.
            Err(_) => continue,
        };
        let Ok(text) = serde_json::to_string(&result) else { break };
        if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// A running worker, seen from the runner.
pub(crate) struct Worker {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Programs that the worker has.
    payloads: Payloads,
}

impl Worker {
    /// Starts a worker; an error is worded as Ansible words failed elevation.
    pub(crate) fn start(elevate: &Become, exe: &Path) -> Result<Worker, String> {
        let mut command = command_line(elevate, exe)?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{}: {e}", elevate.method))?;
        let (Some(mut stdin), Some(stdout), Some(mut stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err("no pipes to the worker".into());
        };
        if let Some(password) = &elevate.password {
            _ = writeln!(stdin, "{password}").and_then(|()| stdin.flush());
        }
        let (send, noise) = mpsc::channel::<String>();
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let mut chunk = [0u8; 4096];
            while let Ok(n) = stderr.read(&mut chunk) {
                if n == 0 {
                    break;
                }
                if text.len() < 64 << 10 {
                    text.extend_from_slice(&chunk[..n]);
                }
                // A second prompt means that the password was refused.
                let so_far = String::from_utf8_lossy(&text).to_lowercase();
                if so_far.contains("try again") || so_far.contains("incorrect password") {
                    break;
                }
            }
            _ = send.send(String::from_utf8_lossy(&text).into_owned());
        });
        let (first, ready) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            while matches!(reader.read_line(&mut line), Ok(n) if n > 0) {
                if line.trim_end().ends_with(READY) {
                    _ = first.send(reader);
                    return;
                }
                line.clear();
            }
        });
        let mut waited = 0;
        loop {
            match ready.recv_timeout(Duration::from_millis(50)) {
                Ok(stdout) => return Ok(Worker { child, stdin, stdout, payloads: Payloads::default() }),
                Err(mpsc::RecvTimeoutError::Timeout) if waited < 600 => {
                    waited += 1;
                    if let Ok(text) = noise.try_recv() {
                        _ = child.kill();
                        _ = child.wait();
                        return Err(explain(elevate, &text));
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    _ = child.kill();
                    _ = child.wait();
                    return Err(format!("Timeout ({}s) waiting for privilege escalation prompt", waited / 20));
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    _ = child.kill();
                    _ = child.wait();
                    let text = noise.recv_timeout(Duration::from_millis(500)).unwrap_or_default();
                    return Err(explain(elevate, &text));
                }
            }
        }
    }
    /// Runs one module there.
    pub(crate) fn run(&mut self, request: &ModuleRequest) -> Result<Dict, String> {
        let lean = request.payload.as_ref().map(|p| ModuleRequest { payload: Some(self.payloads.to_send(p)), ..request.clone() });
        let text = serde_json::to_string(lean.as_ref().unwrap_or(request)).map_err(|e| e.to_string())?;
        writeln!(self.stdin, "{text}").and_then(|()| self.stdin.flush()).map_err(|e| format!("the become worker is gone: {e}"))?;
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(n) if n > 0 => serde_json::from_str(&line).map_err(|e| format!("the become worker answered nonsense: {e}")),
            _ => Err("the become worker ended unexpectedly".into()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn split(flags: &str) -> impl Iterator<Item = &str> {
    flags.split_whitespace()
}

fn command_line(elevate: &Become, exe: &Path) -> Result<Command, String> {
    let program = elevate.exe.as_deref().unwrap_or(&elevate.method);
    let mut c = Command::new(program);
    match elevate.method.as_str() {
        "sudo" => {
            let flags = elevate.flags.as_deref().unwrap_or("-H -S -n");
            for flag in split(flags) {
                match (flag, &elevate.password) {
                    ("-n" | "--non-interactive", Some(_)) => {}
                    _ => _ = c.arg(flag),
                }
            }
            if elevate.password.is_some() {
                if !split(flags).any(|f| f == "-S") {
                    c.arg("-S");
                }
                c.args(["-p", ""]);
            }
            c.args(["-u", &elevate.user]).arg(exe).arg("--worker");
        }
        "doas" => {
            c.args(split(elevate.flags.as_deref().unwrap_or("")));
            if elevate.password.is_none() {
                c.arg("-n");
            }
            c.args(["-u", &elevate.user]).arg(exe).arg("--worker");
        }
        "su" => {
            c.args(split(elevate.flags.as_deref().unwrap_or("")));
            c.arg(&elevate.user).arg("-c").arg(format!("{} --worker", quote(&exe.to_string_lossy())));
        }
        "runuser" => {
            c.args(split(elevate.flags.as_deref().unwrap_or("")));
            c.args(["-u", &elevate.user, "--"]).arg(exe).arg("--worker");
        }
        other => return Err(format!(
            "Task failed: Invalid become method specified, could not find matching plugin: '{other}'. Use `ansible-doc -t become -l` to list available plugins."
        )),
    }
    Ok(c)
}

fn quote(s: &str) -> String {
    format!("'{}'", s.replace('\'', "'\\''"))
}

fn explain(elevate: &Become, stderr: &str) -> String {
    let lower = stderr.to_lowercase();
    let method = &elevate.method;
    if lower.contains("try again") || lower.contains("incorrect password") || lower.contains("authentication failure") || lower.contains("sorry") {
        return if elevate.password.is_some() { format!("Incorrect {method} password") } else { format!("Missing {method} password") };
    }
    if lower.contains("password is required") || lower.contains("a terminal is required") || lower.contains("authentication required") || lower.contains("authorization required") {
        return format!("Missing {method} password");
    }
    let text = stderr.trim();
    if text.is_empty() { format!("privilege escalation with {method} failed") } else { text.to_owned() }
}

/// The failed result of a task whose elevation failed.
pub(crate) fn failed(message: String) -> Dict {
    dict! { "failed" => true, "changed" => false, "msg" => Value::from(message) }
}

/// No become method is for such a system; starting one tells so.
#[cfg(not(unix))]
pub(crate) fn shared_executable(_: &str, _: &mut Option<PathBuf>) -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// A path of this executable that `user` can execute: the file itself, or a copy in a shared folder that is removed in
/// the end.
#[cfg(unix)]
pub(crate) fn shared_executable(user: &str, copy: &mut Option<PathBuf>) -> std::io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let own = std::env::current_exe()?;
    let open = own.ancestors().skip(1).all(|d| d.metadata().is_ok_and(|m| m.permissions().mode() & 0o001 != 0))
        && own.metadata()?.permissions().mode() & 0o005 == 0o005;
    if user == "root" || open {
        return Ok(own);
    }
    if let Some(path) = copy {
        return Ok(path.clone());
    }
    let mut last = std::io::Error::other("no shared folder");
    for base in ["/var/tmp", "/tmp", "/dev/shm"] {
        let stamp = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        let dir = Path::new(base).join(format!(".rustle-{}-{stamp:x}", std::process::id()));
        // Created here and now, by us, or not at all: nobody can have planted a link.
        let made = std::fs::DirBuilder::new().mode(0o711).create(&dir).and_then(|()| {
            let to = dir.join("rustle-runner");
            // Everybody will be able to read the copy; the plan inside, and what secrets it has, is for its owner alone.
            let bytes = std::fs::read(&own)?;
            let plain = rustle_stream::payload::without(&bytes).map_err(std::io::Error::other)?;
            std::fs::write(&to, plain.as_deref().unwrap_or(&bytes))?;
            std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o711))?;
            std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o755))?;
            Ok(to)
        });
        match made {
            Ok(to) => {
                *copy = Some(to.clone());
                return Ok(to);
            }
            Err(e) => {
                _ = std::fs::remove_dir_all(&dir);
                last = e;
            }
        }
    }
    Err(last)
}
