//! The bootstrap through a real SSH server, on hosts with something wrong.

#[path = "../../rustle-connect/tests/support/mod.rs"]
mod support;

use rustle_connect::connect;
use rustle_ship::{Bootstrap, BootstrapOptions, Outcome, Runner, Session, bootstrap, cleanup};
use rustle_value::Dict;
use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::time::Duration;
use support::{Sshd, start};

/// A runner of some size that greets and says each line back. Each call writes a file of its own: tests may call at
/// the same time, and the content, which names the runner on the host, is the same.
fn runner(server: &Sshd) -> Arc<Runner> {
    let path = tempfile::NamedTempFile::new_in(server.dir.path()).unwrap().into_temp_path().keep().unwrap();
    // Noise that does not pack well: a full disk must be full after packing, too.
    let noise: String = (0..400_000u32).map(|i| char::from(b'a' + (i.wrapping_mul(2_654_435_761) >> 20) as u8 % 26)).collect();
    std::fs::write(&path, format!("#!/bin/sh\necho '{{\"ready\":1}}'\nexec cat\n# {noise}\n")).unwrap();
    Arc::new(Runner::load("x86_64-unknown-linux-musl", path).unwrap())
}

fn ship(server: &Sshd, kind: &str) -> Bootstrap {
    let runner = runner(server);
    let options = BootstrapOptions { expected: Some(runner.clone()), patience: Duration::from_secs(20), ..Default::default() };
    let mut connection = connect(&server.spec(kind, &Dict::new())).unwrap();
    bootstrap(&mut *connection, &|_| Ok(runner.clone()), &options).unwrap()
}

fn ready(done: Bootstrap) -> Session {
    match done {
        Bootstrap::Ready(s) => *s,
        other => panic!("{other:?}"),
    }
}

fn speaks(session: Session) {
    let channel = session.channel;
    let mut stdin = channel.stdin;
    let mut lines = BufReader::new(channel.stdout).lines();
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"ready":1}"#);
    writeln!(stdin, "ping").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "ping");
    drop(stdin);
    assert!(lines.next().is_none());
}

#[test]
fn uploads_runs_and_cleans_up() {
    for kind in ["openssh", "ssh2"] {
        let Some(server) = start("") else { return };
        let s = ready(ship(&server, kind));
        assert_eq!(s.outcome, Outcome::Uploaded, "{kind}");
        speaks(s);
        let s = ready(ship(&server, kind));
        assert_eq!((s.outcome, s.uploaded_bytes), (Outcome::Cached, 0), "{kind}");
        speaks(s);
        let mut connection = connect(&server.spec(kind, &Dict::new())).unwrap();
        let removed = cleanup(&mut *connection, None, &BootstrapOptions::default()).unwrap();
        assert!(!removed.is_empty());
    }
}

/// A runner that is built first, which takes longer than a host may stay silent.
#[test]
fn what_takes_long_here_is_no_silence_of_the_host() {
    let Some(server) = start("") else { return };
    let runner = runner(&server);
    let options = BootstrapOptions { patience: Duration::from_secs(3), ..Default::default() };
    for kind in ["openssh", "ssh2"] {
        let mut connection = connect(&server.spec(kind, &Dict::new())).unwrap();
        let built = |_: &_| {
            std::thread::sleep(Duration::from_secs(6));
            Ok(runner.clone())
        };
        speaks(ready(bootstrap(&mut *connection, &built, &options).unwrap()));
    }
}

#[test]
fn two_uploads_at_once() {
    let Some(server) = start("") else { return };
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| speaks(ready(ship(&server, "ssh2"))));
        }
    });
}

#[test]
fn a_home_without_execution_or_writing_or_room() {
    let cases = [
        ("mount -t tmpfs -o noexec,mode=777 t $HOME", "noexec"),
        ("mount -t tmpfs -o ro t $HOME", "not writable"),
        ("mount -t tmpfs -o size=64k,mode=777 t $HOME", "no space"),
    ];
    for (mounts, why) in cases {
        let Some(server) = start(&format!("{mounts}; mount -t tmpfs -o mode=1777 t /var/tmp")) else { return };
        for kind in ["ssh2", "openssh"] {
            let s = ready(ship(&server, kind));
            assert!(s.path.starts_with("/var/tmp/.rustle-4242/runners/"), "{}", s.path);
            if s.outcome == Outcome::Uploaded {
                assert!(s.notes.iter().any(|n| n.contains(why)), "{why}: {:?}", s.notes);
            }
            speaks(s);
        }
    }
}

#[test]
fn nowhere_to_run_is_a_fallback_with_reasons() {
    let all = "for d in $HOME /var/tmp /tmp /dev/shm; do mount -t tmpfs -o noexec,mode=1777 t $d; done";
    let Some(server) = start(all) else { return };
    let Bootstrap::Fallback { reason, platform, .. } = ship(&server, "ssh2") else { panic!() };
    assert!(reason.contains("noexec") && reason.contains("/dev/shm"), "{reason}");
    assert_eq!(platform.uid, Some(4242));
}

#[test]
fn another_users_folder_is_refused() {
    let trap = "mount -t tmpfs -o ro t $HOME; mount -t tmpfs -o mode=1777 t /var/tmp; mkdir -m 777 -p /var/tmp/.rustle-4242/runners; \
                mount -t tmpfs -o mode=1777 t /tmp; mkdir /tmp/elsewhere; chown 4242 /tmp/elsewhere; ln -s elsewhere /tmp/.rustle-4242; mount -t tmpfs -o mode=1777 t /dev/shm";
    let Some(server) = start(trap) else { return };
    let s = ready(ship(&server, "ssh2"));
    assert!(s.path.starts_with("/dev/shm/.rustle-4242/"), "{}", s.path);
    speaks(s);
}

#[test]
fn nothing_is_left_running_when_the_connection_dies() {
    let Some(mut server) = start("") else { return };
    let s = ready(ship(&server, "ssh2"));
    let path = s.path.clone();
    server.stop();
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let found = std::process::Command::new("pgrep").args(["-f", &path]).output().unwrap();
        found.stdout.is_empty()
    });
    assert!(gone);
}
