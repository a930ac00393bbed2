//! The engine: one host, one play at a time; what it keeps from play to play.

use crate::failure::Failure;
use crate::keywords::Inherited;
use crate::play::Flow;
use crate::program::Program;
use crate::tags::TagFilter;
use crate::vars::HostVars;
use crate::world::{Update, World, WorldError};
use rustle_jinja::Environment;
use rustle_stream::event::TaskEvent;
use rustle_stream::model::{Fragment, Play, TaskId};
use rustle_stream::protocol::{BarrierRule, Call, Frame, Outcome, Placement, PlayProgram, Position, Reply, RunOptions, SourceFile};
use rustle_value::{Dict, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The engine of one host. See the crate's page.
pub struct Engine<'w> {
    pub(crate) world: &'w dyn World,
    pub(crate) jinja: Arc<Environment>,
    pub(crate) options: RunOptions,
    pub(crate) tags: TagFilter,
    pub(crate) inject_facts: bool,
    /// `hash_behaviour = merge`: dicts of several layers are one.
    pub(crate) merge_dicts: bool,
    pub(crate) deprecated: crate::deprecated::Notes,
    pub vars: HostVars,
    pub(crate) host: String,
    pub program: Program,
    pub play: Arc<Play>,
    pub(crate) barriers: BarrierRule,
    pub(crate) files: HashMap<(TaskId, String), SourceFile>,
    pub(crate) prefetched: HashMap<TaskId, (Fragment, Placement)>,
    /// Contents by digest that were sent once.
    pub(crate) contents: HashMap<String, Arc<[u8]>>,
    /// Programs of modules that are not native.
    pub(crate) payloads: HashMap<String, Arc<rustle_stream::foreign::ModulePayload>>,
    pub(crate) inherited: HashMap<TaskId, Arc<Inherited>>,
    /// What was notified since the last flush: names and topics, in order.
    pub(crate) notified: Vec<String>,
    /// Handlers to run at the flush that is under way, or at the next one.
    pub(crate) due: Vec<TaskId>,
    /// Dynamic includes that are being executed, outermost first, with their variables.
    pub frames: Vec<(Frame, Dict)>,
    /// Names and variables of an `include_role`'s role for `ansible_parent_role_names`.
    pub(crate) rescue_depth: u32,
    pub(crate) start_at: Option<String>,
    pub(crate) roles_done: HashSet<rustle_stream::model::RoleId>,
    /// Roles of which a task ran: only those are done when their last task is.
    pub(crate) roles_ran: HashSet<rustle_stream::model::RoleId>,
    pub(crate) stop: Option<String>,
    pub(crate) become_password: Option<String>,
    pub(crate) remote_user: Option<String>,
    /// Why no module can run: the host is out of reach, and this engine stands in for it.
    pub(crate) unreachable: Option<String>,
    /// `meta: clear_host_errors` ran: the failure that is under way counts no more.
    pub(crate) cleared: bool,
    /// Where the host was lost: it goes on after that.
    pub(crate) after: Option<Position>,
    /// Where a failure left the innermost block that others go on behind: see [`Engine::goes_on`].
    pub(crate) left: Option<Position>,
    /// Blocks around the current task.
    pub(crate) depth: u32,
    /// A Python that was found and not used yet.
    pub(crate) silent_python: Option<Value>,
    /// Handlers are being run.
    pub(crate) handling: bool,
    /// Where the last task stood.
    pub(crate) at: Position,
    pub(crate) handlers: Vec<rustle_stream::model::Node>,
    /// The names of `vars_files` that depend on facts, as they were when the files were read.
    pub(crate) vars_files_names: Option<Vec<Value>>,
}

impl<'w> Engine<'w> {
    /// An engine without a play.
    pub fn new(world: &'w dyn World, options: RunOptions) -> Engine<'w> {
        let setting = |name: &str, default: bool| {
            options.config.get(name).and_then(crate::context::to_bool).unwrap_or(default)
        };
        let extensions = options.config.get("DEFAULT_JINJA2_EXTENSIONS").is_none_or(|v| v.truthy());
        let jinja = Environment::new().with_extensions(extensions).with_broken_conditionals(setting("ALLOW_BROKEN_CONDITIONALS", false));
        Engine {
            world,
            jinja: Arc::new(jinja),
            tags: TagFilter { only: options.tags.iter().filter(|t| *t != "all" || options.tags.len() > 1).cloned().collect(), skip: options.skip_tags.clone() },
            merge_dicts: options.config.get("DEFAULT_HASH_BEHAVIOUR").is_some_and(|v| v.as_str() == Some("merge")),
            inject_facts: setting("INJECT_FACTS_AS_VARS", true),
            // Who asks for them in the settings is not told.
            deprecated: crate::deprecated::Notes::new(!options.config.contains_key("INJECT_FACTS_AS_VARS")),
            start_at: options.start_at_task.clone(),
            options,
            vars: HostVars::default(),
            host: String::new(),
            program: Program::default(),
            play: Arc::default(),
            barriers: BarrierRule::Never,
            files: HashMap::new(),
            prefetched: HashMap::new(),
            contents: HashMap::new(),
            payloads: HashMap::new(),
            inherited: HashMap::new(),
            notified: Vec::new(),
            due: Vec::new(),
            frames: Vec::new(),
            rescue_depth: 0,
            roles_done: HashSet::new(),
            roles_ran: HashSet::new(),
            stop: None,
            become_password: None,
            remote_user: None,
            unreachable: None,
            cleared: false,
            after: None,
            left: None,
            depth: 0,
            silent_python: None,
            handling: false,
            at: Position::new(),
            handlers: Vec::new(),
            vars_files_names: None,
        }
    }
    /// Loads a play; facts and registered values of earlier plays stay.
    pub fn load(&mut self, program: PlayProgram) {
        // What was pushed up to now belongs to the play before: its end must not end this one.
        self.take_updates();
        self.host = program.host;
        self.program = Program::default();
        self.program.add(&program.fragment, &program.placement);
        self.handlers = program.play.handlers.clone();
        self.play = Arc::new(program.play);
        self.vars.inventory = program.inventory_vars;
        self.vars.vars_files = program.vars_files;
        self.vars.apply(&program.known);
        self.vars.extra = program.extra_vars;
        self.vars.magic = program.magic;
        self.files = program.files.into_iter().map(|(task, field, file)| ((task, field), file)).collect();
        self.prefetched = program.includes.into_iter().map(|(task, f, p)| (task, (f, p))).collect();
        self.barriers = program.barriers;
        self.become_password = program.become_password;
        self.remote_user = program.remote_user;
        self.unreachable = program.unreachable;
        self.payloads = program.payloads.into_iter().map(|(name, path, payload)| (crate::foreign::key(&name, &path), payload)).collect();
        self.inherited.clear();
        self.notified = program.notified;
        self.after = program.after;
        if self.after.is_some() {
            self.start_at = None;
        }
        self.due.clear();
        self.frames.clear();
        self.roles_done.clear();
        self.roles_ran.clear();
        self.rescue_depth = 0;
        self.left = None;
        self.depth = 0;
        self.stop = None;
        self.vars_files_names = self.names_of_vars_files();
    }
    /// Runs the loaded play to its end.
    pub fn run(&mut self) -> Outcome {
        self.run_play()
    }
    /// Where a host that failed in this play goes on if its errors are cleared: behind the block that it failed in, where
    /// that stands in another one or has an `always`. In a play's outermost tasks nothing is left for it.
    pub fn goes_on(&self) -> Option<&Position> {
        self.left.as_ref()
    }
    /// Tells what happens, unless it happened before the host was lost.
    pub(crate) fn tell(&self, event: TaskEvent) {
        if self.after.is_none() {
            self.world.event(event);
        }
    }
    /// What comes of a task at which the host has been before it was lost; `None` where it has not.
    pub(crate) fn behind(&mut self, position: &Position, brings_tasks: bool) -> Option<Flow> {
        let after = self.after.as_ref()?;
        if position > after {
            self.after = None;
            return None;
        }
        // An include is gone through again, for the tasks that are left of it.
        (!brings_tasks || after == position || !after.starts_with(position)).then_some(Flow::Next)
    }
    /// Whether the host was lost among the nodes `from..to` of the list at `base`.
    pub(crate) fn was_lost_in(&self, base: &Position, from: u32, to: u32) -> bool {
        let Some(after) = self.after.as_ref().filter(|a| a.starts_with(base)) else { return false };
        after.get(base.len()).is_some_and(|n| (from..to).contains(n))
    }
    /// Takes in what the controller pushed.
    pub(crate) fn take_updates(&mut self) {
        for update in self.world.updates() {
            match update {
                Update::Vars(changes) => self.vars.apply(&changes),
                Update::Magic(changes) => self.vars.magic.update(&changes),
                Update::Inventory(vars) => self.vars.inventory = vars,
                Update::Stop(reason) => self.stop = Some(reason),
            }
        }
    }
    /// What was used since the last time that will be gone one day.
    pub fn deprecations(&self) -> Vec<Value> {
        self.deprecated.take()
    }
    /// The value of an answer.
    pub(crate) fn heard(&self, value: Value, deprecations: Vec<Value>) -> Value {
        self.deprecated.heard(deprecations.into_iter().map(Value::into_data).collect());
        value.into_data()
    }
    /// Asks the controller; a failure to do so, or an error for an answer, is a failure of the task.
    pub(crate) fn ask(&self, position: &Position, call: Call) -> Result<Reply, Failure> {
        match self.world.call(position, call) {
            Ok(Reply::Error { message, undefined, parts, msg }) => Err(Failure::answered(message, undefined, parts, msg)),
            Ok(reply) => Ok(reply),
            Err(WorldError::Unreachable { message }) => Err(Failure::unreachable(message)),
            Err(e) => Err(Failure::new(e.to_string())),
        }
    }
    /// Content of a controller's file by digest.
    pub(crate) fn content(&mut self, position: &Position, file: &SourceFile) -> Result<Arc<[u8]>, Failure> {
        if let Some(data) = &file.data {
            return Ok(data.0.clone());
        }
        if let Some(data) = self.contents.get(&file.sha256) {
            return Ok(data.clone());
        }
        match self.ask(position, Call::Content { sha256: file.sha256.clone() })? {
            Reply::Content { blob } => {
                self.contents.insert(file.sha256.clone(), blob.data.0.clone());
                Ok(blob.data.0)
            }
            _ => Err(Failure::new("the controller sent no content")),
        }
    }
}
