//! Asking a person for passwords: on the terminal, without echo.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::os::fd::AsRawFd;

/// Asks for the value of a variable; `None` where standard input is no terminal.
pub fn ask(question: &str, hidden: bool) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    line(question, hidden).ok()
}

/// Asks whether a task is to run: on standard output, with a line of standard input for an answer, whatever these are.
pub fn step(question: &str) -> Option<String> {
    let mut out = std::io::stdout();
    out.write_all(question.as_bytes()).and_then(|()| out.flush()).ok()?;
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(n) if n > 0 => Some(line.trim_end_matches('\n').to_owned()),
        _ => None,
    }
}

/// Asks for a password on the controlling terminal; where there is none, reads a line of standard input.
pub fn secret(question: &str) -> Result<String, String> {
    line(question, true)
}

fn line(question: &str, hidden: bool) -> Result<String, String> {
    let Ok(tty) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        let mut line = String::new();
        return match std::io::stdin().lock().read_line(&mut line) {
            Ok(n) if n > 0 => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
            _ => Err("there is no terminal to ask for a password".into()),
        };
    };
    let fd = tty.as_raw_fd();
    // SAFETY: termios is plain data; the calls write it whole or fail.
    let (mut before, got) = unsafe {
        let mut t: libc::termios = std::mem::zeroed();
        let got = libc::tcgetattr(fd, &mut t);
        (t, got)
    };
    let quiet = got == 0 && hidden;
    if quiet {
        let mut silent = before;
        silent.c_lflag &= !libc::ECHO;
        // SAFETY: `silent` is a valid termios of this terminal.
        unsafe { libc::tcsetattr(fd, libc::TCSAFLUSH, &silent) };
    }
    let mut out = &tty;
    _ = write!(out, "{question}").and_then(|()| out.flush());
    let mut line = String::new();
    let read = BufReader::new(&tty).read_line(&mut line);
    if quiet {
        // SAFETY: as above.
        unsafe { libc::tcsetattr(fd, libc::TCSAFLUSH, &mut before) };
        _ = writeln!(out);
    }
    match read {
        Ok(n) if n > 0 => Ok(line.trim_end_matches(['\n', '\r']).to_owned()),
        _ => Err("no password was given".into()),
    }
}

/// A password from a file, or from a program that prints it.
pub fn from_file(path: &str) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt;
    if path == "-" {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
        return Ok(line.trim_end_matches(['\n', '\r']).to_owned());
    }
    let meta = std::fs::metadata(path).map_err(|_| format!("The password file {path} was not found"))?;
    let text = if meta.permissions().mode() & 0o111 != 0 {
        let out = std::process::Command::new(path).output().map_err(|e| format!("Problem occurred when trying to run the password script {path} ({e})"))?;
        if !out.status.success() {
            return Err(format!("The password script {path} returned an error (rc={})", out.status.code().unwrap_or(-1)));
        }
        String::from_utf8_lossy(&out.stdout).into_owned()
    } else {
        std::fs::read_to_string(path).map_err(|e| format!("Could not read password file {path}: {e}"))?
    };
    let text = text.trim_end_matches(['\n', '\r']).to_owned();
    if text.is_empty() { Err(format!("Empty password was provided from file ({path})")) } else { Ok(text) }
}
