//! Executables with a plan inside: what they tell of themselves, their command line, damage, other platforms, and that
//! another plan needs no build.
//!
//! Limits: those for macOS and Windows are made here, not run; `lib/rustle-build/tests/formats.rs` looks into them.

use crate::pipes::Place;
use crate::support::{self, Done};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

pub fn trials() -> Vec<Trial> {
    // SAFETY: it reads a number of the process.
    let root = unsafe { libc::geteuid() } == 0;
    vec![
        crate::gaps::trial("embedding/manifest".into(), manifest),
        crate::gaps::trial("embedding/flags".into(), flags),
        crate::gaps::trial("embedding/damage".into(), damage),
        crate::gaps::trial("embedding/fewer-modules".into(), fewer_modules),
        crate::gaps::trial("embedding/become".into(), elevation),
        crate::gaps::trial("embedding/copy".into(), copy).with_ignored_flag(!root),
        crate::gaps::trial("embedding/platforms".into(), platforms),
        crate::gaps::trial("embedding/other-plan".into(), other_plan),
    ]
}

fn check(ok: bool, what: &str, done: &Done) -> Result<(), Failed> {
    if ok { Ok(()) } else { Err(format!("{what}: exit status {}\n{}\n{}", done.exit, done.stdout, done.stderr).into()) }
}

/// Writes a playbook and makes `./made/web1` of it.
fn made(place: &Place, book: &str) -> Result<(), Failed> {
    std::fs::write(place.top().join("site.yml"), book)?;
    std::fs::write(place.top().join("hosts.ini"), "[web]\nweb1 ansible_connection=local\n[db]\ndb1\n")?;
    let done = place.sh(place.top(), "rustle-parse site.yml -i hosts.ini | rustle-plan | rustle-compile --embed made");
    check(done.exit == 0, "it is not made", &done)
}

/// The messages of `debug` tasks that ran.
fn messages(done: &Done) -> Vec<String> {
    let events = done.stdout.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()).map(|mut r| r["event"].take());
    events.filter(|e| e["event"] == "result").filter_map(|e| e["result"]["msg"].as_str().map(str::to_owned)).collect()
}

fn manifest() -> Result<(), Failed> {
    let place = Place::new();
    std::fs::create_dir(place.top().join("files"))?;
    std::fs::write(place.top().join("files/a.txt"), "hello\n")?;
    std::fs::write(place.top().join("more.yml"), "- stat: {path: /}\n")?;
    made(&place, "- hosts: web\n  gather_facts: false\n  tasks:\n  - copy: {src: a.txt, dest: /nowhere/x}\n  - include_tasks: more.yml\n")?;
    let done = place.sh(place.top(), "made/web1 --manifest");
    check(done.exit == 0 && done.stdout.lines().count() == 1, "no manifest", &done)?;
    let told: Value = serde_json::from_str(&done.stdout)?;
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let digest = |name: &str| text(name).len() == 64;
    let modules: Vec<&str> = told["modules"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let made = text("created");
    let date = regex::Regex::new(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")?.is_match(&made);
    let good = text("producer").starts_with("rustle-compile ") && text("host") == "web1" && text("triple").contains("linux") && !text("run").is_empty();
    check(good && date && digest("plan_sha256") && digest("runner_sha256"), "incomplete", &done)?;
    check(["ansible.builtin.copy", "ansible.builtin.include_tasks", "ansible.builtin.stat"].iter().all(|m| modules.contains(m)), "modules", &done)?;
    let file = told["files"].as_array().and_then(|l| l.iter().find(|f| f["path"].as_str().is_some_and(|p| p.ends_with("/files/a.txt"))));
    let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    check(file.is_some_and(|f| f["size"] == 6 && f["sha256"] == sum), "files", &done)?;
    let version = place.sh(place.top(), "made/web1 --version && made/web1 --help");
    check(version.exit == 0 && version.stdout.starts_with("rustle-runner ") && version.stdout.contains("--become-password-file"), "--help", &version)
}

/// A machine of shell scripts whose runner has two modules that nobody knows.
const TOOLS: &str = r#"
mkdir -p tools/sysroot/lib/rustlib/x86_64-unknown-linux-musl/lib; touch tools/sysroot/lib/rustlib/x86_64-unknown-linux-musl/lib/libstd-0.rlib
printf '#!/bin/sh\n[ "$1" = --print ] && { echo %s/tools/sysroot; exit 0; }\necho rustc 1.95.0\n' "$PWD" > tools/rustc
cat > tools/cargo <<'END'
#!/bin/sh
[ "$1" = -V ] && { echo cargo 1.95.0; exit 0; }
while [ $# -gt 0 ]; do case $1 in --target) t=$2; shift;; --target-dir) d=$2; shift;; --profile) p=$2; shift;; esac; shift; done
mkdir -p "$d/$t/$p"; cp "$(dirname "$0")/../few" "$d/$t/$p/rustle-runner"
END
chmod 755 tools/rustc tools/cargo
export RUSTLE_RUSTC=$PWD/tools/rustc RUSTLE_CARGO=$PWD/tools/cargo RUSTLE_CARGO_ZIGBUILD=/nowhere RUSTLE_ZIG_PATH=/nowhere RUSTLE_CACHE_DIR=$PWD/cache
"#;

/// A runner that lacks modules of the plan is not taken for it.
fn fewer_modules() -> Result<(), Failed> {
    let place = Place::new();
    let mut runner = std::fs::read(support::bin().join("rustle-runner"))?;
    let all = b"rustle-runner carries the modules: all;";
    let at = runner.windows(all.len()).position(|w| w == all).ok_or("the runner does not say what it has")?;
    runner[at + all.len() - 4..at + all.len() - 1].copy_from_slice(b"x,y");
    std::fs::write(place.top().join("few"), runner)?;
    std::fs::write(place.top().join("site.yml"), "- hosts: web\n  gather_facts: false\n  tasks:\n  - copy: {content: a, dest: /nowhere/x}\n")?;
    std::fs::write(place.top().join("hosts.ini"), "[web]\nweb1 ansible_connection=local rustle_target=x86_64-linux-musl\n")?;
    let stream = "(rustle-parse site.yml -i hosts.ini | rustle-plan; rustle-template --modules ping --target x86_64-linux-musl | grep '\"type\":\"template\"')";
    let done = place.sh(place.top(), &format!("{TOOLS}\n{stream} | rustle-compile --no-prebuilt --embed made"));
    let said = done.stderr.contains("it has only x, y, and the plan needs copy, file, too");
    check(done.exit == 69 && said && !place.top().join("made/web1").exists(), "it was taken", &done)?;
    // What the build took is known to later runs.
    let stats = place.sh(place.top(), "RUSTLE_CACHE_DIR=$PWD/cache rustle-compile --cache-stats");
    check(stats.stdout.contains("builds took: x86_64-unknown-linux-musl release "), "the build is not remembered", &stats)?;
    check(std::fs::read_to_string(place.top().join("cache/costs.json"))?.contains("x86_64-unknown-linux-musl release"), "no history", &stats)
}

fn flags() -> Result<(), Failed> {
    let place = Place::new();
    let book = "- hosts: web
  gather_facts: false
  vars: {x: plan}
  tasks:
  - {name: first, debug: {msg: \"first {{ x }}\"}, tags: [one]}
  - {name: second, debug: {msg: \"second {{ x }} {{ ansible_check_mode }} {{ ansible_verbosity }}\"}, tags: [two]}
";
    made(&place, book)?;
    std::fs::write(place.top().join("vars.yml"), "y: 7\nx: \"file {{ y }}\"\n")?;
    std::fs::write(place.top().join("limit"), "web1\n")?;
    for (args, wanted) in [
        ("", &["first plan", "second plan False 0"][..]),
        ("-t two -C -vv", &["second plan True 2"]),
        ("--skip-tags=two -e \"x='a b'\"", &["first a b"]),
        ("-tone -e @vars.yml", &["first file 7"]),
        ("-t one -e '{\"y\": [1, 2], \"x\": \"{{ y | sum }}\"}'", &["first 3"]),
        ("--start-at-task second", &["second plan False 0"]),
        ("--limit 'all:!db' -t one", &["first plan"]),
        ("--limit @limit -t one", &["first plan"]),
    ] {
        let done = place.sh(place.top(), &format!("made/web1 {args}"));
        check(done.exit == 0 && messages(&done) == wanted, args, &done)?;
    }
    for (args, exit, words) in [
        ("--limit db", 1, "hint: the plan inside is for host 'web1', which --limit 'db' leaves out"),
        ("--limit 'web:!web1'", 1, "leaves us with no hosts to target"),
        ("-e @nowhere", 66, "-e: cannot read nowhere"),
        ("--tag one", 64, "did you mean '--tags'?"),
        ("--vault-password-file x", 64, "no vaulted value is in the plan inside"),
        ("--events /nowhere/x", 73, "--events /nowhere/x: "),
    ] {
        let done = place.sh(place.top(), &format!("made/web1 {args}"));
        check(done.exit == exit && done.stdout.is_empty() && done.stderr.contains(words), args, &done)?;
    }
    let done = place.sh(place.top(), "made/web1 --events told -t one && grep -c '\"first plan\"' told");
    check(done.exit == 0 && done.stdout == "1\n", "--events", &done)
}

/// One wrong bit, wherever it is, and nothing runs.
fn damage() -> Result<(), Failed> {
    let place = Place::new();
    made(&place, &format!("- hosts: web\n  gather_facts: false\n  tasks: [{{file: {{path: {}, state: directory}}}}]\n", place.out().display()))?;
    let whole = std::fs::read(place.top().join("made/web1"))?;
    let size = whole.len();
    // Padding of the runner's header, the runner, the plan, its footer.
    for at in [9, size / 2, size - 200, size - 60, size - 40, size - 10, size - 1] {
        let mut bad = whole.clone();
        bad[at] ^= 1;
        let path = place.top().join("bad");
        std::fs::write(&path, &bad)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        let done = place.sh(place.top(), "./bad </dev/null");
        let told = done.stderr.starts_with("rustle-runner: error: the embedded plan ") && done.stderr.lines().count() == 1;
        check(done.exit == 65 && told && done.stdout.is_empty() && !place.out().exists(), &format!("bit of byte {at} of {size}"), &done)?;
    }
    for lost in [1, 30, 700] {
        let done = place.sh(place.top(), &format!("head -c -{lost} made/web1 > cut; chmod +x cut; ./cut </dev/null"));
        check(done.exit == 65 && done.stderr.contains("damaged") && done.stdout.is_empty() && !place.out().exists(), &format!("{lost} bytes lost"), &done)?;
    }
    Ok(())
}

/// A password comes from a file, never from the plan.
fn elevation() -> Result<(), Failed> {
    let place = Place::new();
    let sudo = place.top().join("sudo");
    // Asks for a password on standard input, and becomes nobody else.
    let script = "#!/bin/sh\nIFS= read -r p\n[ \"$p\" = s3cret ] || { echo 'Sorry, try again.' >&2; exit 1; }\nwhile [ \"$1\" != -u ]; do shift; done\nshift 2\nexec \"$@\"\n";
    std::fs::write(&sudo, script)?;
    std::fs::set_permissions(&sudo, std::fs::Permissions::from_mode(0o755))?;
    let vars = format!("{{ansible_become_exe: {}}}", sudo.display());
    made(&place, &format!("- hosts: web\n  gather_facts: false\n  become: true\n  vars: {vars}\n  tasks: [{{command: echo done}}]\n"))?;
    for (name, text) in [("good", "s3cret\n"), ("bad", "other\n"), ("empty", "")] {
        std::fs::write(place.top().join(name), text)?;
    }
    for (args, exit, words) in [
        ("--become-password-file good", 0, "\"stdout\":\"done\""),
        ("--become-pass-file - < good", 0, "\"stdout\":\"done\""),
        ("--become-password-file bad", 2, "Incorrect sudo password"),
        ("--become-password-file empty", 66, "Empty password was provided from file (empty)"),
        ("-K", 64, "give --become-password-file FILE"),
    ] {
        let done = place.sh(place.top(), &format!("made/web1 {args}"));
        let said = format!("{}{}", done.stdout, done.stderr);
        check(done.exit == exit && said.contains(words) && !said.contains("s3cret"), args, &done)?;
    }
    Ok(())
}

/// What another user's worker is started from has no plan inside: everybody can read that file.
fn copy() -> Result<(), Failed> {
    let place = Place::new();
    let book = "- hosts: web
  gather_facts: false
  become: true
  become_user: nobody
  become_method: su
  become_flags: -s /bin/sh
  tasks:
  - {shell: 'id -un; tail -c 16 /proc/$PPID/exe | grep -ac rustle-payload; readlink /proc/$PPID/exe; true', register: r}
  - {debug: {msg: \"{{ r.stdout_lines }}\"}}
";
    made(&place, book)?;
    let own = place.sh(place.top(), "tail -c 16 made/web1 | grep -ac rustle-payload");
    check(own.stdout == "1\n", "the test looks at nothing", &own)?;
    let done = place.sh(place.top(), "made/web1");
    check(done.exit == 0 && done.stdout.contains("\"nobody\",\"0\",\"/var/tmp/.rustle-"), "the copy", &done)
}

/// Runners for other platforms stand in for those that a cross build makes.
fn platforms() -> Result<(), Failed> {
    let place = Place::new();
    let runners = place.top().join("runners");
    std::fs::create_dir(&runners)?;
    let binaries = support::root().join("lib/rustle-build/tests/binaries");
    let mut hosts = String::new();
    for (host, triple) in [("mac", "aarch64-apple-darwin"), ("oldmac", "x86_64-apple-darwin"), ("win", "x86_64-pc-windows-gnu")] {
        let line = format!("gunzip -c {}/{triple}.gz > {}/rustle-runner-{triple}", binaries.display(), runners.display());
        let done = place.sh(place.top(), &line);
        check(done.exit == 0, "no binaries", &done)?;
        hosts += &format!("{host} rustle_target={triple}\n");
    }
    std::fs::write(place.top().join("hosts.ini"), hosts)?;
    std::fs::write(place.top().join("site.yml"), "- hosts: all\n  gather_facts: false\n  tasks: [{debug: {msg: x}}]\n")?;
    let line = "rustle-parse site.yml -i hosts.ini | rustle-plan | RUSTLE_RUNNER=runners rustle-compile --no-build --embed made | grep '\"type\":\"artifact\"'";
    let done = place.sh(place.top(), line);
    check(done.exit == 0 && done.stdout.lines().count() == 3, "three artifacts", &done)?;
    for (name, start) in [("mac", &b"\xcf\xfa\xed\xfe"[..]), ("oldmac", b"\xcf\xfa\xed\xfe"), ("win.exe", b"MZ")] {
        let bytes = std::fs::read(place.top().join("made").join(name))?;
        check(bytes.starts_with(start) && bytes.windows(14).any(|w| w == b"rustle-payload"), name, &done)?;
        check(done.stdout.contains(&format!("/made/{name}\"")), name, &done)?;
    }
    // An executable with a plan inside is no runner.
    let again = "mkdir -p again && cp made/mac again/rustle-runner-aarch64-apple-darwin && \
                 rustle-parse site.yml -i hosts.ini --limit mac | rustle-plan | RUSTLE_RUNNER=again rustle-compile --no-build --embed made2";
    let done = place.sh(place.top(), again);
    check(done.exit == 69 && done.stderr.contains("it has a plan inside"), "a plan in a plan", &done)
}

/// A machine whose cargo counts what it builds: the first plan needs a build, another one does not.
fn other_plan() -> Result<(), Failed> {
    let place = Place::new();
    let tools = place.top().join("tools");
    std::fs::create_dir_all(&tools)?;
    let std = tools.join("sysroot/lib/rustlib/aarch64-unknown-linux-musl/lib");
    std::fs::create_dir_all(&std)?;
    std::fs::write(std.join("libstd-0.rlib"), "")?;
    let mut elf = vec![0u8; 64];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    elf[18] = 183;
    std::fs::write(tools.join("binary"), elf)?;
    let t = tools.display();
    let cargo = format!(
        "case $1 in -V|--version) echo cargo 1.95.0; exit;; esac\n\
         echo \"$*\" >> {t}/calls\n\
         while [ $# -gt 0 ]; do case $1 in --target) t=$2; shift;; --target-dir) d=$2; shift;; --profile) p=$2; shift;; esac; shift; done\n\
         mkdir -p \"$d/$t/$p\"; cp {t}/binary \"$d/$t/$p/rustle-runner\"\n"
    );
    let rustc = format!("[ $1 = --print ] && echo {t}/sysroot || echo rustc 1.95.0\n");
    for (name, text) in [("cargo", cargo.as_str()), ("cargo-zigbuild", cargo.as_str()), ("rustc", rustc.as_str()), ("zig", "echo 0.15.2\n")] {
        std::fs::write(tools.join(name), format!("#!/bin/sh\n{text}"))?;
        std::fs::set_permissions(tools.join(name), std::fs::Permissions::from_mode(0o755))?;
    }
    std::fs::write(place.top().join("hosts.ini"), "pi rustle_target=aarch64-unknown-linux-musl\n")?;
    let line = format!("rustle-parse site.yml -i hosts.ini | rustle-plan | PATH={t}:/usr/bin:/bin $(command -v rustle-compile) --no-prebuilt --embed made >made.ndjson; cat {t}/calls | wc -l");
    let mut before = Vec::new();
    for (n, word) in ["one", "two", "two, and a longer plan"].into_iter().enumerate() {
        std::fs::write(place.top().join("site.yml"), format!("- hosts: all\n  gather_facts: false\n  tasks: [{{debug: {{msg: '{word}'}}}}]\n"))?;
        let done = place.sh(place.top(), &line);
        check(done.exit == 0 && done.stdout.trim() == "1", &format!("plan {n}: builds"), &done)?;
        let bytes = std::fs::read(place.top().join("made/pi"))?;
        check(bytes != before && bytes.starts_with(b"\x7fELF"), &format!("plan {n}"), &done)?;
        before = bytes;
    }
    Ok(())
}
