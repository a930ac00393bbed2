//! `--dry-run`: what would be compiled, shipped and run, and what that is expected to cost. Hosts are asked what they are
//! and have, once, and nothing is changed.

use crate::site::{Making, Site, size, told};
use crate::{complain, say};
use clap::ArgMatches;
use rustle_cost::{Mode, text};
use rustle_plan::{Hosts, PlanOptions, explain, inventory_of, plan};
use rustle_playbook::ParsedRun;
use rustle_run::{Found, Platforms, forecast};
use rustle_ship::{HostVars, Platform};
use rustle_stream::record::{Shipment, Target};

/// Shows it; the exit code. With `--compile-only` or `--deploy-only` that part alone.
pub(crate) fn run(args: &ArgMatches, site: &Site, supply: &Making, options: PlanOptions, mode: Option<Mode>) -> Result<u8, String> {
    let compile = args.get_flag("compile-only");
    let whole = !compile && !args.get_flag("deploy-only");
    let (mut shipments, mut found) = (Vec::new(), Vec::new());
    for (h, looked) in site.hosts.iter().zip(site.shipping.look(&site.hosts)) {
        let known = |by: &str| Target { host: h.0.clone(), known_by: by.into(), ..Target::default() };
        let (shipment, target) = match looked {
            Err(e) => (shipment(h, "unreachable", e.to_string()), known("assumed")),
            Ok(None) => (shipment(h, "local", "this machine's runner is used where it is".into()), known("controller")),
            Ok(Some(platform)) => match supply.runners.target(&h.1, &platform) {
                Ok(target) => (would(h, supply, &target, &platform, compile), target),
                Err(why) => (shipment(h, "failed", why), known("variable")),
            },
        };
        found.push(Found { target: Target { host: h.0.clone(), ..target }, provided: shipment.outcome == "cached" });
        shipments.push(shipment);
    }
    let code = told(&shipments);
    if whole {
        let run = &site.run;
        let (plays, tasks, hosts) = (run.plays.len(), run.fragment.tasks.len(), site.hosts.len());
        say(&format!("would run: {plays} plays with {tasks} tasks on {hosts} hosts (--list-tasks shows them; --check predicts what they change)\n"));
        let forecast = forecast(run, &site.bridge, options, mode, Platforms::Found(found))?;
        forecast.warnings.iter().for_each(|w| complain(&format!("[WARNING]: {w}")));
        say(&planned(run, options)?);
        let lines = if run.options.verbosity > 0 { usize::MAX } else { 1 };
        say(&text(&forecast.analysis).lines().take(lines).map(|l| format!("{l}\n")).collect::<String>());
    }
    Ok(code)
}

fn shipment((host, _): &HostVars, outcome: &str, reason: String) -> Shipment {
    Shipment { host: host.clone(), outcome: outcome.into(), reason: Some(reason), ..Shipment::default() }
}

/// What would happen to a host that was reached.
fn would(h: &HostVars, supply: &Making, target: &Target, platform: &Platform, compile: bool) -> Shipment {
    let label = platform.label();
    let runner = supply.known.get(&h.0).cloned().map_or_else(|| supply.runners.at_hand(target, &label), Ok);
    match runner {
        Ok(r) => {
            let (outcome, what) = if platform.cached.contains(&r.sha256) {
                ("cached", format!("{label}: nothing would be compiled or shipped"))
            } else if compile {
                ("made", format!("{label}: the runner for {} is there", r.triple))
            } else {
                let bytes = r.bytes().map_or(0, |b| b.len() as u64);
                ("would ship", format!("{label}: the runner for {} would be shipped ({} before packing)", r.triple, size(bytes)))
            };
            Shipment { sha256: r.sha256.clone(), ..shipment(h, outcome, what) }
        }
        Err(why) => match supply.runners.builder(target) {
            Some(by) => {
                let then = if compile { "" } else { " and shipped" };
                shipment(h, "would build", format!("{label}: the runner for {} would be built with {by}{then}", target.triple))
            }
            None => shipment(h, "no runner", format!("{label}: it would be served over SSH ({why})")),
        },
    }
}

fn planned(run: &ParsedRun, options: PlanOptions) -> Result<String, String> {
    let inventory = inventory_of(run);
    let hosts = Hosts::new(&inventory, run.options.limit.as_deref())?;
    let records = plan(run, options, &hosts).map_err(|e| e.to_string())?;
    Ok(explain(run, &records))
}
