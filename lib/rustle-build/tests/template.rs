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
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let with = |list: &[&str]| Template { features: words(list), ..usual.clone() };
    let mut seen = vec![hash(&usual)];
    for other in [
        Template { profile: "small".into(), ..usual.clone() },
        Template { rustflags: vec!["-Ctarget-cpu=native".into()], ..usual.clone() },
        Template { spec: Some("{}".into()), ..usual.clone() },
        with(&["no-tls"]),
        with(&["module-copy"]),
        with(&["module-copy", "tls"]),
        with(&["module-copy", "module-uri"]),
        Template::new("riscv64gc-unknown-linux-musl"),
    ] {
        assert!(!seen.contains(&hash(&other)), "{other:?}");
        seen.push(hash(&other));
    }
    // What makes no difference to the binary makes none here.
    for (one, same) in [
        (with(&[]), with(&["tls"])),
        (with(&["module-apt", "module-copy"]), with(&["module-copy", "module-apt", "module-copy"])),
        (with(&["module-copy"]), with(&["module-ansible.builtin.copy", "no-tls"])),
        (with(&["module-uri"]), with(&["tls", "module-uri"])),
    ] {
        assert_eq!(hash(&one), hash(&same), "{one:?} {same:?}");
    }
    assert_ne!(usual.key("1.90.0").unwrap(), usual.key("1.91.0").unwrap());
    assert_eq!(usual.key("1.90.0").unwrap(), Template::new(&own_triple()).key("1.90.0").unwrap());
    let wrong = |t: Template| t.hash().unwrap_err().to_string();
    assert_eq!(wrong(Template { profile: "ultra".into(), ..usual.clone() }), "unknown profile 'ultra' (known: release, small, fast, symbols, dev)");
    assert_eq!(wrong(with(&["module-coppy"])), "unknown module 'coppy'; did you mean 'copy'?");
    assert_eq!(wrong(with(&["tsl"])), "unknown feature 'tsl'; did you mean 'tls'?");
}

#[test]
fn flags_for_the_processor_are_one() {
    let mut t = Template { rustflags: vec!["-Ctarget-feature=+crt-static".into()], ..Template::default() };
    for flag in ["-Ctarget-feature=+avx2,+crt-static", "-Ctarget-cpu=x86-64-v3", "-Ctarget-cpu=x86-64-v3"] {
        t.flag(flag);
    }
    assert_eq!(t.rustflags, ["-Ctarget-feature=+crt-static,+avx2", "-Ctarget-cpu=x86-64-v3"]);
}

#[test]
fn a_project_with_few_modules_has_only_these() {
    let words = ["module-copy", "module-file"].map(str::to_owned).to_vec();
    let template = Template { features: words, profile: "small".into(), ..Template::new(&own_triple()) };
    let files = template.files().unwrap();
    let text = |n: &str| String::from_utf8(files[n].clone()).unwrap();
    let modules: Vec<_> = files.keys().filter_map(|k| k.strip_prefix("lib/rustle-modules/src/modules/")).collect();
    assert_eq!(modules, ["_left_out.txt", "_template.rs", "copy.rs", "file.rs"]);
    let left = text("lib/rustle-modules/src/modules/_left_out.txt");
    assert!(left.contains("ansible.builtin.lineinfile\n") && left.contains("ansible.posix.mount\n") && !left.contains("builtin.copy\n"), "{left}");
    assert!(text("bins/rustle-runner/Cargo.toml").contains("default = []"));
    assert_eq!(template.modules().unwrap(), ["copy", "file"]);
    // All of them are more than what any list names.
    assert!(Template::new(&own_triple()).modules().unwrap().is_empty());
}

#[test]
fn a_platform_of_ones_own_has_its_specification_in_the_project() {
    let template = Template { spec: Some("{\"arch\":\"x86_64\"}".into()), ..Template::new("x86_64-acme-linux-musl") };
    let dir = tempfile::tempdir().unwrap();
    template.write(dir.path()).unwrap();
    let read = |n: &str| std::fs::read_to_string(dir.path().join(n)).unwrap();
    assert_eq!(read("targets/x86_64-acme-linux-musl.json"), "{\"arch\":\"x86_64\"}");
    assert!(read(".cargo/config.toml").contains("target = \"targets/x86_64-acme-linux-musl.json\""));
    assert!(read("README.md").contains("cargo build --profile release\n"));
}

/// Some minutes of compiling: `cargo test -p rustle-build --test template -- --ignored`.
#[test]
#[ignore = "compiles a runner with all that it depends on"]
fn plain_cargo_builds_a_project_with_few_modules() {
    let words = ["module-command", "module-ping"].map(str::to_owned).to_vec();
    let template = Template { features: words, profile: "dev".into(), rustflags: Vec::new(), ..Template::new(&own_triple()) };
    let dir = tempfile::tempdir().unwrap();
    template.write(dir.path()).unwrap();
    let out = Command::new("cargo")
        .args(["build", "--offline"])
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let runner = dir.path().join("target").join(own_triple()).join("debug/rustle-runner");
    let said = Command::new(&runner).arg("--modules").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "rustle-runner carries the modules: command,ping;\n");
    let bytes = std::fs::read(&runner).unwrap();
    assert_eq!(rustle_build::carried::modules(&bytes), ["command", "ping"]);
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
