//! Sample inventories: what `ansible-inventory --list`, its warnings, and `ansible --list-hosts` say of each
//! (`cases.py` asks them).
//!
//! Two differences are wanted and taken out of the comparison: where an INI file is broken we show the line, which
//! Ansible leaves out, and a chain of causes is told in one message.

use rustle_inventory::{Inventory, LoadOptions, Order};
use std::path::{Path, PathBuf};

fn cases() -> Vec<PathBuf> {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let dir = std::env::var("INVENTORY_CASES").map_or_else(|_| own(), PathBuf::from);
    let mut all: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    all
}

fn load(case: &Path) -> Inventory {
    let sources: Vec<String> = std::fs::read_to_string(case.join("sources"))
        .unwrap()
        .lines()
        .map(|s| if s.contains(',') { s.to_string() } else { case.join(s).display().to_string() })
        .collect();
    Inventory::load(&sources, &LoadOptions::default()).unwrap()
}

/// The first line of every message, sorted: the part that must be the same word for word.
fn heads(text: &str) -> Vec<String> {
    let mut out: Vec<String> = text
        .lines()
        .filter_map(|l| l.strip_prefix("[WARNING]: ").map(|w| format!("W {w}")).or(l.strip_prefix("[DEPRECATION WARNING]: ").map(|d| format!("D {d}"))))
        .filter(|l| !l.starts_with("W Deprecation warnings can be disabled"))
        .collect();
    out.sort();
    out.dedup();
    out
}

#[test]
fn lists_and_warns_as_ansible_inventory_does() {
    let mut bad = Vec::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().to_string();
        let inventory = load(&case);
        let play = std::fs::read_to_string(case.join("playbook_dir")).ok().map(|p| case.join(p.trim()));
        let got = rustle_value::to_serde_json(&inventory.list(&rustle_inventory::Listing { playbook_dir: play.as_deref(), ..Default::default() }).unwrap().into());
        let want = std::fs::read_to_string(case.join("list.json")).unwrap().replace("$DIR", &case.display().to_string());
        let want: serde_json::Value = serde_json::from_str(&want).unwrap();
        if got != want {
            bad.push(format!("{name}\n want {want:#}\n got {got:#}"));
        }
        let shown: String = inventory.take_warnings().iter().map(|w| format!("[WARNING]: {w}\n\n")).collect();
        let shown: String = inventory.take_deprecations().iter().fold(shown, |s, d| s + &format!("[DEPRECATION WARNING]: {d}\n"));
        let want = std::fs::read_to_string(case.join("stderr")).unwrap().replace("$DIR", &case.display().to_string());
        if heads(&shown) != heads(&want) {
            bad.push(format!("{name} warnings\n want {:#?}\n got {:#?}", heads(&want), heads(&shown)));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn patterns_select_as_ansible_does() {
    let mut bad = Vec::new();
    for case in cases().iter().filter(|c| c.join("patterns").exists()) {
        let inventory = load(case);
        inventory.take_warnings();
        for line in std::fs::read_to_string(case.join("patterns.out")).unwrap().lines() {
            let (pattern, _) = line.split_once(" -> ").unwrap();
            let got = match inventory.hosts_for(pattern, None, Order::Inventory) {
                Ok(hosts) => hosts.join(" "),
                Err(e) => format!(" | [ERROR]: {e}"),
            };
            let warned: String = inventory.take_warnings().iter().map(|w| format!(" | [WARNING]: {w}")).collect();
            let got = format!("{pattern} -> {got}{warned}");
            if got != line {
                bad.push(format!("want {line}\n got {got}"));
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// A host with dict and template values, groups made at run time, and selection by `--limit`.
#[test]
fn inventories_change_at_run_time() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/depth-and-priority");
    let mut inventory = load(&case);
    assert!(inventory.select("top[9]").unwrap_err().to_string().contains("No hosts matched the subscripted pattern 'top[9]'"));
    let vars = rustle_value::dict! { "x" => 1 };
    assert!(inventory.add_host("new", &["fresh".into(), "top".into()], &vars).unwrap());
    assert!(!inventory.add_host("new", &["fresh".into()], &vars).unwrap());
    assert_eq!(inventory.groups_of("new"), ["fresh", "top"]);
    assert_eq!(inventory.vars_of("new", None).unwrap().get("v").unwrap().as_str(), Some("top"));
    assert!(inventory.group_by("un", "os_debian", &["os".into()]).unwrap());
    assert!(!inventory.group_by("un", "os_debian", &["os".into()]).unwrap());
    assert_eq!(inventory.groups_of("un"), ["os", "os_debian"]);
    assert_eq!(inventory.select("os").unwrap(), ["un"]);
    let limit = Inventory::limit("h*:!h1").unwrap();
    assert_eq!(inventory.hosts_for("all", Some(&limit), Order::ReverseSorted).unwrap(), ["h5", "h4", "h3", "h2"]);
    let local = Inventory::load(&[], &LoadOptions::default()).unwrap();
    assert_eq!(local.select("localhost").unwrap(), ["localhost"]);
    assert_eq!(local.vars_of("localhost", None).unwrap().get("ansible_connection").unwrap().as_str(), Some("local"));
    assert!(local.select("all").unwrap().is_empty());
}

#[test]
fn a_broken_line_is_shown() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ini-broken-midway");
    let warnings = load(&case).take_warnings();
    let text = warnings.iter().find(|w| w.contains("'ini' plugin")).unwrap();
    assert!(text.contains("/hosts:7\n\n5 web\n6 [y]\n7 c q={{ foo }}\n  ^^^^^^^^^^^^^"), "{text}");
}

/// Vaulted files and values; the origin of a template.
#[test]
fn vaulted_files_are_read_and_templates_know_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut vault = rustle_vault::Vault::new();
    vault.add("default", rustle_vault::Secret::new("pw"));
    std::fs::create_dir(dir.path().join("group_vars")).unwrap();
    std::fs::write(dir.path().join("hosts"), "[web]\na\n").unwrap();
    let secret = vault.encrypt(b"a: 1\nt: '{{ a }}'\n", None).unwrap();
    std::fs::write(dir.path().join("group_vars/web.yml"), secret).unwrap();
    let sources = [dir.path().join("hosts").display().to_string()];
    let locked = Inventory::load(&sources, &LoadOptions::default()).unwrap();
    assert!(locked.vars_of("a", None).unwrap_err().to_string().starts_with("Attempting to decrypt but no vault secrets found."));
    let options = LoadOptions { vault: Some(std::sync::Arc::new(vault)), ..LoadOptions::default() };
    let vars = Inventory::load(&sources, &options).unwrap().vars_of("a", None).unwrap();
    let Some(rustle_value::Value::Template(t)) = vars.get("t") else { panic!("no template") };
    assert_eq!(t.origin.as_ref().map(|o| (o.line, o.column)), Some((2, 4)));
}

#[test]
fn plugins_come_in_through_the_hook() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("cloud.yml");
    std::fs::write(&source, "plugin: acme.cloud.hosts\nregion: north\n").unwrap();
    let hook = |b: &mut rustle_inventory::Builder<'_>, call: &rustle_inventory::Call<'_>| {
        let region = call.config.and_then(|c| c.get("region")).and_then(|r| r.as_str());
        assert_eq!((call.plugin, region), ("acme.cloud.hosts", Some("north")));
        b.group("web").unwrap();
        b.host("a", Some("web"), None).unwrap();
        b.set_json("a", "x", &serde_json::json!("{{ y }}")).unwrap();
        b.set_json("a", "z", &serde_json::json!({"__ansible_unsafe": "{{ y }}"})).unwrap();
        rustle_inventory::Outcome::Read
    };
    let options = LoadOptions { plugins: Some(rustle_inventory::PluginHook(std::sync::Arc::new(hook))), ..LoadOptions::default() };
    let inventory = Inventory::load(&[source.display().to_string()], &options).unwrap();
    assert_eq!(inventory.select("web").unwrap(), ["a"]);
    let vars = inventory.vars_of("a", None).unwrap();
    assert!(matches!(vars.get("x"), Some(rustle_value::Value::Template(_))));
    assert!(matches!(vars.get("z"), Some(rustle_value::Value::Str(_))));
    assert_eq!(inventory.take_warnings(), Vec::<String>::new());
}
