//! Both SSH transports against a real server.

mod support;

use rustle_connect::{Channel, ConnectError, Exit, connect};
use rustle_value::{Dict, dict};
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use support::{PASSWORD, Sshd, root, skip, start};

const KINDS: [&str; 2] = ["openssh", "ssh2"];

/// What a command says, and its end.
fn run(server: &Sshd, kind: &str, changes: &Dict, command: &str) -> Result<(String, Exit), ConnectError> {
    let mut connection = connect(&server.spec(kind, changes))?;
    let mut channel = connection.exec(command)?;
    drop(std::mem::replace(&mut channel.stdin, Box::new(std::io::sink())));
    let mut text = String::new();
    channel.stdout.read_to_string(&mut text).unwrap();
    let exit = channel.wait()?;
    Ok((text, exit))
}

#[test]
fn runs_commands() {
    let Some(server) = start("") else { return };
    for kind in KINDS {
        let none = Dict::new();
        let (text, exit) = run(&server, kind, &none, "echo out; echo err >&2; exit 7").unwrap();
        assert_eq!((text.as_str(), exit.code), ("out\n", 7), "{kind}");
        for key in ["id_ecdsa", "id_rsa"] {
            let changes = dict! { "ansible_ssh_private_key_file" => server.path(key) };
            assert_eq!(run(&server, kind, &changes, "id -un").unwrap().0.trim(), server.user, "{kind} {key}");
        }
        let mut connection = connect(&server.spec(kind, &none)).unwrap();
        let mut channel = connection.exec("echo complaint >&2; kill -9 $$").unwrap();
        drop(std::mem::replace(&mut channel.stdin, Box::new(std::io::sink())));
        let exit = channel.wait();
        if kind == "ssh2" {
            assert_eq!(exit.unwrap(), Exit { code: 137, signal: Some(9) });
        }
        assert!(channel.stderr.text().contains("complaint"), "{kind}: {}", channel.stderr.text());
    }
}

#[test]
fn both_directions_at_once_and_several_channels() {
    let Some(server) = start("") else { return };
    for kind in KINDS {
        let mut connection = connect(&server.spec(kind, &Dict::new())).unwrap();
        let channels: Vec<Channel> = (0..3).map(|_| connection.exec("cat").unwrap()).collect();
        let threads: Vec<_> = channels
            .into_iter()
            .enumerate()
            .map(|(n, channel)| {
                std::thread::spawn(move || {
                    let Channel { mut stdin, mut stdout, mut control, .. } = channel;
                    let data: Vec<u8> = (0..8_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ n as u8).collect();
                    let sent = data.clone();
                    let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
                    let mut back = Vec::new();
                    stdout.read_to_end(&mut back).unwrap();
                    writer.join().unwrap();
                    assert!(back == data, "{} of {} bytes", back.len(), data.len());
                    assert_eq!(control.wait_for(None).unwrap().unwrap().code, 0);
                })
            })
            .collect();
        for t in threads {
            t.join().unwrap();
        }
    }
}

#[test]
fn refusals_in_openssh_words() {
    let Some(server) = start("") else { return };
    let wrong = dict! { "ansible_ssh_private_key_file" => server.path("id_wrong") };
    let closed = dict! { "ansible_port" => 1 };
    let nowhere = dict! { "ansible_host" => "no-such-host.invalid" };
    let unknown = dict! { "ansible_ssh_common_args" => "-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null" };
    let text = |kind: &str, changes: &Dict| run(&server, kind, changes, "true").unwrap_err();
    for kind in KINDS {
        let e = text(kind, &wrong);
        assert_eq!(e.code(), "auth", "{kind}: {e}");
        assert!(e.to_string().ends_with(&format!("{}@127.0.0.1: Permission denied (publickey,password).", server.user)), "{kind}: {e}");
        assert_eq!(
            text(kind, &closed).to_string(),
            "Failed to connect to the host via ssh: ssh: connect to host 127.0.0.1 port 1: Connection refused",
            "{kind}"
        );
        assert_eq!(
            text(kind, &nowhere).to_string(),
            "Failed to connect to the host via ssh: ssh: Could not resolve hostname no-such-host.invalid: Name or service not known",
            "{kind}"
        );
        let e = text(kind, &unknown);
        assert!(e.code() == "host_key" && e.to_string().ends_with("Host key verification failed."), "{kind}: {e}");
        let mut trusting = unknown.clone();
        trusting.insert("ansible_host_key_checking", false);
        assert_eq!(run(&server, kind, &trusting, "echo hi").unwrap().0, "hi\n");
    }
    let known = server.path("known_hosts");
    let text_of = std::fs::read_to_string(&known).unwrap();
    let other = std::fs::read_to_string(server.path("id_wrong.pub")).unwrap();
    let changed = text_of.lines().next().unwrap().split(' ').next().unwrap().to_owned() + " " + &other;
    std::fs::write(&known, changed).unwrap();
    for kind in KINDS {
        let e = text(kind, &Dict::new());
        assert_eq!(e.code(), "host_key", "{kind}: {e}");
        assert!(e.to_string().contains("REMOTE HOST IDENTIFICATION HAS CHANGED"), "{kind}: {e}");
    }
}

#[test]
fn passwords() {
    let Some(server) = start("") else { return };
    if !root() {
        return skip("not root: no password of the user is known");
    }
    for kind in KINDS {
        let right = dict! { "ansible_password" => PASSWORD, "ansible_ssh_private_key_file" => Dict::new().get("x").cloned() };
        assert_eq!(run(&server, kind, &right, "id -un").unwrap().0, "tester\n", "{kind}");
        let mut wrong = right.clone();
        wrong.insert("ansible_password", "wrong");
        assert_eq!(run(&server, kind, &wrong, "id -un").unwrap_err().code(), "auth", "{kind}");
        let locked = dict! {
            "ansible_ssh_private_key_file" => server.path("id_locked"), "ansible_private_key_passphrase" => "open sesame"
        };
        assert_eq!(run(&server, kind, &locked, "id -un").unwrap().0, "tester\n", "{kind}");
    }
}

#[test]
fn a_killed_server_is_a_lost_connection() {
    for kind in KINDS {
        let Some(mut server) = start("") else { return };
        let mut connection = connect(&server.spec(kind, &Dict::new())).unwrap();
        let mut channel = connection.exec("echo up; cat").unwrap();
        let mut three = [0u8; 3];
        channel.stdout.read_exact(&mut three).unwrap();
        server.stop();
        let mut rest = Vec::new();
        _ = channel.stdout.read_to_end(&mut rest);
        let e = channel.wait().unwrap_err();
        assert_eq!(e.code(), "lost", "{kind}: {e}");
    }
}

#[test]
fn killing_a_channel_ends_the_command() {
    let Some(server) = start("") else { return };
    for kind in KINDS {
        let mut connection = connect(&server.spec(kind, &Dict::new())).unwrap();
        let mut channel = connection.exec("echo $$; cat").unwrap();
        let mut line = Vec::new();
        let mut byte = [0u8; 1];
        while channel.stdout.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        let pid = String::from_utf8(line).unwrap();
        let before = Instant::now();
        channel.kill();
        _ = channel.wait();
        drop(channel);
        assert!(before.elapsed() < Duration::from_secs(5));
        let gone = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            !std::path::Path::new(&format!("/proc/{pid}")).exists()
        });
        assert!(gone, "{kind}: process {pid} is left behind");
    }
}

/// The server's answers to questions whether it lives are seen, also where they come at once.
#[test]
fn an_idle_connection_is_kept() {
    let Some(server) = start("") else { return };
    let alive = dict! { "ansible_ssh_extra_args" => "-o ServerAliveInterval=2 -o ServerAliveCountMax=1" };
    let (out, exit) = run(&server, "ssh2", &alive, "sleep 12; echo still there").unwrap();
    assert_eq!((out.as_str(), exit.code), ("still there\n", 0));
}

#[test]
fn a_silent_port_times_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let Some(server) = start("") else { return };
    let changes = dict! { "ansible_port" => i64::from(silent.local_addr().unwrap().port()), "ansible_ssh_timeout" => 1 };
    for kind in KINDS {
        let before = Instant::now();
        let e = run(&server, kind, &changes, "true").unwrap_err();
        assert_eq!(e.code(), "timeout", "{kind}: {e}");
        assert!(before.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn auto_takes_the_client_where_it_must() {
    let Some(server) = start("") else { return };
    let label = |changes: &Dict| connect(&server.spec("ssh", changes)).unwrap().describe();
    assert!(label(&Dict::new()).starts_with("ssh2 "));
    assert!(label(&dict! { "ansible_ssh_extra_args" => "-o ProxyCommand='nc %h %p'" }).starts_with("openssh "));
    assert!(label(&dict! { "ansible_ssh_extra_args" => "-J jump" }).starts_with("openssh "));
}
