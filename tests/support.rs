//! Running executables with a time limit, scratch folders, and what differs between two runs of the same thing.

use regex::Regex;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// This package's folder.
pub fn tests() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The repository.
pub fn root() -> PathBuf {
    tests().parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder with the executables under test: `RUSTLE_TEST_BIN`, or where cargo puts them.
pub fn bin() -> PathBuf {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| match std::env::var_os("RUSTLE_TEST_BIN") {
        Some(dir) => dir.into(),
        None => {
            let me = std::env::current_exe().expect("a path of this executable");
            me.parent().and_then(Path::parent).expect("target/debug/deps").to_owned()
        }
    })
    .clone()
}

/// Builds the executables, which `cargo test` by itself need not do.
pub fn build() {
    if std::env::var_os("RUSTLE_TEST_BIN").is_some() {
        return;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--workspace", "--bins"]).current_dir(root());
    if bin().ends_with("release") {
        command.arg("--release");
    }
    let done = command.status().expect("cargo starts");
    assert!(done.success(), "the executables do not build");
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub stdout: String,
    pub stderr: String,
    /// As a shell sees it: 128 + n for signal n.
    pub exit: i32,
}

/// Runs a command to its end, in a process group of its own that is killed after `limit`.
pub fn run(mut command: Command, stdin: &[u8], limit: Duration) -> Done {
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    let out = tempfile::tempfile().expect("a scratch file");
    let err = tempfile::tempfile().expect("a scratch file");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(out.try_clone().expect("a descriptor"))
        .stderr(err.try_clone().expect("a descriptor"))
        .process_group(0)
        .spawn()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let mut input = child.stdin.take().expect("piped");
    let bytes = stdin.to_vec();
    let writer = std::thread::spawn(move || _ = input.write_all(&bytes));
    let start = Instant::now();
    let status = loop {
        if let Some(s) = child.try_wait().expect("a child") {
            break Some(s);
        }
        if start.elapsed() > limit {
            // Safety: a plain system call; the group is the child's own.
            unsafe { libc::kill(-(child.id() as i32), libc::SIGKILL) };
            _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    _ = writer.join();
    let mut done = Done { stdout: text(out), stderr: text(err), exit: 0 };
    match status {
        Some(s) => done.exit = s.code().unwrap_or_else(|| 128 + s.signal().unwrap_or(0)),
        None => {
            done.stderr += &format!("\n(killed by the test after {} s)\n", limit.as_secs());
            done.exit = 124;
        }
    }
    done
}

fn text(mut file: std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    _ = file.rewind();
    _ = file.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Copies a folder with everything in it, modes included.
pub fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&path).expect("a link"), target).expect("a link");
        } else if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            std::fs::copy(&path, target).expect("a copy");
        }
    }
}

/// The names in a folder, sorted; hidden ones left out.
pub fn entries(dir: &Path) -> Vec<String> {
    let Ok(read) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = read.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| !n.starts_with('.')).collect();
    names.sort();
    names
}

/// All below a folder, one line each: kind, mode, digest or target, path.
pub fn tree(dir: &Path) -> String {
    fn walk(top: &Path, dir: &Path, lines: &mut Vec<String>) {
        use sha2::{Digest, Sha256};
        use std::os::unix::fs::PermissionsExt;
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(top).unwrap_or(&path).display().to_string();
            let Ok(meta) = path.symlink_metadata() else { continue };
            let mode = meta.permissions().mode() & 0o7777;
            if meta.is_symlink() {
                lines.push(format!("{name} link {}", std::fs::read_link(&path).unwrap_or_default().display()));
            } else if meta.is_dir() {
                lines.push(format!("{name}/ {mode:04o}"));
                walk(top, &path, lines);
            } else {
                let digest: String = Sha256::digest(std::fs::read(&path).unwrap_or_default()).iter().take(8).map(|b| format!("{b:02x}")).collect();
                lines.push(format!("{name} {mode:04o} {digest}"));
            }
        }
    }
    let mut lines = Vec::new();
    walk(dir, dir, &mut lines);
    lines.sort();
    lines.into_iter().map(|l| l + "\n").collect()
}

/// Replaces what is different at each run: times, durations, process ids, random names, the scratch folder.
pub fn normal(text: &str, scratch: &Path) -> String {
    static RULES: OnceLock<Vec<(Regex, &str)>> = OnceLock::new();
    let rules = RULES.get_or_init(|| {
        [
            (r"(\+\+\+ after: )\S*/([^/\s]+)", "$1…/$2"),
            (r#""(start|end)": "\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+""#, r#""$1": "TIME""#),
            (r#""delta": "\d+:\d\d:\d\d\.\d+""#, r#""delta": "DURATION""#),
            (r#""(atime|mtime|ctime|btime|birthtime)": [\d.]+"#, r#""$1": 0"#),
            (r#""(inode|dev|device)": \d+"#, r#""$1": 0"#),
            (r#""run":"[^"]*""#, r#""run":"RUN""#),
            (r#"(rustle-[a-z]+) \d+\.\d+\.\d+"#, "$1 VERSION"),
            (r"(?:SCRATCH|~\w+)?(?:/[\w.-]+)*/ansible-tmp-[\d.-]+(?:/[\w.-]+)*", "REMOTE_TMP"),
            (r"(?:SCRATCH|~\w+)?(?:/[\w.-]+)*/\.ansible/tmp(?:/[\w.-]+)*", "REMOTE_TMP"),
            (r"\.ansible_tmp\w+", "ANSIBLE_TMP"),
            (r"(?m)^.* \(\d+:\d\d:\d\d\.\d{3}\)       \d+:\d\d:\d\d\.\d{3} \*+ $", "WHEN (SINCE) TOTAL"),
            (r"(?m)^(.*?) -+ +\d+\.\d\ds$", "$1 --- SECONDS"),
            (r"Playbook run took .*", "Playbook run took TIME"),
            (r"(?m)^ASYNC POLL on .*\n", ""),
            (r"j\d{6,}\.\d+", "JOB"),
            (r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~", ".BACKUP~"),
        ]
        .into_iter()
        .map(|(r, to)| (Regex::new(r).expect("a pattern"), to))
        .collect()
    });
    let mut out = text.replace(&*scratch.to_string_lossy(), "SCRATCH");
    for (rule, to) in rules {
        out = rule.replace_all(&out, *to).into_owned();
    }
    out
}

/// The first lines that differ, for a person.
pub fn difference(what: &str, want: &str, got: &str) -> Option<String> {
    if want == got {
        return None;
    }
    let (w, g): (Vec<_>, Vec<_>) = (want.lines().collect(), got.lines().collect());
    let at = w.iter().zip(&g).take_while(|(a, b)| a == b).count();
    let mut text = format!("{what} differs from line {}:\n", at + 1);
    for l in w.iter().skip(at.saturating_sub(2)).take(at.min(2)) {
        text += &format!("      {l}\n");
    }
    for l in w.iter().skip(at).take(8) {
        text += &format!(" want {l}\n");
    }
    for l in g.iter().skip(at).take(8) {
        text += &format!("  got {l}\n");
    }
    Some(text)
}
