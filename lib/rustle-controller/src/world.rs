//! The engine's world on the controller: for tasks that only the controller can run.

use crate::hostvars::HostVarsMap;
use crate::shared::{Note, PlayState, Shared};
use crate::{actions, answers, lookups, plugins};
use rustle_engine::{Failure, TaskContext, Update, World, WorldError};
use rustle_jinja::{Args, Error as JinjaError, Interp};
use rustle_stream::event::TaskEvent;
use rustle_stream::protocol::{Down, VarChanges, Call, ModuleRequest, Position, Reply};
use rustle_value::{Dict, Value, Vaulted};
use std::sync::Arc;

/// See the module's page.
pub struct ControllerWorld {
    pub shared: Arc<Shared>,
    pub host: String,
    pub play: Arc<PlayState>,
}

impl ControllerWorld {
    pub fn new(shared: Arc<Shared>, host: &str, play: Arc<PlayState>) -> ControllerWorld {
        ControllerWorld { shared, host: host.to_owned(), play }
    }
}

impl World for ControllerWorld {
    fn module(&self, request: ModuleRequest, delegate: Option<&str>) -> Result<Dict, WorldError> {
        let host = delegate.unwrap_or(&self.host);
        if !request.seat.is_empty() {
            return self.shared.seated(host, request);
        }
        if let Some(why) = crate::session::lock(&self.shared.unreachable).get(host) {
            return Err(WorldError::Unreachable { message: why.clone() });
        }
        // A host that is out of reach is not tried again; its stand-in was connected to in a way of its own.
        if self.shared.moved(host) {
            return self.shared.seated(host, request);
        }
        let renewed = crate::session::lock(&self.shared.renewed).get(host).cloned();
        let session = match renewed {
            Some(session) => session,
            None => self.shared.session(host).map_err(|e| WorldError::Unreachable { message: e.message })?,
        };
        let remote = crate::session::lock(&self.shared.remotes).get(host).cloned();
        if let Some(remote) = remote {
            return remote.module(&request).map_err(|e| WorldError::Unreachable { message: e.message });
        }
        session.exec(request).ok_or_else(|| WorldError::Unreachable { message: format!("the connection to {host} was lost") })
    }
    fn call(&self, position: &Position, call: Call) -> Result<Reply, WorldError> {
        Ok(answers::answer(&self.shared, &self.host, position, call))
    }
    fn event(&self, event: TaskEvent) {
        self.shared.note(Note::Event { host: self.host.clone(), event });
    }
    fn warning(&self, text: String) {
        self.shared.note(Note::Warning(text));
    }
    fn updates(&self) -> Vec<Update> {
        Vec::new()
    }
    fn name(&self, name: &str) -> Option<Result<Value, JinjaError>> {
        let hosts = |list: Vec<String>| Value::from(list);
        let failed = crate::session::lock(&self.play.failed).clone();
        Some(Ok(match name {
            "hostvars" => Value::Object(Arc::new(HostVarsMap { shared: self.shared.clone(), play: self.play.clone() })),
            "ansible_play_hosts_all" => hosts(self.play.hosts_all.clone()),
            "ansible_play_hosts" => {
                hosts(self.play.hosts_all.iter().filter(|h| !failed.contains(*h)).cloned().collect())
            }
            "ansible_play_batch" | "play_hosts" => {
                hosts(crate::session::lock(&self.play.batch).iter().filter(|h| !failed.contains(*h)).cloned().collect())
            }
            _ => return None,
        }))
    }
    fn lookup(&self, name: &str, args: &Args, cx: &mut Interp<'_>) -> Option<Result<Value, JinjaError>> {
        lookups::run(self, name, args, cx).or_else(|| plugins::lookup(self, name, args, cx))
    }
    fn filter(&self, name: &str, input: &Value, args: &Args) -> Option<Result<Value, JinjaError>> {
        crate::filters::run(name, input, args).or_else(|| plugins::filter(self, name, input, args))
    }
    fn test(&self, name: &str, input: &Value, args: &Args) -> Option<Result<bool, JinjaError>> {
        plugins::test(self, name, input, args)
    }
    fn decrypt(&self, _: &rustle_engine::Place, vaulted: &Vaulted) -> Result<Value, JinjaError> {
        self.shared.decrypt(&vaulted.ciphertext, "").map(Value::from).map_err(JinjaError::runtime)
    }
    fn template(&self, name: &str, folders: &[String]) -> Result<Option<Arc<str>>, JinjaError> {
        lookups::find_template(self, name, folders)
    }
    fn controller_action(&self, name: &str, cx: &TaskContext, args: &Dict) -> Option<Result<Dict, Failure>> {
        actions::run(self, name, cx, args)
    }
    fn learned(&self, host: &str, changes: VarChanges) {
        crate::session::lock(&self.shared.vars).entry(host.to_owned()).or_default().apply(&changes);
        let session = crate::session::lock(&self.shared.sessions).get(host).cloned();
        if let Some(s) = session {
            s.send(&Down::Vars { changes });
        }
    }
    fn is_controller(&self) -> bool {
        true
    }
}
