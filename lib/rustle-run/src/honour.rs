//! A plan that came as records holds as it stands, also where a person changed it between the stages.
//!
//! Honoured: hosts taken out of batches, moved between them, put in another order, or added; the rule for waiting; who
//! waits before a task; a task moved from its host to the controller. What cannot be done as the records say (a task
//! on its host that needs the controller, rules that differ between batches of a play, a plan that lacks tasks) is
//! refused before anything runs.
//!
//! Limits: segments and requirements follow from the decisions; a segment that says otherwise is refused. Hosts that
//! come into being while the run goes on (`add_host`) are in no record: they run after the batches that are.

use crate::execute::Hosts;
use rustle_cli::stage::{Input, StageError};
use rustle_inventory::Inventory;
use rustle_plan::{HostSource, PlanOptions, PlannedPlay, Planner, Strategy, tasks_in_order};
use rustle_playbook::ParsedRun;
use rustle_stream::Record;
use rustle_stream::model::{Play, PlayId, Task, TaskId};
use rustle_stream::protocol::BarrierRule;
use rustle_stream::record::{Batch, Decision, Place, Segment};
use std::collections::{HashMap, HashSet};
use std::sync::RwLock;

/// The plan's records, checked against the run that they are for.
#[derive(Default)]
pub struct Recorded {
    plays: HashMap<PlayId, Recording>,
    pub strategy: Option<Strategy>,
}

/// One play's.
struct Recording {
    batches: Vec<Vec<String>>,
    /// `None` where the play had no hosts when it was planned.
    rule: Option<BarrierRule>,
    free: bool,
    decisions: HashMap<TaskId, Decision>,
    /// What the same play would be planned as, without the changes.
    usual: PlannedPlay,
}

type At<T> = (u64, T);

fn refuse(line: u64, pointer: &str, what: impl std::fmt::Display) -> StageError {
    StageError::data(format!("line {line}: {pointer}: {what}")).in_line(line, pointer)
}

fn again(e: StageError) -> StageError {
    e.hint("make the plan again with rustle-plan")
}

fn name(task: &Task) -> String {
    let origin = task.origin.as_ref().map(|o| format!("{o}: ")).unwrap_or_default();
    let name = task.name.as_ref().map_or_else(|| task.written.to_string(), |n| n.as_str().map_or_else(|| n.to_string(), str::to_owned));
    format!("{origin}task '{name}'")
}

fn word(place: Place) -> &'static str {
    match place {
        Place::Host => "host",
        Place::Controller => "controller",
        Place::Engine => "engine",
        Place::Bridge => "bridge",
    }
}

impl Recorded {
    /// Reads and checks the plan in the stream; empty where there is none. `limit` is the one that it was made with.
    ///
    /// # Errors
    /// What cannot be honoured: 65, with line and pointer.
    pub fn of(input: &Input, run: &ParsedRun, inventory: &RwLock<Inventory>, limit: Option<&str>) -> Result<Recorded, StageError> {
        let (mut batches, mut decisions, mut segments) = (Vec::<At<&Batch>>::new(), Vec::<At<&Decision>>::new(), Vec::<At<&Segment>>::new());
        for line in &input.lines {
            match &line.record {
                Some(Record::Batch(b)) => batches.push((line.number, b)),
                Some(Record::Decision(d)) => decisions.push((line.number, d)),
                Some(Record::Segment(s)) => segments.push((line.number, s)),
                _ => {}
            }
        }
        if batches.is_empty() && decisions.is_empty() {
            return Ok(Recorded::default());
        }
        let plays: HashSet<PlayId> = run.plays.iter().map(|p| p.id).collect();
        let named = batches.iter().map(|(n, b)| (*n, b.play)).chain(decisions.iter().map(|(n, d)| (*n, d.play)));
        for (line, play) in named.chain(segments.iter().map(|(n, s)| (*n, s.play))) {
            if !plays.contains(&play) {
                return Err(again(refuse(line, "/play", format!("there is no play {}", play.0))));
            }
        }
        let strategy = match batches.iter().find(|(_, b)| !b.strategy.is_empty()) {
            Some((line, b)) => Some(b.strategy.parse::<Strategy>().map_err(|e| refuse(*line, "/strategy", e))?),
            None => None,
        };
        let limit = limit.map(Inventory::limit).transpose().map_err(StageError::data)?;
        let hosts = Hosts { inventory, limit };
        let planner = Planner::new(run, PlanOptions { strategy: strategy.unwrap_or_default(), barriers: None });
        let mut all = HashMap::new();
        for play in &run.plays {
            let usual = planner.play(play, &hosts).map_err(|e| StageError::new(e.code(), e))?;
            let mine = |p: PlayId| p == play.id;
            let batches: Vec<At<&Batch>> = batches.iter().filter(|(_, b)| mine(b.play)).copied().collect();
            let decisions: Vec<At<&Decision>> = decisions.iter().filter(|(_, d)| mine(d.play)).copied().collect();
            let segments: Vec<At<&Segment>> = segments.iter().filter(|(_, s)| mine(s.play)).copied().collect();
            let tasks = tasks_in_order(play, &run.fragment);
            if batches.is_empty() && decisions.is_empty() && tasks.is_empty() {
                continue;
            }
            let (batches, rule, free) = cut(&batches, inventory)?;
            let decisions = decide(play, &tasks, &decisions, &segments, &usual)?;
            all.insert(play.id, Recording { batches, rule, free, decisions, usual });
        }
        // It warns again when the play begins.
        _ = inventory.read().unwrap_or_else(std::sync::PoisonError::into_inner).take_warnings();
        Ok(Recorded { plays: all, strategy })
    }

    /// Whether the stream has a plan.
    pub fn is_empty(&self) -> bool {
        self.plays.is_empty()
    }

    /// Puts the records in the place of what was planned just now. `chosen`: the command line has a rule for waiting.
    ///
    /// # Errors
    /// A pattern that makes no sense.
    pub fn apply(&self, play: &Play, planned: &mut PlannedPlay, hosts: &dyn HostSource, chosen: bool) -> Result<(), String> {
        let Some(r) = self.plays.get(&play.id) else { return Ok(()) };
        let set = |l: &[String]| l.iter().cloned().collect::<HashSet<_>>();
        let (now, before) = (set(&planned.hosts), set(&r.usual.hosts));
        let recorded: Vec<String> = r.batches.iter().flatten().cloned().collect();
        // Hosts or groups that the run made since outdate a cut and a rule that nobody touched.
        let outdated = r.batches == r.usual.batches && now != before;
        if !outdated {
            let there = |h: &String| now.contains(h) || (!before.contains(h) && hosts.hosts(std::slice::from_ref(h), "inventory").is_ok_and(|l| !l.is_empty()));
            let mut batches: Vec<Vec<String>> = r.batches.iter().map(|b| b.iter().filter(|h| there(h)).cloned().collect()).collect();
            batches.push(planned.hosts.iter().filter(|h| !before.contains(*h) && !recorded.contains(h)).cloned().collect());
            batches.retain(|b| !b.is_empty());
            planned.hosts = batches.concat();
            planned.batches = batches;
        }
        planned.free |= r.free;
        let rule = r.rule.clone().filter(|_| !chosen && !outdated);
        let waits = r.decisions.values().any(|d| d.barrier.is_some());
        // Who waits says the record, unless nobody was asked: a plan for one host, that more are to run.
        if rule == Some(BarrierRule::Visible) && (waits || r.usual.barriers == BarrierRule::Visible) {
            planned.placement.visible = planned.decisions.iter().map(|d| d.task).filter(|t| r.decisions.get(t).is_some_and(|d| d.barrier.is_some())).collect();
        }
        planned.placement.controller = planned.decisions.iter().map(|d| d.task).filter(|t| r.decisions.get(t).is_some_and(|d| d.place == Place::Controller)).collect();
        if let Some(rule) = rule {
            planned.barriers = rule;
        }
        Ok(())
    }
}

/// The hosts of a play's batches, and the rule that all of them have.
fn cut(batches: &[At<&Batch>], inventory: &RwLock<Inventory>) -> Result<(Vec<Vec<String>>, Option<BarrierRule>, bool), StageError> {
    let inventory = inventory.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (mut out, mut seen, mut rule, mut free) = (Vec::new(), HashSet::new(), None, false);
    let mut batches = batches.to_vec();
    batches.sort_by_key(|(_, b)| b.index);
    for (line, b) in batches {
        let own = match b.barriers.as_str() {
            "strict" => BarrierRule::Always,
            "auto" => BarrierRule::Visible,
            "none" => BarrierRule::Never,
            other => return Err(refuse(line, "/barriers", format!("'{other}' is none of strict, auto, none"))),
        };
        if rule.as_ref().is_some_and(|r| *r != own) {
            return Err(refuse(line, "/barriers", "batches of one play wait by one rule, and another batch has another"));
        }
        rule = Some(own);
        free |= b.free;
        for (i, host) in b.hosts.iter().enumerate() {
            let pointer = format!("/hosts/{i}");
            if inventory.host(host).is_none() {
                return Err(refuse(line, &pointer, format!("host '{host}' is not in the inventory")).hint("give it to rustle-parse with -i"));
            }
            if !seen.insert(host.clone()) {
                return Err(refuse(line, &pointer, format!("host '{host}' is in two batches of play {}", b.play.0)));
            }
        }
        out.push(b.hosts.clone());
    }
    Ok((out, rule, free))
}

/// The decisions of a play, one for each of its tasks, and each possible.
fn decide(play: &Play, tasks: &[&Task], decisions: &[At<&Decision>], segments: &[At<&Segment>], usual: &PlannedPlay) -> Result<HashMap<TaskId, Decision>, StageError> {
    let own: HashMap<TaskId, &Decision> = usual.decisions.iter().map(|d| (d.task, d)).collect();
    let by_id: HashMap<TaskId, &Task> = tasks.iter().map(|t| (t.id, *t)).collect();
    let mut out = HashMap::new();
    for (line, d) in decisions {
        let (Some(task), Some(o)) = (by_id.get(&d.task), own.get(&d.task)) else {
            return Err(again(refuse(*line, "/task", format!("play {} has no task {}", play.id.0, d.task.0))));
        };
        match (o.place, d.place) {
            (a, b) if a == b => {}
            (Place::Host | Place::Bridge, Place::Controller) => {}
            (Place::Controller, b) => {
                let what = format!("{} cannot run with place '{}', it needs the controller: {}", name(task), word(b), o.reason);
                return Err(refuse(*line, "/place", what));
            }
            (a, b) => {
                let what = format!("{} runs with place '{}', which cannot become '{}': {}", name(task), word(a), word(b), o.reason);
                return Err(refuse(*line, "/place", what));
            }
        }
        if out.insert(d.task, (*d).clone()).is_some() {
            return Err(refuse(*line, "/task", format!("a second decision for {}", name(task))));
        }
    }
    if let Some(task) = tasks.iter().find(|t| !out.contains_key(&t.id)) {
        let error = StageError::data(format!("the plan of play {} has no decision for {}: it was cut off, or is for another playbook", play.id.0, name(task)));
        return Err(again(error));
    }
    for (line, s) in segments {
        for task in &s.tasks {
            let (Some(d), Some(o)) = (out.get(task), own.get(task)) else {
                return Err(again(refuse(*line, "/tasks", format!("play {} has no task {}", play.id.0, task.0))));
            };
            // A decision that was changed leaves its segment behind; a segment alone decides nothing.
            if (s.place == Place::Controller) != (d.place == Place::Controller) && d.place == o.place {
                return Err(refuse(*line, "/place", "segments follow from the decisions").hint("change the 'decision' records of its tasks instead"));
            }
        }
    }
    Ok(out)
}
