//! The real thing: the runner for another processor, through template and compile, run under an emulator. Needs the
//! folder that `scripts/cross-setup` prepares, named by RUSTLE_CROSS_DIR when the tests are compiled; without it the
//! test is listed as ignored.

use rustle_build::{Cache, Context, Settings, elf, obtain, wanted};
use rustle_stream::record::Target;
use rustle_toolchain::{Env, detect};
use std::path::Path;
use std::process::Command;

#[test]
#[cfg_attr(not(rustle_cross), ignore = "needs scripts/cross-setup and RUSTLE_CROSS_DIR")]
fn a_runner_for_arm_runs() {
    let dir = std::env::var("RUSTLE_CROSS_DIR").expect("it was there when this was compiled");
    let dir = Path::new(&dir);
    let zig = std::fs::canonicalize(dir.join("bin/zig")).unwrap();
    let own = [("RUSTLE_RUSTC", dir.join("bin/rustc")), ("RUSTLE_ZIG_PATH", zig), ("RUSTLE_CARGO_ZIGBUILD", dir.join("bin/cargo-zigbuild"))];
    let env = || Env::of(std::env::vars_os().chain(own.iter().map(|(k, v)| ((*k).into(), v.clone().into_os_string()))));
    let settings = Settings { no_prebuilt: true, profile: Some("fast".into()), ..Settings::default() };
    let target = Target { host: "pi".into(), triple: "aarch64-unknown-linux-musl".into(), libc: Some("musl".into()), ..Target::default() };
    let (e, cache) = (env(), Cache::at(&dir.join("test-cache"), 1 << 30));
    let context = Context { env: &e, cache: &cache, settings: &settings, templates: &[], caps: &|| detect(&env()), progress: &|_| {} };
    let got = obtain(&context, &wanted(&[target]));
    assert_eq!(got[0].failed, None);
    assert_eq!((got[0].triple.as_str(), got[0].hosts.join(" ").as_str()), ("aarch64-unknown-linux-musl", "pi"));
    let binary = elf::inspect(&std::fs::read(&got[0].path).unwrap()).unwrap();
    assert!(binary.arch == "aarch64" && binary.is_static(), "{binary:?}");
    let out = Command::new("qemu-aarch64-static").arg(&got[0].path).arg("--version").output().expect("qemu-aarch64-static is installed");
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("rustle-runner "), "{out:?}");
}
