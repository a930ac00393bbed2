//! Runners from machines made of shell scripts: what is tried, in which order, and what is said when nothing works.

mod machine;

use machine::{ARM, Machine, arm, target, unprebuilt};
use rustle_build::{Cache, Context, Settings, obtain, own_triple, wanted};
use rustle_stream::record::{RunnerTemplate, Target};
use rustle_toolchain::Env;
use std::path::Path;
use std::time::Duration;

#[test]
fn built_once_then_remembered() {
    let m = Machine::new(&[ARM], false);
    let list = wanted(&[target("a", ARM), target("b", ARM)]);
    let first = m.obtain(unprebuilt(), &list);
    assert_eq!(first.len(), 1);
    let a = &first[0];
    assert_eq!((a.source.as_str(), a.failed.as_deref(), a.hosts.join(" ").as_str()), ("zigbuild", None, "a b"));
    let calls = m.calls();
    assert!(calls[0].starts_with("cargo-zigbuild zigbuild --bin=rustle-runner --profile release --target aarch64-unknown-linux-musl --target-dir "), "{calls:?}");
    let said = m.lines.lock().unwrap().join("\n");
    assert!(said.contains("done: 3, total: 7, what: \"serde\""), "{said}");
    assert!(calls[0].ends_with(" [] "), "the user's RUSTFLAGS are not the runner's: {calls:?}");
    let second = m.obtain(unprebuilt(), &list);
    assert_eq!((second[0].source.as_str(), &second[0].sha256), ("cache", &a.sha256));
    assert_eq!(m.calls().len(), 0);
    // Damage is noticed, and mended by a build.
    std::fs::write(&a.path, "x").unwrap();
    assert_eq!(m.obtain(unprebuilt(), &list)[0].source, "zigbuild");
    // Another choice is another runner.
    let record = RunnerTemplate { triple: ARM.into(), features: vec!["module-copy".into()], ..RunnerTemplate::default() };
    assert_eq!(m.obtain_with(unprebuilt(), &[record], &list)[0].source, "zigbuild");
    let offline = Settings { refresh: true, offline: true, ..unprebuilt() };
    m.calls();
    assert_eq!(m.obtain(offline, &list)[0].source, "zigbuild");
    assert!(m.calls()[0].contains(" --offline "));
}

/// Such a runner, as one with few modules says which it has.
fn limited(modules: &str) -> Vec<u8> {
    [arm(), format!("rustle-runner carries the modules: {modules};\n").into_bytes()].concat()
}

#[test]
fn who_asks_for_a_special_runner_gets_that_one() {
    let m = Machine::new(&[ARM], false);
    std::fs::write(m.path("installed"), arm()).unwrap();
    let list = wanted(&[target("a", ARM)]);
    assert_eq!(m.obtain(Settings::default(), &list)[0].source, "prebuilt");
    let usual = RunnerTemplate { triple: ARM.into(), profile: "release".into(), ..RunnerTemplate::default() };
    assert_eq!(m.obtain_with(Settings::default(), std::slice::from_ref(&usual), &list)[0].source, "prebuilt");
    let few = RunnerTemplate { features: vec!["module-copy".into()], ..usual };
    m.binary(&limited("copy"));
    for source in ["zigbuild", "cache"] {
        let got = m.obtain_with(Settings::default(), std::slice::from_ref(&few), &list);
        assert_eq!((got[0].source.as_str(), got[0].modules.join(" ").as_str()), (source, "copy"));
    }
    // The host's own flags are no less a wish.
    let own = Target { rustflags: vec!["-Ctarget-cpu=cortex-a53".into()], ..target("b", ARM) };
    m.calls();
    let got = m.obtain(Settings::default(), &wanted(&[own]));
    assert_eq!((got[0].source.as_str(), got[0].failed.as_deref()), ("zigbuild", None));
    assert!(m.calls()[0].contains("[-Ctarget-cpu=cortex-a53]"));
}

#[test]
fn a_specification_is_built_with_its_own_linker() {
    const OWN: &str = "aarch64-acme-linux-musl";
    let m = Machine::new(&[], true);
    m.does("cargo", &format!("mkdir -p $d/{OWN}/$p; cp $here/binary $d/{OWN}/$p/rustle-runner"));
    let path = m.path("aarch64-acme-linux-musl.json");
    let list = || wanted(&[Target { spec: Some(path.display().to_string()), ..target("board", OWN) }]);
    std::fs::write(&path, "{}").unwrap();
    let why = m.obtain(Settings::default(), &list())[0].failed.clone().unwrap();
    assert!(why.contains("the specification of aarch64-acme-linux-musl names no 'linker', and CARGO_TARGET_AARCH64_ACME_LINUX_MUSL_LINKER is not set"), "{why}");
    std::fs::write(&path, r#"{"linker": "acme-ld"}"#).unwrap();
    m.calls();
    let got = m.obtain(Settings::default(), &list());
    assert_eq!((got[0].source.as_str(), got[0].failed.as_deref(), got[0].triple.as_str()), ("build-std", None, OWN));
    let call = &m.calls()[0];
    assert!(call.starts_with("cargo build -Zbuild-std=std,panic_abort ") && call.contains(" --target targets/aarch64-acme-linux-musl.json "), "{call}");
    // Another text of the same name is another runner.
    std::fs::write(&path, r#"{"linker": "acme-ld", "cpu": "x"}"#).unwrap();
    assert_eq!(m.obtain(Settings::default(), &list())[0].source, "build-std");
    assert_eq!(m.obtain(Settings::default(), &list())[0].source, "cache");
}

#[test]
fn an_installed_runner_with_few_modules_is_left() {
    let m = Machine::new(&[ARM], false);
    std::fs::write(m.path("installed"), limited("copy,file")).unwrap();
    let list = wanted(&[target("a", ARM)]);
    assert_eq!(m.obtain(Settings::default(), &list)[0].source, "zigbuild");
    let got = m.obtain(Settings { no_build: true, refresh: true, ..Settings::default() }, &list);
    let why = got[0].failed.clone().unwrap();
    assert!(why.contains("installed: it has only the modules copy, file"), "{why}");
}

#[test]
fn the_smallest_has_a_standard_library_of_its_own() {
    let m = Machine::new(&[ARM], true);
    let list = wanted(&[target("a", ARM)]);
    let small = Settings { profile: Some("small".into()), ..unprebuilt() };
    assert_eq!(m.obtain(small, &list)[0].source, "build-std");
    let call = &m.calls()[0];
    assert!(call.contains("-Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size ") && call.contains("-Cforce-unwind-tables=no"), "{call}");
    // Where its sources are not there, a ready one does.
    let m = Machine::new(&[ARM], false);
    let small = Settings { profile: Some("small".into()), ..unprebuilt() };
    assert_eq!(m.obtain(small, &list)[0].source, "zigbuild");
}

#[test]
fn back_ends_are_tried_in_order_and_each_says_why_not() {
    let m = Machine::new(&[], true);
    m.does("cargo-zigbuild", "echo 'error: linking failed' >&2; exit 1");
    let list = wanted(&[target("a", ARM)]);
    let got = m.obtain(unprebuilt(), &list);
    let why = got[0].failed.clone().unwrap();
    let parts = [
        "aarch64-unknown-linux-musl: zigbuild: the standard library for aarch64-unknown-linux-musl is not installed",
        "aarch64-unknown-linux-musl: cargo: the standard library for aarch64-unknown-linux-musl is not installed",
        "aarch64-unknown-linux-musl: build-std: error: linking failed (all of it: ",
        "aarch64-unknown-linux-gnu: zigbuild: ",
    ];
    let mut rest = why.as_str();
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("'{part}' is not in its place in: {why}"));
        rest = &rest[at + part.len()..];
    }
    assert!(m.path("cache/logs/aarch64-unknown-linux-musl-build-std.log").exists());
    m.calls();
    m.does("cargo-zigbuild", "build");
    assert_eq!(m.obtain(unprebuilt(), &list)[0].source, "build-std");
    let calls = m.calls();
    assert!(calls[0].contains(" -Zbuild-std=std,panic_abort ") && calls[0].ends_with("[-Clink-self-contained=no] 1"), "{calls:?}");
    let chosen = Settings { backends: Some(vec!["container".into()]), refresh: true, ..unprebuilt() };
    let why = m.obtain(chosen, &list)[0].failed.clone().unwrap();
    assert!(why.starts_with("aarch64-unknown-linux-musl: container: no image is named (build.container_image)"), "{why}");
}

#[test]
fn a_wrong_binary_is_no_runner() {
    let m = Machine::new(&[ARM], false);
    m.binary(&std::fs::read("/proc/self/exe").unwrap());
    let why = m.obtain(unprebuilt(), &wanted(&[target("a", ARM)]))[0].failed.clone().unwrap();
    assert!(why.contains(&format!("zigbuild: it is for {}", std::env::consts::ARCH)), "{why}");
}

#[test]
fn a_build_that_hangs_is_killed() {
    let m = Machine::new(&[ARM], false);
    m.does("cargo-zigbuild", "sleep 30").does("cargo", "exit 1");
    let settings = Settings { timeout: Duration::from_millis(300), ..unprebuilt() };
    let begun = std::time::Instant::now();
    let why = m.obtain(settings, &wanted(&[target("a", ARM)]))[0].failed.clone().unwrap();
    assert!(why.contains("zigbuild: it took longer than 0 seconds and was killed"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn hosts_that_differ_get_runners_that_differ() {
    let m = Machine::new(&[ARM, &own_triple()], false);
    let unknown = Target { host: "c".into(), reason: Some("no answer".into()), ..Target::default() };
    let old = Target { libc: Some("glibc".into()), libc_version: Some("2.17".into()), ..target("d", "aarch64-unknown-linux-gnu") };
    let got = m.obtain(unprebuilt(), &wanted(&[target("a", ARM), unknown, target("b", ARM), old]));
    // The gnu host's own runner cannot be built; the static one that serves the others fits it, too.
    assert_eq!(got.len(), 2, "{got:?}");
    assert_eq!((got[0].triple.as_str(), got[0].hosts.join(" ").as_str()), (ARM, "a b d"));
    assert_eq!(got[1].failed.as_deref(), Some("the platform is unknown: no answer"));
    let none = Settings { no_build: true, refresh: true, ..unprebuilt() };
    assert!(m.obtain(none, &wanted(&[target("a", ARM)]))[0].failed.as_deref().unwrap().ends_with("nothing is built (--no-build)"));
}

#[test]
fn an_installed_runner_needs_no_compiler() {
    let m = Machine::new(&[], false);
    let dir = m.path("libexec");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join(format!("rustle-runner-{ARM}")), arm()).unwrap();
    let env = Env::of([("RUSTLE_RUNNER", dir.to_str().unwrap())]);
    let settings = Settings::default();
    let context = Context {
        env: &env,
        cache: &Cache::at(Path::new("/nonexistent"), 0),
        settings: &settings,
        templates: &[],
        caps: &|| panic!("nobody asks"),
        progress: &|_| {},
    };
    let got = obtain(&context, &wanted(&[target("a", ARM)]));
    assert_eq!((got[0].source.as_str(), got[0].path.as_str()), ("prebuilt", dir.join(format!("rustle-runner-{ARM}")).to_str().unwrap()));
}
