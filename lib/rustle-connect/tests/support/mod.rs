//! A real sshd on 127.0.0.1 with keys and configuration of its own, for tests.
//!
//! As root the server runs in a mount namespace whose `/etc/passwd` has a user `tester` with a password, and where
//! folders can be made read-only, full or noexec. As another user it serves that user only, and cases that need more
//! say that they are skipped.

#![allow(dead_code)]

use rustle_connect::{HostSpec, Settings};
use rustle_value::{Dict, dict};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const PASSWORD: &str = "correct horse $taple";
/// `PASSWORD` as crypt(3) has it.
const HASH: &str = "$6$rustletest$fI6ZnZsj0IaRG7.XFzRkBCVyIfrOuB4zMQ2d0JU3KyANC4hllT7Ht0T2xPEdyOw0KAtAem7f/tMk32jv4O/sr/";

pub struct Sshd {
    child: Child,
    pub dir: tempfile::TempDir,
    pub port: u16,
    pub user: String,
    pub home: PathBuf,
}

pub fn root() -> bool {
    // SAFETY: no preconditions.
    unsafe { libc::geteuid() == 0 }
}

fn find_sshd() -> Option<(PathBuf, PathBuf)> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-tools/sshd");
    let candidates =
        [std::env::var_os("RUSTLE_TEST_SSHD").map(PathBuf::from), Some("/usr/sbin/sshd".into()), Some(tools.join("usr/sbin/sshd"))];
    let found = candidates.into_iter().flatten().find(|p| p.exists())?;
    let usr = found.parent()?.parent()?;
    let library = ["lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"].map(|l| usr.join(l)).into_iter().find(|p| p.exists());
    Some((fs::canonicalize(&found).ok()?, library.unwrap_or_else(|| "/usr/lib".into())))
}

fn keygen(path: &Path, kind: &str, phrase: &str) {
    let ok = Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", phrase, "-f"]).arg(path).status().unwrap();
    assert!(ok.success());
}

/// Starts a server, or says why not. `mounts` are shell lines run as root in the server's namespace, with `$HOME` the
/// test user's home.
pub fn start(mounts: &str) -> Option<Sshd> {
    let Some((sshd, library)) = find_sshd() else {
        skip("no sshd (scripts/fetch-test-sshd)");
        return None;
    };
    if !mounts.is_empty() && !root() {
        skip("not root: no mounts");
        return None;
    }
    let mut base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Tests hide these folders from the server that they start.
    if root() && ["/tmp", "/var/tmp", "/dev/shm", "/run"].iter().any(|hidden| base.starts_with(hidden)) {
        base = Path::new("/var/lib/rustle-tests");
    }
    fs::create_dir_all(base).unwrap();
    let dir = tempfile::Builder::new().prefix("sshd").tempdir_in(base).unwrap();
    let d = dir.path();
    sh(&format!("chmod 755 {}", d.display()));
    let home = if root() { d.join("home") } else { PathBuf::from(std::env::var("HOME").unwrap()) };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        keygen(&d.join(format!("host_{kind}")), kind, "");
        keygen(&d.join(format!("id_{kind}")), kind, "");
    }
    keygen(&d.join("id_locked"), "ed25519", "open sesame");
    keygen(&d.join("id_wrong"), "ed25519", "");
    sh(&format!("cd {} && cat id_ed25519.pub id_ecdsa.pub id_rsa.pub id_locked.pub > authorized && chmod 644 authorized", d.display()));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host_ed25519\nHostKey {0}/host_ecdsa\nHostKey {0}/host_rsa\n\
         AuthorizedKeysFile {0}/authorized\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nStrictModes no\n\
         PidFile none\nUsePAM no\nMaxStartups 200\nAcceptEnv LANG LC_*\nPerSourcePenalties no\n",
        d.display()
    );
    // Servers before 9.8 do not know the last line.
    fs::write(d.join("sshd_config"), config.replace("PerSourcePenalties no\n", "")).unwrap();
    let mut known = String::new();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = fs::read_to_string(d.join(format!("host_{kind}.pub"))).unwrap();
        known.push_str(&format!("[127.0.0.1]:{port} {key}"));
    }
    fs::write(d.join("known_hosts"), known).unwrap();
    let (user, command) = if root() {
        fs::create_dir(&home).unwrap();
        sh(&format!("chown 4242:4242 {}", home.display()));
        sh(&format!(
            "cd {0}; (grep -v ^sshd: /etc/passwd; echo 'sshd:x:105:65534::/run/sshd:/usr/sbin/nologin'; echo 'tester:x:4242:4242::{1}:/bin/sh') > passwd; \
             (cat /etc/group; echo tester:x:4242:) > group; (cat /etc/shadow; echo 'tester:{HASH}:19000:0:99999:7:::') > shadow; chmod 644 passwd group",
            d.display(),
            home.display()
        ));
        let script = format!(
            "set -e; mount --make-rprivate /; for f in passwd group shadow; do mount --bind {0}/$f /etc/$f; done; \
             mount -t tmpfs tmpfs /run; mkdir -m 755 /run/sshd; HOME={1}; {mounts}\n exec {2} -D -e -f {0}/sshd_config",
            d.display(),
            home.display(),
            sshd.display()
        );
        let mut c = Command::new("unshare");
        c.args(["-m", "sh", "-c", &script]);
        ("tester".to_owned(), c)
    } else {
        let mut c = Command::new(&sshd);
        c.args(["-D", "-e", "-f"]).arg(d.join("sshd_config"));
        (std::env::var("USER").unwrap(), c)
    };
    let mut command = command;
    let log = fs::File::create(d.join("log")).unwrap();
    command.env("LD_LIBRARY_PATH", library).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let child = command.spawn().unwrap();
    let server = Sshd { child, dir, port, user, home };
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(server);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("sshd did not start: {}", fs::read_to_string(server.dir.path().join("log")).unwrap());
}

/// Tells that a case could not be run here.
pub fn skip(why: &str) {
    use std::io::Write;
    _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

fn sh(line: &str) {
    assert!(Command::new("sh").arg("-c").arg(line).status().unwrap().success(), "{line}");
}

impl Sshd {
    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
    /// Variables that reach this server with its first key.
    pub fn vars(&self, kind: &str) -> Dict {
        dict! {
            "ansible_connection" => kind, "ansible_host" => "127.0.0.1", "ansible_port" => i64::from(self.port),
            "ansible_user" => self.user.clone(),
            "ansible_ssh_private_key_file" => self.path("id_ed25519"),
            "ansible_ssh_args" => "-F none -o IdentitiesOnly=yes -o IdentityAgent=none",
            "ansible_ssh_common_args" => format!("-o UserKnownHostsFile={} -o GlobalKnownHostsFile=/dev/null", self.path("known_hosts"))
        }
    }
    pub fn spec(&self, kind: &str, changes: &Dict) -> HostSpec {
        let mut vars = self.vars(kind);
        vars.update(changes);
        HostSpec::from_vars("test", &vars, &Settings::default()).unwrap()
    }
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
    /// Ends the server and every session of it.
    pub fn stop(&mut self) {
        // Each session is a process of root's and one of the user's.
        let mut all = vec![self.child.id().to_string()];
        let mut next = 0;
        while next < all.len() {
            let children = Command::new("pgrep").args(["-P", &all[next]]).output().map(|o| o.stdout).unwrap_or_default();
            all.extend(String::from_utf8_lossy(&children).split_whitespace().map(str::to_owned));
            next += 1;
        }
        _ = Command::new("kill").arg("-9").args(&all).stderr(Stdio::null()).status();
        _ = self.child.wait();
    }
}
impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}
