//! The engine's world where there is no controller: files come from the payload, questions have no answer.

use crate::world::{Modules, Shared, lock};
use rustle_engine::{Failure, TaskContext, Update, World, WorldError};
use rustle_jinja::Error as JinjaError;
use rustle_stream::Record;
use rustle_stream::event::{RunEvent, TaskEvent};
use rustle_stream::model::{Task, TaskId};
use rustle_stream::payload::{AlonePlay, EmbeddedFile};
use rustle_stream::protocol::{Blob, Bytes, Call, ModuleRequest, Position, Reply, SourceFile};
use rustle_stream::record::Stream;
use rustle_stream::sequencer::Sequencer;
use rustle_value::{Dict, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// Events on their way to stdout.
pub(crate) struct Told {
    host: String,
    sequencer: Mutex<Sequencer>,
    /// Instead of stdout.
    file: Option<Mutex<std::fs::File>>,
}

impl Told {
    pub(crate) fn new(host: &str, file: Option<std::fs::File>) -> Told {
        Told { host: host.to_owned(), sequencer: Mutex::new(Sequencer::new()), file: file.map(Mutex::new) }
    }
    fn record(&self, record: &Record) {
        // A reader that went away stops no task.
        if let Ok(line) = record.to_line() {
            if let Some(file) = &self.file {
                _ = writeln!(lock(file), "{line}");
                return;
            }
            let mut out = std::io::stdout().lock();
            _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }
    pub(crate) fn start(&self, run: &str) {
        self.record(&Stream { producer: concat!("rustle-runner ", env!("CARGO_PKG_VERSION")).into(), run: run.to_owned() }.into());
        self.emit(RunEvent::Reached { host: self.host.clone(), method: "embedded plan".into(), reason: None });
    }
    pub(crate) fn emit(&self, event: RunEvent) {
        self.record(&event.into());
    }
    fn all(&self, events: Vec<RunEvent>) {
        events.into_iter().for_each(|e| self.emit(e));
    }
    pub(crate) fn end_play(&self, host: &str) {
        let mut s = lock(&self.sequencer);
        let mut events = s.host_done(host);
        events.extend(s.end());
        drop(s);
        self.all(events);
    }
    pub(crate) fn stats(&self, exit: u8) {
        if let RunEvent::Stats { hosts, .. } = lock(&self.sequencer).stats() {
            self.emit(RunEvent::Stats { hosts, exit, custom: rustle_value::Dict::new() });
        }
    }
}

/// See the file's page.
pub(crate) struct AloneWorld {
    pub(crate) told: Told,
    shared: Arc<Shared>,
    files: BTreeMap<String, EmbeddedFile>,
    /// Tasks of the plan that are no `meta`.
    tasks: HashSet<TaskId>,
    /// The current play: its playbook's folder, and the hosts that it was planned for.
    play: Mutex<(String, Vec<String>)>,
    /// Contents that were described.
    contents: Mutex<HashMap<String, Arc<[u8]>>>,
}

impl AloneWorld {
    pub(crate) fn new(told: Told, files: BTreeMap<String, EmbeddedFile>, tasks: HashSet<TaskId>) -> AloneWorld {
        AloneWorld { told, shared: Shared::new(Modules::Here), files, tasks, play: Mutex::default(), contents: Mutex::default() }
    }
    pub(crate) fn begin(&self, play: &AlonePlay) {
        let program = &play.program;
        let dir = program.magic.get("playbook_dir").and_then(Value::as_str).unwrap_or_default().to_owned();
        *lock(&self.play) = (dir, play.hosts.clone());
        let mine: Vec<String> = play.hosts.iter().filter(|h| **h == self.told.host).cloned().collect();
        let events = lock(&self.told.sequencer).begin(program.play.id, &play.name, &mine, false);
        self.told.all(events);
    }
    pub(crate) fn clean_up(&self) {
        self.shared.clean_up();
    }
    /// Where a name of a task's argument may be, as the controller looks for it.
    fn places(&self, task: &Task, name: &str) -> Vec<String> {
        let folder = match &*task.action {
            "ansible.builtin.template" => "templates",
            "ansible.builtin.include_vars" => "vars",
            _ => "files",
        };
        if name.starts_with('/') {
            return vec![normal(name)];
        }
        let dir = lock(&self.play).0.clone();
        let named = name.split('/').next() == Some(folder);
        let mut out = Vec::new();
        for base in task.search_path.iter().filter(|p| **p != dir).chain([&dir]) {
            if !named {
                out.push(normal(&format!("{base}/{folder}/{name}")));
            }
            out.push(normal(&format!("{base}/{name}")));
        }
        out
    }
    /// `include_vars` of one file, which the plan has.
    fn include_vars(&self, task: &Task, args: &Dict) -> Dict {
        let nothing = |message: String| {
            rustle_value::dict! {
                "failed" => true, "changed" => false, "ansible_facts" => Value::dict(Dict::new()),
                "ansible_included_var_files" => Value::list(Vec::new()), "message" => message,
            }
        };
        let text = |key: &str| args.get(key).filter(|v| !v.is_null()).map(|v| rustle_value::py_str(v).trim().to_owned()).filter(|t| !t.is_empty());
        let Some(name) = text("file").or_else(|| text("_raw_params")) else { return nothing("No argument given: one of file, dir or a name is required".into()) };
        let places = self.places(task, &name);
        let Some((place, file)) = places.iter().find_map(|p| self.files.get_key_value(p)) else {
            return nothing(format!("Could not find or access '{name}' in the plan"));
        };
        if file.data.starts_with(b"$ANSIBLE_VAULT;") {
            return nothing(format!("{place} is encrypted, and a plan that runs without its controller has no vault passwords"));
        }
        let Ok(source) = std::str::from_utf8(&file.data) else { return nothing(format!("{place} is not UTF-8")) };
        let vars = match rustle_yaml::load(source, place, &rustle_yaml::Options::default()) {
            Ok((node, _)) => match node.to_value(rustle_yaml::Trust::Trusted) {
                Value::Dict(d) => (*d).clone(),
                Value::Null => Dict::new(),
                _ => return nothing(format!("{place} must be stored as a dictionary/hash")),
            },
            Err(e) => return nothing(e.report()),
        };
        let vars = match text("name") {
            Some(name) => rustle_value::dict! { name => vars },
            None => vars,
        };
        rustle_value::dict! {
            "changed" => false, "ansible_facts" => Value::dict(vars),
            "ansible_included_var_files" => vec![place.clone()], "_ansible_no_log" => false,
        }
    }
    fn describe(&self, shown: &str, file: &EmbeddedFile) -> Result<SourceFile, String> {
        if file.data.starts_with(b"$ANSIBLE_VAULT;") {
            return Err(format!("{shown} is encrypted, and a plan that runs without its controller has no vault passwords"));
        }
        let sha256: String = Sha256::digest(&file.data).iter().map(|b| format!("{b:02x}")).collect();
        let data: Arc<[u8]> = file.data.as_slice().into();
        lock(&self.contents).insert(sha256.clone(), data.clone());
        Ok(SourceFile {
            path: shown.to_owned(),
            sha256,
            size: data.len() as u64,
            mode: file.mode,
            data: Some(Bytes(data)),
            link: file.link.clone(),
            ..SourceFile::default()
        })
    }
    fn folder(&self, path: &str, keep_slash: bool) -> Result<Option<SourceFile>, String> {
        let path = path.trim_end_matches('/');
        let prefix = format!("{path}/");
        let mut entries = Vec::new();
        let mut seen: HashSet<String> = HashSet::new();
        for (name, file) in self.files.range(prefix.clone()..).take_while(|(n, _)| n.starts_with(&prefix)) {
            let below = &name[prefix.len()..];
            for (i, _) in below.match_indices('/') {
                if seen.insert(below[..i].to_owned()) {
                    entries.push(SourceFile { path: below[..i].to_owned(), mode: 0o755, directory: true, ..SourceFile::default() });
                }
            }
            let mut entry = self.describe(below, file)?;
            if file.link.is_some() && file.data.is_empty() {
                // A link to nowhere, or to a folder: sent as a link.
                entry.sha256.clear();
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let path = if keep_slash { prefix } else { path.to_owned() };
        Ok(Some(SourceFile { path, mode: 0o755, directory: true, entries: Some(entries), ..SourceFile::default() }))
    }
    fn only_controller(what: &str) -> Reply {
        Reply::error(format!("{what} needs the controller, and this plan runs without one"))
    }
}

/// `a/./b/../c` as `a/c`.
fn normal(path: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = out.pop(),
            p => out.push(p),
        }
    }
    format!("/{}", out.join("/"))
}

impl World for AloneWorld {
    fn module(&self, request: ModuleRequest, delegate: Option<&str>) -> Result<Dict, WorldError> {
        match delegate {
            None => Ok(self.shared.module(&request)),
            Some(other) => Ok(crate::worker::failed(format!("this task is delegated to '{other}', which needs the controller, and this plan runs without one"))),
        }
    }
    fn call(&self, _: &Position, call: Call) -> Result<Reply, WorldError> {
        Ok(match call {
            Call::Abort { message } => {
                self.warning(message.clone());
                Reply::Stop { reason: message }
            }
            Call::Barrier | Call::Step { .. } | Call::Turn { .. } | Call::Verdict { .. } => Reply::Go,
            Call::RunOnce { .. } => Reply::RunItYourself,
            Call::RunTask { task, .. } if !self.tasks.contains(&task) => Reply::RunItYourself,
            Call::RunTask { .. } => Self::only_controller("this task"),
            Call::Content { sha256 } => match lock(&self.contents).get(&sha256) {
                Some(data) => Reply::Content { blob: Blob { sha256, data: Bytes(data.clone()) } },
                None => Self::only_controller("this content"),
            },
            Call::Eval { source, .. } => Self::only_controller(&format!("the template '{source}'")),
            Call::Render { .. } => Self::only_controller("what this template uses"),
            Call::Items { .. } => Self::only_controller("the list of this loop"),
            Call::File { .. } => Self::only_controller("this file"),
            Call::Include { .. } => Self::only_controller("an include whose name is a template"),
            Call::Decrypt { .. } => Self::only_controller("a vaulted value"),
            Call::VarsFiles => {
                self.warning("names of vars_files are others than when the plan was made; the variables stay, as this plan runs without its controller".into());
                Self::only_controller("a file of variables")
            }
            Call::Payload { module, .. } => Self::only_controller(&format!("the module {module}, which is not native,")),
            Call::Module { .. } => Self::only_controller("a module of the controller"),
        })
    }
    fn event(&self, event: TaskEvent) {
        // As the controller tells it: what was rendered is data, and so is what is only shown.
        let data = |d: Dict| match Value::dict(d).into_data() {
            Value::Dict(d) => (*d).clone(),
            _ => Dict::new(),
        };
        let event = match event {
            TaskEvent::Start { mut header } => {
                header.args = data(header.args);
                TaskEvent::Start { header }
            }
            TaskEvent::Result { position, status, result, looped, errors, delegated, mut changes, notified } => {
                for d in [&mut changes.set, &mut changes.facts, &mut changes.included] {
                    *d = data(std::mem::take(d));
                }
                TaskEvent::Result { position, status, result, looped, errors, delegated, changes, notified }
            }
            other => other,
        };
        let events = lock(&self.told.sequencer).push(&self.told.host, event);
        self.told.all(events);
    }
    fn warning(&self, text: String) {
        self.told.emit(RunEvent::Warning { text });
    }
    fn updates(&self) -> Vec<Update> {
        Vec::new()
    }
    fn name(&self, name: &str) -> Option<Result<Value, JinjaError>> {
        match name {
            // Nobody else takes part.
            "ansible_play_hosts" | "ansible_play_batch" | "play_hosts" | "ansible_play_hosts_all" => Some(Ok(Value::from(lock(&self.play).1.clone()))),
            "hostvars" => Some(Err(JinjaError::NeedsController { what: name.to_owned() })),
            _ => None,
        }
    }
    fn template(&self, name: &str, folders: &[String]) -> Result<Option<Arc<str>>, JinjaError> {
        let file = folders.iter().find_map(|f| self.files.get(&normal(&format!("{f}/{name}"))));
        match file.map(|f| String::from_utf8(f.data.clone())) {
            Some(Ok(text)) => Ok(Some(text.into())),
            Some(Err(_)) => Err(JinjaError::runtime(format!("the template '{name}' is not UTF-8"))),
            None => Ok(None),
        }
    }
    fn controller_action(&self, name: &str, cx: &TaskContext, args: &Dict) -> Option<Result<Dict, Failure>> {
        (name == "include_vars").then(|| Ok(self.include_vars(&cx.task, args)))
    }
    fn file(&self, task: &Task, name: &str) -> Option<Result<SourceFile, String>> {
        let places = self.places(task, name);
        for place in &places {
            if let Some(file) = self.files.get(place) {
                return Some(self.describe(place, file));
            }
            match self.folder(place, name.ends_with('/')) {
                Ok(Some(folder)) => return Some(Ok(folder)),
                Ok(None) => {}
                Err(e) => return Some(Err(e)),
            }
        }
        Some(Err(format!("Could not find or access '{name}' in the plan\nSearched for:{}", places.iter().map(|p| format!("\n\t{p}")).collect::<String>())))
    }
    fn holds_files(&self) -> bool {
        true
    }
}
