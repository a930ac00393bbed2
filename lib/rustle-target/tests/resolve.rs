//! Where a host's platform is taken from, in which order, and how often hosts are asked.

use rustle_stream::Record;
use rustle_stream::record::{Group, Host};
use rustle_target::{Ask, Inventory, Options, resolve};
use rustle_toolchain::Env;
use rustle_value::{Dict, dict};
use std::sync::Mutex;

struct Fake(Mutex<Vec<String>>);
impl Ask for Fake {
    fn ask(&self, host: &str, _: &Dict, _: &str) -> Result<String, String> {
        self.0.lock().unwrap().push(host.to_owned());
        match host {
            "down" => Err("connection refused".into()),
            "mute" => Ok("Welcome!\n".into()),
            _ => Ok("motd\nrustle.uname=Linux aarch64\nrustle.libc=glibc 2.36\n".into()),
        }
    }
}

fn host(name: &str, vars: Dict) -> Record {
    Host { name: name.into(), vars, ..Host::default() }.into()
}

#[test]
fn the_cheapest_source_wins() {
    let cache = tempfile::tempdir().unwrap();
    let vars: Vec<_> = std::env::vars().chain([("RUSTLE_CACHE_DIR".into(), cache.path().display().to_string())]).collect();
    let env = Env::of(vars);
    let records = [
        host("told", dict! { "rustle_target" => "arm64-linux-musl" }),
        host("ours", dict! { "ansible_connection" => "local" }),
        host("asked", Dict::new()),
        host("down", Dict::new()),
        host("mute", Dict::new()),
        host("grouped", Dict::new()),
        Group { name: "wide".into(), children: vec!["narrow".into()], vars: dict! { "rustle_target" => "x86_64-linux-gnu" }, ..Group::default() }.into(),
        Group { name: "narrow".into(), hosts: vec!["grouped".into()], vars: dict! { "rustle_target" => "x86_64-linux-musl" }, ..Group::default() }.into(),
    ];
    let inventory = Inventory::of(&records);
    let hosts: Vec<String> = inventory.names().map(str::to_owned).collect();
    let run = |ask: Option<&dyn Ask>, refresh| {
        resolve(&env, &inventory, &hosts, &Options { ask, refresh, parallel: 4, config: Dict::new() }).unwrap()
    };
    let fake = Fake(Mutex::default());
    let short = |targets: Vec<rustle_target::Target>| -> Vec<String> {
        targets.iter().map(|t| format!("{} {} {}", t.host, t.triple, t.known_by)).collect()
    };
    let own = std::env::consts::ARCH;
    let first = run(Some(&fake), false);
    assert_eq!(first[3].reason.as_deref(), Some("the host could not be asked: connection refused"));
    assert_eq!(first[4].reason.as_deref(), Some("the host's answer names no platform: Welcome!"));
    let first = short(first);
    assert_eq!(first[0], "told aarch64-unknown-linux-musl variable");
    assert!(first[1].starts_with(&format!("ours {own}-")) && first[1].ends_with(" controller"), "{}", first[1]);
    assert_eq!(first[2], "asked aarch64-unknown-linux-gnu probe");
    assert_eq!(first[3], "down  probe");
    assert_eq!(first[5], "grouped x86_64-unknown-linux-musl variable");
    assert_eq!(short(run(None, false))[2], "asked aarch64-unknown-linux-gnu cache");
    assert_eq!(short(run(None, true))[2], "asked  assumed");
    let mut asked = fake.0.into_inner().unwrap();
    asked.sort();
    assert_eq!(asked, ["asked", "down", "mute"]);
}

#[test]
fn a_wrong_variable_is_the_users_mistake() {
    let records = [host("h", dict! { "rustle_target" => "x86_64-unknown-linux-mussl" })];
    let inventory = Inventory::of(&records);
    let options = Options { ask: None, refresh: false, parallel: 1, config: Dict::new() };
    let e = resolve(&Env::load().unwrap(), &inventory, &["h".into()], &options).unwrap_err();
    assert_eq!(e.to_string(), "h: rustle_target: unknown platform 'x86_64-unknown-linux-mussl'; did you mean 'x86_64-unknown-linux-musl'?");
}

#[test]
fn a_glibc_may_be_named_with_the_platform() {
    let target = rustle_target::custom::named(&Env::default(), "aarch64-unknown-linux-gnu.2.17").unwrap();
    assert_eq!((target.triple.as_str(), target.libc.as_deref(), target.libc_version.as_deref()), ("aarch64-unknown-linux-gnu", Some("glibc"), Some("2.17")));
}

#[test]
fn a_connection_carries_the_question() {
    let connected = rustle_target::Connected { settings: Default::default() };
    let answer = connected.ask("h", &dict! { "ansible_connection" => "local" }, rustle_target::PROBE).unwrap();
    assert!(rustle_target::parse(&answer).unwrap().triple.starts_with(std::env::consts::ARCH), "{answer}");
    let error = connected.ask("h", &dict! { "ansible_connection" => "carrier_pigeon" }, "true").unwrap_err();
    assert!(error.contains("carrier_pigeon"), "{error}");
    // Nobody listens there.
    let nobody = dict! { "ansible_host" => "127.0.0.1", "ansible_port" => 1, "ansible_ssh_retries" => 0 };
    assert!(connected.ask("h", &nobody, "true").is_err());
}
