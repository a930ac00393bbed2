//! A run that was piped through records is planned like one that never left the process; nothing of it is lost.

use rustle_cli::stage::run_captured;
use rustle_parse::{ParseStage, Request, Settings, read};
use rustle_plan::{Hosts, PlanOptions, PlanStage, plan};
use rustle_playbook::ParsedRun;
use rustle_stream::Record;
use std::fs;

const PLAYBOOK: &str = r#"
- hosts: web
  serial: [1, 50%]
  vars: {other: "{{ hostvars.w1.x }}", day: 2001-01-02, raw: !unsafe "{{ no }}"}
  roles: [{role: r, p: "{{ q }}", when: x is defined, tags: [t]}]
  tasks:
    - {name: "say {{ other }}", debug: {msg: "{{ other }}"}, loop: [1, 2], register: out, failed_when: "out.msg == 3"}
    - {name: away, command: ls, delegate_to: localhost}
    - block: [{copy: {content: "{{ secret }}", dest: /x}}]
      rescue: [{fail: }]
- hosts: localhost
  tasks: [{ping: }]
"#;

#[test]
fn piped_and_in_process_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let write = |name: &str, text: &str| {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(at(name), text).unwrap();
    };
    write("site.yml", PLAYBOOK);
    write("hosts", "[web]\nw[1:5] x=1\n[db]\nd1\n");
    write("group_vars/web.yml", "secret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3030\n");
    write("roles/r/tasks/main.yml", "- shell: echo {{ p }}\n  notify: h\n");
    write("roles/r/handlers/main.yml", "- {name: h, service: {name: x}}\n");
    let args = [&at("site.yml"), "-i", &at("hosts"), "-l", "w*:localhost", "-e", "q=1", "-e", "{\"z\": [1.5, null]}"];
    let (code, parsed, err) = run_captured::<ParseStage>("rustle-parse", &args, "");
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, planned, err) = run_captured::<PlanStage>("rustle-plan", &[], &parsed);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(planned.starts_with(&parsed), "what plan doesn't own passes byte for byte");

    let options = rustle_parse::options(
        &rustle_cli::stage::command::<ParseStage>().get_matches_from(std::iter::once("rustle-parse").chain(args)),
        &std::env::current_dir().unwrap().display().to_string(),
    );
    let request = Request { options, extra_vars: vec!["q=1".into(), "{\"z\": [1.5, null]}".into()], settings: Settings::from_env(), given: None };
    let found = read(request, &mut |_| Err(String::new())).unwrap();
    let hosts = Hosts::new(&found.inventory, found.run.options.limit.as_deref()).unwrap();
    let plan = plan(&found.run, PlanOptions::default(), &hosts).unwrap();
    let lines: String = found.run.to_records().iter().chain(&plan).map(|r| r.to_line().unwrap() + "\n").collect();
    let (_, piped) = planned.split_once('\n').unwrap();
    assert_eq!(lines, piped);

    let read_back: Vec<Record> = piped.lines().map(|l| rustle_stream::schema::read_line(l, 1).unwrap().unwrap()).collect();
    assert_eq!(ParsedRun::from_records(&read_back), found.run);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("site.yml");
    fs::write(&file, "- hosts: all\n  tasks:\n    - copi: {}\n").unwrap();
    let file = file.display().to_string();
    let (code, out, err) = run_captured::<ParseStage>("rustle-parse", &[&file, "-i", "x,"], "");
    assert_eq!((code, out.as_str()), (65, ""));
    assert!(err.contains("couldn't resolve module/action 'copi'") && err.contains(":3:7") && err.contains("Did you mean 'copy'?"), "{err}");
    let (code, _, err) = run_captured::<ParseStage>("rustle-parse", &[&file, "-i", "x,", "--log-format", "json"], "");
    let Ok(Some(Record::Diagnostic(d))) = rustle_stream::schema::read_line(err.trim_end(), 1) else { panic!("{err}") };
    assert_eq!((code, d.origin.map(|o| (o.line, o.column))), (65, Some((3, 7))));
}
