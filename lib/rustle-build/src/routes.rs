//! The way to a runner for each platform, tried out as far as that is cheap: nothing counts as possible because its
//! tools are there.
//!
//! A back end says what it would run; then the compiler compiles a line for the platform, and the linker a line of C.
//! What was found is remembered for as long as the tools are the same.

use crate::{Backend, Cache, Job, Request, Template, backend, own_triple, prebuilt, zig};
use rustle_stream::record::{Capabilities, Route, Target};
use rustle_toolchain::{Env, cache_dir, process, working};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The platforms that runners are made for.
pub const ROUTED: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "armv7-unknown-linux-gnueabihf",
    "armv7-unknown-linux-musleabihf",
    "i686-unknown-linux-gnu",
    "i686-unknown-linux-musl",
    "riscv64gc-unknown-linux-gnu",
    "riscv64gc-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-gnu",
    "x86_64-unknown-freebsd",
];

/// A first build of a platform's C library takes a minute on a small machine.
const LIMIT: Duration = Duration::from_secs(300);

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Effort {
    /// A line of Rust, and one of C, are compiled for the platform: well below a second.
    Compile,
    /// And linked with the platform's C library, which zig compiles the first time.
    Link,
}

impl Effort {
    fn word(self) -> &'static str {
        match self {
            Effort::Compile => "compiled",
            Effort::Link => "linked",
        }
    }
}

/// [`routes`], or what an earlier call with at least the same effort found. The runners that are there are looked at
/// each time.
pub fn remembered(env: &Env, caps: &Capabilities, cache: &Cache, triples: &[String], effort: Effort, refresh: bool) -> Vec<Route> {
    #[derive(Default, Serialize, Deserialize)]
    struct Entry {
        key: String,
        /// By triple: the effort, and the route.
        routes: BTreeMap<String, (Option<Effort>, Route)>,
    }
    let key = key(env, caps);
    let path = cache_dir(env).ok().map(|d| d.join("routes.json"));
    let text = path.as_ref().and_then(|p| std::fs::read_to_string(p).ok()).unwrap_or_default();
    let mut entry: Entry = serde_json::from_str(&text).unwrap_or_default();
    if refresh || entry.key != key {
        entry = Entry { key, routes: BTreeMap::new() };
    }
    let stale: Vec<String> =
        triples.iter().filter(|t| entry.routes.get(*t).is_none_or(|(known, _)| *known < Some(effort))).cloned().collect();
    for route in routes(env, caps, &stale, effort) {
        entry.routes.insert(route.triple.clone(), (Some(effort), route));
    }
    if let Some(path) = path.filter(|_| !stale.is_empty())
        && let Ok(text) = serde_json::to_string(&entry)
    {
        _ = save(&path, &text);
    }
    triples.iter().filter_map(|t| there(env, caps, cache, t).or_else(|| entry.routes.get(t).map(|(_, r)| r.clone()))).collect()
}

fn save(path: &Path, text: &str) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(dir)?;
    let file = tempfile::NamedTempFile::new_in(dir)?;
    std::fs::write(file.path(), text)?;
    file.persist(path)?;
    Ok(())
}

/// Everything that a route depends on: tools, their versions, standard libraries, the image to build in.
fn key(env: &Env, caps: &Capabilities) -> String {
    let tools = caps.tools.iter().map(|t| format!("{} {:?} {:?} {}\n", t.name, t.command, t.version, t.works));
    let image = crate::container::image(env, "{triple}");
    crate::sha256(format!("{} {}{:?}{image:?}", env!("CARGO_PKG_VERSION"), tools.collect::<String>(), caps.installed_targets).as_bytes())
}

/// The runner that needs no build.
fn there(env: &Env, caps: &Capabilities, cache: &Cache, triple: &str) -> Option<Route> {
    let libc = triple.contains("-linux-gnu").then(|| "glibc".to_owned());
    let target = Target { triple: triple.into(), libc, ..Target::default() };
    let route = |by: &str| Some(Route { triple: triple.into(), by: by.into(), checked: "found".into(), reasons: Vec::new() });
    if prebuilt::find(env, triple, &target).0.is_some() {
        return route("prebuilt");
    }
    let key = crate::obtain::key(&Template::new(triple), caps).ok()?;
    if cache.get(&key).is_some() { route("cache") } else { None }
}

/// The way to each of these platforms by a build, several at a time.
pub fn routes(env: &Env, caps: &Capabilities, triples: &[String], effort: Effort) -> Vec<Route> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(vec![Route::default(); triples.len()]);
    let workers = crate::obtain::processors().min(triples.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((i, triple)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, triples.get(i)?))) {
                    let route = one(env, caps, triple, effort);
                    if let Ok(mut all) = results.lock() {
                        all[i] = route;
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

fn one(env: &Env, caps: &Capabilities, triple: &str, effort: Effort) -> Route {
    let template = Template::new(triple);
    let request = Request { env, caps, template: &template, own: *triple == own_triple(), offline: true };
    let mut reasons = Vec::new();
    for backend in backend::order(&request, None).unwrap_or_default() {
        let tried = (backend.job)(&request).and_then(|job| attempt(backend, &request, &job, effort));
        match tried {
            Ok(checked) => return Route { triple: triple.into(), by: backend.name.into(), checked: checked.into(), reasons },
            Err(why) => reasons.push(format!("{}: {why}", backend.name)),
        }
    }
    Route { triple: triple.into(), by: "fallback".into(), checked: String::new(), reasons }
}

/// Tries what the back end's job would do, on a line of code. What was tried.
fn attempt(backend: &Backend, request: &Request, job: &Job, effort: Effort) -> Result<&'static str, String> {
    if backend.name == "container" {
        // Its job has looked at the image in the engine.
        return Ok("found");
    }
    let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
    compile(request, job, dir.path())?;
    let with_zig = job.words.iter().any(|w| w == "zigbuild");
    if with_zig {
        link(request, dir.path(), effort)?;
    } else if effort == Effort::Compile {
        return Ok("compiled");
    }
    Ok(effort.word())
}

/// A line of Rust for the platform: the compiler knows it, and the standard library is one that it takes. Where that
/// is still to be compiled, a line without it.
fn compile(request: &Request, job: &Job, dir: &Path) -> Result<(), String> {
    let rustc = working(request.caps, "rustc").ok_or("no rustc")?;
    let builds_std = job.words.iter().any(|w| w.starts_with("-Zbuild-std"));
    let source = dir.join("line.rs");
    let text = if builds_std { "#![feature(no_core)]\n#![no_core]\n" } else { "pub fn line() -> String { String::new() }\n" };
    std::fs::write(&source, text).map_err(|e| e.to_string())?;
    let mut command = Command::new(&rustc.command[0]);
    command.args(&rustc.command[1..]).args(["--crate-type=lib", "--emit=metadata", "--edition=2021", "--target", &request.template.triple]);
    command.arg("--out-dir").arg(dir).arg(&source);
    command.env_clear().envs(request.env.vars()).env_remove("RUSTFLAGS");
    if builds_std {
        command.env("RUSTC_BOOTSTRAP", "1");
    }
    finish(command, "rustc")
}

/// A line of C for the platform, by zig. It asks for a header, so that a zig without that platform's C library is found
/// out without linking.
fn link(request: &Request, dir: &Path, effort: Effort) -> Result<(), String> {
    let zig = request.tool("zig")?;
    let Some(target) = zig::target(&request.template.triple) else { return Err(format!("zig has no name for {}", request.template.triple)) };
    let source = dir.join("line.c");
    std::fs::write(&source, "#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n").map_err(|e| e.to_string())?;
    let mut command = Command::new(&zig[0]);
    command.args(&zig[1..]).args(["cc", "-target", &target]).arg(&source).arg("-o").arg(dir.join("line"));
    if effort == Effort::Compile {
        command.arg("-c");
    }
    command.env_clear().envs(request.env.vars()).current_dir(dir);
    finish(command, "zig")
}

fn finish(mut command: Command, name: &str) -> Result<(), String> {
    let outcome = process::run(&mut command, LIMIT, None).map_err(|e| format!("{name} does not start: {e}"))?;
    if outcome.timed_out {
        return Err(format!("{name} does not answer within {} seconds", LIMIT.as_secs()));
    }
    if outcome.success() {
        return Ok(());
    }
    let said = outcome.stderr_text();
    let line = said.lines().map(str::trim).find(|l| l.starts_with("error") || l.contains("error:")).or_else(|| said.lines().next());
    Err(format!("{name}: {}", line.unwrap_or("it failed without a word")))
}
