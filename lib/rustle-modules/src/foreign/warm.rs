//! A Python for each interpreter that is kept and forks per module; see `warm.py`. Where that cannot be (an old Python, an
//! environment that shapes the interpreter itself, one that is busy), the module gets a Python of its own.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

const PROGRAM: &str = include_str!("warm.py");
const READY: &str = "rustle-warm-ready";

/// What a module did: exit code (minus a signal's number), standard output and error.
pub(super) struct Done {
    pub rc: i32,
    pub out: String,
    pub err: String,
}

struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// `None`: it did not start, and is not tried again.
type Slot = Arc<Mutex<Option<Option<Server>>>>;

static SERVERS: Mutex<Option<HashMap<String, Slot>>> = Mutex::new(None);

/// Environment variables that a running interpreter would not notice.
fn shapes_python(name: &str, command: &str) -> bool {
    ["PYTHON", "LC_", "LD_", "LANG", "MALLOC_"].iter().any(|p| name.starts_with(p)) || (name == "PATH" && !command.starts_with('/'))
}

/// Runs a program in a fork of the interpreter that `command` starts; `None` where it has to be run in another way.
pub(super) fn run(shell: &str, command: &str, environment: &[(String, String)], program: &[u8]) -> Option<Done> {
    if environment.iter().any(|(k, _)| shapes_python(k, command)) {
        return None;
    }
    let slot: Slot = {
        let mut all = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.get_or_insert_default().entry(format!("{shell} {command}")).or_default().clone()
    };
    let mut slot = slot.try_lock().ok()?;
    let server = slot.get_or_insert_with(|| Server::start(shell, command)).as_mut()?;
    match server.ask(environment, program) {
        Ok(done) => Some(done),
        // It may have begun: the module must not run twice.
        Err(e) => {
            *slot = None;
            Some(Done { rc: -1, out: String::new(), err: format!("the module's interpreter ended: {e}") })
        }
    }
}

impl Server {
    fn start(shell: &str, command: &str) -> Option<Server> {
        let mut child = Command::new(shell)
            .args(["-c", &format!("exec {command} -c \"$0\""), PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
        let mut server = Server { child, stdin, stdout: BufReader::new(stdout) };
        let mut line = String::new();
        server.stdout.read_line(&mut line).ok().filter(|_| line.trim_end() == READY)?;
        Some(server)
    }
    fn ask(&mut self, environment: &[(String, String)], program: &[u8]) -> std::io::Result<Done> {
        let environment: serde_json::Map<String, Value> = environment.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        writeln!(self.stdin, "{}", json!({ "program": program.len(), "environment": environment }))?;
        self.stdin.write_all(program)?;
        self.stdin.flush()?;
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(std::io::Error::other("it gave no answer"));
        }
        let answer: Value = serde_json::from_str(&line)?;
        let number = |key: &str| answer.get(key).and_then(Value::as_i64).unwrap_or(0);
        let mut read = |n: i64| -> std::io::Result<String> {
            let mut data = vec![0u8; usize::try_from(n).unwrap_or(0)];
            self.stdout.read_exact(&mut data)?;
            Ok(String::from_utf8_lossy(&data).into_owned())
        };
        Ok(Done { out: read(number("out"))?, err: read(number("err"))?, rc: number("rc") as i32 })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_do_not_see_each_other() {
        let Some(python) = super::super::discovery::here(&["python3".into()]) else { return };
        let run = |text: &str, env: &[(&str, &str)]| {
            let env: Vec<(String, String)> = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            run("/bin/sh", &python, &env, text.as_bytes())
        };
        // The python here may be too old to stay.
        let Some(first) = run("import os, sys, atexit\nos.x = 1\natexit.register(print, 'end')\nprint(os.environ['A'], __name__, len(sys.argv))\nsys.exit(3)", &[("A", "b")]) else { return };
        assert_eq!((first.rc, first.out.as_str(), first.err.as_str()), (3, "b __main__ 1\nend\n", ""));
        let second = run("import os\nprint(hasattr(os, 'x'), os.environ.get('A'), repr(__import__('sys').stdin.read()))\nraise ValueError('no')", &[]).map(|d| (d.rc, d.out, d.err));
        let (rc, out, err) = second.unwrap_or_default();
        assert_eq!((rc, out.as_str()), (1, "False None ''\n"));
        assert!(err.ends_with("ValueError: no\n"), "{err}");
        assert!(run("", &[("LC_ALL", "C")]).is_none());
        let third = run("import os\nos.kill(os.getpid(), 9)", &[]).map(|d| d.rc);
        assert_eq!(third, Some(-9));
    }
}
