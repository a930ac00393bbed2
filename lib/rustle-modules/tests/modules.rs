//! What must hold for every module: names, tables, documentation, examples; and what `run` promises.

use rustle_modules::{Value, all, catalogue, find, near, run};
use rustle_stream::protocol::ModuleRequest;
use std::collections::BTreeSet;

#[test]
fn names_are_unique_and_found() {
    let mut seen = BTreeSet::new();
    for m in all() {
        assert!(m.name.contains('.'), "{} is not a full name", m.name);
        for n in std::iter::once(&m.name).chain(m.aliases) {
            assert!(seen.insert(*n), "{n} occurs twice");
            assert!(std::ptr::eq(find(n).unwrap(), *m), "{n} is not found");
        }
        assert!(!m.summary.is_empty() && m.examples.contains(m.name), "{} lacks a summary or examples", m.name);
    }
    assert!(std::ptr::eq(find("copy").unwrap(), find("ansible.legacy.copy").unwrap()));
}

#[test]
fn options_are_documented_and_consistent() {
    for m in all() {
        let mut names = BTreeSet::new();
        for p in m.options() {
            assert!(!p.doc.is_empty() || p.name.starts_with('_'), "{}.{} has no description", m.name, p.name);
            for n in std::iter::once(&p.name).chain(p.aliases) {
                assert!(names.insert(*n), "{}: {n} occurs twice", m.name);
            }
            let may_be_null = p.optional || p.kind == rustle_modules::Kind::Raw;
            assert!(p.required || p.default.is_some() || may_be_null, "{}.{} can be null, its field can't", m.name, p.name);
            if let (Some(d), false) = (p.default, p.choices.is_empty() || p.elements.is_some()) {
                assert!(p.choices.contains(&d), "{}.{}: the default is none of the choices", m.name, p.name);
            }
        }
    }
    assert_eq!(catalogue().as_array().unwrap().len(), all().len());
}

fn call(module: &str, args: &str, hints: &str) -> rustle_modules::Dict {
    run(&ModuleRequest {
        module: module.into(),
        args: serde_json::from_str(args).unwrap(),
        hints: serde_json::from_str(hints).unwrap(),
        ..ModuleRequest::default()
    })
}

#[test]
fn unknown_modules_fail_with_near_names() {
    let r = call("ansible.builtin.coppy", "{}", "{}");
    assert_eq!(r.get("failed"), Some(&Value::Bool(true)));
    assert!(r.get("msg").unwrap().as_str().unwrap().contains("ansible.builtin.copy"));
    assert!(near("lineinfle").contains(&"ansible.builtin.lineinfile"));
}

#[test]
fn arguments_that_are_none_are_named() {
    let msg = |args| call("stat", args, "{}").get("msg").unwrap().to_string();
    assert_eq!(msg("{}"), "missing required arguments: path");
    assert_eq!(
        msg(r#"{"path": "/", "x": 1, "y": 2}"#),
        "Unsupported parameters for (stat) module: x, y. Supported parameters include: checksum_algorithm, follow, get_attributes, \
         get_checksum, get_mime, get_selinux_context, path (attr, attributes, checksum, checksum_algo, dest, mime, mime-type, mime_type, name)."
    );
    assert_eq!(msg(r#"{"path": "/", "checksum_algorithm": "x"}"#), "value of checksum_algorithm must be one of: md5, sha1, sha224, sha256, sha384, sha512, got: x");
}

#[test]
fn invocation_is_added_on_demand() {
    let r = call("stat", r#"{"path": "/", "get_checksum": "no"}"#, r#"{"inject_invocation": true}"#);
    let args = r.get("invocation").unwrap().get("module_args").unwrap();
    assert_eq!(args.get("get_checksum"), Some(&Value::Bool(false)));
    assert_eq!(args.get("checksum_algorithm"), Some(&Value::from("sha1")));
    assert!(!call("stat", r#"{"path": "/"}"#, "{}").contains_key("invocation"));
}

/// A small runner has HTTPS only where a module in it says that it speaks it.
#[test]
fn modules_that_speak_https_say_so() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/modules");
    let mut speakers = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let speaks = text.contains("crate::http") || text.contains(" http::");
        assert_eq!(speaks, text.contains("\n//! Speaks HTTPS.\n"), "{}", path.display());
        speakers.extend(speaks.then_some(path));
    }
    assert!(speakers.len() >= 3, "{speakers:?}");
}
