//! Plans inside executables: what is refused and why, and what goes in.

use rustle_build::embed::{embed, reasons};
use rustle_stream::model::{PlayId, Task, TaskId};
use rustle_stream::record::{Decision, Host, Place};
use rustle_stream::{Record, payload};
use rustle_value::{Origin, Value, dict};

fn task(id: u32, name: &str) -> Record {
    let mut t: Task = serde_json::from_value(serde_json::json!({"id": id, "action": "ansible.builtin.fetch", "written": "fetch"})).unwrap();
    t.name = (!name.is_empty()).then(|| Value::str(name));
    t.origin = Some(Origin::new("site.yml", id, 3));
    t.into()
}
fn decision(id: u32, place: Place, reason: &str) -> Record {
    Decision { play: PlayId(0), task: TaskId(id), place, reason: reason.into(), barrier: None }.into()
}

#[test]
fn reasons_name_each_task_once() {
    let secret: Value = serde_json::from_value(serde_json::json!({"$vault": ["$ANSIBLE_VAULT;1.1;AES256\n00", null]})).unwrap();
    let records = [
        Host { name: "web".into(), vars: dict! { "pw" => secret }, ..Host::default() }.into(),
        task(1, "get it"),
        task(2, ""),
        task(3, "fine"),
        decision(1, Place::Controller, "fetch writes to the controller"),
        decision(1, Place::Controller, "fetch writes to the controller"),
        decision(2, Place::Controller, "its lookup reads the controller"),
        decision(3, Place::Bridge, "no native module"),
        decision(3, Place::Host, "effects stay on the host"),
    ];
    assert_eq!(
        reasons(&records, true),
        [
            "host 'web': a vaulted value is inside",
            "site.yml:1:3: task 'get it': fetch writes to the controller",
            "site.yml:2:3: task 'fetch': its lookup reads the controller",
        ]
    );
    assert!(reasons(&records[3..4], true).is_empty());
}

#[test]
fn the_runner_still_runs_and_finds_its_plan() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let runner = std::fs::read("/bin/true").unwrap();
    let files = [("/p/files/a".to_owned(), payload::EmbeddedFile { mode: 0o600, data: b"A".to_vec(), link: None })].into();
    let manifest = payload::Manifest { host: "web".into(), ..payload::Manifest::default() };
    std::fs::write(&path, embed(&runner, manifest, "{}\n", "", &files).unwrap()).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert!(std::process::Command::new(&path).status().unwrap().success());
    let inside = payload::read(&path).unwrap().unwrap();
    assert_eq!((inside.plan.as_str(), inside.manifest.host.as_str(), inside.files), ("{}\n", "web", files));
}
