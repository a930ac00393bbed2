//! A runner for every platform: installed, remembered, taken from other machines, or built, in this order; for several
//! platforms at once.

use crate::{BuildError, Cache, Progress, Template, attempt, container, prebuilt, remote};
use rustle_stream::record::{Artifact, Capabilities, RunnerTemplate, Target};
use rustle_target::{groups, runner_for};
use rustle_toolchain::Env;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// Hosts that one runner serves.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Their platform.
    pub target: Target,
    /// Their names.
    pub hosts: Vec<String>,
    /// Triples to try, best first; from [`runner_for`] unless the user named one.
    pub candidates: Vec<String>,
}

/// Choices of the user.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Back ends to try, in this order; `None`: each by its rank.
    pub backends: Option<Vec<String>>,
    /// No network: for builds, and for runners of other machines.
    pub offline: bool,
    /// Seconds for one build.
    pub timeout: Duration,
    /// Platforms built at the same time.
    pub parallel: usize,
    /// Bytes; a larger runner is refused.
    pub size_limit: u64,
    /// Use no runner that was installed.
    pub no_prebuilt: bool,
    /// Build nothing: only what is there already.
    pub no_build: bool,
    /// Build even what is in the cache.
    pub refresh: bool,
    pub profile: Option<String>,
    pub features: Vec<String>,
}

impl Settings {
    /// What the settings files and the environment say.
    pub fn of(env: &Env) -> Self {
        // The end of a build, a minute or more, is one thread.
        let usual = (processors() / 2).clamp(2, 6);
        Settings {
            backends: None,
            offline: env.flag("RUSTLE_OFFLINE", false),
            timeout: Duration::from_secs(env.number("RUSTLE_COMPILE_TIMEOUT").unwrap_or(30 * 60)),
            parallel: env.number("RUSTLE_MAX_COMPILATION_JOBS").map_or(usual, |n| n as usize),
            size_limit: env.number("RUSTLE_BINARY_SIZE_LIMIT").unwrap_or(64 << 20),
            no_prebuilt: false,
            no_build: false,
            refresh: !env.flag("RUSTLE_COMPILE_CACHE", true),
            profile: env.var("RUSTLE_RUNNER_PROFILE").map(str::to_owned),
            features: Vec::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::of(&Env::default())
    }
}

/// Groups hosts by what they need. Hosts of unknown platform need something of their own: a failure that says why.
pub fn wanted(targets: &[Target]) -> Vec<Wanted> {
    groups(targets)
        .into_iter()
        .map(|g| Wanted {
            target: g.target.clone(),
            hosts: g.members.iter().map(|m| m.host.clone()).collect(),
            candidates: runner_for(g.target),
        })
        .collect()
}

/// What [`obtain`] works with.
pub struct Context<'a> {
    pub env: &'a Env,
    pub cache: &'a Cache,
    pub settings: &'a Settings,
    /// Templates of the stream, which count more than the usual ones.
    pub templates: &'a [RunnerTemplate],
    /// The machine's capabilities; asked for when they are needed only.
    pub caps: &'a (dyn Fn() -> Capabilities + Sync),
    /// Hears what builds do; see [`crate::Meter`] for how to show it.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One artifact per entry of `wanted`, in its order; those with the same binary are merged into the first. Where no
/// binary could be had, `failed` says what was tried.
pub fn obtain(context: &Context, wanted: &[Wanted]) -> Vec<Artifact> {
    let (caps, index) = (OnceLock::new(), OnceLock::new());
    let results = Mutex::new(vec![Artifact::default(); wanted.len()]);
    let next = AtomicUsize::new(0);
    let together = context.settings.parallel.clamp(1, wanted.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..together {
            scope.spawn(|| {
                while let Some((i, w)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, wanted.get(i)?))) {
                    let begun = Instant::now();
                    let mut artifact = one(context, &caps, &index, w, together);
                    artifact.milliseconds = begun.elapsed().as_millis() as u64;
                    artifact.hosts.clone_from(&w.hosts);
                    if let Ok(mut all) = results.lock() {
                        all[i] = artifact;
                    }
                }
            });
        }
    });
    let mut merged: Vec<Artifact> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for a in results.into_inner().unwrap_or_default() {
        match places.get(&a.sha256).filter(|_| a.failed.is_none()) {
            Some(i) => merged[*i].hosts.extend(a.hosts),
            None => {
                if a.failed.is_none() {
                    places.insert(a.sha256.clone(), merged.len());
                }
                merged.push(a);
            }
        }
    }
    merged
}

fn failed(w: &Wanted, why: String) -> Artifact {
    Artifact { triple: w.target.triple.clone(), failed: Some(why), ..Artifact::default() }
}

fn one(context: &Context, caps: &OnceLock<Capabilities>, index: &OnceLock<remote::Known>, w: &Wanted, together: usize) -> Artifact {
    if w.candidates.is_empty() {
        let why = w.target.reason.clone().unwrap_or_else(|| "no reason is known".into());
        return failed(w, format!("the platform is unknown: {why}"));
    }
    let settings = context.settings;
    let mut reasons: Vec<String> = Vec::new();
    let mut templates: Vec<Template> = Vec::new();
    for triple in &w.candidates {
        match template(context, w, triple) {
            Ok(t) => templates.push(t),
            Err(e) => return failed(w, e.to_string()),
        }
    }
    // Who asks for a runner of a special make gets that one.
    let wish = |t: &Template| t.is_special() && (t.spec.is_some() || !w.target.rustflags.is_empty() || in_stream(context, &t.triple));
    if !settings.no_prebuilt && !templates.first().is_some_and(wish) {
        for triple in &w.candidates {
            match prebuilt::find(context.env, triple, &w.target) {
                (Some(found), _) => return found,
                (None, unfit) => reasons.extend(unfit.into_iter().filter(|u| !reasons.contains(u)).collect::<Vec<_>>()),
            }
        }
    }
    let caps = caps.get_or_init(context.caps);
    let keyed: Result<Vec<Keyed>, BuildError> = templates.iter().map(|t| Keyed::new(t, caps, context.env)).collect();
    let keyed = match keyed {
        Ok(keyed) => keyed,
        Err(e) => return failed(w, e.to_string()),
    };
    if !settings.refresh {
        for (k, key) in keyed.iter().flat_map(|k| std::iter::once(&k.key).chain(&k.container).map(move |key| (k, key))) {
            if let Some((found, bytes)) = context.cache.get(key)
                && prebuilt::fitting(&bytes, &k.template.triple, &w.target).is_ok()
            {
                return found;
            }
        }
        match remote::pull(context, index, &keyed, w) {
            Ok(Some(found)) => return found,
            Ok(None) => {}
            Err(e) => reasons.push(e.to_string()),
        }
    }
    if settings.no_build {
        reasons.push("nothing is built (--no-build)".into());
        return failed(w, reasons.join("; "));
    }
    for k in &keyed {
        match attempt::build(context, caps, w, k, together) {
            Ok(artifact) => return artifact,
            Err(why) => reasons.extend(why),
        }
    }
    failed(w, reasons.join("; "))
}

fn in_stream(context: &Context, triple: &str) -> bool {
    context.templates.iter().any(|r| r.triple == triple)
}

fn template(context: &Context, w: &Wanted, triple: &str) -> Result<Template, BuildError> {
    let mut template = Template::for_target(&w.target, triple)?;
    // With several for a triple, the one that has the hosts' own flags.
    let flags = |r: &&RunnerTemplate| template.rustflags.iter().all(|f| r.rustflags.contains(f)) && r.spec == template.spec;
    let of_triple = || context.templates.iter().filter(|r| r.triple == triple);
    if let Some(r) = of_triple().filter(flags).min_by_key(|r| r.rustflags.len()).or_else(|| of_triple().next()) {
        return Ok(Template::from_record(r));
    }
    if let Some(profile) = &context.settings.profile {
        template.profile.clone_from(profile);
    }
    template.features.clone_from(&context.settings.features);
    Ok(template)
}

/// The cache's key: sources, features, profile, flags and target are in the template's hash; the compiler is added.
pub(crate) fn key(template: &Template, caps: &Capabilities) -> Result<String, BuildError> {
    Ok(key_of(&template.hash()?, caps))
}

fn key_of(hash: &str, caps: &Capabilities) -> String {
    let version = rustle_toolchain::working(caps, "rustc").and_then(|t| t.version.clone()).unwrap_or_default();
    crate::sha256(format!("{hash}\n{version}\n").as_bytes())
}

/// A template, and what its runner is called in caches.
pub(crate) struct Keyed<'a> {
    pub template: &'a Template,
    /// The template's digest; any compiler's runner has it.
    pub hash: String,
    /// With this machine's compiler.
    pub key: String,
    /// With the compiler of the settings' container image, where they name one.
    pub container: Option<String>,
}

impl<'a> Keyed<'a> {
    fn new(template: &'a Template, caps: &Capabilities, env: &Env) -> Result<Keyed<'a>, BuildError> {
        let hash = template.hash()?;
        let container = container::key(env, &template.triple, &hash);
        Ok(Keyed { template, key: key_of(&hash, caps), hash, container })
    }
}
