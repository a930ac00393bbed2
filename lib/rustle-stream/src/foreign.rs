//! A module that is not native, on its way to a host: everything but its arguments, which the host's side puts in.
//!
//! So one payload serves all tasks of a play that use the module, and arguments never travel twice. A payload is named
//! by its digest; whoever had it once gets it without the program ([`ModulePayload::bare`]).

use crate::protocol::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How a program takes its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "style", rename_all = "snake_case")]
pub enum PayloadStyle {
    /// A Python program, read from standard input. At byte `at` it lacks a literal (of type `bytes` where that is said,
    /// else text) whose content is JSON: the arguments under `ANSIBLE_MODULE_ARGS`.
    Python { at: usize, bytes: bool },
    /// A script, read from standard input by its interpreter, that has JSON wherever [`IN_TEXT`] stands.
    InText,
    /// A program whose first argument is the name of a file with JSON.
    JsonFile,
    /// A program whose first argument is the name of a file with `key=value` words.
    WordsFile,
}

/// What a script that has its arguments in its own text writes in their place.
pub const IN_TEXT: &str = "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>";

/// See the module's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModulePayload {
    /// Lower-case hex SHA-256 of what the payload says and holds.
    pub digest: String,
    /// The module's full name, as its arguments have it.
    pub name: String,
    /// The module's file, without folders.
    pub file: String,
    /// The version of ansible-core that made it, or that its module is told.
    pub version: String,
    pub style: PayloadStyle,
    /// The words behind `#!`; none for a program that the system can start by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interpreter: Vec<String>,
    /// `None` where the other side has it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Bytes>,
}

impl ModulePayload {
    /// A payload with its digest.
    pub fn new(name: &str, file: &str, version: &str, style: PayloadStyle, interpreter: Vec<String>, program: Vec<u8>) -> ModulePayload {
        let mut sum = Sha256::new();
        for part in [name, file, version, &format!("{style:?}"), &interpreter.join("\0")] {
            sum.update(part.len().to_le_bytes());
            sum.update(part);
        }
        sum.update(&program);
        ModulePayload {
            digest: sum.finalize().iter().map(|b| format!("{b:02x}")).collect(),
            name: name.into(),
            file: file.into(),
            version: version.into(),
            style,
            interpreter,
            program: Some(Bytes(program.into())),
        }
    }
    /// The payload for one who has the program.
    pub fn bare(&self) -> ModulePayload {
        ModulePayload { program: None, ..self.clone() }
    }
    /// Whether Python runs it (which may have to be looked for on the host).
    pub fn is_python(&self) -> bool {
        matches!(self.style, PayloadStyle::Python { .. })
    }
}

/// Payloads that one side of a channel has seen, by digest.
#[derive(Debug, Default)]
pub struct Payloads(std::sync::Mutex<std::collections::HashMap<String, Arc<ModulePayload>>>);

impl Payloads {
    /// Remembers a payload that has its program; finds the program of one that has not. `None`: it never came.
    pub fn whole(&self, payload: Arc<ModulePayload>) -> Option<Arc<ModulePayload>> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if payload.program.is_some() {
            known.insert(payload.digest.clone(), payload.clone());
            return Some(payload);
        }
        known.get(&payload.digest).cloned()
    }
    /// What to send to a side whose knowledge this is: the whole payload the first time, later without the program.
    pub fn to_send(&self, payload: &Arc<ModulePayload>) -> Arc<ModulePayload> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.contains_key(&payload.digest) {
            return Arc::new(payload.bare());
        }
        known.insert(payload.digest.clone(), Arc::new(payload.bare()));
        payload.clone()
    }
    /// Begins anew: the other side is another one now.
    pub fn forget(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_travels_once() {
        let payload = Arc::new(ModulePayload::new("a.b.c", "c.py", "2.21.0", PayloadStyle::Python { at: 2, bytes: false }, vec![], b"x=".to_vec()));
        let (sent, received) = (Payloads::default(), Payloads::default());
        let first = sent.to_send(&payload);
        assert!(first.program.is_some());
        let line = serde_json::to_string(&*first).unwrap_or_default();
        let came: ModulePayload = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert_eq!(received.whole(Arc::new(came)), Some(payload.clone()));
        let second = sent.to_send(&payload);
        assert!(second.program.is_none());
        assert_eq!(received.whole(second), Some(payload.clone()));
        assert_eq!(Payloads::default().whole(Arc::new(payload.bare())), None);
    }
}
