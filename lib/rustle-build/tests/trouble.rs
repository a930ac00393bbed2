//! Builds that go wrong in the ways of real machines: what is tried again, what is left behind.

mod machine;

use machine::{ARM, Machine, arm, target, unprebuilt};
use rustle_build::{Artifact, Cache, Context, Settings, obtain, wanted};
use rustle_toolchain::{Env, detect, process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn zigbuild() -> Settings {
    Settings { backends: Some(vec!["zigbuild".into()]), refresh: true, ..unprebuilt() }
}

#[test]
fn a_damaged_folder_is_made_anew_once() {
    let m = Machine::new(&[ARM], false);
    let list = wanted(&[target("a", ARM)]);
    m.does("cargo-zigbuild", "[ -e \"$d/spoilt\" ] && { echo 'error[E0463]: can'\"'\"'t find crate for `serde`' >&2; exit 1; }; build");
    assert_eq!(m.obtain(zigbuild(), &list)[0].failed, None);
    let folder = m.path("cache/build").join(format!("{ARM}-zigbuild"));
    std::fs::write(folder.join("target/spoilt"), "").unwrap();
    (m.calls(), m.said());
    assert_eq!(m.obtain(zigbuild(), &list)[0].failed, None);
    assert_eq!(m.calls().len(), 2);
    let said = m.said();
    assert!(said.contains("Again {") && said.contains("a compiled crate is missing"), "{said}");
    assert!(!folder.join("target/spoilt").exists());
    assert!(m.path("cache/logs").join(format!("{ARM}-zigbuild.log")).exists(), "the first failure's output is kept");
    // Where that does not help, both outputs are kept, and the next back end has its turn.
    m.does("cargo-zigbuild", "echo 'error[E0786]: found invalid metadata files for crate `libc`' >&2; exit 1");
    let both = Settings { backends: Some(vec!["zigbuild".into(), "container".into()]), ..zigbuild() };
    let why = m.obtain(both, &list)[0].failed.clone().unwrap();
    assert_eq!(m.calls().len(), 2);
    assert!(why.contains("-zigbuild-again.log) (in an empty folder, too); aarch64-unknown-linux-musl: container: no image"), "{why}");
    // In an empty folder there is nothing to be cleaned.
    std::fs::remove_dir_all(&folder).unwrap();
    m.obtain(zigbuild(), &list);
    assert_eq!(m.calls().len(), 1);
}

#[test]
fn a_mistake_in_the_code_is_not_tried_again() {
    let m = Machine::new(&[ARM], false);
    let list = wanted(&[target("a", ARM)]);
    m.obtain(zigbuild(), &list);
    m.calls();
    m.does("cargo-zigbuild", "echo 'error[E0308]: mismatched types' >&2; exit 1");
    assert!(m.obtain(zigbuild(), &list)[0].failed.as_ref().unwrap().contains("mismatched types"));
    assert_eq!(m.calls().len(), 1);
}

#[test]
fn a_cut_binary_is_linked_anew() {
    let m = Machine::new(&[ARM], false);
    let list = wanted(&[target("a", ARM)]);
    // Cargo finds its work done as long as the folder says so.
    m.does("cargo-zigbuild", "[ -e \"$d/done\" ] || { build; touch \"$d/done\"; }");
    assert_eq!(m.obtain(zigbuild(), &list)[0].failed, None);
    let binary = m.path("cache/build").join(format!("{ARM}-zigbuild/target/{ARM}/release/rustle-runner"));
    std::fs::write(&binary, "").unwrap();
    let got = m.obtain(zigbuild(), &list);
    assert_eq!((got[0].failed.as_deref(), got[0].size), (None, 64));
    assert!(m.said().contains("the binary is damaged"));
}

#[test]
fn a_hanging_compiler_dies_with_all_below_it() {
    let m = Machine::new(&[ARM], false);
    m.does("cargo-zigbuild", "echo $$ > \"$here/pids\"; setsid sh -c 'echo $$ >> \"$0/pids\"; sleep 300' \"$here\" & sleep 300");
    let mut limit = Duration::from_millis(500);
    // A busy machine may need longer until both run.
    let pids = loop {
        let why = m.obtain(Settings { timeout: limit, ..zigbuild() }, &wanted(&[target("a", ARM)]))[0].failed.clone().unwrap();
        assert!(why.contains("and was killed"), "{why}");
        let pids = pids(&m.path("pids"));
        if pids.len() == 2 {
            break pids;
        }
        limit *= 2;
    };
    assert_gone(&pids);
}

fn pids(path: &Path) -> Vec<i32> {
    std::fs::read_to_string(path).unwrap_or_default().lines().filter_map(|l| l.parse().ok()).collect()
}

/// They end soon; a zombie that nobody has fetched yet is gone, too.
fn assert_gone(pids: &[i32]) {
    let lives = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    };
    patiently(|| !pids.iter().any(lives));
}

fn patiently(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not happen within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What [`a_process_that_builds`] does, in a process of its own. `wrap` is put before its command line.
fn elsewhere(m: &Machine, cache: &Path, wrap: &[&str]) -> Child {
    let own = std::env::current_exe().unwrap();
    let words: Vec<&str> = wrap.iter().copied().chain([own.to_str().unwrap(), "--exact", "a_process_that_builds", "--ignored", "--nocapture"]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("TEST_MACHINE", m.dir.path()).env("TEST_CACHE", cache);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
#[ignore = "started by other tests, for a process of its own"]
fn a_process_that_builds() {
    let dir = PathBuf::from(std::env::var("TEST_MACHINE").unwrap());
    let cache = std::env::var("TEST_CACHE").unwrap();
    let mut vars = vec![("PATH".to_owned(), format!("{}:/usr/bin:/bin", dir.display())), ("HOME".into(), dir.display().to_string()), ("RUSTLE_CACHE_DIR".into(), cache)];
    vars.extend(std::env::var("TEST_WORK").ok().map(|w| ("RUSTLE_COMPILE_TEMP_DIR".to_owned(), w)));
    let env = Env::of(vars);
    let settings = Settings { refresh: std::env::var("TEST_REFRESH").is_ok(), ..zigbuild() };
    process::die_with_children();
    let context = Context { env: &env, cache: &Cache::of(&env).unwrap(), settings: &settings, templates: &[], caps: &|| detect(&env), progress: &|_| {} };
    let got: Vec<Artifact> = obtain(&context, &wanted(&[target("a", ARM)]));
    std::fs::write(dir.join(format!("got-{}", std::process::id())), format!("{} {:?}", got[0].source, got[0].failed)).unwrap();
}

#[test]
fn whoever_is_interrupted_or_killed_leaves_no_compiler() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGKILL] {
        let m = Machine::new(&[ARM], false);
        m.does("cargo-zigbuild", "echo $$ > \"$here/pids\"; sh -c 'echo $$ >> \"$0/pids\"; sleep 300' \"$here\"");
        let mut child = elsewhere(&m, &m.path("cache"), &[]);
        patiently(|| pids(&m.path("pids")).len() == 2);
        // SAFETY: the child has not been waited for.
        unsafe { libc::kill(child.id() as i32, signal) };
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(signal));
        assert_gone(&pids(&m.path("pids")));
        // Nor a runner, nor half of one; and the next build finds nothing in its way.
        assert_eq!(std::fs::read_dir(m.path("cache/runners")).map_or(0, Iterator::count), 0);
        m.does("cargo-zigbuild", "build");
        assert_eq!(m.obtain(zigbuild(), &wanted(&[target("a", ARM)]))[0].failed, None);
    }
}

#[test]
fn two_processes_build_a_runner_once() {
    let m = Machine::new(&[ARM], false);
    // The first one goes on when the second waits for it.
    m.does("cargo-zigbuild", "for i in $(seq 100); do [ -e \"$here/second\" ] && break; sleep 0.1; done; sleep 0.3; build");
    let first = elsewhere(&m, &m.path("cache"), &[]);
    patiently(|| m.path("calls").exists());
    let second = elsewhere(&m, &m.path("cache"), &[]);
    std::fs::write(m.path("second"), "").unwrap();
    let mut got: Vec<String> = [first, second]
        .into_iter()
        .map(|child| {
            let id = child.id();
            let out = child.wait_with_output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
            std::fs::read_to_string(m.path(&format!("got-{id}"))).unwrap()
        })
        .collect();
    got.sort();
    assert_eq!(got, ["cache None", "zigbuild None"]);
    assert_eq!(m.calls().len(), 1);
}

#[test]
#[cfg_attr(not(rustle_unshare), ignore = "needs `unshare --user --map-root-user --mount`")]
fn a_full_disk_is_named_and_left_clean() {
    let mut runner = arm();
    runner.resize(600 << 10, 1);
    // The sources do not fit; they do, elsewhere, and the runner does not.
    for work in [None, Some("work")] {
        let m = Machine::new(&[ARM], false);
        m.binary(&runner);
        let cache = m.path("full");
        std::fs::create_dir(&cache).unwrap();
        let work = work.map(|w| format!("export TEST_WORK={};", m.path(w).display())).unwrap_or_default();
        let script = format!(
            "mount -t tmpfs -o size=300k none {0}; {work} \"$@\"; code=$?; ls -A {0}/runners > {1} 2>/dev/null; ls -A {0}/build > {1}.build 2>/dev/null; exit $code",
            cache.display(),
            m.path("left").display()
        );
        let child = elsewhere(&m, &cache, &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{} {}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let got = std::fs::read_dir(m.dir.path()).unwrap().flatten().find(|e| e.file_name().to_string_lossy().starts_with("got-")).unwrap();
        let got = std::fs::read_to_string(got.path()).unwrap();
        assert!(got.contains("no space is left; free some, `rustle-compile --cache-prune`"), "{got}");
        assert_eq!(std::fs::read_to_string(m.path("left")).unwrap(), "", "no half of a runner");
        assert_eq!(std::fs::read_to_string(m.path("left.build")).unwrap(), "", "no sources that fill the disk");
    }
}

#[test]
fn builds_run_side_by_side_and_no_more_than_allowed() {
    let triples = ["aarch64-unknown-linux-musl", "armv7-unknown-linux-musleabihf", "i686-unknown-linux-musl", "riscv64gc-unknown-linux-musl", "x86_64-unknown-freebsd"];
    let m = Machine::new(&triples, false);
    // Each waits for a while until another one runs beside it.
    m.does("cargo-zigbuild", "echo $CARGO_BUILD_JOBS >> \"$here/jobs\"; echo + >> \"$here/run\"; for i in $(seq 300); do [ $(grep -c + \"$here/run\") -ge 2 ] && break; sleep 0.1; done; sleep 0.2; echo - >> \"$here/run\"; exit 1");
    let mut list: Vec<_> = triples.iter().flat_map(|t| wanted(&[target("a", t)])).collect();
    list.iter_mut().for_each(|w| w.candidates.truncate(1));
    m.obtain(Settings { parallel: 2, ..zigbuild() }, &list);
    let text = std::fs::read_to_string(m.path("run")).unwrap();
    let (mut now, mut most) = (0, 0);
    for word in text.lines() {
        now += if word == "+" { 1 } else { -1 };
        most = most.max(now);
    }
    assert_eq!((text.matches('+').count(), most), (5, 2), "{text}");
    // They share the processors.
    let processors = std::thread::available_parallelism().unwrap().to_string();
    assert!(std::fs::read_to_string(m.path("jobs")).unwrap().lines().all(|jobs| jobs == processors));
}

#[test]
fn a_folder_that_somebody_else_prepared_is_not_built_in() {
    let m = Machine::new(&[ARM], false);
    let build = m.path("cache/build");
    std::fs::create_dir_all(&build).unwrap();
    std::fs::create_dir(m.path("theirs")).unwrap();
    std::os::unix::fs::symlink(m.path("theirs"), build.join(format!("{ARM}-zigbuild"))).unwrap();
    let why = m.obtain(zigbuild(), &wanted(&[target("a", ARM)]))[0].failed.clone().unwrap();
    assert!(why.contains("it is no folder of yours"), "{why}");
    assert_eq!((m.calls().len(), std::fs::read_dir(m.path("theirs")).unwrap().count()), (0, 0));
}
