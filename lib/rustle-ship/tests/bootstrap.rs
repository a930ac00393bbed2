//! The bootstrap against real shells: a home of its own per case, no network.

use rustle_connect::{Channel, ConnectError, Connection, HostSpec, Settings, connect};
use rustle_ship::{Bootstrap, BootstrapOptions, Outcome, Platform, Runner, Session, bootstrap};
use rustle_value::dict;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A host whose login shell is `shell` and whose environment is `env`.
struct Host {
    inner: Box<dyn Connection>,
    shell: String,
    env: String,
}
impl Connection for Host {
    fn exec(&mut self, command: &str) -> Result<Channel, ConnectError> {
        let quoted = command.replace('\'', r"'\''");
        self.inner.exec(&format!("env {} {} -c '{quoted}'", self.env, self.shell))
    }
    fn describe(&self) -> String {
        self.shell.clone()
    }
}

fn host(home: &Path, shell: &str) -> Host {
    let vars = dict! { "ansible_connection" => "local" };
    let inner = connect(&HostSpec::from_vars("h", &vars, &Settings::default()).unwrap()).unwrap();
    Host { inner, shell: shell.into(), env: format!("HOME={} XDG_CACHE_HOME= XDG_RUNTIME_DIR=", home.display()) }
}

/// A runner that greets, then says each line back.
fn runner(folder: &Path, greeting: &str) -> Arc<Runner> {
    let path = folder.join(format!("runner-{greeting}"));
    let filler = "# filler, so that packing is worth it\n".repeat(2000);
    fs::write(&path, format!("#!/bin/sh\necho '{{\"ready\":\"{greeting}\"}}'\necho \"$@\"\nexec cat\n{filler}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Arc::new(Runner::load("x86_64-unknown-linux-musl", path).unwrap())
}

struct Fixture {
    _dir: tempfile::TempDir,
    home: PathBuf,
    runner: Arc<Runner>,
}
fn fixture() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    fs::create_dir(&home).unwrap();
    let runner = runner(dir.path(), "one");
    Fixture { _dir: dir, home, runner }
}

impl Fixture {
    fn options(&self) -> BootstrapOptions {
        BootstrapOptions { expected: Some(self.runner.clone()), arguments: vec!["--a".into()], ..Default::default() }
    }
    fn run(&self, shell: &str, options: &BootstrapOptions) -> Bootstrap {
        let choice = self.runner.clone();
        bootstrap(&mut host(&self.home, shell), &|_: &Platform| Ok(choice.clone()), options).unwrap()
    }
    fn ready(&self, shell: &str, options: &BootstrapOptions) -> Session {
        match self.run(shell, options) {
            Bootstrap::Ready(s) => *s,
            other => panic!("{other:?}"),
        }
    }
    fn cached(&self) -> PathBuf {
        self.home.join(".rustle/runners").join(&self.runner.sha256)
    }
}

/// The runner speaks, hears, and ends when its input does.
fn converse(session: Session) {
    let Channel { mut stdin, stdout, mut control, .. } = session.channel;
    let mut lines = BufReader::new(stdout).lines();
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"ready":"one"}"#);
    assert_eq!(lines.next().unwrap().unwrap(), "--a");
    writeln!(stdin, "hello").unwrap();
    stdin.flush().unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "hello");
    drop(stdin);
    assert!(lines.next().is_none());
    assert_eq!(control.wait_for(None).unwrap().unwrap().code, 0);
}

#[test]
fn uploads_once_then_runs_what_is_there() {
    let f = fixture();
    let first = f.ready("/bin/sh", &f.options());
    assert_eq!(first.outcome, Outcome::Uploaded);
    assert!(first.uploaded_bytes > 0 && first.uploaded_bytes < 5000, "packed: {}", first.uploaded_bytes);
    assert!(first.verified);
    assert_eq!((first.platform.system.as_str(), first.platform.home.as_str()), ("Linux", f.home.to_str().unwrap()));
    converse(first);
    assert_eq!(fs::metadata(f.cached()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(f.home.join(".rustle")).unwrap().permissions().mode() & 0o777, 0o700);
    let second = f.ready("/bin/sh", &f.options());
    assert_eq!((second.outcome, second.uploaded_bytes), (Outcome::Cached, 0));
    converse(second);
    let verified = f.ready("/bin/sh", &BootstrapOptions { verify: true, ..f.options() });
    assert_eq!((verified.outcome, verified.verified), (Outcome::Cached, true));
    converse(verified);
    // Without an expectation the controller is asked, and finds that the host has it.
    let asked = f.ready("/bin/sh", &BootstrapOptions { expected: None, ..f.options() });
    assert_eq!(asked.outcome, Outcome::Cached);
    assert_eq!(asked.platform.cached, [f.runner.sha256.clone()]);
    converse(asked);
    let left: Vec<_> = fs::read_dir(f.home.join(".rustle/runners")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn any_login_shell() {
    for shell in ["/bin/dash", "/bin/bash", "busybox sh", "tcsh", "csh", "fish", "ksh", "mksh", "zsh"] {
        let program = shell.split(' ').next().unwrap();
        let there = std::process::Command::new("sh").arg("-c").arg(format!("command -v {program}")).output().unwrap();
        if !there.status.success() {
            continue;
        }
        let f = fixture();
        converse(f.ready(shell, &f.options()));
        converse(f.ready(shell, &f.options()));
    }
}

#[test]
fn a_damaged_copy_is_replaced_and_said_so() {
    let f = fixture();
    converse(f.ready("/bin/sh", &f.options()));
    // Truncated so that it can't even start.
    fs::write(f.cached(), b"\x7fELF").unwrap();
    let s = f.ready("/bin/sh", &f.options());
    assert_eq!(s.outcome, Outcome::Uploaded);
    assert!(s.notes[0].contains("is replaced"), "{:?}", s.notes);
    converse(s);
    // Changed in a way that only the digest shows.
    let mut text = fs::read(f.cached()).unwrap();
    text.extend(b"# one more line\n");
    fs::write(f.cached(), text).unwrap();
    let s = f.ready("/bin/sh", &BootstrapOptions { verify: true, ..f.options() });
    assert_eq!(s.outcome, Outcome::Uploaded);
    assert!(s.notes[0].contains("damaged"), "{:?}", s.notes);
    converse(s);
}

#[test]
fn no_runner_for_the_platform_is_a_fallback() {
    let f = fixture();
    let done = bootstrap(&mut host(&f.home, "/bin/sh"), &|p| Err(format!("none for {}", p.system)), &f.options()).unwrap();
    let Bootstrap::Fallback { reason, platform, .. } = done else { panic!("{done:?}") };
    assert_eq!(reason, "none for Linux");
    assert!(!platform.machine.is_empty());
}

#[test]
fn a_runner_that_does_not_start_is_a_fallback() {
    let f = fixture();
    let path = f.home.join("bad");
    fs::write(&path, b"\x7fELF, but not really").unwrap();
    let bad = Arc::new(Runner::load("x86_64-unknown-linux-musl", path).unwrap());
    let options = BootstrapOptions { expected: Some(bad.clone()), ..Default::default() };
    let done = bootstrap(&mut host(&f.home, "/bin/sh"), &|_| Ok(bad.clone()), &options).unwrap();
    let Bootstrap::Fallback { reason, .. } = done else { panic!("{done:?}") };
    assert!(reason.contains("does not run on the host"), "{reason}");
}

#[test]
fn no_shell_is_a_fallback() {
    let f = fixture();
    let Bootstrap::Fallback { reason, .. } = f.run("/bin/sh -c 'echo This account is not available; exit 1'", &f.options()) else { panic!() };
    assert!(reason.starts_with("no POSIX shell answers on the host: This account"), "{reason}");
}

#[test]
fn old_runners_go() {
    let f = fixture();
    let folder = f.home.join(".rustle/runners");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..9 {
        fs::write(folder.join(format!("old{n}")), "x").unwrap();
    }
    converse(f.ready("/bin/sh", &BootstrapOptions { keep: 3, ..f.options() }));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    assert!(f.cached().exists());
}

#[test]
fn login_scripts_may_greet() {
    let f = fixture();
    converse(f.ready("/bin/echo -n 'Welcome. '; /bin/sh", &f.options()));
}
