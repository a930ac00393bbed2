//! The stage `rustle-compile`, and what it shares with `rustle-template`.

use crate::embed_stage::{NoPrograms, Programs};
use crate::{Artifact, BACKENDS, BuildError, Cache, Context, Meter, PROFILE_ALIASES, PROFILES, Progress, Settings, Shown, Wanted, embed_stage, obtain, wanted};
use crate::upkeep::mega;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use rustle_cli::stage::{Input, Stage, StageError, StageIo};
use rustle_stream::record::{Capabilities, Target};
use rustle_stream::{Record, exit};
use rustle_target::{custom::named, targets_of_stream};
use rustle_toolchain::{Env, cached, process};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

impl From<BuildError> for StageError {
    fn from(e: BuildError) -> StageError {
        StageError::new(e.code(), e)
    }
}

/// Arguments that both stages have.
pub(crate) fn common(c: Command) -> Command {
    c.arg(
        Arg::new("target")
            .long("target")
            .value_name("TRIPLE")
            .action(ArgAction::Append)
            .help("For this platform, or the file of one of your own (.json, .toml), instead of the hosts of a stream; no input is read"),
    )
    .arg(
        Arg::new("profile")
            .long("profile")
            .value_name("PROFILE")
            .value_parser(profiles())
            .help("How the runner is optimised; debug is dev, release-with-debug is symbols, min-size is small (default: release)"),
    )
    .arg(
        Arg::new("features")
            .long("features")
            .value_name("LIST")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help("Cargo features, no-<NAME> for one that is usual; module-<NAME> limits the modules to those named"),
    )
}

/// Names of profiles, the other names of some made into theirs.
fn profiles() -> impl TypedValueParser<Value = String> {
    let names = PROFILES.iter().map(|p| {
        let others = PROFILE_ALIASES.iter().filter(move |(_, meant)| meant == p).map(|(other, _)| *other);
        PossibleValue::new(*p).aliases(others)
    });
    PossibleValuesParser::new(names).map(|given| PROFILE_ALIASES.iter().find(|(other, _)| *other == given).map_or(given, |(_, p)| (*p).to_owned()))
}

/// The input, unless `--target` stands for it; and the platforms, with the hosts that have them.
pub(crate) fn platforms(args: &ArgMatches, io: &mut StageIo) -> Result<(Option<Input>, Vec<Target>), StageError> {
    if let Some(names) = args.get_many::<String>("target") {
        let env = load()?;
        let mut targets = Vec::new();
        for name in names {
            let mut target = named(&env, name).map_err(|e| StageError::new(exit::USAGE, e))?;
            if target.libc.as_deref() == Some("glibc") && target.libc_version.is_none() && target.spec.is_none() {
                // No host is known, so what is built must run on every host that lives.
                target.libc_version = Some(crate::zig::glibc(&target.triple).to_owned());
            }
            targets.push(target);
        }
        return Ok((None, targets));
    }
    let input = io.read_all()?;
    let records: Vec<&Record> = input.records().collect();
    let targets = targets_of_stream(&load()?, &records, Default::default()).map_err(|e| StageError::new(e.code(), e))?;
    Ok((Some(input), targets))
}

pub(crate) fn load() -> Result<Env, StageError> {
    Env::load().map_err(|e| StageError::new(e.code(), e))
}

pub(crate) fn features(args: &ArgMatches) -> Vec<String> {
    args.get_many::<String>("features").into_iter().flatten().filter(|f| !f.is_empty()).cloned().collect()
}

/// Hosts that were asked here are not asked again by later stages.
pub(crate) fn found(io: &mut StageIo, input: Option<&Input>, targets: &[Target]) -> Result<(), StageError> {
    let Some(input) = input else { return Ok(()) };
    for t in targets {
        if !input.records().any(|r| matches!(r, Record::Target(known) if known.host == t.host)) {
            io.write(&t.clone().into())?;
        }
    }
    Ok(())
}

/// Passes the input on without the records that `replaced` names, or starts a stream.
pub(crate) fn pass(io: &mut StageIo, input: Option<&Input>, replaced: impl Fn(&Record) -> bool) -> Result<(), StageError> {
    let Some(input) = input else { return io.start_stream().map(drop) };
    for line in &input.lines {
        if !line.record.as_ref().is_some_and(&replaced) {
            io.pass(line)?;
        }
    }
    Ok(())
}

/// `rustle-compile`.
///
/// `P` turns the plan into what the engine runs, for `--embed`; this crate knows no playbooks.
pub struct CompileStage<P = NoPrograms>(std::marker::PhantomData<P>);

impl<P: Programs> Stage for CompileStage<P> {
    const READS: &'static [&'static str] =
        &["stream", "options", "extra_vars", "host", "group", "play", "role", "task", "batch", "decision", "target", "capabilities", "template", "analysis"];
    const WRITES: &'static [&'static str] = &["target", "artifact"];

    fn command() -> Command {
        let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        common(Command::new("rustle-compile").about("Finds or builds a runner for each platform"))
            .arg(flag("offline", "Build without network"))
            .arg(flag("no-build", "Only runners that are installed or cached"))
            .arg(flag("no-prebuilt", "Use no installed runner"))
            .arg(flag("refresh", "Build even what is cached"))
            .arg(flag("quiet", "No progress on stderr").short('q'))
            .arg(flag("cache-stats", "Show what is in the cache of runners, instead"))
            .arg(flag("cache-push", "Give the runners of the cache to other machines (cache.remote of the settings), instead"))
            .arg(flag("cache-verify", "Check every runner of the cache and remove the damaged ones, instead"))
            .arg(
                Arg::new("cache-prune")
                    .long("cache-prune")
                    .value_name("DAYS")
                    .value_parser(clap::value_parser!(u64))
                    .num_args(0..=1)
                    .default_missing_value("30")
                    .help("Remove runners that were not used for so many days (30), folders of builds and logs, instead"),
            )
            .group(ArgGroup::new("upkeep").args(["cache-stats", "cache-verify", "cache-prune", "cache-push"]).conflicts_with_all(["target", "embed"]))
            .arg(
                Arg::new("backend")
                    .long("backend")
                    .value_name("LIST")
                    .value_delimiter(',')
                    .value_parser(BACKENDS.iter().map(|b| b.name).collect::<Vec<_>>())
                    .help("Ways to build, in this order (default: all that fit)"),
            )
            .arg(
                Arg::new("timeout")
                    .long("timeout")
                    .value_name("SECONDS")
                    .value_parser(clap::value_parser!(u64).range(1..))
                    .help("Time limit of one build (default: build.timeout of the settings, 1800)"),
            )
            .arg(
                Arg::new("jobs")
                    .long("jobs")
                    .short('j')
                    .value_name("N")
                    .value_parser(clap::value_parser!(u32).range(1..))
                    .help("Platforms built at the same time (default: RUSTLE_MAX_COMPILATION_JOBS, else half of the processors, 2 to 6)"),
            )
            .arg(
                Arg::new("embed")
                    .long("embed")
                    .value_name("DIR")
                    .value_parser(clap::value_parser!(PathBuf))
                    .conflicts_with("target")
                    .help("Write one executable per host into DIR, with the plan inside, that needs no controller"),
            )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        if args.contains_id("upkeep") {
            return upkeep(args, io);
        }
        let (input, targets) = platforms(args, io)?;
        let embed = args.get_one::<PathBuf>("embed").zip(input.as_ref());
        if let Some((_, input)) = embed {
            embed_stage::check(input, if input.has("decision") { P::reasons(input)? } else { None })?;
        }
        let env = load()?;
        let usual = Settings::of(&env);
        let settings = Settings {
            backends: args.get_many::<String>("backend").map(|b| b.cloned().collect()),
            offline: args.get_flag("offline") || usual.offline,
            timeout: args.get_one::<u64>("timeout").map_or(usual.timeout, |s| Duration::from_secs(*s)),
            parallel: args.get_one::<u32>("jobs").map_or(usual.parallel, |j| *j as usize),
            no_prebuilt: args.get_flag("no-prebuilt"),
            no_build: args.get_flag("no-build"),
            refresh: args.get_flag("refresh") || usual.refresh,
            size_limit: usual.size_limit,
            profile: args.get_one::<String>("profile").cloned().or(usual.profile),
            features: features(args),
        };
        let known: Vec<&Record> = input.iter().flat_map(Input::records).collect();
        // `rustle-plan --optimization off`.
        let off = known.iter().any(|r| matches!(r, Record::Analysis(a) if a.mode == "off"));
        let settings = Settings { no_build: settings.no_build || off, ..settings };
        let caps = known.iter().find_map(|r| if let Record::Capabilities(c) = r { Some(c.clone()) } else { None });
        let looked = &env;
        let caps = move || -> Capabilities { caps.clone().unwrap_or_else(|| cached(looked, false)) };
        let templates: Vec<_> = known.iter().filter_map(|r| if let Record::RunnerTemplate(t) = r { Some(t.clone()) } else { None }).collect();
        let cache = Cache::of(&env)?;
        let mut list = wanted(&targets);
        if input.is_none() {
            // A user who names a platform means that one and no other that would do.
            list.iter_mut().for_each(|w| w.candidates.truncate(1));
        }
        let mut artifacts = with_progress(io, args.get_flag("quiet"), |shown| {
            let progress: &(dyn Fn(Progress) + Sync) = &|news| {
                crate::learn(&cache, &news);
                shown(news);
            };
            obtain(&Context { env: &env, cache: &cache, settings: &settings, templates: &templates, caps: &caps, progress }, &list)
        });
        if input.is_none() {
            artifacts.iter_mut().for_each(|a| a.hosts.clear());
        }
        if let Some((dir, input)) = embed {
            artifacts = embed_stage::write(input, artifacts, dir, &mut |host| P::of(input, host))?;
        }
        report(io, &list, &artifacts);
        pass(io, input.as_ref(), |r| matches!(r, Record::Artifact(_)))?;
        found(io, input.as_ref(), &targets)?;
        // Hosts without a runner fall back; that is no error of this stage unless a platform was asked for by name.
        let lost = (input.is_none() || embed.is_some()) && artifacts.iter().any(|a| a.failed.is_some());
        for a in artifacts {
            io.write(&a.into())?;
        }
        Ok(if lost { exit::UNAVAILABLE } else { exit::OK })
    }
}

/// `--cache-…`: no input is read and no record written.
fn upkeep(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
    let env = load()?;
    let cache = Cache::of(&env)?;
    if let Some(days) = args.get_one::<u64>("cache-prune") {
        let (count, bytes) = cache.prune(Duration::from_secs(days * 86_400))?;
        io.text(&format!("removed {count} runners, {} in all\n", mega(bytes)))?;
    } else if args.get_flag("cache-push") {
        let done = crate::push(&env, &cache)?;
        io.text(&format!("{}: {} runners, {} of them new or changed\ncache.remote_index = \"{}\"\n", done.place, done.all, done.new, done.digest))?;
        if let Some((key, made)) = done.key {
            io.text(&format!("cache.remote_key = \"{key}\"\n"))?;
            if made {
                io.warn("the signing key was made; keep its file, and give the public key above to those who take runners");
            }
        }
    } else if args.get_flag("cache-verify") {
        let (good, bad) = cache.verify()?;
        for k in &bad {
            io.warn(format!("the runner {} for {} is removed: {}", k.key, k.triple, k.damaged.as_deref().unwrap_or("damaged")));
        }
        io.text(&format!("{good} runners are as they were built, {} were damaged\n", bad.len()))?;
    } else {
        io.text(&cache.stats())?;
    }
    Ok(exit::OK)
}

/// Runs `work` while its news go to stderr.
fn with_progress<T: Send>(io: &mut StageIo, quiet: bool, work: impl FnOnce(&(dyn Fn(Progress) + Sync)) -> T + Send) -> T {
    process::die_with_children();
    let (send, receive) = mpsc::channel::<Shown>();
    let terminal = std::io::stderr().is_terminal();
    std::thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let state = std::sync::Mutex::new((Meter::new(terminal), send));
            work(&move |news: Progress| {
                if let Ok(mut s) = state.lock() {
                    let shown = s.0.hear(&news);
                    _ = s.1.send(shown);
                }
            })
        });
        for shown in receive {
            if !quiet {
                if let Some(line) = shown.line {
                    io.progress(line);
                }
                if let Some(text) = shown.moving {
                    io.moving(&text);
                }
            }
        }
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn report(io: &mut StageIo, wanted: &[Wanted], artifacts: &[Artifact]) {
    for a in artifacts {
        if let Some(why) = &a.failed {
            let hosts = if a.hosts.is_empty() { String::new() } else { format!(" ({})", a.hosts.join(", ")) };
            let triple = if a.triple.is_empty() { "unknown platform" } else { &a.triple };
            io.warn(format!("no runner for {triple}{hosts}: {why}"));
        }
    }
    if wanted.is_empty() {
        io.warn("no host needs a runner");
    }
}
