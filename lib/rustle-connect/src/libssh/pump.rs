//! One thread per host: moves bytes between the SSH session and the channels' local ends.
//!
//! A libssh2 session may be used by one thread at a time, and ours must be read and written at once. So each channel's
//! user holds one end of a socket pair, and this thread, which alone owns the session, polls everything.

use crate::channel::{Channel, Control, Exit, Killer, Stderr};
use crate::libssh::handshake::trouble;
use crate::resolved::Resolved;
use crate::{ConnectError, HostSpec, PREFIX};
use ssh2::{ErrorCode, Session};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

const EAGAIN: i32 = -37;
const BLOCK: usize = 32 * 1024;

/// Makes libssh2 send each packet whole. It cannot cope with half-sent packets where several channels, or a channel's
/// two directions, share a session.
pub(super) fn send_whole_packets(session: &Session) {
    type Abstract = *mut *mut libc::c_void;
    unsafe extern "C" {
        fn libssh2_session_callback_set2(
            session: *mut libc::c_void,
            kind: libc::c_int,
            callback: Option<unsafe extern "C" fn()>,
        ) -> Option<unsafe extern "C" fn()>;
    }
    const CALLBACK_SEND: libc::c_int = 5;
    unsafe extern "C" fn send(socket: libc::c_int, data: *const u8, length: usize, flags: libc::c_int, _: Abstract) -> isize {
        let mut sent = 0;
        while sent < length {
            // SAFETY: libssh2 hands us `length` readable bytes.
            let n = unsafe { libc::send(socket, data.add(sent).cast(), length - sent, flags | libc::MSG_NOSIGNAL) };
            if n >= 0 {
                sent += n as usize;
                continue;
            }
            let e = std::io::Error::last_os_error();
            match e.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => {
                    let mut p = libc::pollfd { fd: socket, events: libc::POLLOUT, revents: 0 };
                    // SAFETY: one valid pollfd. The server reads all the time; one that does not for a minute is dead.
                    if unsafe { libc::poll(&mut p, 1, 60_000) } == 0 {
                        return -(libc::ETIMEDOUT as isize);
                    }
                }
                _ => return -(e.raw_os_error().unwrap_or(libc::EIO) as isize),
            }
        }
        sent as isize
    }
    // SAFETY: the session is valid while `raw` is held; `send` has the signature that this callback must have, and
    // libssh2 stores callbacks as generic function pointers.
    unsafe {
        let callback: unsafe extern "C" fn(libc::c_int, *const u8, usize, libc::c_int, Abstract) -> isize = send;
        let generic = std::mem::transmute::<
            unsafe extern "C" fn(libc::c_int, *const u8, usize, libc::c_int, Abstract) -> isize,
            unsafe extern "C" fn(),
        >(callback);
        let raw: *mut libc::c_void = (&raw const *session.raw()).cast_mut().cast();
        libssh2_session_callback_set2(raw, CALLBACK_SEND, Some(generic));
    }
}

/// What the users of a session ask its thread.
enum Request {
    Exec { command: String, answer: mpsc::Sender<Result<Channel, ConnectError>> },
    Kill(u64),
    /// The connection's handle is gone: end when the last channel has ended.
    Finish,
}

/// The way to the thread.
#[derive(Clone)]
struct Mailbox {
    queue: Arc<Mutex<VecDeque<Request>>>,
    /// The thread has ended: nobody would ever answer. Changed and read while the queue is locked.
    closed: Arc<AtomicBool>,
    bell: Arc<UnixStream>,
}
impl Mailbox {
    fn post(&self, request: Request) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::SeqCst) {
            // With it goes the way to its answer.
            return;
        }
        queue.push_back(request);
        drop(queue);
        // A full pipe means that the thread is being woken anyway.
        _ = (&*self.bell).write(&[1]);
    }
}

/// The result of a channel, set once.
#[derive(Default)]
struct Ending {
    result: Mutex<Option<Result<Exit, ConnectError>>>,
    there: Condvar,
}
impl Ending {
    fn set(&self, result: Result<Exit, ConnectError>) {
        let mut slot = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(result);
        self.there.notify_all();
    }
}

struct SshControl {
    ending: Arc<Ending>,
    mailbox: Mailbox,
    id: u64,
}
impl Control for SshControl {
    fn wait_for(&mut self, limit: Option<Duration>) -> Result<Option<Exit>, ConnectError> {
        let slot = self.ending.result.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = limit.unwrap_or(Duration::from_secs(u64::from(u32::MAX)));
        let (slot, _) =
            self.ending.there.wait_timeout_while(slot, limit, |s| s.is_none()).unwrap_or_else(PoisonError::into_inner);
        slot.clone().transpose()
    }
    fn killer(&self) -> Killer {
        let (mailbox, id) = (self.mailbox.clone(), self.id);
        Killer::new(move || mailbox.post(Request::Kill(id)))
    }
}
impl Drop for SshControl {
    /// Nobody waits any more: the command must not run on.
    fn drop(&mut self) {
        self.mailbox.post(Request::Kill(self.id));
    }
}

/// The user's writing end: dropping it is the command's end of file.
struct Input(UnixStream);
impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
impl Drop for Input {
    fn drop(&mut self) {
        _ = self.0.shutdown(Shutdown::Write);
    }
}

/// The thread's side of a channel.
struct Line {
    id: u64,
    remote: ssh2::Channel,
    local: UnixStream,
    stderr: Stderr,
    ending: Arc<Ending>,
    /// Bytes on their way to the host, and how many of them are sent.
    down: Vec<u8>,
    down_done: usize,
    /// No more input from the user; and whether the host knows.
    input_ended: bool,
    eof_sent: bool,
    /// Bytes on their way to the user.
    up: Vec<u8>,
    up_done: usize,
    /// The host has no more output; and whether the user knows.
    output_ended: bool,
    output_closed: bool,
    /// The user does not read any more.
    deaf: bool,
}

/// An open session with its thread.
pub struct Pump {
    mailbox: Mailbox,
    /// Of the connection, when it was made.
    pub round_trip: Duration,
}

impl Pump {
    /// Starts the thread.
    pub(super) fn start(session: Session, tcp: TcpStream, spec: &HostSpec, resolved: &Resolved, round_trip: Duration) -> Result<Pump, ConnectError> {
        let local = |e: std::io::Error| ConnectError::Local(format!("{PREFIX}{}", crate::child::os_words(&e)));
        let (bell, ear) = UnixStream::pair().map_err(local)?;
        bell.set_nonblocking(true).and_then(|()| ear.set_nonblocking(true)).map_err(local)?;
        let mailbox = Mailbox { queue: Arc::default(), closed: Arc::default(), bell: Arc::new(bell) };
        let interval = resolved.number("serveraliveinterval").filter(|n| *n > 0).unwrap_or(15);
        let count = resolved.number("serveralivecountmax").unwrap_or(4).max(1);
        session.set_keepalive(true, u32::try_from(interval).unwrap_or(15));
        let worker = Worker {
            environment: sent_environment(resolved),
            count,
            unanswered: 0,
            interval: Duration::from_secs(interval),
            spec: spec.clone(),
            resolved: resolved.clone(),
            session,
            tcp,
            ear,
            mailbox: mailbox.clone(),
            lines: Vec::new(),
            next: 0,
            finishing: false,
            heard: Instant::now(),
        };
        std::thread::Builder::new()
            .name(format!("ssh {}", spec.name))
            .stack_size(256 * 1024)
            .spawn(move || worker.run())
            .map_err(local)?;
        Ok(Pump { mailbox, round_trip })
    }

    /// Starts a command.
    pub fn exec(&self, command: &str) -> Result<Channel, ConnectError> {
        let (answer, result) = mpsc::channel();
        self.mailbox.post(Request::Exec { command: command.to_owned(), answer });
        result.recv().unwrap_or_else(|_| Err(ConnectError::Lost(format!("{PREFIX}the connection is closed"))))
    }
}
impl Drop for Pump {
    fn drop(&mut self) {
        self.mailbox.post(Request::Finish);
    }
}

/// Variables that the user's configuration sends (`SendEnv`).
fn sent_environment(resolved: &Resolved) -> Vec<(String, String)> {
    let patterns = resolved.all("sendenv");
    let sent = |name: &str| {
        patterns.iter().any(|p| p.strip_suffix('*').map_or(p == name, |start| name.starts_with(start)))
    };
    std::env::vars().filter(|(name, _)| sent(name)).collect()
}

struct Worker {
    session: Session,
    tcp: TcpStream,
    ear: UnixStream,
    mailbox: Mailbox,
    lines: Vec<Line>,
    next: u64,
    finishing: bool,
    heard: Instant,
    interval: Duration,
    /// Questions to the server that it has not answered, of at most so many.
    unanswered: u64,
    count: u64,
    spec: HostSpec,
    resolved: Resolved,
    environment: Vec<(String, String)>,
}

impl Worker {
    fn run(mut self) {
        self.session.set_blocking(false);
        let mut buffer = vec![0u8; BLOCK];
        let lost = loop {
            let more = std::mem::take(&mut *self.mailbox.queue.lock().unwrap_or_else(PoisonError::into_inner));
            for request in more {
                self.serve(request);
            }
            let mut busy = false;
            let mut broken = None;
            for line in &mut self.lines {
                match line.turn(&mut buffer) {
                    Ok(moved) => busy |= moved,
                    Err(e) => broken = Some(e),
                }
            }
            if let Some(e) = broken {
                break Some(self.words_for(&e));
            }
            self.lines.retain(|l| !l.is_over());
            if self.finishing && self.lines.is_empty() {
                break None;
            }
            if busy {
                continue;
            }
            if let Err(text) = self.wait() {
                break Some(text);
            }
        };
        let left = {
            let mut queue = self.mailbox.queue.lock().unwrap_or_else(PoisonError::into_inner);
            self.mailbox.closed.store(true, Ordering::SeqCst);
            std::mem::take(&mut *queue)
        };
        match lost {
            Some(text) => {
                let error = ConnectError::Lost(format!("{PREFIX}{text}"));
                for line in &self.lines {
                    line.ending.set(Err(error.clone()));
                }
                _ = self.tcp.shutdown(Shutdown::Both);
                // Those who still wait for an answer get one.
                self.lines.clear();
                for request in left {
                    if let Request::Exec { answer, .. } = request {
                        _ = answer.send(Err(error.clone()));
                    }
                }
            }
            None => {
                self.session.set_blocking(true);
                self.session.set_timeout(1000);
                _ = self.session.disconnect(None, "done", None);
            }
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Finish => self.finishing = true,
            Request::Kill(id) => {
                for line in self.lines.iter_mut().filter(|l| l.id == id) {
                    _ = line.remote.close();
                    line.finish(Ok(Exit { code: 128 + libc::SIGTERM, signal: Some(libc::SIGTERM) }));
                }
            }
            Request::Exec { command, answer } => {
                // Opening blocks this host's other channels for a round trip or two; their bytes wait in the session.
                self.session.set_blocking(true);
                let result = self.open(&command);
                self.session.set_blocking(false);
                _ = answer.send(result);
            }
        }
    }

    fn open(&mut self, command: &str) -> Result<Channel, ConnectError> {
        let trouble = |e: ssh2::Error| match trouble(&e, &self.spec, &self.resolved) {
            ConnectError::Unreachable(t) => ConnectError::Lost(t),
            other => other,
        };
        let mut remote = self.session.channel_session().map_err(trouble)?;
        for (name, value) in &self.environment {
            // Servers refuse what they don't accept; that is their right.
            _ = remote.setenv(name, value);
        }
        remote.exec(command).map_err(trouble)?;
        let local = |e: std::io::Error| ConnectError::Local(format!("{PREFIX}{}", crate::child::os_words(&e)));
        let (theirs, ours) = UnixStream::pair().map_err(local)?;
        ours.set_nonblocking(true).map_err(local)?;
        let reading = theirs.try_clone().map_err(local)?;
        let (stderr, ending) = (Stderr::default(), Arc::new(Ending::default()));
        self.next += 1;
        self.lines.push(Line {
            id: self.next,
            remote,
            local: ours,
            stderr: stderr.clone(),
            ending: ending.clone(),
            down: Vec::new(),
            down_done: 0,
            input_ended: false,
            eof_sent: false,
            up: Vec::new(),
            up_done: 0,
            output_ended: false,
            output_closed: false,
            deaf: false,
        });
        let control = Box::new(SshControl { ending, mailbox: self.mailbox.clone(), id: self.next });
        Ok(Channel { stdin: Box::new(Input(theirs)), stdout: Box::new(reading), stderr, control })
    }

    /// Sleeps until something can move. An error is the connection's end, in words.
    fn wait(&mut self) -> Result<(), String> {
        let mut polls = vec![poll_for(self.tcp.as_raw_fd(), libc::POLLIN), poll_for(self.ear.as_raw_fd(), libc::POLLIN)];
        for line in &self.lines {
            let mut events = 0;
            if !line.input_ended && line.down.is_empty() {
                events |= libc::POLLIN;
            }
            if !line.up.is_empty() && !line.deaf {
                events |= libc::POLLOUT;
            }
            // A negative descriptor is left out: a hung-up socket would else wake us all the time.
            polls.push(poll_for(if events == 0 { -1 } else { line.local.as_raw_fd() }, events));
        }
        // Asked before the sleep, so that the answer is seen here, however soon it comes: reading for a channel takes
        // answers out of the socket, too.
        let asked = self.heard.elapsed() >= self.interval;
        if asked {
            // Questions without answer count, and no time: a machine that slept has asked nothing meanwhile.
            if self.unanswered >= self.count {
                return Err(format!("Timeout, server {} not responding.", self.resolved.hostname()));
            }
            self.session.keepalive_send().map_err(|e| self.words_for(&e))?;
        }
        let limit = i32::try_from(self.interval.as_millis()).unwrap_or(15_000);
        // SAFETY: a valid array of pollfds.
        let ready = unsafe { libc::poll(polls.as_mut_ptr(), polls.len() as libc::nfds_t, limit) };
        if polls[0].revents != 0 && ready > 0 {
            self.heard = Instant::now();
            self.unanswered = 0;
            if self.lines.is_empty() {
                // Nobody reads the session: only its end is of interest.
                let mut byte = [0u8; 1];
                if matches!(self.tcp.peek(&mut byte), Ok(0)) {
                    return Err(format!("Connection to {} closed by remote host.", self.resolved.hostname()));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        if polls[1].revents != 0 {
            _ = (&self.ear).read(&mut [0u8; 64]);
        }
        if asked && ready == 0 {
            self.unanswered += 1;
        }
        Ok(())
    }

    fn words_for(&self, e: &ssh2::Error) -> String {
        match e.code() {
            ErrorCode::Session(-9) => format!("Timeout, server {} not responding.", self.resolved.hostname()),
            ErrorCode::Session(-7) => "client_loop: send disconnect: Broken pipe".into(),
            ErrorCode::Session(-13 | -43) => format!("Connection to {} closed by remote host.", self.resolved.hostname()),
            _ => format!("{} ({})", e.message(), self.resolved.hostname()),
        }
    }
}

fn poll_for(fd: RawFd, events: i16) -> libc::pollfd {
    libc::pollfd { fd, events, revents: 0 }
}

/// What libssh2's streams report: bytes, nothing now, the end, or a broken session.
enum Moved {
    Some(usize),
    Later,
    End,
}

fn moved(result: std::io::Result<usize>, remote: &ssh2::Channel) -> Result<Moved, ssh2::Error> {
    match result {
        Ok(0) => Ok(if remote.eof() { Moved::End } else { Moved::Later }),
        Ok(n) => Ok(Moved::Some(n)),
        Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(Moved::Later),
        Err(e) => Err(match e.downcast::<ssh2::Error>() {
            Ok(e) => e,
            Err(_) => ssh2::Error::new(ErrorCode::Session(-43), "connection lost"),
        }),
    }
}

impl Line {
    fn is_over(&self) -> bool {
        self.ending.result.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn finish(&self, result: Result<Exit, ConnectError>) {
        _ = self.local.shutdown(Shutdown::Both);
        self.ending.set(result);
    }

    /// Moves what can be moved without waiting; says whether anything did. Errors end the whole session.
    fn turn(&mut self, buffer: &mut [u8]) -> Result<bool, ssh2::Error> {
        if self.is_over() {
            return Ok(false);
        }
        let mut busy = self.downwards(buffer)?;
        busy |= self.upwards(buffer)?;
        if self.output_ended && self.up.is_empty() {
            if !self.output_closed {
                self.output_closed = true;
                _ = self.local.shutdown(Shutdown::Write);
            }
            busy |= self.try_end()?;
        }
        Ok(busy)
    }

    /// From the user to the host.
    fn downwards(&mut self, buffer: &mut [u8]) -> Result<bool, ssh2::Error> {
        let mut busy = false;
        if self.down.is_empty() && !self.input_ended {
            match self.local.read(buffer) {
                Ok(0) => {
                    self.input_ended = true;
                    busy = true;
                }
                Ok(n) => {
                    self.down.extend_from_slice(&buffer[..n]);
                    self.down_done = 0;
                    busy = true;
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(_) => self.input_ended = true,
            }
        }
        while self.down_done < self.down.len() {
            match self.remote.write(&self.down[self.down_done..]) {
                // The window is full.
                Ok(0) => break,
                Ok(n) => {
                    self.down_done += n;
                    busy = true;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                // The command does not read any more: writers get their broken pipe.
                Err(_) => {
                    self.down.clear();
                    self.input_ended = true;
                    self.eof_sent = true;
                    _ = self.local.shutdown(Shutdown::Read);
                }
            }
        }
        if self.down_done >= self.down.len() && !self.down.is_empty() {
            self.down.clear();
            self.down_done = 0;
        }
        if self.input_ended && self.down.is_empty() && !self.eof_sent {
            match self.remote.send_eof() {
                Err(e) if e.code() == ErrorCode::Session(EAGAIN) => {}
                _ => self.eof_sent = true,
            }
        }
        Ok(busy)
    }

    /// From the host to the user.
    fn upwards(&mut self, buffer: &mut [u8]) -> Result<bool, ssh2::Error> {
        let mut busy = false;
        // Read always: this is also what takes window adjustments and other channels' packets off the wire.
        if let Moved::Some(n) = moved(self.remote.stderr().read(buffer), &self.remote)? {
            self.stderr.push(&buffer[..n]);
            busy = true;
        }
        if self.up.is_empty() && !self.output_ended {
            match moved(self.remote.read(buffer), &self.remote)? {
                Moved::Some(n) => {
                    busy = true;
                    if !self.deaf {
                        self.up.extend_from_slice(&buffer[..n]);
                        self.up_done = 0;
                    }
                }
                Moved::Later => {}
                Moved::End => {
                    self.output_ended = true;
                    busy = true;
                }
            }
        }
        while self.up_done < self.up.len() {
            match self.local.write(&self.up[self.up_done..]) {
                Ok(n) => {
                    self.up_done += n;
                    busy = true;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(busy),
                Err(_) => {
                    self.deaf = true;
                    break;
                }
            }
        }
        self.up.clear();
        self.up_done = 0;
        Ok(busy)
    }

    /// After the output's end: the command's status, once the host has closed the channel.
    fn try_end(&mut self) -> Result<bool, ssh2::Error> {
        match self.remote.wait_close() {
            Ok(()) => {}
            Err(e) if e.code() == ErrorCode::Session(EAGAIN) => return Ok(false),
            Err(e) => return Err(e),
        }
        let signal = self.remote.exit_signal().ok().and_then(|s| s.exit_signal).map(|name| signal_number(&name));
        let code = signal.map_or_else(|| self.remote.exit_status().unwrap_or(-1), |s| 128 + s);
        self.finish(Ok(Exit { code, signal }));
        Ok(true)
    }
}

fn signal_number(name: &str) -> i32 {
    match name {
        "HUP" => libc::SIGHUP,
        "INT" => libc::SIGINT,
        "QUIT" => libc::SIGQUIT,
        "ILL" => libc::SIGILL,
        "ABRT" => libc::SIGABRT,
        "FPE" => libc::SIGFPE,
        "KILL" => libc::SIGKILL,
        "SEGV" => libc::SIGSEGV,
        "PIPE" => libc::SIGPIPE,
        "ALRM" => libc::SIGALRM,
        "TERM" => libc::SIGTERM,
        "USR1" => libc::SIGUSR1,
        "USR2" => libc::SIGUSR2,
        _ => 0,
    }
}
