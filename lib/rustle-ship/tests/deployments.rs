//! Deployments on hosts behind real SSH servers: put in force, taken back, kept within bounds, cleaned up; also where
//! a part of them fails.

#[path = "../../rustle-connect/tests/support/mod.rs"]
mod support;

use rustle_connect::{Settings, connect};
use rustle_ship::roll::{self, Wanted};
use rustle_ship::{BootstrapOptions, Deployment, History, HostVars, Platform, Runner, Shipping, Supply};
use rustle_stream::record::Shipment;
use rustle_value::Dict;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use support::{Sshd, start};

/// Hosts, and the controller that deploys to them.
struct Site {
    servers: Vec<(Sshd, &'static str)>,
    dir: tempfile::TempDir,
    history: History,
    shipping: Shipping,
}

/// One file for everybody, as an executable with a plan inside or as the runner.
struct One(Arc<Runner>, bool);
impl Supply for One {
    fn expected(&self, _: &str) -> Option<Arc<Runner>> {
        Some(self.0.clone())
    }
    fn choose(&self, _: &str, _: &Platform) -> Result<Arc<Runner>, String> {
        Ok(self.0.clone())
    }
    fn artifact(&self, _: &str) -> Option<Arc<Runner>> {
        self.1.then(|| self.0.clone())
    }
}

fn site(mounts: &[&'static str]) -> Option<Site> {
    let names = ["one", "two", "three"];
    let servers = mounts.iter().zip(names).map(|(m, n)| Some((start(m)?, n))).collect::<Option<Vec<_>>>()?;
    let dir = tempfile::tempdir().unwrap();
    let history = History::at(dir.path().join("history"));
    let options = BootstrapOptions { patience: Duration::from_secs(60), self_check: false, ..Default::default() };
    Some(Site { servers, dir, history, shipping: Shipping { settings: Settings::default(), options, parallel: 3 } })
}

impl Site {
    fn hosts(&self) -> Vec<HostVars> {
        self.servers.iter().map(|(s, name)| ((*name).to_owned(), s.vars("ssh2"))).collect()
    }
    /// An executable that says `text`. Each call makes a file of its own.
    fn file(&self, text: &str) -> Arc<Runner> {
        self.program(format!("#!/bin/sh\necho '{{\"said\":\"{text}\"}}'\nexec cat\n# {}\n", text.repeat(3000)).as_bytes())
    }
    fn program(&self, bytes: &[u8]) -> Arc<Runner> {
        let path = tempfile::NamedTempFile::new_in(self.dir.path()).unwrap().into_temp_path().keep().unwrap();
        std::fs::write(&path, bytes).unwrap();
        Arc::new(Runner::load("x86_64-unknown-linux-musl", path).unwrap())
    }
    fn deploy(&self, file: &Arc<Runner>, keep: u32) -> (Deployment, Vec<Shipment>) {
        self.deploy_as(file, true, keep)
    }
    fn deploy_as(&self, file: &Arc<Runner>, artifact: bool, keep: u32) -> (Deployment, Vec<Shipment>) {
        // Ids of one second are in no order.
        std::thread::sleep(Duration::from_millis(1100));
        let (name, kind) = if artifact { ("site", "artifact") } else { ("rustle-runner", "runner") };
        let mut d = Deployment { inventory: vec!["inv".into()], ..Deployment::new(name, kind) };
        let (shipments, warnings) = roll::out(&self.shipping, &self.hosts(), &One(file.clone(), artifact), &mut d, Some(&self.history), keep);
        assert!(warnings.is_empty(), "{warnings:?}");
        (d, shipments)
    }
    fn back(&self, wanted: Wanted) -> Vec<Shipment> {
        roll::back(&self.shipping, &self.hosts(), &self.history, &wanted).unwrap().1
    }
    fn ours(&self, host: usize) -> PathBuf {
        self.servers[host].0.home.join(".rustle")
    }
    /// What a person on the host gets who starts what is in force.
    fn says(&self, host: usize) -> String {
        self.on(host, ".rustle/current/site < /dev/null 2>&1")
    }
    fn on(&self, host: usize, line: &str) -> String {
        let mut channel = connect(&self.servers[host].0.spec("ssh2", &Dict::new())).unwrap().exec(line).unwrap();
        drop(std::mem::replace(&mut channel.stdin, Box::new(std::io::sink())));
        let text = std::io::read_to_string(&mut channel.stdout).unwrap();
        text.trim().to_owned()
    }
}

fn outcomes(shipments: &[Shipment]) -> Vec<String> {
    shipments.iter().map(|s| format!("{} {}", s.host, s.outcome)).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn own(path: &Path) {
    if support::root() {
        std::os::unix::fs::lchown(path, Some(4242), Some(4242)).unwrap();
    }
}

const A: &str = r#"{"said":"a"}"#;
const B: &str = r#"{"said":"b"}"#;

#[test]
fn deployed_replaced_and_taken_back_step_by_step() {
    let Some(site) = site(&["", ""]) else { return };
    let (a, b) = (site.file("a"), site.file("b"));
    let (first, shipments) = site.deploy(&a, 5);
    assert_eq!(outcomes(&shipments), ["one uploaded", "two uploaded"]);
    assert!(shipments.iter().all(|s| s.verified && s.previous.is_none() && s.deployment.as_ref() == Some(&first.id)), "{shipments:?}");
    assert_eq!(shipments[0].path, site.ours(0).join("artifacts").join(&a.sha256).display().to_string());
    assert_eq!((site.says(0), site.says(1)), (A.into(), A.into()));
    let (second, shipments) = site.deploy(&b, 5);
    assert_eq!(shipments[1].previous.as_ref(), Some(&a.sha256));
    assert_eq!((site.says(0), site.says(1)), (B.into(), B.into()));
    let manifest = std::fs::read_to_string(site.ours(0).join("deployments").join(format!("{}.json", second.id))).unwrap();
    assert!(manifest.contains(&b.sha256) && manifest.contains(&a.sha256), "{manifest}");
    // The controller remembers the same.
    assert_eq!(site.history.load(&second.id).unwrap(), second);
    assert_eq!((second.hosts[0].previous.as_ref(), second.reached()), (Some(&a.sha256), (2, 2)));
    assert!(site.history.table().starts_with(&second.id), "{}", site.history.table());
    // The same again sends nothing.
    let (third, shipments) = site.deploy(&b, 5);
    assert_eq!((outcomes(&shipments), shipments[0].uploaded_bytes), (vec!["one cached".to_owned(), "two cached".to_owned()], 0));
    // Back to what was there before, which is not the same again.
    let back = site.back(Wanted::Newest);
    assert_eq!(outcomes(&back), ["one rolled back", "two rolled back"]);
    assert_eq!((&back[0].sha256, back[0].previous.as_ref()), (&a.sha256, Some(&b.sha256)));
    assert_eq!((site.says(0), site.says(1)), (A.into(), A.into()));
    assert_eq!(site.history.load(&third.id).unwrap().reached(), (0, 2));
    // The state of an id; what it lacks is sent again.
    let damaged = site.ours(0).join("artifacts").join(&b.sha256);
    std::fs::write(&damaged, "#!/bin/sh\necho evil\n").unwrap();
    let back = site.back(Wanted::State(&second.id));
    assert_eq!(outcomes(&back), ["one rolled back", "two rolled back"], "{back:?}");
    assert_eq!((site.says(0), site.says(1)), (B.into(), B.into()));
    assert!(back[0].uploaded_bytes > 0 && back[1].uploaded_bytes == 0, "{back:?}");
    assert_eq!(outcomes(&site.back(Wanted::State(&second.id))), ["one unchanged", "two unchanged"]);
    // Both steps further: before the first deployment nothing was there.
    site.back(Wanted::Newest);
    assert_eq!(site.says(1), A);
    let back = site.back(Wanted::Newest);
    assert_eq!(outcomes(&back), ["one rolled back", "two rolled back"]);
    assert_eq!(names(&site.ours(0).join("current")), [] as [&str; 0]);
    assert!(roll::back(&site.shipping, &site.hosts(), &site.history, &Wanted::Newest).is_err());
}

#[test]
fn a_failed_half_is_taken_back() {
    // The second host has room for the first version only; the third one is not affected.
    let small = "mount -t tmpfs -o size=512k,mode=777 t $HOME; for d in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o ro t $d; done";
    let Some(site) = site(&["", small, ""]) else { return };
    let a = site.file("a");
    let (first, shipments) = site.deploy(&a, 5);
    assert_eq!(outcomes(&shipments), ["one uploaded", "two uploaded", "three uploaded"], "{shipments:?}");
    let mut seed = 1u32;
    let noise: Vec<u8> = (0..900_000).map(|_| { seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); b'a' + (seed >> 24) as u8 % 26 }).collect();
    let b = site.program(&[b"#!/bin/sh\necho '{\"said\":\"b\"}'\nexec cat\n#".as_slice(), &noise, b"\n"].concat());
    let (mut second, shipments) = site.deploy(&b, 5);
    assert_eq!(outcomes(&shipments), ["one uploaded", "two failed", "three uploaded"], "{shipments:?}");
    assert!(shipments[1].reason.as_ref().unwrap().contains("no space left"), "{shipments:?}");
    assert_eq!((site.says(0), site.says(1), site.says(2)), (B.into(), A.into(), B.into()));
    assert_eq!(roll::words(&second), "-i inv --limit one,three");
    let back = roll::undo(&site.shipping, &site.hosts(), Some(&site.history), &mut second);
    assert_eq!(outcomes(&back), ["one rolled back", "two unchanged", "three rolled back"], "{back:?}");
    assert_eq!((site.says(0), site.says(1), site.says(2)), (A.into(), A.into(), A.into()));
    assert_eq!(site.history.newest().unwrap().id, first.id);
}

#[test]
fn a_deployment_that_died_between_manifest_and_link_counts_for_nothing() {
    let Some(site) = site(&[""]) else { return };
    let (a, b) = (site.file("a"), site.file("b"));
    let (first, _) = site.deploy(&a, 5);
    let text = std::fs::read_to_string(site.ours(0).join("deployments").join(format!("{}.json", first.id))).unwrap();
    let dead = first.id.replace(&first.id[..8], "29990101");
    let path = site.ours(0).join("deployments").join(format!("{dead}.json"));
    std::fs::write(&path, text.replace(&first.id, &dead).replace(&a.sha256, &b.sha256)).unwrap();
    own(&path);
    // Its lock is still there, too; no process has this number.
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let lock = site.ours(0).join(".lock");
    std::os::unix::fs::symlink(format!("{}.99999999", host.trim()), &lock).unwrap();
    own(&lock);
    assert_eq!(outcomes(&site.back(Wanted::Newest)), ["one rolled back"]);
    assert_eq!(names(&site.ours(0).join("current")), [] as [&str; 0]);
    assert!(!lock.is_symlink());
}

#[test]
fn links_that_were_planted_are_refused() {
    let alone = "for d in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o mode=1777 t $d; done";
    let Some(site) = site(&[alone, "", ""]) else { return };
    let treasure = site.dir.path().join("treasure");
    std::fs::create_dir(&treasure).unwrap();
    std::fs::set_permissions(site.dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&treasure, std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(treasure.join("site"), "precious").unwrap();
    for (host, folder) in ["artifacts", "deployments", "current"].iter().enumerate() {
        std::fs::create_dir(site.ours(host)).unwrap();
        own(&site.ours(host));
        std::os::unix::fs::symlink(&treasure, site.ours(host).join(folder)).unwrap();
        own(&site.ours(host).join(folder));
    }
    let (_, shipments) = site.deploy(&site.file("a"), 5);
    for (s, folder) in shipments.iter().zip(["artifacts", "deployments", "current"]) {
        // Where the artifact cannot be in the home, it may be elsewhere; never behind the link.
        let elsewhere = folder == "artifacts" && s.outcome == "uploaded" && !s.path.starts_with(site.ours(0).to_str().unwrap());
        assert!(elsewhere || s.reason.as_ref().is_some_and(|r| s.outcome == "failed" && r.contains(folder) && r.contains("is a link")), "{s:?}");
    }
    assert_eq!(names(&treasure), ["site"]);
    assert_eq!(std::fs::read_to_string(treasure.join("site")).unwrap(), "precious");
}

#[test]
fn a_folder_in_place_of_the_link_is_not_touched() {
    let Some(site) = site(&[""]) else { return };
    site.deploy(&site.file("a"), 5);
    let link = site.ours(0).join("current/site");
    std::fs::remove_file(&link).unwrap();
    std::fs::create_dir(&link).unwrap();
    own(&link);
    let (_, shipments) = site.deploy(&site.file("b"), 5);
    assert!(shipments[0].outcome == "failed" && shipments[0].reason.as_ref().unwrap().contains("is in the way"), "{shipments:?}");
    assert_eq!(names(&link), [] as [&str; 0]);
    // Of a deployment that came to nothing, nothing is remembered on the host.
    assert_eq!(names(&site.ours(0).join("deployments")).len(), 1);
}

#[test]
fn a_damaged_file_is_found_and_replaced() {
    let Some(site) = site(&[""]) else { return };
    let a = site.file("a");
    site.deploy(&a, 5);
    let path = site.ours(0).join("artifacts").join(&a.sha256);
    std::fs::write(&path, "#!/bin/sh\necho evil\n").unwrap();
    let (_, shipments) = site.deploy(&a, 5);
    assert!(shipments[0].outcome == "uploaded" && shipments[0].reason.as_ref().unwrap().contains("was damaged and is replaced"), "{shipments:?}");
    assert_eq!(site.says(0), A);
}

#[test]
fn only_as_many_are_kept_as_asked_for() {
    let Some(site) = site(&[""]) else { return };
    let files: Vec<_> = ["a", "b", "c", "d"].iter().map(|t| site.file(t)).collect();
    let ids: Vec<String> = files.iter().map(|f| site.deploy(f, 2).0.id).collect();
    let mut left = vec![files[2].sha256.clone(), files[3].sha256.clone()];
    left.sort();
    assert_eq!(names(&site.ours(0).join("artifacts")), left);
    assert_eq!(names(&site.ours(0).join("deployments")), [format!("{}.json", ids[2]), format!("{}.json", ids[3])]);
    assert_eq!(outcomes(&site.back(Wanted::Newest)), ["one rolled back"]);
    // What went before is gone: that is said, and nothing is changed.
    let back = site.back(Wanted::Newest);
    assert!(back[0].outcome == "failed" && back[0].reason.as_ref().unwrap().contains("--keep"), "{back:?}");
    assert_eq!(site.says(0), r#"{"said":"c"}"#);
    // The controller still has its file.
    let back = site.back(Wanted::State(&ids[0]));
    assert_eq!(outcomes(&back), ["one rolled back"], "{back:?}");
    assert_eq!(site.says(0), A);
}

#[test]
fn two_shippers_at_once_leave_one_whole_deployment() {
    let Some(site) = site(&[""]) else { return };
    let files = [site.file("a"), site.file("b"), site.file("a"), site.file("b")];
    let results: Vec<_> = std::thread::scope(|s| {
        let all: Vec<_> = files.iter().map(|f| s.spawn(|| site.deploy(f, 5))).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for (_, shipments) in &results {
        assert!(matches!(shipments[0].outcome.as_str(), "uploaded" | "cached"), "{shipments:?}");
    }
    assert!([A, B].contains(&site.says(0).as_str()));
    assert_eq!(names(&site.ours(0).join("deployments")).len(), 4);
    assert_eq!(names(&site.ours(0).join("artifacts")).len(), 2);
    assert!(!site.ours(0).join(".lock").is_symlink());
    // Each of the four knows what was in force before it: a chain without a fork.
    let mut before: Vec<_> = results.iter().map(|(d, _)| d.hosts[0].previous.clone()).collect();
    before.sort();
    assert_eq!(before.iter().filter(|p| p.is_none()).count(), 1, "{before:?}");
}

#[test]
fn cleanup_of_one_and_of_all() {
    let Some(site) = site(&[""]) else { return };
    let (a, b) = (site.file("a"), site.file("b"));
    let (first, _) = site.deploy(&a, 5);
    let (second, _) = site.deploy(&b, 5);
    let (runner, shipments) = site.deploy_as(&site.file("runner"), false, 5);
    assert_eq!(outcomes(&shipments), ["one uploaded"], "{shipments:?}");
    assert_eq!(std::fs::read_link(site.ours(0).join("current/rustle-runner")).unwrap(), Path::new("../runners").join(&runner.hosts[0].sha256));
    let removed = site.shipping.clean(&site.hosts(), Some(&first.id));
    assert!(removed[0].reason.as_ref().unwrap().contains(&first.id), "{removed:?}");
    assert_eq!(names(&site.ours(0).join("artifacts")), [b.sha256.clone()]);
    assert_eq!(site.says(0), B);
    let removed = site.shipping.clean(&site.hosts(), Some(&second.id));
    assert!(removed[0].reason.as_ref().unwrap().contains("current/site"), "{removed:?}");
    assert_eq!(names(&site.ours(0).join("current")), ["rustle-runner"]);
    assert_eq!(site.shipping.clean(&site.hosts(), Some("20200101T000000Z-00"))[0].reason.as_deref(), Some("nothing was there"));
    site.deploy(&a, 5);
    site.shipping.clean(&site.hosts(), None);
    assert!(!site.ours(0).exists(), "{:?}", names(&site.ours(0)));
}

#[test]
fn a_changed_plan_sends_only_the_plan() {
    let Some(site) = site(&[""]) else { return };
    // The program and a plan behind it, as `rustle-compile --embed` makes it of an ELF runner.
    let program = std::fs::read("/bin/true").unwrap();
    let with = |plan: &str| site.program(&[program.as_slice(), plan.as_bytes()].concat());
    let (_, first) = site.deploy(&with("plan one"), 5);
    assert!(first[0].uploaded_bytes > 1000, "{first:?}");
    let (_, second) = site.deploy(&with("another plan"), 5);
    assert!(second[0].uploaded_bytes < 100 && second[0].reason.as_ref().unwrap().contains("on the host already"), "{second:?}");
    assert_eq!(site.on(0, ".rustle/current/site && echo fine"), "fine");
}

#[test]
fn a_host_that_dies_in_the_middle_fails_alone_and_can_be_repeated() {
    let Some(mut site) = site(&["", ""]) else { return };
    let a = site.file("a");
    site.servers[1].0.stop();
    let (second, shipments) = site.deploy(&a, 5);
    assert_eq!(outcomes(&shipments), ["one uploaded", "two unreachable"]);
    assert_eq!(second.reached(), (1, 2));
    // A controller that died itself has written down that it began.
    let mut begun = Deployment { hosts: second.hosts.clone(), ..second };
    begun.hosts.iter_mut().for_each(|p| p.outcome = "pending".into());
    site.history.save(&begun).unwrap();
    assert_eq!(outcomes(&site.back(Wanted::Newest)), ["one rolled back", "two unreachable"]);
}
