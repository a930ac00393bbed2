//! The runner's project: the same bytes for the same choices, and another digest for others.

use rustle_build::{SOURCES_SHA256, Template, own_triple, sources};
use std::process::Command;

#[test]
fn the_sources_are_the_runners_and_no_more() {
    let files = sources().unwrap();
    assert_eq!(SOURCES_SHA256.len(), 64);
    for name in ["Cargo.toml", "Cargo.lock", "bins/rustle-runner/src/main.rs", "lib/rustle-value/src/lib.rs", "lib/rustle-modules/Cargo.toml"] {
        assert!(files.contains_key(name), "{name}");
    }
    let text = |n: &str| String::from_utf8(files[n].clone()).unwrap();
    for foreign in ["ssh2", "openssl", "clap", "rustle-plan", "tempfile"] {
        assert!(!text("Cargo.lock").contains(&format!("name = \"{foreign}\"")), "{foreign} is not the runner's");
        assert!(!text("Cargo.toml").contains(foreign), "{foreign}");
    }
    assert!(!files.keys().any(|k| matches!(k.split('/').nth(2), Some("tests" | "target" | "examples"))), "tests stay at home");
    assert!(!files.iter().any(|(k, v)| k.ends_with("Cargo.toml") && String::from_utf8_lossy(v).contains("dev-dependencies")));
}

#[test]
fn the_digest_follows_every_choice() {
    let usual = Template::new(&own_triple());
    let hash = |t: &Template| t.hash().unwrap();
    assert_eq!(hash(&usual), hash(&Template::from_record(&usual.record(None).unwrap())));
    let mut seen = vec![hash(&usual)];
    for other in [
        Template { profile: "small".into(), ..usual.clone() },
        Template { rustflags: vec!["-Ctarget-cpu=native".into()], ..usual.clone() },
        Template { features: vec!["x".into()], ..usual.clone() },
        Template { features: vec!["module-copy".into()], ..usual.clone() },
        Template::new("riscv64gc-unknown-linux-musl"),
    ] {
        assert!(!seen.contains(&hash(&other)), "{other:?}");
        seen.push(hash(&other));
    }
    let order = |f: [&str; 2]| hash(&Template { features: f.map(str::to_owned).to_vec(), ..usual.clone() });
    assert_eq!(order(["module-a", "module-b"]), order(["module-b", "module-a"]));
    let wrong = Template { profile: "ultra".into(), ..usual };
    assert_eq!(wrong.hash().unwrap_err().to_string(), "unknown profile 'ultra' (known: release, small, fast, symbols, dev)");
}

#[test]
fn a_project_that_cargo_understands() {
    let dir = tempfile::tempdir().unwrap();
    let template = Template::new(&own_triple());
    template.write(dir.path()).unwrap();
    let lib = dir.path().join("lib/rustle-value/src/lib.rs");
    let made = lib.metadata().unwrap().modified().unwrap();
    std::fs::write(dir.path().join("lib/rustle-value/src/gone.rs"), "").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    template.write(dir.path()).unwrap();
    assert_eq!(lib.metadata().unwrap().modified().unwrap(), made, "what is right is left");
    assert!(!dir.path().join("lib/rustle-value/src/gone.rs").exists(), "what is gone goes");
    // The lock file is complete: cargo, which has no network, adds nothing. (It may drop what only other crates'
    // features need.)
    let lock = || std::fs::read_to_string(dir.path().join("Cargo.lock")).unwrap();
    let before = lock();
    let out = Command::new("cargo")
        .args(["tree", "--offline", "-p", "rustle-runner-bin", "--edges", "normal,build"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let tree = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && tree.contains("rustle-engine"), "{tree}{}", String::from_utf8_lossy(&out.stderr));
    let packages = |text: &str| text.split("[[package]]").map(|p| p.split("dependencies").next().unwrap_or("").trim().to_owned()).collect::<Vec<_>>();
    let known = packages(&before);
    for package in packages(&lock()) {
        assert!(known.contains(&package), "cargo added {package}");
    }
}
