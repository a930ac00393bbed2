//! Uploads that break, through a real SSH server: what has arrived is not sent again, and never trusted unseen.

#[path = "../../rustle-connect/tests/support/mod.rs"]
mod support;

use rustle_connect::connect;
use rustle_ship::{Bootstrap, BootstrapOptions, Outcome, Runner, Session, bootstrap};
use rustle_value::Dict;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Sshd, start};

/// Folders that hosts share with this machine are the host's own.
const ALONE: &str = "for d in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o mode=1777 t $d; done";
const SIZE: usize = 3_000_000;

/// A runner of some megabytes that hardly packs.
fn runner(server: &Sshd) -> Arc<Runner> {
    let path = tempfile::NamedTempFile::new_in(server.dir.path()).unwrap().into_temp_path().keep().unwrap();
    let mut seed = 1u64;
    let noise: String = (0..SIZE)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b' ' + ((seed >> 33) % 94) as u8)
        })
        .collect();
    std::fs::write(&path, format!("#!/bin/sh\necho '{{\"ready\":1}}'\nexec cat\n# {noise}\n")).unwrap();
    Arc::new(Runner::load("x86_64-unknown-linux-musl", path).unwrap())
}

fn ship(server: &Sshd, runner: &Arc<Runner>) -> Session {
    let options = BootstrapOptions { expected: Some(runner.clone()), patience: Duration::from_secs(30), ..Default::default() };
    let mut connection = connect(&server.spec("ssh2", &Dict::new())).unwrap();
    match bootstrap(&mut *connection, &|_| Ok(runner.clone()), &options).unwrap() {
        Bootstrap::Ready(s) => *s,
        other => panic!("{other:?}"),
    }
}

fn speaks(session: Session) {
    let mut stdin = session.channel.stdin;
    let mut lines = BufReader::new(session.channel.stdout).lines();
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"ready":1}"#);
    writeln!(stdin, "ping").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "ping");
}

fn folder(server: &Sshd) -> PathBuf {
    server.home.join(".rustle/runners")
}

fn parts(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    all.filter(|p| p.file_name().unwrap().to_str().unwrap().starts_with(".part-")).collect()
}

fn owned(path: &Path) {
    if support::root() {
        std::os::unix::fs::lchown(path, Some(4242), Some(4242)).unwrap();
    }
}

/// An upload over a connection that breaks after so many bytes.
fn killed_upload(server: &Sshd, runner: &Runner, bytes: usize) {
    let mut connection = Cut { inner: connect(&server.spec("ssh2", &Dict::new())).unwrap(), after: bytes };
    let again = Arc::new(Runner::load(runner.triple.clone(), &runner.path).unwrap());
    let options = BootstrapOptions { expected: Some(again.clone()), patience: Duration::from_secs(30), ..Default::default() };
    let broken = bootstrap(&mut connection, &|_| Ok(again.clone()), &options);
    assert!(broken.is_err());
}

/// A connection that breaks after so many bytes from here.
struct Cut {
    inner: Box<dyn rustle_connect::Connection>,
    after: usize,
}
impl rustle_connect::Connection for Cut {
    fn exec(&mut self, command: &str) -> Result<rustle_connect::Channel, rustle_connect::ConnectError> {
        let mut channel = self.inner.exec(command)?;
        let killer = channel.control.killer();
        let stdin = std::mem::replace(&mut channel.stdin, Box::new(std::io::sink()));
        let cut = Arc::new(AtomicBool::new(false));
        channel.stdin = Box::new(Until { inner: Some(stdin), left: self.after, killer, cut: cut.clone() });
        let stdout = std::mem::replace(&mut channel.stdout, Box::new(std::io::empty()));
        channel.stdout = Box::new(Heard { inner: stdout, cut });
        Ok(channel)
    }
    fn describe(&self) -> String {
        "cut".into()
    }
}
struct Until {
    inner: Option<Box<dyn Write + Send>>,
    left: usize,
    killer: rustle_connect::Killer,
    cut: Arc<AtomicBool>,
}
/// What the host says; nothing any more once the connection is cut.
struct Heard {
    inner: Box<dyn Read + Send>,
    cut: Arc<AtomicBool>,
}
impl Read for Heard {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        Ok(if self.cut.load(Ordering::Acquire) { 0 } else { n })
    }
}
impl Write for Until {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = bytes.len().min(self.left);
        let Some(inner) = &mut self.inner else { return Err(std::io::ErrorKind::BrokenPipe.into()) };
        if n > 0 {
            inner.write_all(&bytes[..n])?;
            inner.flush()?;
            self.left -= n;
            return Ok(n);
        }
        // What was sent is on its way; then nothing more comes.
        self.cut.store(true, Ordering::Release);
        self.inner = None;
        std::thread::sleep(Duration::from_millis(300));
        self.killer.kill();
        Err(std::io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.as_mut().map_or(Ok(()), |i| i.flush())
    }
}

/// Until the host's shell has seen that nobody is there.
fn settled(folder: &Path) -> Vec<PathBuf> {
    for _ in 0..250 {
        let found = parts(folder);
        let gone = |p: &PathBuf| !Path::new("/proc").join(p.extension().unwrap()).exists();
        if !found.is_empty() && found.iter().all(gone) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(40));
    }
    panic!("nothing is left of the upload, or somebody still writes it: {:?}", parts(folder));
}

#[test]
fn a_killed_upload_goes_on_where_it_stopped() {
    let Some(server) = start(ALONE) else { return };
    let runner = runner(&server);
    killed_upload(&server, &runner, 1_500_000);
    let left = settled(&folder(&server));
    let size = std::fs::metadata(&left[0]).unwrap().len();
    assert!(left.len() == 1 && size > 500_000 && size < SIZE as u64, "{left:?} {size}");
    let s = ship(&server, &runner);
    assert_eq!((s.outcome, s.resumed), (Outcome::Uploaded, size));
    assert!(s.uploaded_bytes < SIZE as u64 - size / 2, "{}", s.uploaded_bytes);
    assert!(s.notes.is_empty() && s.verified, "{:?}", s.notes);
    speaks(s);
    assert!(parts(&folder(&server)).is_empty());
}

#[test]
fn what_is_left_counts_only_with_the_right_beginning() {
    let Some(server) = start(ALONE) else { return };
    let runner = runner(&server);
    killed_upload(&server, &runner, 1_000_000);
    let left = settled(&folder(&server));
    let mut bytes = std::fs::read(&left[0]).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&left[0], bytes).unwrap();
    let s = ship(&server, &runner);
    assert_eq!((s.outcome, s.resumed), (Outcome::Uploaded, 0));
    speaks(s);
    assert!(parts(&folder(&server)).is_empty());
}

#[test]
fn a_complete_file_without_its_name_costs_nothing() {
    let Some(server) = start(ALONE) else { return };
    let runner = runner(&server);
    speaks(ship(&server, &runner));
    let there = folder(&server).join(&runner.sha256);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    // No process has this number: it is beyond what Linux gives.
    std::fs::rename(&there, folder(&server).join(format!(".part-{}.{}.99999999", runner.sha256, host.trim()))).unwrap();
    let s = ship(&server, &runner);
    assert_eq!((s.outcome, s.resumed, s.uploaded_bytes), (Outcome::Uploaded, runner.bytes().unwrap().len() as u64, 0));
    speaks(s);
}

#[test]
fn what_nobody_came_back_for_is_removed_after_a_while() {
    let Some(server) = start(ALONE) else { return };
    let runner = runner(&server);
    let at = |name: &str| folder(&server).join(name);
    for dir in [server.home.join(".rustle"), folder(&server)] {
        std::fs::create_dir(&dir).unwrap();
        owned(&dir);
    }
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3 * 86_400);
    for (name, old) in [(".part-aa.h.1", true), (".new-bb", true), (".part-cc.h.1", false)] {
        let file = std::fs::File::create(at(name)).unwrap();
        if old {
            file.set_modified(long_ago).unwrap();
        }
        owned(&at(name));
    }
    speaks(ship(&server, &runner));
    assert_eq!(parts(&folder(&server)), [at(".part-cc.h.1")]);
    assert!(!at(".new-bb").exists());
}

#[test]
fn planted_parts_are_not_followed_and_not_trusted() {
    let Some(server) = start(ALONE) else { return };
    let runner = runner(&server);
    for dir in [server.home.join(".rustle"), folder(&server)] {
        std::fs::create_dir(&dir).unwrap();
        owned(&dir);
    }
    let treasure = server.dir.path().join("treasure");
    std::fs::write(&treasure, "precious").unwrap();
    std::fs::set_permissions(&treasure, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    std::os::unix::fs::symlink(&treasure, folder(&server).join(format!(".part-{}.{}.99999999", runner.sha256, host.trim()))).unwrap();
    let s = ship(&server, &runner);
    assert_eq!((s.outcome, s.resumed), (Outcome::Uploaded, 0));
    speaks(s);
    assert_eq!(std::fs::read_to_string(&treasure).unwrap(), "precious");
}

#[test]
fn a_full_disk_leaves_no_part_behind() {
    // Room for a runner as df tells it, and none when it comes to writing: another file grows meanwhile.
    let mounts = "mount -t tmpfs -o size=4m,mode=777 t $HOME; mount -t tmpfs -o mode=1777 t /var/tmp";
    let Some(server) = start(mounts) else { return };
    let runner = runner(&server);
    let options = BootstrapOptions { expected: Some(runner.clone()), patience: Duration::from_secs(30), ..Default::default() };
    let mut connection = Fill { inner: connect(&server.spec("ssh2", &Dict::new())).unwrap(), filler: connect(&server.spec("ssh2", &Dict::new())).unwrap() };
    let Bootstrap::Ready(s) = bootstrap(&mut connection, &|_| Ok(runner.clone()), &options).unwrap() else { panic!() };
    assert!(s.path.starts_with("/var/tmp/.rustle-4242/runners/"), "{}", s.path);
    assert!(s.notes.iter().any(|n| n.contains("bytes arrived")), "{:?}", s.notes);
    speaks(*s);
    let mut look = connect(&server.spec("ssh2", &Dict::new())).unwrap().exec("ls -A .rustle/runners").unwrap();
    drop(std::mem::replace(&mut look.stdin, Box::new(std::io::sink())));
    assert_eq!(std::io::read_to_string(look.stdout).unwrap(), "");
}

/// Fills the host's home when the upload has begun.
struct Fill {
    inner: Box<dyn rustle_connect::Connection>,
    filler: Box<dyn rustle_connect::Connection>,
}
impl rustle_connect::Connection for Fill {
    fn exec(&mut self, command: &str) -> Result<rustle_connect::Channel, rustle_connect::ConnectError> {
        let mut channel = self.inner.exec(command)?;
        let fill = self.filler.exec("read x && head -c 3500000 /dev/zero > fill; echo full")?;
        let stdin = std::mem::replace(&mut channel.stdin, Box::new(std::io::sink()));
        fill.stderr.keep(0);
        channel.stdin = Box::new(Filling { inner: stdin, fill: Some(fill) });
        Ok(channel)
    }
    fn describe(&self) -> String {
        "fill".into()
    }
}
struct Filling {
    inner: Box<dyn Write + Send>,
    fill: Option<rustle_connect::Channel>,
}
impl Write for Filling {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if bytes.len() > 1000
            && let Some(mut fill) = self.fill.take()
        {
            writeln!(fill.stdin, "go").and_then(|()| fill.stdin.flush())?;
            let mut said = String::new();
            BufReader::new(fill.stdout).read_line(&mut said)?;
            assert_eq!(said, "full\n");
        }
        self.inner.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
