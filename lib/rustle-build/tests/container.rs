//! Building in containers: with an engine made of a shell script, and with a real one. The latter needs an image of
//! `scripts/container-image`, named by RUSTLE_TEST_IMAGE when the tests are compiled; else it is listed as ignored.

mod machine;

use machine::{ARM, Machine, target, unprebuilt};
use rustle_build::{Cache, Context, Settings, obtain, own_triple, wanted};
use rustle_stream::record::Target;
use rustle_toolchain::{Env, detect};
use std::process::Command;
use std::time::Duration;

/// Runs what it is given on this machine, where the mounts name their sources.
const DOCKER: &str = r#"
here=$(dirname "$0")
echo "$*" >> "$here/engine"
case $1 in
--version) echo "Docker version 20.10"; exit 0;;
version) echo 20.10; exit 0;;
info) echo '["name=seccomp"]'; exit 0;;
image) [ -e "$here/image" ]; exit;;
rm) exit 0;;
esac
for w; do case $w in type=bind,source=*,target=/rustle/project) dir=${w#type=bind,source=}; dir=${dir%,target=*};; esac; done
while [ "$1" != -c ]; do shift; done
script=$2; shift 3
echo "flags [$RUSTFLAGS]" >> "$here/engine"
cd "$dir" && PATH="$here:$PATH" exec sh -c "$script" sh "$1" "$2" $(echo "$@" | cut -d' ' -f3- | sed "s,/rustle/project,$dir,")
"#;

fn contained() -> Machine {
    let mut m = Machine::new(&[], false);
    m.script("docker", DOCKER);
    m.set("RUSTLE_DOCKER_IMAGE", "me/rust-{triple}");
    m.set("RUSTLE_DOCKER_REGISTRY", "registry.example");
    std::fs::write(m.path("image"), "").unwrap();
    m
}

fn engine(m: &Machine) -> Vec<String> {
    let text = std::fs::read_to_string(m.path("engine")).unwrap_or_default();
    _ = std::fs::remove_file(m.path("engine"));
    text.lines().map(str::to_owned).collect()
}

fn only() -> Settings {
    Settings { backends: Some(vec!["container".into()]), ..unprebuilt() }
}

#[test]
fn cargo_runs_in_the_image_of_the_platform() {
    let mut m = contained();
    let list = wanted(&[target("a", ARM)]);
    let got = m.obtain(only(), &list);
    assert_eq!((got[0].failed.as_deref(), got[0].source.as_str()), (None, "container"));
    let calls = engine(&m);
    let run = calls.iter().find(|c| c.starts_with("run ")).unwrap();
    for part in ["--rm --name rustle-build-", "--cap-drop all", "--pull never", "--memory=4294967296", ",target=/rustle/project ", " registry.example/me/rust-aarch64-unknown-linux-musl "] {
        assert!(run.contains(part), "'{part}' is not in: {run}");
    }
    assert!(!run.contains("--network") && !calls.iter().any(|c| c.starts_with("rm ")), "{calls:?}");
    // The image has cargo-zigbuild.
    assert!(m.calls()[0].contains("cargo zigbuild --target aarch64-unknown-linux-musl --bin=rustle-runner"));
    assert_eq!(m.obtain(only(), &list)[0].source, "cache");
    m.set("RUSTLE_CONTAINER_CPUS", "2");
    m.set("RUSTLE_CONTAINER_MEMORY", "1000000000");
    m.set("RUSTLE_CONTAINER_NETWORK", "build");
    m.obtain(Settings { refresh: true, ..only() }, &list);
    let run = engine(&m).into_iter().find(|c| c.starts_with("run ")).unwrap();
    assert!(run.contains("--memory=1000000000 --cpus=2 --network=build"), "{run}");
    m.obtain(Settings { refresh: true, offline: true, ..only() }, &list);
    let calls = engine(&m).join(" ");
    assert!(calls.contains("--network=none ") && calls.contains(" --offline flags ["), "{calls}");
    // Another image is another compiler.
    m.set("RUSTLE_DOCKER_IMAGE", "other");
    assert_eq!(m.obtain(only(), &list)[0].source, "container");
}

#[test]
fn no_image_is_fetched_unasked() {
    let mut m = contained();
    let list = wanted(&[target("a", ARM)]);
    std::fs::remove_file(m.path("image")).unwrap();
    let why = m.obtain(only(), &list)[0].failed.clone().unwrap();
    assert!(why.contains("container: the image registry.example/me/rust-aarch64-unknown-linux-musl is not on this machine; build.container_pull = true fetches it"), "{why}");
    assert!(!engine(&m).iter().any(|c| c.starts_with("run ")));
    m.set("RUSTLE_CONTAINER_PULL", "true");
    let why = m.obtain(Settings { offline: true, ..only() }, &list)[0].failed.clone().unwrap();
    assert!(why.contains("is not on this machine; "), "{why}");
    assert_eq!(m.obtain(only(), &list)[0].failed, None);
    assert!(engine(&m).iter().any(|c| c.contains("--pull missing")));
    m.set("RUSTLE_CROSS_COMPILE_DOCKER", "false");
    let why = m.obtain(Settings { refresh: true, ..only() }, &list)[0].failed.clone().unwrap();
    assert!(why.contains("container: switched off (build.container)"), "{why}");
}

#[test]
fn a_container_that_hangs_is_removed() {
    let m = contained();
    m.does("cargo", "echo $$ > \"$here/hangs\"; sleep 300");
    let mut limit = Duration::from_secs(1);
    while !m.path("hangs").exists() {
        let why = m.obtain(Settings { timeout: limit, ..only() }, &wanted(&[target("a", ARM)]))[0].failed.clone().unwrap();
        assert!(why.contains("container: it took longer than"), "{why}");
        limit *= 2;
    }
    let calls = engine(&m);
    let name = calls.iter().filter_map(|c| c.split_once("--name ")).next_back().unwrap().1.split(' ').next().unwrap().to_owned();
    assert!(calls.contains(&format!("rm --force {name}")), "{calls:?}");
}

/// The settings for the image of `scripts/container-image`, on this very machine.
#[cfg(test)]
fn real() -> (Vec<(std::ffi::OsString, std::ffi::OsString)>, tempfile::TempDir) {
    let image = option_env!("RUSTLE_TEST_IMAGE").unwrap_or_default();
    let mut vars: Vec<_> = std::env::vars_os().filter(|(k, _)| !k.to_string_lossy().starts_with("RUSTLE_CACHE")).collect();
    vars.push(("RUSTLE_DOCKER_IMAGE".into(), image.into()));
    (vars, tempfile::tempdir().unwrap())
}

fn engine_of(env: &Env) -> String {
    env.var("RUSTLE_CONTAINER_ENGINE").map_or_else(|| detect(env).tools.iter().find(|t| t.works && (t.name == "docker" || t.name == "podman")).unwrap().name.clone(), str::to_owned)
}

/// Names of containers of builds, whatever their state.
fn containers(engine: &str) -> String {
    let out = Command::new(engine).args(["ps", "--all", "--filter", "label=rustle=build", "--format", "{{.Names}}"]).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
#[cfg_attr(not(rustle_image), ignore = "needs scripts/container-image and RUSTLE_TEST_IMAGE")]
fn a_real_engine_builds_a_runner_that_runs() {
    let (vars, dir) = real();
    let env = Env::of(vars);
    let engine = engine_of(&env);
    let own = own_triple();
    let target = Target { host: "here".into(), triple: own.clone(), libc: Some("glibc".into()), libc_version: Some("2.17".into()), ..Target::default() };
    let cache = Cache::at(dir.path(), 1 << 30);
    let get = |timeout: u64| {
        let settings = Settings { profile: Some("dev".into()), offline: true, timeout: Duration::from_secs(timeout), size_limit: 1 << 30, ..only() };
        let context = Context { env: &env, cache: &cache, settings: &settings, templates: &[], caps: &|| detect(&env), progress: &|_| {} };
        let mut wanted = wanted(std::slice::from_ref(&target));
        wanted[0].candidates.truncate(1);
        obtain(&context, &wanted).remove(0)
    };
    // Long enough to begin, too short to end.
    let why = get(4).failed.unwrap();
    assert!(why.contains("container: it took longer than 4 seconds and was killed"), "{why}");
    assert_eq!(containers(&engine), "");
    let got = get(1700);
    assert_eq!((got.failed.as_deref(), got.source.as_str(), got.triple.as_str()), (None, "container", own.as_str()));
    let out = Command::new(&got.path).arg("--version").output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("rustle-runner "), "{out:?}");
    assert_eq!(containers(&engine), "");
    use std::os::unix::fs::MetadataExt;
    let made = cache.workshop(&format!("{own}-container")).join("target").metadata().unwrap();
    assert_eq!(made.uid(), dir.path().metadata().unwrap().uid());
    assert_eq!(get(1700).source, "cache");
}
