//! What `community.general.ufw` makes of ufw's words, and how it calls it. A script stands for ufw.
#![cfg(unix)]

use rustle_modules::{Dict, Value};
use rustle_stream::protocol::ModuleRequest;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const STATUS: &str = "Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n";

/// A folder with a ufw that answers with the files `status` and `numbered`, and to a dry run with `dry`; `grep` finds the rules
/// in `rules`. It notes its other calls in `calls`.
fn stand_in(folder: &Path) {
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    put(
        "ufw",
        "#!/bin/sh\ncd \"${0%/*}\"\ncase $* in\n--version) echo 'ufw 0.36.2';;\n'status verbose') cat status;;\n'status numbered') cat numbered;;\n\
         --dry-run*) cat dry;;\n*bad*) echo 'ERROR: bad port' >&2; exit 1;;\n*) for a; do printf '%s|' \"$a\"; done >> calls; echo >> calls;;\nesac\n",
    );
    put("grep", "#!/bin/sh\ncat \"${0%/*}/rules\"\n");
    for (name, text) in [("status", STATUS), ("numbered", ""), ("dry", ""), ("rules", ""), ("calls", "")] {
        put(name, text);
    }
}

fn run(folder: &Path, args: &str, check: bool) -> (Dict, String) {
    fs::write(folder.join("calls"), "").unwrap();
    let mut environment = Dict::new();
    environment.insert("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    let request = ModuleRequest {
        module: "community.general.ufw".into(),
        args: serde_json::from_str(args).unwrap(),
        environment,
        check,
        ..ModuleRequest::default()
    };
    let result = rustle_modules::run(&request);
    (result, fs::read_to_string(folder.join("calls")).unwrap())
}

fn msg(result: &Dict) -> &str {
    result.get("msg").and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn rules_become_words() {
    let folder = tempfile::tempdir().unwrap();
    stand_in(folder.path());
    let calls = |args: &str| run(folder.path(), args, false).1;
    assert_eq!(calls(r#"{"rule": "allow", "port": "22", "proto": "tcp"}"#), "allow|from|any|to|any|port|22|proto|tcp|\n");
    assert_eq!(
        calls(r#"{"rule": "deny", "src": "1.2.3.4", "from_port": "1", "to_port": "2", "log": true, "insert": 3, "interface": "eth0", "direction": "in", "comment": "my own"}"#),
        "insert|3|deny|in|on|eth0|log|from|1.2.3.4|port|1|to|any|port|2|comment|my own|\n"
    );
    assert_eq!(
        calls(r#"{"rule": "deny", "delete": true, "insert": 3, "route": true, "interface_in": "a", "interface_out": "b", "name": "Open SSH"}"#),
        "route|delete|deny|in|on|a|out|on|b|from|any|to|any|app|Open SSH|\n"
    );
    let (result, _) = run(folder.path(), r#"{"rule": "allow", "name": "Open SSH"}"#, false);
    let commands = result.get("commands").unwrap().to_string();
    assert!(commands.contains("ufw allow from any to any app 'Open SSH'"), "{commands}");
    assert_eq!(result.get("changed"), Some(&Value::Bool(false)));
    assert_eq!(msg(&result), STATUS.trim_end());
}

#[test]
fn numbers_count_from_a_version_of_ip() {
    let folder = tempfile::tempdir().unwrap();
    stand_in(folder.path());
    fs::write(folder.path().join("numbered"), "Status: active\n\n[ 1] 20/tcp ALLOW IN Anywhere\n[ 2] 21/tcp ALLOW IN Anywhere\n[ 3] 20/tcp (v6) ALLOW IN Anywhere (v6)\n").unwrap();
    for (from, n, want) in [
        ("zero", 7, "insert|7|"), ("first-ipv4", 0, "insert|1|"), ("last-ipv4", 0, "insert|2|"), ("last-ipv4", 1, "insert|3|"),
        ("first-ipv6", 0, "insert|3|"), ("last-ipv6", 0, "insert|3|"), ("last-ipv6", 1, "allow|"),
    ] {
        let args = format!(r#"{{"rule": "allow", "port": "1", "insert": {n}, "insert_relative_to": "{from}"}}"#);
        let (_, calls) = run(folder.path(), &args, false);
        assert!(calls.starts_with(want), "{from} {n}: {calls}");
    }
}

#[test]
fn check_mode_tells_what_would_change() {
    let folder = tempfile::tempdir().unwrap();
    stand_in(folder.path());
    let v4 = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n";
    let v6 = "### tuple ### allow tcp 22 ::/0 any ::/0 in\n";
    fs::write(folder.path().join("rules"), format!("{v4}{v6}")).unwrap();
    let changes = |args: &str, dry: &str| {
        fs::write(folder.path().join("dry"), dry).unwrap();
        let (result, calls) = run(folder.path(), args, true);
        assert_eq!(calls, "", "{args} changed something");
        result.get("changed") == Some(&Value::Bool(true))
    };
    for (args, want) in [
        (r#"{"state": "enabled"}"#, false), (r#"{"state": "disabled"}"#, true), (r#"{"state": "reloaded"}"#, true),
        (r#"{"logging": "on"}"#, false), (r#"{"logging": "low"}"#, false), (r#"{"logging": "full"}"#, true), (r#"{"logging": "off"}"#, true),
        (r#"{"default": "deny"}"#, false), (r#"{"default": "deny", "direction": "outgoing"}"#, true),
        (r#"{"default": "deny", "direction": "routed"}"#, false),
    ] {
        assert_eq!(changes(args, ""), want, "{args}");
    }
    let rule = r#"{"rule": "allow", "port": "22", "proto": "tcp"}"#;
    assert!(!changes(rule, "Skipping adding existing rule\n"));
    assert!(!changes(rule, &format!("*filter\n{v4}{v6}### END RULES ###\n")));
    assert!(changes(rule, v4));
    // Of a rule for one version of IP, a dry run shows that version's rules.
    assert!(!changes(r#"{"rule": "allow", "from": "1.2.3.4"}"#, v4));
    assert!(!changes(r#"{"rule": "allow", "to": "2001:db8::/32"}"#, v6));
    assert!(changes(r#"{"rule": "allow", "to": "2001:db8::/32"}"#, &format!("{v6}{v6}")));
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    stand_in(folder.path());
    for (args, want) in [
        ("{}", "one of the following is required: state, default, rule, logging"),
        (r#"{"rule": "allow", "interface": "x"}"#, "missing parameter(s) required by 'interface': direction"),
        (r#"{"rule": "allow", "direction": "incoming"}"#, "For rules, direction must be one of \"in\" and \"out\", or direction must not be specified."),
        (r#"{"rule": "allow", "interface_in": "a", "interface_out": "b"}"#, "Only route rules can combine interface_in and interface_out"),
        (r#"{"rule": "allow", "port": "bad"}"#, "ERROR: bad port\n"),
    ] {
        let (result, _) = run(folder.path(), args, false);
        assert_eq!(msg(&result), want);
    }
}
