//! One task: who runs it, why, and whether others can notice.

use crate::catalog::{self, Home, short};
use crate::taint::{Foreign, is_pure_lookup};
use rustle_modules::Scope;
use rustle_playbook::Finder;
use rustle_stream::model::{Block, BlockId, Keywords, Play, Task};
use rustle_stream::protocol::Seat;
use rustle_stream::record::Place;
use rustle_value::{Value, is_template};
use std::collections::{BTreeSet, HashMap};

/// What the planner says of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub place: Place,
    pub reason: String,
    /// Why the task can be seen from, or can look at, what is outside its host.
    pub visible: Option<String>,
}

/// What a task's neighbourhood says: the blocks around it, nearest first.
pub(crate) struct Around<'a> {
    pub play: &'a Play,
    pub blocks: &'a HashMap<BlockId, &'a Block>,
    pub foreign: &'a Foreign,
}

impl<'a> Around<'a> {
    /// Keywords from the task outwards, the play's last.
    pub fn levels(&self, task: &'a Task) -> Vec<&'a Keywords> {
        let mut levels = vec![&task.keywords];
        let mut parent = task.parent;
        while let Some(block) = parent.and_then(|id| self.blocks.get(&id)) {
            levels.push(&block.keywords);
            parent = block.parent;
        }
        levels.push(&self.play.keywords);
        levels
    }
    /// The nearest value of a keyword.
    pub fn keyword(&self, task: &'a Task, name: &str) -> Option<&'a Value> {
        self.levels(task).into_iter().find_map(|k| k.other.get(name)).filter(|v| !v.is_null())
    }
}

/// Whether a keyword may be true: templates may.
pub(crate) fn maybe(v: Option<&Value>) -> bool {
    match v {
        Some(Value::Template(_)) => true,
        Some(v) => match v.as_str() {
            Some(s) => matches!(s.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1" | "y" | "t"),
            None => v.truthy(),
        },
        None => false,
    }
}

fn is_own_host(v: &Value) -> bool {
    let text: String = v.as_str().unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    text == "{{inventory_hostname}}"
}

pub(crate) fn controller(reason: impl Into<String>) -> Verdict {
    let reason = reason.into();
    Verdict { place: Place::Controller, visible: Some(reason.clone()), reason }
}

impl Around<'_> {
    /// What to do with a task.
    pub fn decide(&self, task: &Task) -> Verdict {
        if let Some(to) = self.keyword(task, "delegate_to").filter(|v| !is_own_host(v)) {
            return controller(format!("delegate_to: {to}"));
        }
        if maybe(self.keyword(task, "run_once")) {
            return controller("run_once: one host runs it for all");
        }
        if let Some((name, value)) = self.seat(task) {
            return controller(format!("{name}: {value} is given for this task: it needs a connection of its own"));
        }
        let known = catalog::facts(&task.action);
        if short(&task.action) == "meta" {
            return self.meta(task);
        }
        let looks = self.looks(task);
        match known.home {
            Home::Controller => controller(format!("{} works on the controller", short(&task.action))),
            Home::Engine => Verdict { place: Place::Engine, reason: "nothing runs on the host".into(), visible: looks },
            Home::Action | Home::Module => {
                let place = if known.native { Place::Host } else { Place::Bridge };
                let (mut reason, visible) = match known.scope {
                    Some(Scope::Host) => ("its effects stay on the host".to_owned(), None),
                    Some(Scope::Looks) => ("it only looks at its host".to_owned(), None),
                    Some(Scope::World) => {
                        ("it runs on the host".to_owned(), Some(format!("{} can be seen from outside the host", short(&task.action))))
                    }
                    None => ("it runs on the host".to_owned(), Some(format!("what {} does is unknown", short(&task.action)))),
                };
                if !known.native {
                    reason = "no native module: Ansible's own, by the host's Python".into();
                }
                let throttled = || maybe(self.keyword(task, "throttle")).then(|| "throttle limits how many hosts run it at once".to_owned());
                Verdict { place, reason, visible: looks.or(visible).or_else(throttled) }
            }
        }
    }

    /// A connection setting that is not the play's.
    fn seat(&self, task: &'_ Task) -> Option<(String, String)> {
        let own = |keyword: &str| {
            let v = self.levels(task).into_iter().find_map(|k| k.other.get(keyword)).filter(|v| !v.is_null())?;
            (Some(v) != self.play.keywords.other.get(keyword)).then(|| (keyword.to_owned(), v.to_string()))
        };
        let levels = self.levels(task);
        let inner = &levels[..levels.len() - 1];
        let variable = || inner.iter().flat_map(|k| k.vars.str_iter()).find(|(name, _)| Seat::is_variable(name));
        // What a variable holds may be a secret.
        Seat::KEYWORDS.iter().find_map(|(k, _)| own(k)).or_else(|| variable().map(|(name, _)| (name.to_owned(), "…".to_owned())))
    }

    fn meta(&self, task: &Task) -> Verdict {
        let what = task.args.get("_raw_params").and_then(Value::as_str).unwrap_or_default();
        match what {
            "end_play" | "end_batch" | "clear_host_errors" | "refresh_inventory" | "reset_connection" => {
                controller(format!("meta: {what} concerns more than the host"))
            }
            _ if is_template(what) => controller("meta: what it does is computed"),
            _ => Verdict { place: Place::Engine, reason: "nothing runs on the host".into(), visible: self.looks(task) },
        }
    }

    /// Why a task's templates look beyond the host.
    pub(crate) fn looks(&self, task: &Task) -> Option<String> {
        let f = self.foreign;
        let dict = |d: &rustle_value::Dict| d.values().find_map(|v| f.in_value(v));
        let list = |l: &[Value]| l.iter().find_map(|v| f.in_value(v));
        let conditions = |l: &[Value]| l.iter().find_map(|v| f.in_condition(v));
        let own = dict(&task.args)
            .or_else(|| dict(&task.loop_control))
            .or_else(|| conditions(&task.changed_when))
            .or_else(|| conditions(&task.failed_when))
            .or_else(|| conditions(&task.until))
            .or_else(|| list(&task.notify))
            .or_else(|| [&task.name, &task.retries, &task.delay, &task.async_seconds, &task.poll].into_iter().flatten().find_map(|v| f.in_value(v)));
        let inherited = || {
            self.levels(task).into_iter().find_map(|k| {
                conditions(&k.when).or_else(|| list(&k.environment)).or_else(|| list(&k.module_defaults)).or_else(|| dict(&k.other))
            })
        };
        let repeat = || {
            let r = task.repeat.as_ref()?;
            let impure = r.with.as_deref().filter(|w| !is_pure_lookup(w)).map(|w| format!("uses the lookup {w}"));
            impure.or_else(|| f.in_value(&r.value))
        };
        own.or_else(repeat).or_else(inherited).or_else(|| self.template_file(task))
    }

    /// What the file of a `template` task reads.
    fn template_file(&self, task: &Task) -> Option<String> {
        if short(&task.action) != "template" {
            return None;
        }
        let src = task.args.get("src")?;
        let Value::Str(name) = src else {
            return Some("renders a template whose name is computed".into());
        };
        let finder = Finder::new(&task.search_path, rustle_playbook::paths::parent(&self.play.playbook));
        let mut todo: Vec<String> = vec![name.to_string()];
        let mut done = BTreeSet::new();
        // What it includes may be beside it, too.
        let beside = finder.find_needle("templates", name).ok().and_then(|p| Some(p.rsplit_once('/')?.0.to_owned())).unwrap_or_default();
        while let Some(name) = todo.pop() {
            if !done.insert(name.clone()) {
                continue;
            }
            // A missing file is the task's own failure, at its turn.
            let Some(text) = finder.find_needle("templates", &name).or_else(|e| finder.find_needle("templates", &format!("{beside}/{name}")).map_err(|_| e)).ok().and_then(|p| std::fs::read_to_string(p).ok()) else { continue };
            let (why, includes) = self.foreign.in_text(&text);
            if let Some(why) = why {
                return Some(format!("the template {name} {why}"));
            }
            todo.extend(includes);
        }
        None
    }
}
