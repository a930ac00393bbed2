//! The bridge to Ansible's own Python, where ansible-core is installed on the controller.
//!
//! Modules that are not native become payloads here ([`Bridge::payload`]): programs for the interpreter of a host, without
//! their arguments, which the host's side puts in (`rustle_modules::foreign`). ansible-core itself builds them, in a helper
//! process that is started when it is first needed and kept for the run. Modules in other languages need no ansible-core.
//!
//! Filters, tests and lookups in Python are called in the same process, on the controller ([`Bridge::call`]), and so are
//! inventory plugins ([`Bridge::inventory`]).
//!
//! Limits: action plugins in Python are found, not run; PowerShell modules are refused. Never part of the runner.

mod error;
mod files;
mod helper;
mod inventory;
mod plugins;
mod python;
mod style;

pub use error::BridgeError;
pub use inventory::{InventoryData, InventoryGroup, InventoryHost, InventoryRead};
pub use plugins::{Plugin, Sought};
pub use python::candidates;

use helper::Helper;
use rustle_stream::foreign::{ModulePayload, PayloadStyle};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use style::Style;

/// What the bridge must be told of a run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The run's working directory.
    pub cwd: String,
    /// Folders that hold an `ansible_collections`.
    pub collections_path: Vec<String>,
    /// `library` of `ansible.cfg`, `-M`: folders of modules.
    pub module_path: Vec<String>,
}

/// A module that a task names, and where the task stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Want {
    /// As the task has it: full or not.
    pub name: String,
    /// The playbook's folder.
    pub playbook: String,
    /// Folders of roles, nearest first.
    pub folders: Vec<String>,
    /// The `collections` keyword.
    pub collections: Vec<String>,
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The full name.
    pub name: String,
    /// The module's file.
    pub module: Option<String>,
    /// The file of an action plugin that stands before the module.
    pub action: Option<String>,
}

/// See the crate's page. Shared by all threads of a run.
#[derive(Debug, Default)]
pub struct Bridge {
    settings: Settings,
    helper: Mutex<Option<Result<Helper, BridgeError>>>,
    payloads: Mutex<HashMap<(String, Option<String>), Arc<ModulePayload>>>,
    names: Mutex<HashMap<Want, Option<Found>>>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a module's file only holds its documentation: all the work is its action plugin's.
fn is_stub(path: &str) -> bool {
    std::fs::read(path).is_ok_and(|program| style::of(&program) != Style::Python && path.ends_with(".py"))
}

impl Bridge {
    /// A bridge that starts nothing until something is asked.
    pub fn new(settings: Settings) -> Arc<Bridge> {
        Arc::new(Bridge { settings, ..Bridge::default() })
    }
    /// What a name means; `None` where there is no such module or action. Folders are looked into first, ansible-core is
    /// asked for what is not there.
    ///
    /// # Errors
    /// [`BridgeError::NoAnsible`] where only ansible-core could know, and there is none; what went wrong in it.
    pub fn find(&self, want: &Want) -> Result<Option<Found>, BridgeError> {
        if let Some(known) = lock(&self.names).get(want) {
            return Ok(known.clone());
        }
        let found = match files::find(&self.settings, want) {
            Some(found) => Some(found),
            None => self.ask_for(want)?,
        };
        lock(&self.names).insert(want.clone(), found.clone());
        Ok(found)
    }
    fn ask_for(&self, want: &Want) -> Result<Option<Found>, BridgeError> {
        let answer = self.ask(json!({
            "ask": "find", "name": want.name, "collections": want.collections,
            "playbooks": [want.playbook], "folders": self.folders(want),
        }))?;
        let part = |kind: &str, field: &str| answer.get(kind)?.get(field)?.as_str().map(str::to_owned);
        let name = part("module", "name").or_else(|| part("action", "name"));
        Ok(name.map(|name| Found { name, module: part("module", "path"), action: part("action", "path") }))
    }
    fn folders(&self, want: &Want) -> Vec<String> {
        [want.playbook.clone()].into_iter().chain(want.folders.iter().cloned()).filter(|f| !f.is_empty()).collect()
    }
    /// The module as a program for a host. Works for native modules, too: ansible-core's own of that name.
    ///
    /// # Errors
    /// See [`BridgeError`]; each names the module.
    pub fn payload(&self, want: &Want) -> Result<Arc<ModulePayload>, BridgeError> {
        let found = self.find(want).map_err(|e| e.about(&want.name))?.ok_or_else(|| BridgeError::Unknown(want.name.clone()))?;
        let Some(path) = found.module.clone() else {
            return Err(BridgeError::OnlyAction { name: found.name, path: found.action.unwrap_or_default() });
        };
        let key = (found.name.clone(), Some(path.clone()));
        if let Some(known) = lock(&self.payloads).get(&key) {
            return Ok(known.clone());
        }
        let own = found.name.starts_with("ansible.builtin.");
        if let Some(action) = found.action.as_ref().filter(|_| !own || is_stub(&path)) {
            return Err(BridgeError::OnlyAction { name: found.name, path: action.clone() });
        }
        let payload = Arc::new(self.build(want, &found, &path).map_err(|e| e.about(&want.name))?);
        lock(&self.payloads).insert(key, payload.clone());
        Ok(payload)
    }
    fn build(&self, want: &Want, found: &Found, path: &str) -> Result<ModulePayload, BridgeError> {
        let program = std::fs::read(path).map_err(|e| BridgeError::Unreadable { path: path.to_owned(), why: e.to_string() })?;
        let file = path.rsplit('/').next().unwrap_or(path);
        let interpreter = style::interpreter(&program);
        let payload_style = match style::of(&program) {
            Style::Python => return self.build_python(want, found, path, file, interpreter),
            Style::PowerShell => return Err(BridgeError::PowerShell(found.name.clone())),
            Style::Binary => {
                return Ok(ModulePayload::new(&found.name, file, &self.version_or_own(), PayloadStyle::JsonFile, Vec::new(), program));
            }
            Style::InText => PayloadStyle::InText,
            Style::WantJson => PayloadStyle::JsonFile,
            Style::Old => PayloadStyle::WordsFile,
        };
        if interpreter.is_empty() {
            return Err(BridgeError::NoInterpreter(found.name.clone()));
        }
        Ok(ModulePayload::new(&found.name, file, &self.version_or_own(), payload_style, interpreter, program))
    }
    fn build_python(&self, want: &Want, found: &Found, path: &str, file: &str, interpreter: Vec<String>) -> Result<ModulePayload, BridgeError> {
        let answer = self.ask(json!({
            "ask": "build", "name": found.name, "path": path, "playbooks": [want.playbook], "folders": self.folders(want),
        }))?;
        let text = |key: &str| answer.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let (before, after) = (text("before"), text("after"));
        let style = PayloadStyle::Python { at: before.len(), bytes: text("literal") == "bytes" };
        let version = self.version().unwrap_or_default();
        Ok(ModulePayload::new(&found.name, file, &version, style, interpreter, [before, after].concat().into_bytes()))
    }
    fn ask(&self, mut question: serde_json::Value) -> Result<serde_json::Value, BridgeError> {
        question["settings"] = json!({ "collections_path": self.settings.collections_path });
        let mut helper = lock(&self.helper);
        match helper.get_or_insert_with(|| Helper::start(&self.settings)) {
            Ok(helper) => helper.ask(&question),
            Err(e) => Err(e.clone()),
        }
    }
    /// The version of ansible-core; starts the helper where it does not run yet.
    ///
    /// # Errors
    /// [`BridgeError::NoAnsible`].
    pub fn version(&self) -> Result<String, BridgeError> {
        lock(&self.helper).get_or_insert_with(|| Helper::start(&self.settings)).as_ref().map(|h| h.version.clone()).map_err(Clone::clone)
    }
    /// The version for modules that need no ansible-core: the one that runs, else the one that rustle behaves as.
    fn version_or_own(&self) -> String {
        match &*lock(&self.helper) {
            Some(Ok(h)) => h.version.clone(),
            _ => "2.21.0".to_owned(),
        }
    }
}
