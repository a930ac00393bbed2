//! The stage `rustle-template`: the Cargo project of a runner for each platform of a stream, or for those that are named.
//!
//! Limits: it compiles nothing. That a processor or a feature exists is asked of rustc, where there is one.

use crate::carried::Needs;
use crate::stages::{common, features, found, load, pass, platforms};
use crate::{Template, cpu};
use clap::{Arg, ArgAction, ArgMatches, Command};
use rustle_cli::stage::{Input, Stage, StageError, StageIo};
use rustle_stream::{Record, exit};
use rustle_target::{groups, runner_for};
use std::path::PathBuf;

/// `rustle-template`.
pub struct TemplateStage;

impl Stage for TemplateStage {
    const READS: &'static [&'static str] = &["stream", "options", "extra_vars", "host", "group", "batch", "requirement", "target"];
    const WRITES: &'static [&'static str] = &["target", "template"];

    fn command() -> Command {
        common(Command::new("rustle-template").about("Makes the Cargo project of a runner for each platform"))
            .arg(
                Arg::new("modules")
                    .long("modules")
                    .value_name("LIST")
                    .value_delimiter(',')
                    .action(ArgAction::Append)
                    .help("Only these modules; used: those that the stream's plan needs, or all where it may need any [default: all]"),
            )
            .arg(
                Arg::new("minimal")
                    .long("minimal")
                    .action(ArgAction::SetTrue)
                    .help("As small as it gets: --modules used --profile small, unless these are given"),
            )
            .arg(
                Arg::new("cpu")
                    .long("cpu")
                    .value_name("NAME")
                    .help("For this processor and better ones, by rustc's name; native: for what the hosts' processors have in common, as rustle-target saw them"),
            )
            .arg(
                Arg::new("cpu-features")
                    .long("cpu-features")
                    .value_name("LIST")
                    .value_delimiter(',')
                    .action(ArgAction::Append)
                    .allow_hyphen_values(true)
                    .help("Features of the processor, by rustc's names: avx2, +avx2 or -avx2"),
            )
            .arg(
                Arg::new("out")
                    .long("out")
                    .value_name("DIR")
                    .value_parser(clap::value_parser!(PathBuf))
                    .help("Write the project there (with several platforms: into a folder each); cargo build builds it"),
            )
    }

    fn run(args: &ArgMatches, io: &mut StageIo) -> Result<u8, StageError> {
        let (input, targets) = platforms(args, io)?;
        let modules = modules(args, input.as_ref(), io)?;
        let mut templates: Vec<Template> = Vec::new();
        for group in groups(&targets) {
            let Some(triple) = runner_for(group.target).into_iter().next() else { continue };
            let mut template = Template::for_target(group.target, &triple)?;
            if let Some(p) = args.get_one::<String>("profile") {
                template.profile.clone_from(p);
            } else if args.get_flag("minimal") {
                template.profile = "small".into();
            }
            template.features = features(args);
            template.features.extend(modules.iter().map(|m| format!("module-{m}")));
            if !templates.contains(&template) {
                templates.push(template);
            }
        }
        let env = load()?;
        for template in &mut templates {
            let mut hosts: Vec<_> = targets.iter().filter(|t| runner_for(t).first() == Some(&template.triple)).cloned().collect();
            if input.is_none() && template.triple == crate::own_triple() {
                // No host is known; who names this machine's platform means this machine.
                hosts = vec![rustle_target::controller(&env)];
            }
            let listed: Vec<&str> = args.get_many::<String>("cpu-features").into_iter().flatten().map(String::as_str).filter(|f| !f.is_empty()).collect();
            cpu::choose(&env, template, args.get_one::<String>("cpu").map(String::as_str), &listed, &hosts)?;
        }
        let mut records = Vec::new();
        for template in &templates {
            let alone = templates.iter().filter(|t| t.triple == template.triple).count() == 1;
            let dir = args.get_one::<PathBuf>("out").map(|d| match templates.len() {
                1 => d.clone(),
                _ if alone => d.join(&template.triple),
                _ => d.join(format!("{}-{}", template.triple, template.hash().map(|h| h[..8].to_owned()).unwrap_or_default())),
            });
            if let Some(dir) = &dir {
                template.write(dir)?;
            }
            records.push(template.record(dir.map(|d| d.display().to_string()))?);
        }
        pass(io, input.as_ref(), |r| matches!(r, Record::RunnerTemplate(t) if templates.iter().any(|n| n.triple == t.triple)))?;
        found(io, input.as_ref(), &targets)?;
        for r in records {
            io.write(&r.into())?;
        }
        Ok(exit::OK)
    }
}

/// The modules to limit runners to; empty: all of them.
fn modules(args: &ArgMatches, input: Option<&Input>, io: &mut StageIo) -> Result<Vec<String>, StageError> {
    let mut list: Vec<String> = args.get_many::<String>("modules").into_iter().flatten().filter(|m| !m.is_empty()).cloned().collect();
    if list.is_empty() && args.get_flag("minimal") {
        list.push("used".into());
    }
    list.retain(|m| m != "all");
    let needs = input.and_then(|i| Needs::of(i.records()));
    let used = list.iter().any(|m| m == "used");
    list.retain(|m| m != "used");
    if !used {
        if let Some(why) = needs.as_ref().and_then(|n| n.lacking(&list)) {
            return Err(StageError::new(exit::USAGE, format!("--modules: {}", why.replacen("it has only", "the runner would have only", 1)))
                .hint("'--modules used' has what the plan needs; more can be named beside it"));
        }
        if let (false, Some(needs)) = (list.is_empty(), &needs) {
            needs.open.iter().for_each(|why| io.warn(format!("the runner may lack a module: {why}")));
        }
        return Ok(list);
    }
    let Some(needs) = needs else {
        return Err(StageError::new(exit::DATA, "the stream has no plan, so which modules are used is not known").hint("let rustle-plan run before, or name them: --modules copy,file"));
    };
    if !needs.open.is_empty() {
        // A runner that lacks a module fails its task; one with all of them is only larger.
        io.warn(format!("the runner gets all modules: {}", needs.open.join("; ")));
        return Ok(Vec::new());
    }
    if needs.modules.is_empty() && list.is_empty() {
        // Something must be there: a runner without modules answers to this one.
        list.push("ping".into());
    }
    list.extend(needs.modules);
    list.sort();
    list.dedup();
    Ok(list)
}
