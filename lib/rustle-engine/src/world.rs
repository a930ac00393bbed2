//! What the engine needs from where it stands: something that runs modules, and somebody to ask.

use rustle_stream::event::TaskEvent;
use rustle_stream::model::Task;
use rustle_stream::protocol::{Call, ModuleRequest, Position, Reply, VarChanges, SourceFile};
use rustle_jinja::{Args, Error as JinjaError, Interp};
use rustle_value::{Dict, Value, Vaulted};
use std::sync::Arc;

/// Why the world could not do what the engine asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WorldError {
    /// The host (or the host that a task was delegated to) cannot be reached.
    #[error("{message}")]
    Unreachable { message: String },
    /// The controller is gone; the play cannot go on.
    #[error("the controller is gone: {0}")]
    Lost(String),
}

/// A change that the controller pushed while the play ran.
#[derive(Clone, Debug)]
pub enum Update {
    Vars(VarChanges),
    Magic(Dict),
    /// The inventory was read again, or `add_host` changed it: the host's variables now.
    Inventory(Dict),
    Stop(String),
}

/// The engine's surroundings. On a host: the runner. On the controller: the controller itself.
///
/// Methods take `&self`: rendering a template may ask while another question is being answered.
pub trait World {
    /// Runs a module with final arguments; on `delegate` where the task was delegated (only the controller's world
    /// is ever asked that).
    fn module(&self, request: ModuleRequest, delegate: Option<&str>) -> Result<Dict, WorldError>;
    /// Asks the controller and waits for the answer.
    fn call(&self, position: &Position, call: Call) -> Result<Reply, WorldError>;
    /// Tells what happened. Never blocks for long.
    fn event(&self, event: TaskEvent);
    /// A warning for a person.
    fn warning(&self, text: String);
    /// Changes that arrived since the last call, in order.
    fn updates(&self) -> Vec<Update>;
    /// A variable that depends on other hosts (`hostvars`, `ansible_play_hosts`, …); `None` where `name` is not one.
    /// A host cannot know them: it answers [`JinjaError::NeedsController`], and the whole template is rendered there.
    fn name(&self, name: &str) -> Option<Result<Value, JinjaError>> {
        SHARED_NAMES.contains(&name).then(|| Err(JinjaError::NeedsController { what: name.to_owned() }))
    }
    /// A lookup that is not a pure function of its arguments.
    fn lookup(&self, name: &str, _: &Args, _: &mut Interp<'_>) -> Option<Result<Value, JinjaError>> {
        Some(Err(JinjaError::NeedsController { what: format!("lookup '{name}'") }))
    }
    /// A filter that needs the controller's files, environment or secrets.
    fn filter(&self, name: &str, input: &Value, args: &Args) -> Option<Result<Value, JinjaError>> {
        let _ = (name, input, args);
        None
    }
    /// A test that is not native.
    fn test(&self, name: &str, input: &Value, args: &Args) -> Option<Result<bool, JinjaError>> {
        let _ = (name, input, args);
        None
    }
    /// The clear text of a vaulted value.
    fn decrypt(&self, place: &crate::scope::Place, vaulted: &Vaulted) -> Result<Value, JinjaError> {
        match self.call(&place.position, Call::Decrypt { task: place.task, ciphertext: vaulted.ciphertext.to_string() }) {
            Ok(Reply::Value { value, .. }) => Ok(value.into_data()),
            Ok(Reply::Error { message, .. }) => Err(JinjaError::runtime(message)),
            Ok(_) => Err(JinjaError::runtime("the controller gave no answer to a decryption")),
            Err(e) => Err(JinjaError::runtime(e.to_string())),
        }
    }
    /// A template named by `{% include %}`, `{% import %}` or `{% extends %}`, below the first of these folders of the
    /// controller that has it.
    fn template(&self, name: &str, folders: &[String]) -> Result<Option<Arc<str>>, JinjaError> {
        let _ = folders;
        Err(JinjaError::NeedsController { what: format!("template '{name}'") })
    }
    /// The part of an action that only the controller can do (`add_host`, `fetch`, `include_vars`, …); `None` where
    /// this is not the controller.
    fn controller_action(&self, name: &str, cx: &crate::context::TaskContext, args: &Dict) -> Option<Result<Dict, crate::failure::Failure>> {
        let _ = (name, cx, args);
        None
    }
    /// Variables that belong to another host (`delegate_facts`). Only the controller runs delegated tasks.
    fn learned(&self, host: &str, changes: VarChanges) {
        let _ = (host, changes);
    }
    /// The file of the controller that `name`, an argument of `task`, means; asked only where [`World::holds_files`].
    fn file(&self, task: &Task, name: &str) -> Option<Result<SourceFile, String>> {
        let _ = (task, name);
        None
    }
    /// `meta: reset_connection` was carried out: from now on modules run in the host's new session.
    fn reconnected(&self) {}
    /// Whether the controller's files are here, so that nobody need be asked for them.
    fn holds_files(&self) -> bool {
        false
    }
    /// Whether this world can run tasks that the planner gave to the controller.
    fn is_controller(&self) -> bool {
        false
    }
}

/// Variables whose values depend on other hosts.
pub const SHARED_NAMES: &[&str] =
    &["hostvars", "ansible_play_hosts", "ansible_play_hosts_all", "ansible_play_batch", "play_hosts"];
