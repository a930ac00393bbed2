//! `rustle-ship` as a filter: records in, shipments out, everything else untouched.

#[path = "../../rustle-connect/tests/support/mod.rs"]
mod support;

use rustle_cli::stage::run_captured;
use rustle_ship::{Runner, ShipStage};
use rustle_stream::record::{Artifact, Host, Shipment, Stream};
use rustle_stream::{Record, exit};
use rustle_value::dict;
use support::start;

fn ship(input: &str, flags: &[&str]) -> (u8, String, Vec<Shipment>) {
    let (code, text, _) = run_captured::<ShipStage>("rustle-ship", flags, input);
    let shipments = text
        .lines()
        .filter(|l| l.starts_with('{'))
        .filter_map(|l| rustle_stream::schema::read_line(l, 1).unwrap())
        .filter_map(|r| if let Record::Shipment(s) = r { Some(s) } else { None })
        .collect();
    (code, text, shipments)
}

#[test]
fn ships_in_parallel_and_says_how_it_went() {
    let Some(server) = start("") else { return };
    // SAFETY: this is the program's only test, and no thread of it has begun.
    unsafe { std::env::set_var("RUSTLE_DEPLOYMENT_HISTORY", server.path("history")) };
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
    // The plan inside: a deployment with a name, a way back, and an end.
    let embedded = |text: &str| {
        let path = server.path(text);
        std::fs::write(&path, format!("#!/bin/sh\necho {text}\n")).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let file = Runner::load("x86_64-unknown-linux-musl", &path).unwrap();
        let a = Artifact { path, sha256: file.sha256.clone(), embedded_plan: Some("p".into()), hosts: vec!["far".into(), "refused".into()], ..Artifact::default() };
        let options = rustle_stream::record::Options { playbooks: vec!["plays/web site.yml".into()], inventory: vec!["hosts.ini".into()], ..Default::default() };
        let lines: Vec<Record> = [records[0].clone(), options.into()].into_iter().chain(records[1..3].iter().cloned()).chain([a.into()]).collect();
        (lines.iter().map(|r| r.to_line().unwrap() + "\n").collect::<String>(), file.sha256)
    };
    let ((one, first), (two, second)) = (embedded("one"), embedded("two"));
    let (code, _, shipments) = ship(&one, &["--limit", "far", "--parallel", "2", "--timeout", "60", "--keep", "3"]);
    assert_eq!((code, outcomes(&shipments)), (exit::OK, vec!["far uploaded".to_owned()]));
    let link = server.home.join(".rustle/current/web_site");
    let leads = || std::fs::read_link(&link).map(|l| l.file_name().unwrap().to_str().unwrap().to_owned()).ok();
    assert_eq!(leads(), Some(first.clone()));
    // Half of it fails, and the other half is taken back.
    let (code, _, shipments) = ship(&two, &["--rollback-on-failure"]);
    assert_eq!((code, outcomes(&shipments)), (exit::UNAVAILABLE, vec!["far rolled back".to_owned(), "refused unreachable".into()]));
    assert_eq!((leads(), shipments[0].previous.as_ref()), (Some(first.clone()), Some(&second)));
    let (_, _, shipments) = ship(&two, &[]);
    assert_eq!(leads(), Some(second.clone()));
    let id = shipments[0].deployment.clone().unwrap();
    let (code, list, _) = ship("", &["--list-deployments"]);
    assert!(code == exit::OK && list.starts_with(&id) && list.contains("in force on 1 of 2 hosts"), "{list}");
    let (code, _, back) = ship(&two, &["--rollback", "--limit=far"]);
    assert_eq!((code, outcomes(&back), leads()), (exit::OK, vec!["far rolled back".to_owned()], Some(first)));
    let (_, _, back) = ship(&two, &[&format!("--rollback={id}"), "--limit=far"]);
    assert_eq!((outcomes(&back), leads()), (vec!["far rolled back".to_owned()], Some(second)));
    assert_eq!(ship(&two, &["--rollback=nonsense"]).0, exit::UNAVAILABLE);
    assert_eq!(ship(&two, &["--limit=fur"]).0, exit::USAGE);
    assert_eq!(ship(&two, &["--rollback", "--cleanup"]).0, exit::USAGE);
    let (_, _, removed) = ship(&two, &[&format!("--cleanup={id}"), "--limit", "far"]);
    assert!(removed[0].reason.as_ref().unwrap().contains("current/web_site") && leads().is_none(), "{removed:?}");
}
