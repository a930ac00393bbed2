//! Plays to plans: batches, decisions, segments, requirements.

use crate::batches::batches;
use crate::decide::{Around, Verdict, maybe};
use crate::error::PlanError;
use crate::options::{Barriers, PlanOptions, Strategy};
use crate::requirement::requirement;
use crate::taint::Foreign;
use rustle_jinja::Environment;
use rustle_playbook::ParsedRun;
use rustle_stream::Record;
use rustle_stream::model::{Block, BlockId, Fragment, Node, Play, Task, TaskId};
use rustle_stream::protocol::{BarrierRule, Placement, Seat};
use rustle_stream::record::{Batch, Decision, Place, Requirement, Segment};
use rustle_value::{Dict, Value, py_str};
use std::collections::{BTreeSet, HashMap};

/// Who knows the hosts of a pattern.
pub trait HostSource {
    /// Hosts of a play's patterns, within the limit, in the play's order (`order:`, rendered; `inventory` where none).
    ///
    /// # Errors
    /// A pattern or order that makes no sense, in Ansible's words.
    fn hosts(&self, patterns: &[String], order: &str) -> Result<Vec<String>, String>;
}

/// One play's part of the plan.
#[derive(Clone, Debug, Default)]
pub struct PlannedPlay {
    /// Hosts of the play's pattern within the limit, in order.
    pub hosts: Vec<String>,
    /// The same, cut by `serial`.
    pub batches: Vec<Vec<String>>,
    pub placement: Placement,
    pub barriers: BarrierRule,
    /// Why they wait so.
    pub reason: String,
    /// `strategy: free` and its like: results are printed as they come.
    pub free: bool,
    pub decisions: Vec<Decision>,
    pub segments: Vec<Segment>,
    pub requirement: Requirement,
}

/// Strategies of plays that are understood; those of Mitogen mean the same.
const KNOWN_STRATEGIES: &[&str] = &["linear", "free", "host_pinned", "debug", "mitogen", "mitogen_linear", "mitogen_free", "mitogen_host_pinned"];

/// Makes plans for the plays of a run.
pub struct Planner<'a> {
    run: &'a ParsedRun,
    options: PlanOptions,
    env: Environment,
    foreign: Foreign,
}

/// Every dict that defines variables.
fn definitions(run: &ParsedRun) -> Vec<&Dict> {
    let mut all = vec![&run.extra_vars.vars];
    for h in &run.hosts {
        all.extend([&h.vars, &h.inventory_host_vars, &h.playbook_host_vars]);
    }
    for g in &run.groups {
        all.extend([&g.vars, &g.inventory_group_vars, &g.playbook_group_vars]);
    }
    all.extend(run.plays.iter().map(|p| &p.keywords.vars));
    all.extend(fragment_definitions(&run.fragment));
    all
}

fn fragment_definitions(f: &Fragment) -> Vec<&Dict> {
    let mut all: Vec<&Dict> = f.roles.iter().flat_map(|r| [&r.defaults, &r.vars, &r.params, &r.keywords.vars]).collect();
    all.extend(f.blocks.iter().map(|b| &b.keywords.vars));
    all.extend(f.tasks.iter().map(|t| &t.keywords.vars));
    all
}

/// The tasks of a play in the order in which they stand.
pub fn tasks_in_order<'a>(play: &Play, fragment: &'a Fragment) -> Vec<&'a Task> {
    let tasks: HashMap<TaskId, &Task> = fragment.tasks.iter().map(|t| (t.id, t)).collect();
    let blocks: HashMap<BlockId, &Block> = fragment.blocks.iter().map(|b| (b.id, b)).collect();
    let mut out = Vec::new();
    let sections = [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks, &play.handlers];
    // A stack instead of recursion: a stream may nest as deep as it likes.
    let mut todo: Vec<Node> = sections.iter().flat_map(|s| s.iter().copied()).collect();
    todo.reverse();
    let mut entered = BTreeSet::new();
    while let Some(node) = todo.pop() {
        match node {
            Node::Task(id) => out.extend(tasks.get(&id)),
            Node::Block(id) if !entered.insert(id) => {}
            Node::Block(id) => {
                let Some(b) = blocks.get(&id) else { continue };
                todo.extend(b.body.iter().chain(&b.rescue).chain(&b.always).rev());
            }
        }
    }
    out
}

fn verdicts<'a>(play: &Play, tasks: &[&'a Task], blocks: &HashMap<BlockId, &Block>, foreign: &Foreign) -> Vec<(&'a Task, Verdict)> {
    let around = Around { play, blocks, foreign };
    let mut moved: Option<String> = None;
    let mut decide = |task: &'a Task| {
        let verdict = around.decide(task);
        let sets = || task.args.str_iter().map(|(name, _)| name).find(|n| Seat::is_variable(n));
        if moved.is_none() && task.action.rsplit('.').next() == Some("set_fact") {
            moved = sets().map(str::to_owned);
            return verdict;
        }
        match &moved {
            Some(name) if matches!(verdict.place, Place::Host | Place::Bridge) => {
                crate::decide::controller(format!("a task before it sets {name}: the connection may be another one"))
            }
            _ => verdict,
        }
    };
    tasks.iter().map(|t| (*t, decide(t))).collect()
}

fn placement(verdicts: &[(&Task, Verdict)]) -> Placement {
    let mut p = Placement::default();
    for (task, v) in verdicts {
        if v.place == Place::Controller {
            p.controller.push(task.id);
        }
        if v.visible.is_some() {
            p.visible.push(task.id);
        }
    }
    p
}

/// Places tasks that come while a play runs: what a run's sources say of variables, without the sources.
#[derive(Debug, Default)]
pub struct Places {
    foreign: Foreign,
}

impl Places {
    /// What the sources of `run` say.
    pub fn of(run: &ParsedRun) -> Places {
        Places { foreign: Foreign::of(definitions(run)) }
    }
    /// Places the tasks of a dynamic include. `outer`: the blocks around it, so that what the new tasks inherit is seen.
    pub fn place<'b>(&self, play: &Play, fragment: &'b Fragment, outer: impl IntoIterator<Item = &'b Block>) -> Placement {
        let foreign = self.foreign.with(fragment_definitions(fragment));
        let blocks = outer.into_iter().chain(&fragment.blocks).map(|b| (b.id, b)).collect();
        let tasks: Vec<&Task> = fragment.tasks.iter().collect();
        placement(&verdicts(play, &tasks, &blocks, &foreign))
    }
}

impl<'a> Planner<'a> {
    /// A planner for this run.
    pub fn new(run: &'a ParsedRun, options: PlanOptions) -> Self {
        Planner { run, options, env: Environment::new(), foreign: Foreign::of(definitions(run)) }
    }

    /// A planner that is asked for hosts only: sources are not read for it.
    pub fn of_hosts(run: &'a ParsedRun) -> Self {
        Planner { run, options: PlanOptions::default(), env: Environment::new(), foreign: Foreign::default() }
    }

    fn name(&self, play: &Play) -> String {
        py_str(play.name.as_ref().unwrap_or(&play.hosts))
    }

    /// A keyword of a play, rendered with the play's variables and `-e`.
    fn rendered(&self, play: &Play, keyword: &'static str, v: &Value) -> Result<Value, PlanError> {
        let mut vars = play.keywords.vars.clone();
        vars.update(&self.run.extra_vars.vars);
        self.env.render_value(v, &vars).map_err(|e| PlanError::Keyword { play: self.name(play), keyword, problem: e.to_string() })
    }

    fn keyword(&self, play: &Play, keyword: &'static str) -> Result<Value, PlanError> {
        match play.other.get(keyword) {
            Some(v) => self.rendered(play, keyword, v),
            None => Ok(Value::Null),
        }
    }

    /// A tag, or a list of them, rendered with the play's variables; as written where that cannot be done.
    pub fn tag(&self, play: &Play, v: &Value) -> Value {
        self.rendered(play, "tags", v).unwrap_or_else(|_| v.clone())
    }

    /// The hosts of a play, in order.
    pub fn hosts(&self, play: &Play, source: &dyn HostSource) -> Result<Vec<String>, PlanError> {
        let pattern = self.rendered(play, "hosts", &play.hosts)?;
        let patterns: Vec<String> = match pattern.as_list() {
            Some(l) => l.iter().map(py_str).collect(),
            None => vec![py_str(&pattern)],
        };
        let order = self.keyword(play, "order")?;
        let order = if order.is_null() { "inventory".to_owned() } else { py_str(&order) };
        source.hosts(&patterns, &order).map_err(PlanError::Hosts)
    }

    /// The rule for waiting, and why.
    fn rule(&self, play: &Play, batches: &[Vec<String>]) -> Result<(BarrierRule, String, bool), PlanError> {
        let strategy = self.keyword(play, "strategy")?;
        let strategy = if strategy.is_null() {
            self.run.options.config.get("DEFAULT_STRATEGY").map_or_else(|| "linear".to_owned(), py_str)
        } else {
            py_str(&strategy)
        };
        let strategy = strategy.trim_start_matches("ansible.builtin.").to_owned();
        if !KNOWN_STRATEGIES.contains(&strategy.as_str()) {
            return Err(PlanError::Strategy(strategy));
        }
        let free = match self.options.strategy {
            Strategy::Free => true,
            Strategy::Linear => false,
            _ => matches!(strategy.as_str(), "free" | "host_pinned" | "mitogen_free" | "mitogen_host_pinned"),
        };
        let strict = || -> Option<String> {
            (strategy == "debug").then(|| "strategy: debug".to_owned())
        };
        let (rule, reason) = match self.options.barriers {
            Some(Barriers::Strict) => (BarrierRule::Always, "--barriers strict".to_owned()),
            Some(Barriers::None) => (BarrierRule::Never, "--barriers none".to_owned()),
            _ if free => (BarrierRule::Never, "no host waits for another in this strategy".to_owned()),
            _ if batches.iter().all(|b| b.len() < 2) => (BarrierRule::Never, "one host has nobody to wait for".to_owned()),
            _ => match strict() {
                Some(why) => (BarrierRule::Always, why),
                None => {
                    let shared = maybe(play.keywords.other.get("any_errors_fatal")) || play.other.contains_key("max_fail_percentage");
                    let more = if shared { ", and after each task: a failure may be everybody's" } else { "" };
                    (BarrierRule::Visible, format!("hosts wait before tasks that others can notice{more}"))
                }
            },
        };
        Ok((rule, reason, free))
    }

    /// One play's part of the plan.
    ///
    /// # Errors
    /// A keyword or pattern that makes no sense.
    pub fn play(&self, play: &Play, source: &dyn HostSource) -> Result<PlannedPlay, PlanError> {
        let hosts = self.hosts(play, source)?;
        let serial = self.keyword(play, "serial")?;
        let cut = batches(&hosts, &serial)
            .map_err(|problem| PlanError::Keyword { play: self.name(play), keyword: "serial", problem })?;
        let fragment = &self.run.fragment;
        let blocks: HashMap<BlockId, &Block> = fragment.blocks.iter().map(|b| (b.id, b)).collect();
        let tasks = tasks_in_order(play, fragment);
        let (barriers, reason, free) = self.rule(play, &cut)?;
        let mut verdicts = verdicts(play, &tasks, &blocks, &self.foreign);
        let mut requirement = requirement(play, &verdicts);
        // What needs the controller itself is the same whoever runs the modules.
        let placement = placement(&verdicts);
        if self.options.strategy == Strategy::SshOnly {
            requirement.python_modules.append(&mut requirement.modules);
            for (_, v) in &mut verdicts {
                if matches!(v.place, Place::Host | Place::Bridge) {
                    v.place = Place::Controller;
                    v.reason = "--strategy ssh-only: the engine is here, modules go over SSH".into();
                }
            }
        }
        let mut planned = PlannedPlay { hosts, batches: cut, placement, barriers, reason, free, requirement, ..PlannedPlay::default() };
        planned.decisions = verdicts.iter().map(|(task, v)| self.decision(play, task, v, &planned)).collect();
        planned.segments = segments(play, &planned.decisions);
        Ok(planned)
    }

    /// Why the play's own tasks cannot run without the controller, a line each. `single`: no other host takes part.
    pub fn needs_controller(&self, play: &Play, single: bool) -> Vec<String> {
        let tasks = tasks_in_order(play, &self.run.fragment);
        crate::alone::needs(play, &self.run.fragment, &tasks, &self.foreign, single)
    }

    /// The same for tasks that an include brings.
    pub fn include_needs_controller(&self, play: &Play, fragment: &Fragment, single: bool) -> Vec<String> {
        let mut all = definitions(self.run);
        all.extend(fragment_definitions(fragment));
        let tasks: Vec<&Task> = fragment.tasks.iter().collect();
        crate::alone::needs(play, fragment, &tasks, &Foreign::of(all), single)
    }

    fn decision(&self, play: &Play, task: &Task, v: &Verdict, planned: &PlannedPlay) -> Decision {
        let barrier = match planned.barriers {
            BarrierRule::Never => None,
            BarrierRule::Always => Some(planned.reason.clone()),
            BarrierRule::Visible => v.visible.clone(),
        };
        Decision { play: play.id, task: task.id, place: v.place, reason: v.reason.clone(), barrier }
    }
}

/// Maximal runs of tasks that one side executes. What the engine or the bridge does happens on the host.
fn segments(play: &Play, decisions: &[Decision]) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for d in decisions {
        let place = if d.place == Place::Controller { Place::Controller } else { Place::Host };
        match out.last_mut() {
            Some(s) if s.place == place => s.tasks.push(d.task),
            _ => out.push(Segment { play: play.id, index: out.len() as u32, place, tasks: vec![d.task] }),
        }
    }
    out
}

/// The plan of a whole run as records, play by play: batches, decisions, segments, a requirement.
///
/// # Errors
/// See [`PlanError`]. Under `--strategy binary-only` every task that needs the controller is listed.
pub fn plan(run: &ParsedRun, options: PlanOptions, source: &dyn HostSource) -> Result<Vec<Record>, PlanError> {
    let planner = Planner::new(run, options);
    let mut out: Vec<Record> = Vec::new();
    let mut bound = Vec::new();
    let tasks: HashMap<TaskId, &Task> = run.fragment.tasks.iter().map(|t| (t.id, t)).collect();
    for play in &run.plays {
        let planned = planner.play(play, source)?;
        let barriers = match planned.barriers {
            BarrierRule::Always => "strict",
            BarrierRule::Visible => "auto",
            BarrierRule::Never => "none",
        };
        for (index, hosts) in planned.batches.into_iter().enumerate() {
            let (barriers, reason) = (barriers.to_owned(), planned.reason.clone());
            let (free, strategy) = (planned.free, options.strategy.word().to_owned());
            out.push(Batch { play: play.id, index: index as u32, hosts, barriers, reason, free, strategy }.into());
        }
        let needs = planned.decisions.iter().filter(|d| d.place == Place::Controller);
        bound.extend(needs.filter_map(|d| tasks.get(&d.task).map(|t| crate::explain::complaint(t, &d.reason))));
        out.extend(planned.decisions.into_iter().map(Record::from));
        out.extend(planned.segments.into_iter().map(Record::from));
        out.push(planned.requirement.into());
    }
    if options.strategy == Strategy::BinaryOnly && !bound.is_empty() {
        return Err(PlanError::NeedsController(bound));
    }
    Ok(out)
}
