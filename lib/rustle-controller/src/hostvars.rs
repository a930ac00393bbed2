//! `hostvars`: variables of other hosts, rendered in *their* scope when they are read.

use crate::shared::{PlayState, Shared};
use crate::world::ControllerWorld;
use rustle_engine::{Engine, Program};
use rustle_value::{Dict, Object, Value, py_str};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// All hosts.
pub struct HostVarsMap {
    pub shared: Arc<Shared>,
    pub play: Arc<PlayState>,
}

/// One host.
pub struct HostVarsOf {
    shared: Arc<Shared>,
    play: Arc<PlayState>,
    host: String,
}

impl fmt::Debug for HostVarsMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hostvars")
    }
}
impl fmt::Debug for HostVarsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hostvars['{}']", self.host)
    }
}

impl Object for HostVarsMap {
    fn type_name(&self) -> &'static str {
        "HostVars"
    }
    fn attr(&self, _: &str) -> Option<Value> {
        None
    }
    fn item(&self, key: &Value) -> Option<Value> {
        let host = py_str(key);
        let known = self.shared.inventory().host(&host).is_some();
        known.then(|| Value::Object(Arc::new(HostVarsOf { shared: self.shared.clone(), play: self.play.clone(), host })))
    }
    fn iterate(&self) -> Option<Vec<Value>> {
        Some(self.shared.inventory().hosts.keys().map(|k| Value::from(k.as_str())).collect())
    }
    fn is_mapping(&self) -> bool {
        true
    }
    fn render(&self) -> String {
        "<HostVars>".into()
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl HostVarsOf {
    /// What the host has of itself: nothing that a play, its roles or its files of variables say.
    fn engine<'w>(&self, world: &'w ControllerWorld) -> Option<Engine<'w>> {
        let mut engine = self.shared.engine(world, &self.host, &self.play, &[]).ok()?;
        engine.play = Arc::default();
        engine.program = Program::default();
        engine.vars.vars_files = Dict::new();
        Some(engine)
    }
    fn read(&self, name: &str) -> Option<Value> {
        let world = ControllerWorld::new(self.shared.clone(), &self.host, self.play.clone());
        let engine = self.engine(&world)?;
        match engine.variable(name) {
            Ok(v) => v,
            Err(e) => Some(Value::undefined(e.to_string())),
        }
    }
    fn names(&self) -> Vec<String> {
        let world = ControllerWorld::new(self.shared.clone(), &self.host, self.play.clone());
        self.engine(&world).map(|e| e.plain_names()).unwrap_or_default()
    }
}

impl Object for HostVarsOf {
    fn type_name(&self) -> &'static str {
        "HostVarsVars"
    }
    fn attr(&self, name: &str) -> Option<Value> {
        self.read(name)
    }
    fn iterate(&self) -> Option<Vec<Value>> {
        Some(self.names().into_iter().map(Value::from).collect())
    }
    fn is_mapping(&self) -> bool {
        true
    }
    fn render(&self) -> String {
        let all: Dict = self.names().into_iter().filter_map(|n| self.read(&n).map(|v| (n, v))).collect();
        py_str(&Value::dict(all))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
