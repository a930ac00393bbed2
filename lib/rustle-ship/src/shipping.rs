//! One work on many hosts at the same time: shipping, rolling back, taking away, looking.
//!
//! Limits: hosts are named and described by the caller; passwords only as the settings hold them.

use crate::deployment::{Deployment, Part, RUNNER};
use crate::keeper::Keeper;
use crate::rollout::{self, Back, Done, Item};
use crate::{Bootstrap, BootstrapOptions, Outcome, Platform, Runner, Session, ShipError, bootstrap, cleanup, look};
use rustle_connect::{Connection, HostSpec, Settings, connect};
use rustle_stream::record::Shipment;
use rustle_value::Dict;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A host's name and its variables, rendered.
pub type HostVars = (String, Dict);

/// What there is to ship.
pub trait Supply: Sync {
    /// The runner that the host most probably needs.
    fn expected(&self, host: &str) -> Option<Arc<Runner>>;
    /// The runner for a host of this platform, found or built.
    ///
    /// # Errors
    /// Why there is none.
    fn choose(&self, host: &str, platform: &Platform) -> Result<Arc<Runner>, String>;
    /// The executable with the plan inside that the host gets in place of a runner.
    fn artifact(&self, host: &str) -> Option<Arc<Runner>> {
        let _ = host;
        None
    }
}

/// How hosts are reached and served.
pub struct Shipping {
    pub settings: Settings,
    pub options: BootstrapOptions,
    /// Hosts at the same time.
    pub parallel: usize,
}

impl Shipping {
    /// Does `work` for all hosts, some at a time; the results in the hosts' order.
    pub fn each<H: Sync, T: Send>(&self, hosts: &[H], work: impl Fn(&H) -> T + Sync) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..self.parallel.clamp(1, hosts.len().max(1)) {
                scope.spawn(|| {
                    while let Some((i, host)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, hosts.get(i)?))) {
                        let result = work(host);
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((i, result));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        done.into_iter().map(|(_, result)| result).collect()
    }

    fn connect(&self, (host, vars): &HostVars) -> Result<(Box<dyn Connection>, BootstrapOptions), ShipError> {
        let spec = HostSpec::from_vars(host, vars, &self.settings)?;
        Ok((connect(&spec)?, BootstrapOptions { retries: spec.retries, ..self.options.clone() }))
    }

    /// Who logs in on a host.
    pub(crate) fn user(&self, (host, vars): &HostVars) -> Option<String> {
        HostSpec::from_vars(host, vars, &self.settings).ok()?.user
    }

    /// Brings to each host what it is to have, and into force; `deployment` gets a part per host that is not this
    /// machine, and is not written down here.
    pub fn ship(&self, hosts: &[HostVars], supply: &dyn Supply, deployment: &mut Deployment, keep: u32) -> Vec<Shipment> {
        let plan = deployment.clone();
        let results = self.each(hosts, |h| self.ship_one(h, supply, &plan, keep).unwrap_or_else(|e| (failed(&h.0, &e), None)));
        let mut shipments = Vec::new();
        deployment.hosts.clear();
        for (h, (mut shipment, file)) in hosts.iter().zip(results) {
            if shipment.outcome != "local" {
                // The deployment holds for those that failed, too: they can be told from those that have it.
                shipment.deployment = Some(deployment.id.clone());
                deployment.hosts.push(Part {
                    host: shipment.host.clone(),
                    user: self.user(h),
                    triple: file.as_ref().map(|f| f.triple.clone()).unwrap_or_default(),
                    sha256: shipment.sha256.clone(),
                    source: file.map(|f| f.path.display().to_string()).unwrap_or_default(),
                    uploaded_bytes: shipment.uploaded_bytes,
                    previous: shipment.previous.clone(),
                    outcome: shipment.outcome.clone(),
                    reason: shipment.reason.clone(),
                });
            }
            shipments.push(shipment);
        }
        shipments
    }

    fn ship_one(&self, h: &HostVars, supply: &dyn Supply, deployment: &Deployment, keep: u32) -> Result<(Shipment, Option<Arc<Runner>>), ShipError> {
        let host = &h.0;
        let (mut connection, options) = self.connect(h)?;
        if let Some(file) = supply.artifact(host) {
            let mut keeper = Keeper::start(&mut *connection, options.patience)?;
            let item = Item { file: &file, is_runner: false, shared: image(file.bytes()?) };
            let done = rollout::deploy(&mut keeper, &item, deployment, keep)?;
            return Ok((shipped(host, &file, done), Some(file)));
        }
        if deployment.kind == "artifact" {
            let why = supply.choose(host, &Platform::default()).err();
            let reason = Some(why.unwrap_or_else(|| "the stream has no executable for it".into()));
            return Ok((Shipment { reason, ..shipment(host, "fallback") }, None));
        }
        if connection.is_local() {
            let Some(own) = supply.expected(host) else {
                return Ok((Shipment { reason: Some("no runner is installed".into()), ..shipment(host, "fallback") }, None));
            };
            return Ok((Shipment { sha256: own.sha256.clone(), path: own.path.display().to_string(), ..shipment(host, "local") }, None));
        }
        let options = BootstrapOptions { expected: supply.expected(host), ..options };
        match bootstrap(&mut *connection, &|p| supply.choose(host, p), &options)? {
            Bootstrap::Fallback { reason, mut notes, .. } => {
                notes.insert(0, reason);
                Ok((Shipment { reason: Some(notes.join("; ")), ..shipment(host, "fallback") }, None))
            }
            Bootstrap::Ready(session) => {
                let Session { channel, runner, outcome, path, uploaded_bytes, resumed, mut notes, .. } = *session;
                // The runner ends when nobody speaks to it any more.
                drop(channel);
                let item = Item { file: &runner, is_runner: true, shared: 0 };
                let recorded = Keeper::start(&mut *connection, options.patience).and_then(|mut k| rollout::deploy(&mut k, &item, deployment, keep));
                let mut done = Done { path, cached: outcome == Outcome::Cached, uploaded_bytes, reused: resumed, verified: true, ..Done::default() };
                match recorded {
                    Ok(r) => done.previous = r.previous,
                    // The runner is there and runs, which is what counts.
                    Err(e) => notes.push(format!("the host keeps no record of the deployment: {e}")),
                }
                done.notes = notes;
                Ok((shipped(host, &runner, done), Some(runner)))
            }
        }
    }

    /// Takes `deployment` back on these hosts, wherever it is in force; each gets back what it had before. The parts of
    /// `deployment` are changed accordingly, and not written down here.
    pub fn undo(&self, hosts: &[HostVars], deployment: &mut Deployment) -> Vec<Shipment> {
        let id = deployment.id.clone();
        let results = self.each(hosts, |h| {
            let back = self.connect(h).and_then(|(mut c, o)| rollout::undo(&mut Keeper::start(&mut *c, o.patience)?, &id));
            (h.0.clone(), back)
        });
        results
            .into_iter()
            .map(|(host, back)| {
                let now = match &back {
                    Ok(Back::To { .. } | Back::Nothing { .. }) => "rolled back",
                    Ok(Back::Unchanged(_)) => "not in force",
                    Err(_) => "",
                };
                // A host that did not answer may have it still.
                for p in deployment.hosts.iter_mut().filter(|p| p.host == host && !now.is_empty() && p.in_force()) {
                    p.outcome = now.into();
                }
                went_back(&host, &id, 0, back)
            })
            .collect()
    }

    /// Brings back the state of an earlier deployment. Those parts of `all` that it replaces are changed accordingly.
    pub fn return_to(&self, hosts: &[HostVars], deployment: &Deployment, all: &mut [Deployment]) -> Vec<Shipment> {
        let results = self.each(hosts, |h| {
            let back = match deployment.hosts.iter().find(|p| p.host == h.0 && !p.sha256.is_empty()) {
                None => Ok((Back::Unchanged(format!("{} was not for it", deployment.id)), 0)),
                Some(part) => self.connect(h).and_then(|(mut c, o)| {
                    let file = Runner::new(&part.triple, &part.source, &part.sha256);
                    let file = file.bytes().is_ok().then_some(&file);
                    rollout::return_to(&mut Keeper::start(&mut *c, o.patience)?, deployment, part, file)
                }),
            };
            (h.0.clone(), back)
        });
        let mut shipments = Vec::new();
        for (host, back) in results {
            let (back, sent) = back.map_or_else(|e| (Err(e), 0), |(b, sent)| (Ok(b), sent));
            if matches!(back, Ok(Back::To { .. })) {
                for d in all.iter_mut().filter(|d| d.name == deployment.name) {
                    let id = d.id.clone();
                    for p in d.hosts.iter_mut().filter(|p| p.host == host) {
                        if id > deployment.id && p.in_force() {
                            p.outcome = "rolled back".into();
                        } else if id == deployment.id {
                            p.outcome = "cached".into();
                        }
                    }
                }
            }
            shipments.push(went_back(&host, &deployment.id, sent, back));
        }
        shipments
    }

    /// Takes away one deployment, or everything that rustle has put on the hosts.
    pub fn clean(&self, hosts: &[HostVars], id: Option<&str>) -> Vec<Shipment> {
        self.each(hosts, |h| {
            let removed = self.connect(h).and_then(|(mut c, options)| match id {
                Some(id) => rollout::take_away(&mut Keeper::start(&mut *c, options.patience)?, id),
                None if c.is_local() => Ok(Vec::new()),
                None => cleanup(&mut *c, None, &options),
            });
            match removed {
                Ok(list) => {
                    let reason = Some(if list.is_empty() { "nothing was there".into() } else { list.join(", ") });
                    Shipment { reason, deployment: id.map(str::to_owned), ..shipment(&h.0, "removed") }
                }
                Err(e) => failed(&h.0, &e),
            }
        })
    }

    /// Asks each host what it is and which runners it has; changes nothing there. `None`: it is this machine.
    pub fn look(&self, hosts: &[HostVars]) -> Vec<Result<Option<Platform>, ShipError>> {
        self.each(hosts, |h| {
            let (mut connection, options) = self.connect(h)?;
            if connection.is_local() { Ok(None) } else { look(&mut *connection, &options).map(Some) }
        })
    }
}

fn shipment(host: &str, outcome: &str) -> Shipment {
    Shipment { host: host.to_owned(), outcome: outcome.to_owned(), ..Shipment::default() }
}

fn shipped(host: &str, file: &Runner, mut done: Done) -> Shipment {
    if done.reused > 0 {
        done.notes.push(format!("{} bytes were on the host already", done.reused));
    }
    Shipment {
        sha256: file.sha256.clone(),
        path: done.path,
        uploaded_bytes: done.uploaded_bytes,
        reason: (!done.notes.is_empty()).then(|| done.notes.join("; ")),
        verified: done.verified,
        previous: done.previous,
        ..shipment(host, if done.cached { "cached" } else { "uploaded" })
    }
}

fn went_back(host: &str, id: &str, sent: u64, back: Result<Back, ShipError>) -> Shipment {
    let base = |outcome: &str| Shipment { deployment: Some(id.to_owned()), uploaded_bytes: sent, ..shipment(host, outcome) };
    match back {
        Ok(Back::To { digest, id, was }) => Shipment { sha256: digest, previous: was, reason: Some(format!("{id} is in force")), ..base("rolled back") },
        Ok(Back::Nothing { was }) => Shipment { previous: Some(was), reason: Some("nothing is in force, as before".into()), ..base("rolled back") },
        Ok(Back::Unchanged(why)) => Shipment { reason: Some(why), ..base("unchanged") },
        Err(e) => Shipment { deployment: Some(id.to_owned()), ..failed(host, &e) },
    }
}

fn failed(host: &str, e: &ShipError) -> Shipment {
    let outcome = match e {
        ShipError::Connect(_) => "unreachable",
        ShipError::Runner(_) | ShipError::Protocol(_) | ShipError::Host(_) | ShipError::History(_) => "failed",
    };
    Shipment { reason: Some(e.to_string()), ..shipment(host, outcome) }
}

/// Whether a host did not get what it was to get (one that can have no runner is served another way).
pub fn lost(s: &Shipment) -> bool {
    matches!(s.outcome.as_str(), "failed" | "unreachable")
}

/// The name of a deployment: of its playbook, where the plan is inside.
pub fn deployment_name(artifacts: bool, playbooks: &[String]) -> String {
    let stem = playbooks.first().and_then(|p| std::path::Path::new(p).file_stem()?.to_str());
    if artifacts { crate::deployment::name_of(stem.unwrap_or("plan")) } else { RUNNER.to_owned() }
}

/// How many bytes of an executable are its program: what follows is a plan. 0 where that cannot be told.
fn image(bytes: &[u8]) -> u64 {
    let number = |at: usize, len: usize| bytes.get(at..at + len).map(|b| b.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b)));
    // An ELF file ends with the table of its sections.
    let table = match (bytes.get(..4), bytes.get(4), bytes.get(5)) {
        (Some(b"\x7fELF"), Some(2), Some(1)) => number(0x28, 8).zip(number(0x3a, 2)).zip(number(0x3c, 2)),
        (Some(b"\x7fELF"), Some(1), Some(1)) => number(0x20, 4).zip(number(0x2e, 2)).zip(number(0x30, 2)),
        _ => None,
    };
    let end = table.filter(|((start, _), _)| *start > 0).and_then(|((start, size), count)| start.checked_add(size * count));
    end.filter(|e| *e <= bytes.len() as u64).unwrap_or(0)
}
