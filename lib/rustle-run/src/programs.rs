//! What a host without a runner gets: modules as programs for its Python, made by the bridge to Ansible's own.

use rustle_bridge::{Bridge, BridgeError, Want};
use rustle_fallback::{NoProgram, Programs};
use rustle_stream::foreign::ModulePayload;
use std::sync::Arc;

/// See the module's page.
pub struct Bridged(pub Arc<Bridge>);

impl Programs for Bridged {
    fn payload(&self, module: &str) -> Result<Arc<ModulePayload>, NoProgram> {
        // Modules beside playbooks and in roles come with their task's request.
        self.0.payload(&Want { name: module.to_owned(), ..Want::default() }).map_err(|e| match e {
            BridgeError::NotNative { why, .. } => NoProgram::Nobody(why),
            other => NoProgram::Other(other.to_string()),
        })
    }
}
