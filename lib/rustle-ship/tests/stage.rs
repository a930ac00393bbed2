//! `rustle-ship` as a filter: records in, shipments out, everything else untouched.

#[path = "../../rustle-connect/tests/support/mod.rs"]
mod support;

use rustle_cli::stage::{StageIo, run_with};
use rustle_ship::{Runner, ShipStage};
use rustle_stream::record::{Artifact, Host, Shipment, Stream};
use rustle_stream::{Record, exit};
use rustle_value::dict;
use std::io::Write;
use std::sync::{Arc, Mutex};
use support::start;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);
impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn ship(input: &str, flags: &[&str]) -> (u8, String, Vec<Shipment>) {
    let (out, err) = (Shared::default(), Shared::default());
    let reader = Box::new(std::io::Cursor::new(input.to_owned().into_bytes()));
    let io = StageIo::new("rustle-ship", reader, false, Box::new(out.clone()), Box::new(err));
    let args = std::iter::once("rustle-ship").chain(flags.iter().copied()).map(Into::into);
    let code = run_with::<ShipStage>(args, io);
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    let shipments = text
        .lines()
        .filter_map(|l| rustle_stream::schema::read_line(l, 1).unwrap())
        .filter_map(|r| if let Record::Shipment(s) = r { Some(s) } else { None })
        .collect();
    (code, text, shipments)
}

#[test]
fn ships_in_parallel_and_says_how_it_went() {
    let Some(server) = start("") else { return };
    let path = server.path("runner");
    std::fs::write(&path, "#!/bin/sh\necho '{}'\nexec cat\n").unwrap();
    let runner = Runner::load("x86_64-unknown-linux-musl", &path).unwrap();
    let host = |name: &str, vars| Record::from(Host { name: name.into(), vars, ..Host::default() });
    let mut refused = server.vars("ssh");
    refused.insert("ansible_port", 1);
    let artifact = Artifact {
        triple: runner.triple.clone(),
        path,
        sha256: runner.sha256.clone(),
        hosts: vec!["far".into(), "refused".into(), "here".into()],
        ..Artifact::default()
    };
    let records = [
        Record::from(Stream { producer: "test".into(), run: "r".into() }),
        host("far", server.vars("ssh")),
        host("refused", refused),
        host("here", dict! { "ansible_connection" => "local" }),
        artifact.into(),
    ];
    let mut input: String = records.iter().map(|r| r.to_line().unwrap() + "\n").collect();
    input.push_str("{\"type\":\"from_the_future\",  \"v\":9}\n");
    let (code, text, shipments) = ship(&input, &[]);
    assert!(text.starts_with(&input), "{text}");
    let outcomes = |s: &[Shipment]| s.iter().map(|s| format!("{} {}", s.host, s.outcome)).collect::<Vec<_>>();
    assert_eq!(outcomes(&shipments), ["far uploaded", "refused unreachable", "here local"]);
    assert!(shipments[1].reason.as_ref().unwrap().ends_with("Connection refused"), "{:?}", shipments[1].reason);
    assert_eq!(code, exit::UNAVAILABLE);
    let (_, _, again) = ship(&text, &["--verify"]);
    assert_eq!(outcomes(&again), ["far cached", "refused unreachable", "here local"]);
    assert_eq!((again[0].uploaded_bytes, again[0].verified), (0, true));
    let (_, _, removed) = ship(&input, &["--cleanup"]);
    assert_eq!(removed[0].outcome, "removed");
    assert!(removed[0].reason.as_ref().unwrap().contains(&runner.sha256), "{:?}", removed[0].reason);
}
