//! All hosts, each by the cheapest means: the variable `rustle_target`, a local connection, a cache, a question.

use crate::cache::Cache;
use crate::probe::{self, PROBE, Platform};
use crate::{Inventory, TargetError, custom, facts, own};
use rustle_stream::record::Target;
use rustle_toolchain::Env;
use rustle_value::{Dict, py_str};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs one line of `sh` on a host and gives its output.
pub trait Ask: Sync {
    /// # Errors
    /// Words for a person: why the host could not be asked.
    fn ask(&self, host: &str, vars: &Dict, script: &str) -> Result<String, String>;
}

/// How hosts are looked up.
pub struct Options<'a> {
    /// `None`: no host is contacted.
    pub ask: Option<&'a dyn Ask>,
    /// Trust no cache.
    pub refresh: bool,
    /// Hosts asked at the same time.
    pub parallel: usize,
    /// Settings of `ansible.cfg` by documented name, for its fact cache.
    pub config: Dict,
}

/// This machine's platform.
pub fn controller(env: &Env) -> Target {
    record("", own::platform(env).ok_or(TargetError::Ask("uname does not run".into())), "controller")
}

fn record(host: &str, found: Result<Platform, TargetError>, by: &str) -> Target {
    let host = host.to_owned();
    match found {
        Ok(p) => Target {
            host,
            triple: p.triple,
            libc: p.libc,
            libc_version: p.libc_version,
            known_by: by.into(),
            reason: p.note,
            cpu_features: p.features,
            ..Target::default()
        },
        Err(e) => Target { host, known_by: by.into(), reason: Some(e.to_string()), ..Target::default() },
    }
}

/// One target per host, in the order of `hosts`. A host whose platform cannot be told has an empty triple and the
/// reason.
///
/// # Errors
/// [`TargetError::Variable`] where a user's `rustle_target` is none.
pub fn resolve(env: &Env, inventory: &Inventory, hosts: &[String], options: &Options) -> Result<Vec<Target>, TargetError> {
    let mut cache = Cache::open(env);
    let mut own: Option<Target> = None;
    let mut targets: Vec<Option<Target>> = Vec::new();
    let mut open = Vec::new();
    for (i, host) in hosts.iter().enumerate() {
        let vars = inventory.vars(host);
        let mut known = None;
        if let Some(name) = vars.get("rustle_target").filter(|v| !v.is_null()).map(py_str) {
            let mut target = custom::named(env, &name).map_err(|e| TargetError::Variable { host: host.clone(), why: Box::new(e) })?;
            if let Some(version) = vars.get("rustle_target_libc_version").filter(|v| !v.is_null()) {
                target.libc_version = Some(py_str(version));
            }
            if let Some(list) = vars.get("rustle_target_cpu_features").and_then(|v| v.as_list()) {
                target.cpu_features = list.iter().map(py_str).collect();
            }
            known = Some(Target { host: host.clone(), ..target });
        } else if let Some(name) = inventory.untold(host) {
            let unknown = || record(host, Err(TargetError::Ask(format!("{name} is a template, or vaulted, and is not rendered here"))), "assumed");
            known = Some(facts::cached(&options.config, host).map_or_else(unknown, |p| record(host, Ok(p), "cache")));
        } else if is_local(host, &vars, &inventory.cli()) {
            let own = own.get_or_insert_with(|| controller(env));
            known = Some(Target { host: host.clone(), ..own.clone() });
        } else if !options.refresh {
            let from_facts = || facts::cached(&options.config, host).map(|p| record(host, Ok(p), "cache"));
            known = cache.get(host, &vars).or_else(from_facts);
        }
        if known.is_none() {
            open.push((i, host.as_str(), vars));
        }
        targets.push(known);
    }
    for ((i, host, vars), answer) in open.iter().zip(ask_all(&open, options)) {
        let asked = answer.is_some();
        let found = match answer {
            Some(Ok(text)) => probe::parse(&text),
            Some(Err(why)) => Err(TargetError::Ask(why)),
            None => Err(TargetError::Ask("hosts are not contacted".into())),
        };
        let target = record(host, found, if asked { "probe" } else { "assumed" });
        if !target.triple.is_empty() {
            cache.put(vars, &target);
        }
        targets[*i] = Some(target);
    }
    cache.save();
    Ok(targets.into_iter().flatten().collect())
}

type Open<'a> = (usize, &'a str, Dict);

/// Asks all hosts, some at a time. Answers in the order of the questions.
fn ask_all(open: &[Open], options: &Options) -> Vec<Option<Result<String, String>>> {
    let Some(ask) = options.ask else { return vec![None; open.len()] };
    let answers = Mutex::new(vec![None; open.len()]);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.parallel.clamp(1, open.len().max(1)) {
            scope.spawn(|| {
                while let Some((i, (_, host, vars))) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, open.get(i)?))) {
                    let answer = ask.ask(host, vars, PROBE);
                    if let Ok(mut all) = answers.lock() {
                        all[i] = Some(answer);
                    }
                }
            });
        }
    });
    answers.into_inner().unwrap_or_default()
}

fn is_local(host: &str, vars: &Dict, cli: &Dict) -> bool {
    let kind = vars.get("ansible_connection").or_else(|| cli.get("connection")).map(py_str);
    match kind.as_deref() {
        Some("local" | "ansible.builtin.local") => true,
        Some("smart") | None => matches!(host, "localhost" | "127.0.0.1" | "::1") && vars.get("ansible_host").is_none(),
        Some(_) => false,
    }
}
