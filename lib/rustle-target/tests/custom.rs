//! Platforms of the user's own: files that are read, and what is said of those that are wrong.

use rustle_stream::record::Target;
use rustle_target::custom::{named, read};
use rustle_target::{groups, table};
use rustle_toolchain::Env;

const SPEC: &str = r#"{"llvm-target": "aarch64-unknown-linux-musl", "data-layout": "e-m:e", "arch": "aarch64", "target-pointer-width": "64", "os": "linux"}"#;

fn written(name: &str, text: &str) -> Result<Target, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    read(&path).map_err(|e| e.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

#[test]
fn a_base_and_flags() {
    let board = written("board.toml", "base = \"armv7-linux-gnueabihf\"\nrustflags = [\"-Ctarget-cpu=cortex-a9\"]\nlibc_version = \"2.31\"\n").unwrap();
    assert_eq!((board.triple.as_str(), board.libc.as_deref(), board.libc_version.as_deref()), ("armv7-unknown-linux-gnueabihf", Some("glibc"), Some("2.31")));
    assert_eq!((board.rustflags.join(" ").as_str(), board.spec), ("-Ctarget-cpu=cortex-a9", None));
    for (text, want) in [
        ("base = \"armv7-linux-gnueabihv\"", "b.toml: base: unknown platform 'armv7-linux-gnueabihv'; did you mean 'armv7-unknown-linux-gnueabihf'?"),
        ("base = \"x86_64-linux-gnu\"\nrustflags = [\"-C target-cpu=x\"]", "b.toml: rustflags: '-C target-cpu=x' is no single flag; write '-C target-cpu=x' as '-Ctarget-cpu=x'"),
        ("base = \"x86_64-linux-gnu\"\nrustflags = [\"--target=x\"]", "b.toml: rustflags: '--target=x' is rustle's to say"),
        ("base = \"x86_64-linux-gnu\"\nlibc_version = \"new\"", "b.toml: libc_version: 'new' is no version"),
    ] {
        assert_eq!(written("b.toml", text).unwrap_err(), want);
    }
    let unknown = written("b.toml", "base = \"x86_64-linux-gnu\"\nflags = []").unwrap_err();
    assert!(unknown.contains("line 2") && unknown.contains("unknown field `flags`"), "{unknown}");
    assert!(written("b.toml", "rustflags = []").unwrap_err().contains("missing field `base`"));
}

#[test]
fn a_specification() {
    let own = written("aarch64-acme-linux-musl.json", SPEC).unwrap();
    assert_eq!((own.triple.as_str(), own.libc.as_deref()), ("aarch64-acme-linux-musl", Some("musl")));
    assert!(own.spec.as_deref().is_some_and(|s| s.starts_with('/') && s.ends_with("/aarch64-acme-linux-musl.json")), "{own:?}");
    let name = "aarch64-acme-linux-musl.json";
    for (file, text, want) in [
        ("board.json", SPEC.to_owned(), "its name is the platform's, and must be made like a triple: aarch64-acme-linux-musl.json"),
        ("aarch64-unknown-linux-musl.json", SPEC.to_owned(), "aarch64-unknown-linux-musl is a platform that rustc knows; give the file another name"),
        ("x86_64-acme-linux-musl.json", SPEC.to_owned(), "it is for aarch64, and its name begins with x86_64"),
        ("aarch64-acme-freebsd.json", SPEC.to_owned(), "'os' is linux, which its name does not have"),
        (name, SPEC.replace("llvm-target", "llvm_target"), "'llvm-target' is missing (it has 'llvm_target')"),
        (name, SPEC.replace("\"linux\"", "\"none\""), "'os' names no operating system, and the runner needs one with Rust's standard library"),
        (name, "[]".to_owned(), "it is no JSON object"),
        ("aarch64-acme-linux.yaml", SPEC.to_owned(), "a target's file ends in .json (a target specification of rustc) or .toml (a base and rustflags)"),
    ] {
        assert_eq!(written(file, &text).unwrap_err(), format!("{file}: {want}"));
    }
    assert!(written(name, "{\n\"arch\":,\n}").unwrap_err().starts_with("aarch64-acme-linux-musl.json: line 2: it is no JSON: "));
    assert!(read(std::path::Path::new("/nowhere/a.json")).unwrap_err().to_string().starts_with("/nowhere/a.json: No such file"));
}

#[test]
fn files_are_found_by_name_in_the_users_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("kiosk.toml"), "base = \"i686-linux-musl\"\nrustflags = [\"-Ctarget-cpu=geode\"]\n").unwrap();
    let env = Env::of([("RUSTLE_TARGET_PATH", dir.path().to_str().unwrap())]);
    let kiosk = named(&env, "kiosk").unwrap();
    assert_eq!((kiosk.triple.as_str(), kiosk.rustflags.len()), ("i686-unknown-linux-musl", 1));
    assert_eq!(named(&env, "kiosc").unwrap_err().to_string(), "unknown platform 'kiosc'; did you mean 'kiosk'?");
    assert_eq!(named(&Env::default(), "kiosk").unwrap_err().to_string(), "unknown platform 'kiosk'");
}

#[test]
fn hosts_that_are_alike_stand_together() {
    let host = |name: &str, triple: &str, libc: Option<&str>, version: Option<&str>| Target {
        host: name.into(),
        triple: triple.into(),
        libc: libc.map(Into::into),
        libc_version: version.map(Into::into),
        known_by: "probe".into(),
        ..Target::default()
    };
    let web = |n: &str| host(n, "x86_64-unknown-linux-gnu", Some("glibc"), Some("2.36"));
    let mut pi = host("pi", "armv7-unknown-linux-gnueabihf", Some("glibc"), Some("2.36"));
    pi.reason = Some("32-bit userland on a aarch64 kernel".into());
    let mut fast = web("fast");
    fast.rustflags = vec!["-Ctarget-cpu=x86-64-v3".into()];
    let mut lost = host("lost", "", None, None);
    lost.reason = Some("the host could not be asked: connection refused".into());
    let all = [web("web1"), pi, web("web2"), fast, lost];
    let names: Vec<Vec<&str>> = groups(&all).iter().map(|g| g.members.iter().map(|m| m.host.as_str()).collect()).collect();
    assert_eq!(names, [vec!["web1", "web2"], vec!["pi"], vec!["fast"], vec!["lost"]]);
    assert_eq!(
        table(&all),
        "\
TARGET                         LIBC        HOSTS  KNOWN BY
x86_64-unknown-linux-gnu       glibc 2.36      2  probe     web1 web2
armv7-unknown-linux-gnueabihf  glibc 2.36      1  probe     pi
x86_64-unknown-linux-gnu       glibc 2.36      1  probe     fast
unknown                        -               1  probe     lost
pi: 32-bit userland on a aarch64 kernel
fast: built with -Ctarget-cpu=x86-64-v3
lost: the host could not be asked: connection refused
"
    );
}
