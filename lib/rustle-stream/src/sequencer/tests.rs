//! Hosts at different paces, told in Ansible's order. Events and output in a short notation: `h1 +0` starts position
//! 0, `=0` ends it ok, `-0` fails, `~0` passes, `i0:file` includes, `!` is done; output `T0` is a banner.

use super::*;
use crate::model::TaskId;

fn pos(text: &str) -> Position {
    text.split('.').map(|n| n.parse().unwrap()).collect()
}

fn event(text: &str) -> TaskEvent {
    let (kind, rest) = text.split_at(1);
    let result = |status| TaskEvent::Result {
        position: pos(rest),
        status,
        result: Default::default(),
        looped: false,
        errors: vec![],
        delegated: None,
        changes: Default::default(),
        notified: vec![],
    };
    match kind {
        "+" => TaskEvent::Start { header: TaskHeader { task: TaskId(1), position: pos(rest), name: rest.into(), ..Default::default() } },
        "=" => result(Status::Ok),
        "-" => result(Status::Failed),
        "*" => result(Status::Rescued),
        "~" => TaskEvent::Passed { position: pos(rest) },
        "r" => TaskEvent::Rescue { position: pos(rest) },
        "i" => {
            let (p, file) = rest.split_once(':').unwrap();
            TaskEvent::Included { position: pos(p), file: file.into(), label: None }
        }
        other => panic!("{other}"),
    }
}

fn show(events: &[RunEvent]) -> Vec<String> {
    events
        .iter()
        .map(|e| match e {
            RunEvent::TaskStart { header, .. } => format!("T{}", header.name),
            RunEvent::Host { host, event, .. } => match &**event {
                TaskEvent::Included { file, .. } => format!("{host}:{file}"),
                e => format!("{host}:{}", position(e).iter().map(u32::to_string).collect::<Vec<_>>().join(".")),
            },
            other => format!("{other:?}"),
        })
        .collect()
}

/// Feeds `h1+0 h2+0 …`, joins what comes out of each step with spaces and the steps with ` | `.
fn run(free: bool, script: &str) -> String {
    let mut s = Sequencer::new();
    s.begin(PlayId(0), "p", &["h1".into(), "h2".into(), "h3".into()], free);
    s.host_done("h3");
    let mut steps = Vec::new();
    for word in script.split_whitespace() {
        let (host, e) = word.split_at(2);
        steps.push(show(&if e == "!" { s.host_done(host) } else { s.push(host, event(e)) }).join(" "));
    }
    steps.push(show(&s.end()).join(" "));
    steps.join("|")
}

#[test]
fn the_first_task_is_announced_at_once_and_fast_hosts_are_held_back() {
    assert_eq!(run(false, "h1+0 h1=0 h1+1 h1=1 h2+0 h2=0 h2+1 h2=1"), "T0|h1:0||||h2:0 T1 h1:1||h2:1|");
}

#[test]
fn a_host_that_is_done_or_passed_is_not_waited_for() {
    assert_eq!(run(false, "h1+0 h2+0 h2-0 h2! h1=0 h1+1"), "T0||h2:0||h1:0|T1|");
    assert_eq!(run(false, "h1+0 h1=0 h2~0 h2+1 h1+1"), "T0|h1:0||T1||");
    // The host is gone while others have run ahead.
    assert_eq!(run(false, "h1+0 h1=0 h1+1 h1=1 h2!"), "T0|h1:0|||T1 h1:1|");
}

#[test]
fn what_may_still_come_before_is_waited_for() {
    // h2 finished 0 and could still run 1, which h1 skipped over.
    assert_eq!(run(false, "h1+0 h2+0 h1=0 h2=0 h1+2 h2+1 h2=1 h2~2"), "T0||h1:0|h2:0||T1|h2:1 T2||");
}

#[test]
fn includes_are_told_when_all_are_through() {
    assert_eq!(
        run(false, "h1+0 h1i0:a h1+0.0.0 h1=0.0.0 h2+0 h2i0:a h2+0.0.0 h2=0.0.0 h2+1 h1+1"),
        "T0|||||h1:a h2:a|T0.0.0 h1:0.0.0|h2:0.0.0||T1|"
    );
}

#[test]
fn different_files_at_one_position_have_their_own_banners() {
    assert_eq!(
        run(false, "h1+0 h2+0 h1i0:a h2i0:b h1+0.0.0 h2+0.0.0 h2=0.0.0 h1=0.0.0 h1+0.0.1 h1=0.0.1 h1+1 h2+1"),
        "T0|||h1:a h2:b||T0.0.0||h1:0.0.0|T0.0.1|h1:0.0.1|T0.0.0 h2:0.0.0|T1|"
    );
}

#[test]
fn free_hosts_are_told_as_they_come() {
    assert_eq!(run(true, "h1+0 h1=0 h1+1 h1=1 h2+0 h2=0"), "|T0 h1:0||T1 h1:1||T0 h2:0|");
}

#[test]
fn counts() {
    let mut s = Sequencer::new();
    s.begin(PlayId(0), "p", &["h".into()], false);
    for e in ["+0", "i0:a", "=0", "+1", "=1", "+2", "*2", "r2"] {
        s.push("h", event(e));
    }
    let mut ignored = event("=3");
    if let TaskEvent::Result { status, result, .. } = &mut ignored {
        *status = Status::Ignored;
        result.insert("changed", true);
    }
    s.push("h", ignored);
    assert_eq!(s.counts("h"), Counts { ok: 3, changed: 1, rescued: 1, ignored: 1, ..Default::default() });
    s.begin(PlayId(1), "q", &["h".into(), "g".into()], false);
    let h = TaskHeader { position: vec![0], ..Default::default() };
    let out = s.unreachable("g", h, "no route");
    assert_eq!(show(&out), ["T", "g:0"]);
    assert!(matches!(s.stats(), RunEvent::Stats { exit: exit::HOST_UNREACHABLE, .. }));
    assert_eq!(s.counts("h").ok, 3);
}
