//! The assistant on machines made of shell scripts, and once with the real PyPI (where RUSTLE_TEST_PYPI was set when the
//! tests were compiled).

use rustle_cli::stage::{Captured, StageError, StageIo};
use rustle_setup::{Options, Site, assist};
use rustle_toolchain::{Env, working};
use std::ffi::OsString;
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;


fn script(dir: &Path, name: &str, body: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Makes virtual environments, and in them packages whose programs are these.
fn python(zig: &str, venv: bool) -> String {
    format!(
        r#"here=$(dirname "$0")
put() {{ mkdir -p "$(dirname "$1")"; printf '#!/bin/sh\n%s\n' "$2" > "$1"; chmod 755 "$1"; }}
case "$*" in
"-m ziglang version") echo "No module named ziglang" >&2; exit 1;;
"-m venv --clear "*) {venv} || {{ echo "Error: ensurepip is not available" >&2; exit 1; }}; mkdir -p "$4/bin"; cp "$0" "$4/bin/python3";;
"-m pip --version") echo pip 24;;
"-m pip install "*"--target "*) for w; do t=$before; before=$w; done; put "$t/ziglang/zig" '{zig}'; put "$t/bin/cargo-zigbuild" 'echo cargo-zigbuild 0.24.0';;
"-m pip install "*) put "$here/../lib/ziglang/zig" '{zig}'; put "$here/cargo-zigbuild" 'echo cargo-zigbuild 0.24.0';;
"-c "*) echo "$here/../lib";;
*) exit 9;;
esac"#
    )
}

const ZIG: &str = "echo 0.15.2";

struct Machine {
    dir: tempfile::TempDir,
    more: Vec<(String, String)>,
}
impl Machine {
    /// rustc, and a cargo that remembers what was fetched.
    fn new(tools: &[(&str, &str)]) -> Machine {
        let m = Machine { dir: tempfile::tempdir().unwrap(), more: Vec::new() };
        std::fs::create_dir(m.path("bin")).unwrap();
        for (name, body) in tools {
            script(&m.path("bin"), name, body);
        }
        script(&m.path("bin"), "rustc", &format!("case $1 in --print) echo {}/sysroot;; *) echo rustc 1.95.0;; esac", m.path("").display()));
        let log = m.path("fetched").display().to_string();
        script(&m.path("bin"), "cargo", &format!("case \"$*\" in -V) echo cargo 1.95.0;; *--offline*) test -e {log};; fetch*) echo \"$*\" >> {log};; *) exit 1;; esac"));
        for tool in ["tar", "gzip"] {
            let real = ["/usr/bin", "/bin"].map(|d| Path::new(d).join(tool)).into_iter().find(|p| p.exists()).unwrap();
            std::os::unix::fs::symlink(real, m.path("bin").join(tool)).unwrap();
        }
        m
    }
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }
    fn config(&self, text: &str) {
        std::fs::create_dir_all(self.path(".rustle")).unwrap();
        std::fs::write(self.path(".rustle/config.toml"), text).unwrap();
    }
    fn site(&self, options: Options) -> Site {
        let mut vars: Vec<(OsString, OsString)> = vec![("HOME".into(), self.path("").into()), ("PATH".into(), self.path("bin").into())];
        vars.extend(self.more.iter().map(|(k, v)| (k.into(), v.into())));
        let cwd = self.path("");
        Site::new(move || Env::load_from(vars.clone(), &cwd), options).unwrap()
    }
    /// Exit code or error, stdout, stderr. `answer`: what a person types; `None`: there is no terminal.
    fn assist(&self, names: &[&str], yes: bool, answer: Option<&str>, options: Options) -> (Result<u8, StageError>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let input = Cursor::new(answer.unwrap_or("").to_owned());
        let mut io = StageIo::new("rustle-caps", Box::new(input), answer.is_some(), Box::new(out.clone()), Box::new(err.clone()));
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let result = assist(self.site(options), &names, yes, &mut io);
        (result, out.text(), err.text())
    }
    fn version(&self, tool: &str) -> Option<String> {
        working(&self.site(options()).caps, tool)?.version.clone()
    }
}

fn options() -> Options {
    Options { triples: vec!["aarch64-unknown-linux-musl".into()], ..Options::default() }
}

#[test]
fn nothing_is_done_without_a_yes() {
    let py = python(ZIG, true);
    let m = Machine::new(&[("python3", &py)]);
    let (result, out, _) = m.assist(&["zig"], false, None, options());
    let e = result.unwrap_err();
    assert_eq!((e.exit, e.hints.join("")), (64, "say --yes to do it".into()));
    assert!(out.contains("not there (links runners for other platforms)") && out.contains("install ziglang 0.15.2 from PyPI into"), "{out}");
    let (result, out, err) = m.assist(&["zig"], false, Some("no\n"), options());
    assert_eq!((result.unwrap(), err.as_str()), (69, "Do it? [y/N] "));
    assert!(out.ends_with("Nothing is done.\n"));
    // Somebody who only presses the key, or goes away, has not said yes.
    assert_eq!(m.assist(&["zig"], false, Some("\n"), options()).0.unwrap(), 69);
    assert_eq!(m.assist(&["zig"], false, Some(""), options()).0.unwrap(), 69);
    assert!(!m.path(".rustle").exists());
    assert_eq!(m.assist(&["zig"], false, Some("yes\n"), options()).0.unwrap(), 0);
    assert_eq!(m.version("zig").as_deref(), Some("0.15.2"));
}

#[test]
fn what_is_usual_is_installed_and_found_without_settings() {
    let py = python(ZIG, true);
    let m = Machine::new(&[("python3", &py), ("cargo-zigbuild", "echo wrong wheel >&2; exit 126")]);
    std::fs::create_dir_all(m.path("sysroot/lib/rustlib/src/rust/library/std")).unwrap();
    std::fs::write(m.path("sysroot/lib/rustlib/src/rust/library/std/Cargo.toml"), "").unwrap();
    let (result, out, err) = m.assist(&[], true, None, options());
    assert_eq!(result.unwrap(), 0, "{out}{err}");
    assert!(out.contains("cargo-zigbuild: does not run: wrong wheel") && out.ends_with("Level: Limited, now Full\n"), "{out}");
    assert!(err.contains("rustle-caps: zig: install ziglang"), "{err}");
    let site = m.site(options());
    let zig = working(&site.caps, "zig").unwrap();
    assert_eq!((zig.version.as_deref(), zig.from.as_deref()), (Some("0.15.2"), Some("rustle")));
    assert_eq!(working(&site.caps, "cargo-zigbuild").unwrap().version.as_deref(), Some("0.24.0"));
    assert_eq!(m.read("fetched"), "fetch --target aarch64-unknown-linux-musl -Zbuild-std=std,panic_abort\n");
    assert!(m.read(".rustle/config.toml").contains("RUSTLE_ZIG_PATH"));
    let (result, out, _) = m.assist(&["zig", "cargo-zigbuild", "config", "fetch"], false, None, options());
    assert_eq!(result.unwrap(), 0);
    assert!(out.ends_with("Nothing is to be done.\n"), "{out}");
}

#[test]
fn a_zig_that_does_not_run_is_not_installed() {
    let py = python("echo Illegal instruction >&2; exit 132", true);
    let m = Machine::new(&[("python3", &py)]);
    let (result, _, err) = m.assist(&["zig", "cargo-zigbuild"], true, None, options());
    let e = result.unwrap_err();
    assert_eq!(e.exit, 69);
    assert!(e.message.starts_with("zig: ") && e.message.ends_with("was installed but does not run: Illegal instruction"), "{}", e.message);
    assert!(!m.path(".rustle/tools/bin/zig").exists() && m.version("zig").is_none(), "{err}");
    // The other component is none the worse for it.
    assert!(m.version("cargo-zigbuild").is_some());
}

#[test]
fn a_python_without_virtual_environments_does_as_well() {
    let py = python(ZIG, false);
    let m = Machine::new(&[("python3", &py)]);
    let (result, out, err) = m.assist(&["zig", "cargo-zigbuild"], true, None, options());
    assert_eq!(result.unwrap(), 0, "{out}{err}");
    assert!(m.version("zig").is_some() && m.version("cargo-zigbuild").is_some());
    let m = Machine::new(&[("python3", "echo 'No module named pip' >&2; exit 1")]);
    let e = m.assist(&["zig"], true, None, options()).0.unwrap_err();
    assert!(e.message.contains("install the package python3-venv"), "{}", e.message);
    let m = Machine::new(&[]);
    let (result, out, _) = m.assist(&["zig"], true, None, options());
    assert_eq!(result.unwrap(), 69);
    assert!(out.contains("Not possible here:") && out.contains("--zig-archive FILE-OR-URL"), "{out}");
}

/// `zig-x/zig` in an archive; the path and its digest.
fn archive(m: &Machine) -> (PathBuf, String) {
    let top = m.path("made/zig-x");
    std::fs::create_dir_all(&top).unwrap();
    script(&top, "zig", ZIG);
    let file = m.path("zig.tar.gz");
    assert!(Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(m.path("made")).arg("zig-x").status().unwrap().success());
    let sum = Command::new("sha256sum").arg(&file).output().unwrap().stdout;
    let digest = String::from_utf8(sum).unwrap().split(' ').next().unwrap().to_owned();
    (file, digest)
}

#[test]
fn an_archive_is_taken_with_its_digest_only() {
    let m = Machine::new(&[]);
    let (file, digest) = archive(&m);
    let with = |source: String, sha: &str| Options { zig_archive: Some((source, sha.to_owned())), ..options() };
    let wrong = "0".repeat(64);
    let (result, ..) = m.assist(&["zig"], true, None, with(file.display().to_string(), &wrong));
    let e = result.unwrap_err();
    assert_eq!(e.exit, 65);
    assert!(e.message.contains(&digest) && e.message.contains(&wrong) && e.message.ends_with("nothing is installed"), "{}", e.message);
    assert_eq!(std::fs::read_dir(m.path(".rustle/tools")).unwrap().count(), 0);
    assert!(m.version("zig").is_none());
    let (result, ..) = m.assist(&["zig"], true, None, with(format!("file://{}", file.display()), &digest));
    assert_eq!(result.unwrap(), 0);
    assert_eq!(m.version("zig").as_deref(), Some("0.15.2"));
}

#[test]
fn an_archive_comes_from_a_server() {
    let m = Machine::new(&[]);
    let (file, digest) = archive(&m);
    let bytes = std::fs::read(&file).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut s = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && s.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let found = head.starts_with(b"GET /zig.tar.gz ");
            let (status, body): (_, &[u8]) = if found { ("200 OK", &bytes) } else { ("404 Not Found", b"") };
            write!(s, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
            s.write_all(body).unwrap();
        }
    });
    let from = |name: &str| Options { zig_archive: Some((format!("http://{address}/{name}"), digest.clone())), ..options() };
    let e = m.assist(&["zig"], true, None, from("none")).0.unwrap_err();
    assert!(e.exit == 69 && e.message.contains("404"), "{}", e.message);
    assert_eq!(m.assist(&["zig"], true, None, from("zig.tar.gz")).0.unwrap(), 0);
    assert_eq!(m.version("zig").as_deref(), Some("0.15.2"));
}

#[test]
fn a_setting_that_names_a_broken_tool_is_changed_and_nothing_else() {
    let py = python(ZIG, true);
    let mut m = Machine::new(&[("python3", &py)]);
    let old = "# mine\n[build]\nzig = \"/gone/zig\" # once\njobs = 2\n";
    m.config(old);
    let (result, out, _) = m.assist(&["zig"], true, None, options());
    assert_eq!(result.unwrap(), 0);
    assert!(out.contains("build.zig = ") && out.contains("which is /gone/zig"), "{out}");
    let link = m.path(".rustle/tools/bin/zig").display().to_string();
    assert_eq!(m.read(".rustle/config.toml"), old.replace("/gone/zig", &link));
    assert_eq!(m.version("zig").as_deref(), Some("0.15.2"));
    // A variable is not for rustle to change.
    m.more.push(("RUSTLE_ZIG_PATH".into(), "/gone/too".into()));
    let (result, out, _) = m.assist(&["zig"], true, None, options());
    assert_eq!(result.unwrap(), 69);
    assert!(out.contains("RUSTLE_ZIG_PATH is /gone/too and counts more") && out.contains("$ unset RUSTLE_ZIG_PATH"), "{out}");
}

#[test]
fn settings_are_made_and_amended() {
    let m = Machine::new(&[]);
    let set = |list: &[(&str, &str)]| Options { set: list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(), ..options() };
    let e = m.assist(&["config"], true, None, set(&[("build.job", "2")])).0.unwrap_err();
    assert_eq!((e.exit, e.message.as_str()), (78, "build.job: there is no setting 'build.job'. Did you mean 'build.jobs'?"));
    assert!(!m.path(".rustle/config.toml").exists());
    assert_eq!(m.assist(&["config"], true, None, set(&[("build.jobs", "2")])).0.unwrap(), 0);
    assert!(m.read(".rustle/config.toml").contains("\njobs = 2\n") && m.read(".rustle/config.toml").contains("#timeout = 1800"));
    let mine = "# mine\n[build]\njobs = 2 # of 8\n";
    m.config(mine);
    let file = m.path(".rustle/config.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(m.assist(&["config"], true, None, set(&[("build.timeout", "5m"), ("build.jobs", "3")])).0.unwrap(), 0);
    assert_eq!(m.read(".rustle/config.toml"), "# mine\n[build]\njobs = 3 # of 8\ntimeout = \"5m\"\n");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn rustup_brings_targets_one_by_one() {
    let m = Machine::new(&[]);
    let bin = m.path(".rustup/toolchains/stable-x/bin");
    std::fs::create_dir_all(&bin).unwrap();
    let root = m.path(".rustup/toolchains/stable-x").display().to_string();
    std::fs::remove_file(m.path("bin/rustc")).unwrap();
    script(&bin, "rustc", &format!("case $1 in --print) echo {root};; *) echo rustc 1.95.0;; esac"));
    std::os::unix::fs::symlink(bin.join("rustc"), m.path("bin/rustc")).unwrap();
    let src = format!("{root}/lib/rustlib/src/rust/library/std");
    let lacks = "echo \"error: component download failed\" >&2; exit 1";
    let add = format!("case $5 in riscv*) {lacks};; rust-src) [ -e {root}/none ] && {{ {lacks}; }}; mkdir -p {src}; : > {src}/Cargo.toml; exit;; esac\nmkdir -p {root}/lib/rustlib/$5/lib; : > {root}/lib/rustlib/$5/lib/libstd-1.rlib; echo \"$*\" >> {root}/log");
    script(&m.path("bin"), "rustup", &format!("case $1 in -V) echo rustup 1.28.0;; *) {add};; esac"));
    let triples = ["riscv64gc-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-unknown-freebsd"].map(str::to_owned).to_vec();
    let wanted = || Options { triples: triples.clone(), ..Options::default() };
    std::fs::write(format!("{root}/none"), "").unwrap();
    let e = m.assist(&["targets"], true, None, wanted()).0.unwrap_err();
    assert!(e.message.starts_with("targets: rustup has no standard library for riscv64gc-unknown-linux-musl, and its source cannot be had: "), "{}", e.message);
    let log = std::fs::read_to_string(format!("{root}/log")).unwrap();
    assert_eq!(log.lines().next().unwrap(), "target add --toolchain stable-x aarch64-unknown-linux-musl");
    assert_eq!(m.site(options()).caps.installed_targets, ["aarch64-unknown-linux-musl", "x86_64-unknown-freebsd"]);
    // Builds compile what nobody has ready.
    std::fs::remove_file(format!("{root}/none")).unwrap();
    assert_eq!(m.assist(&["targets"], true, None, wanted()).0.unwrap(), 0);
    assert!(working(&m.site(options()).caps, "rust-src").is_some());
    let (result, out, _) = m.assist(&["targets"], false, None, options());
    assert!(result.unwrap() == 0 && out.contains("all 1 are installed"), "{out}");
}

/// 100 MB from PyPI; afterwards a program is built for this machine's platform with the network off (where root can
/// switch it off).
#[test]
#[cfg_attr(not(rustle_pypi), ignore = "takes 100 MB from PyPI: set RUSTLE_TEST_PYPI")]
fn real_tools_from_pypi_build_without_network() {
    let m = Machine::new(&[]);
    let home = m.path("");
    let vars: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(k, _)| k.to_str().is_none_or(|k| !k.starts_with("RUSTLE_") && !k.starts_with("CARGO") && k != "HOME"))
        .chain([("HOME".into(), home.clone().into()), ("CARGO_HOME".into(), std::env::var_os("CARGO_HOME").unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cargo").into()))])
        .chain([("RUSTUP_HOME".into(), std::env::var_os("RUSTUP_HOME").unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".rustup").into()))])
        .collect();
    let (cwd, all) = (home.clone(), vars.clone());
    let site = Site::new(move || Env::load_from(all.clone(), &cwd), options()).unwrap();
    let (out, err) = (Captured::default(), Captured::default());
    let mut io = StageIo::new("rustle-caps", Box::new(Cursor::new("")), false, Box::new(out.clone()), Box::new(err.clone()));
    let names = ["zig", "cargo-zigbuild"].map(str::to_owned);
    assert_eq!(assist(site, &names, true, &mut io).unwrap(), 0, "{}{}", out.text(), err.text());
    let caps = rustle_toolchain::detect(&Env::load_from(vars.clone(), &home).unwrap());
    for tool in ["zig", "cargo-zigbuild"] {
        assert_eq!(working(&caps, tool).unwrap().from.as_deref(), Some("rustle"));
    }
    let project = m.path("project");
    std::fs::create_dir_all(project.join("src")).unwrap();
    std::fs::write(project.join("Cargo.toml"), "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n").unwrap();
    std::fs::write(project.join("src/main.rs"), "fn main() { print!(\"{}\", std::env::args().count()); }\n").unwrap();
    let mut c = if Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|s| s.success()) {
        let mut c = Command::new("unshare");
        c.arg("-n").arg(&working(&caps, "cargo-zigbuild").unwrap().command[0]);
        c
    } else {
        Command::new(&working(&caps, "cargo-zigbuild").unwrap().command[0])
    };
    c.args(["zigbuild", "--target"]).arg(format!("{}-unknown-linux-gnu.2.17", std::env::consts::ARCH)).current_dir(&project).env_clear().envs(vars);
    c.env("CARGO_ZIGBUILD_ZIG_PATH", &working(&caps, "zig").unwrap().command[0]).env("XDG_CACHE_HOME", m.path("cache"));
    let done = c.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let program = project.join(format!("target/{}-unknown-linux-gnu/debug/hello", std::env::consts::ARCH));
    assert_eq!(Command::new(program).output().unwrap().stdout, b"1");
}
