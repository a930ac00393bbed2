//! A program with a terminal of its own, as if a person sat before it.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A program and the other end of its terminal.
pub struct Terminal {
    child: Child,
    line: File,
}

/// What reading from a terminal came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Bytes(Vec<u8>),
    /// Nobody has it open any more.
    End,
    /// The time was up.
    Nothing,
}

impl Terminal {
    /// Starts a program in a session of its own, whose terminal has 24 lines of 80 columns. `echo`: what is typed comes
    /// back.
    pub fn start(mut command: Command, echo: bool) -> io::Result<Terminal> {
        let (line, inner) = open(echo)?;
        command.stdin(Stdio::from(inner.try_clone()?)).stdout(Stdio::from(inner.try_clone()?)).stderr(Stdio::from(inner));
        // SAFETY: both calls are async-signal-safe and touch nothing of the parent's memory.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn()?;
        Ok(Terminal { child, line })
    }

    /// What the program says next, until the deadline.
    pub fn hear(&mut self, deadline: Option<Instant>) -> io::Result<Heard> {
        let left = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return Ok(Heard::Nothing),
            left => left,
        };
        let time = left.map(|l| Timespec { tv_sec: l.as_secs() as _, tv_nsec: l.subsec_nanos() as _ });
        let mut fds = [PollFd::from_borrowed_fd(self.line.as_fd(), PollFlags::IN)];
        match poll(&mut fds, time.as_ref()) {
            Err(rustix::io::Errno::INTR) => return Ok(Heard::Bytes(Vec::new())),
            Ok(0) => return Ok(Heard::Nothing),
            r => r?,
        };
        let mut buffer = vec![0; 1 << 14];
        match self.line.read(&mut buffer) {
            Ok(0) => Ok(Heard::End),
            Ok(n) => {
                buffer.truncate(n);
                Ok(Heard::Bytes(buffer))
            }
            // Linux says so when the last program has closed its end.
            Err(e) if e.raw_os_error() == Some(libc::EIO) => Ok(Heard::End),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Heard::Bytes(Vec::new())),
            Err(e) => Err(e),
        }
    }

    /// Types something.
    pub fn say(&mut self, data: &[u8]) -> io::Result<()> {
        self.line.write_all(data)
    }

    /// Waits for the program's end.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    /// Hangs up, and ends what does not end by that.
    pub fn hang_up(mut self) {
        drop(self.line);
        let group = -(self.child.id() as libc::pid_t);
        for n in [libc::SIGHUP, libc::SIGINT, libc::SIGKILL] {
            // SAFETY: plain system call; the group is the child's own, since it leads its session.
            unsafe { libc::kill(group, n) };
            for _ in 0..10 {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let _ = self.child.wait();
    }
}

/// Both ends of a new terminal: this side's and the program's.
fn open(echo: bool) -> io::Result<(File, File)> {
    let (mut line, mut inner) = (-1, -1);
    let mut size = libc::winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: openpty fills the two numbers; the other pointers may be null, `size` outlives the call.
    let done = unsafe { libc::openpty(&mut line, &mut inner, std::ptr::null_mut(), std::ptr::null_mut(), &raw mut size) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were just opened and belong to nobody else.
    let (line, inner) = unsafe { (File::from_raw_fd(line), File::from_raw_fd(inner)) };
    for f in [&line, &inner] {
        rustix::io::fcntl_setfd(f, rustix::io::FdFlags::CLOEXEC)?;
    }
    if !echo {
        // SAFETY: zeroed bytes are a valid `termios`; the file is open.
        unsafe {
            let mut t: libc::termios = std::mem::zeroed();
            if libc::tcgetattr(inner.as_raw_fd(), &mut t) == 0 {
                t.c_lflag &= !libc::ECHO;
                libc::tcsetattr(inner.as_raw_fd(), libc::TCSANOW, &t);
            }
        }
    }
    Ok((line, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_and_hears() {
        let mut command = Command::new("sh");
        command.args(["-c", "test -t 0 || exit 9; read a; echo got $a; exit 3"]);
        let mut t = Terminal::start(command, false).unwrap();
        t.say(b"x\n").unwrap();
        let mut all = Vec::new();
        while let Heard::Bytes(b) = t.hear(Some(Instant::now() + Duration::from_secs(10))).unwrap() {
            all.extend(b);
        }
        assert_eq!(String::from_utf8_lossy(&all), "got x\r\n");
        assert_eq!(t.wait().unwrap().code(), Some(3));
    }
}
