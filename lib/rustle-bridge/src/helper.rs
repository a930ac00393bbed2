//! The helper process: Python with ansible-core, asked one question at a time, kept for the run.

use crate::{BridgeError, Settings, python};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

const PROGRAM: &str = include_str!("helper.py");

/// A running helper.
#[derive(Debug)]
pub(crate) struct Helper {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// What it wrote to standard error, the last part.
    noise: Arc<Mutex<String>>,
    pub(crate) version: String,
}

impl Helper {
    /// The first Python that has ansible-core.
    pub(crate) fn start(settings: &Settings) -> Result<Helper, BridgeError> {
        let mut broken = None;
        for python in python::candidates() {
            let Ok(mut helper) = Helper::spawn(&python, settings) else { continue };
            match helper.ask(&json!({ "ask": "hello" })) {
                Ok(answer) => {
                    answer["version"].as_str().unwrap_or_default().clone_into(&mut helper.version);
                    return Ok(helper);
                }
                Err(BridgeError::Ansible(text)) if text.contains("No module named") => {}
                Err(e) => broken = Some(e),
            }
        }
        Err(broken.unwrap_or(BridgeError::NoAnsible))
    }
    fn spawn(python: &str, settings: &Settings) -> std::io::Result<Helper> {
        let mut command = Command::new(python);
        command.args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("ANSIBLE_NOCOLOR", "1").env("PYTHONUNBUFFERED", "1");
        if !settings.module_path.is_empty() {
            command.env("ANSIBLE_LIBRARY", settings.module_path.join(":"));
        }
        if !settings.cwd.is_empty() {
            command.current_dir(&settings.cwd);
        }
        // An interrupt is the run's to deal with: the helper ends with its input.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let none = || std::io::Error::other("no pipe");
        let (stdin, stdout) = (child.stdin.take().ok_or_else(none)?, child.stdout.take().ok_or_else(none)?);
        let mut stderr = child.stderr.take().ok_or_else(none)?;
        let noise = Arc::new(Mutex::new(String::new()));
        let heard = noise.clone();
        std::thread::spawn(move || {
            let mut piece = [0u8; 4096];
            while let Ok(n @ 1..) = stderr.read(&mut piece) {
                let mut all = heard.lock().unwrap_or_else(PoisonError::into_inner);
                all.push_str(&String::from_utf8_lossy(&piece[..n]));
                if all.len() > 16 << 10 {
                    let cut = all.char_indices().map(|(i, _)| i).find(|i| *i >= all.len() - (8 << 10)).unwrap_or(0);
                    all.drain(..cut);
                }
            }
        });
        Ok(Helper { child, stdin, stdout: BufReader::new(stdout), noise, version: String::new() })
    }
    /// Asks and waits for the answer.
    pub(crate) fn ask(&mut self, question: &Value) -> Result<Value, BridgeError> {
        let ended = |me: &Self| {
            let noise = me.noise.lock().unwrap_or_else(PoisonError::into_inner);
            BridgeError::Ended(noise.trim().lines().next_back().unwrap_or("it said nothing").to_owned())
        };
        if writeln!(self.stdin, "{question}").and_then(|()| self.stdin.flush()).is_err() {
            return Err(ended(self));
        }
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(n) if n > 0 => {}
            _ => {
                std::thread::sleep(std::time::Duration::from_millis(50));
                return Err(ended(self));
            }
        }
        let mut answer: Value = serde_json::from_str(&line).map_err(|e| BridgeError::Ansible(format!("the helper answered nonsense: {e}")))?;
        match answer.get("error").and_then(Value::as_str) {
            Some(text) => Err(BridgeError::Ansible(text.to_owned())),
            None => Ok(answer["answer"].take()),
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
