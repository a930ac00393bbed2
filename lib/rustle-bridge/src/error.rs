//! What can go wrong on the way to Ansible's Python; each text says what to do where something can be done.

/// Errors of the bridge.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BridgeError {
    #[error("no ansible-core was found on this machine. Install it (`pip install ansible-core`, or the package of your system), or name the Python that has it in RUSTLE_ANSIBLE_PYTHON")]
    NoAnsible,
    #[error("the module {name} is not native, and {why}")]
    NotNative { name: String, why: String },
    #[error("The module {0} was not found in configured module paths")]
    Unknown(String),
    #[error("the action plugin {name} ({path}) is written in Python; rustle runs modules of Ansible's, but not its action plugins")]
    OnlyAction { name: String, path: String },
    #[error("module ({0}) is missing interpreter line")]
    NoInterpreter(String),
    #[error("the module {0} is written for PowerShell, which rustle does not run")]
    PowerShell(String),
    #[error("cannot read {path}: {why}")]
    Unreadable { path: String, why: String },
    #[error("failed to load: {0}")]
    Broken(String),
    #[error("{0}")]
    Ansible(String),
    #[error("the helper process with ansible-core ended: {0}")]
    Ended(String),
}

impl BridgeError {
    /// The error with the module's name, where it has none.
    pub(crate) fn about(self, name: &str) -> BridgeError {
        match self {
            e @ (BridgeError::NoAnsible | BridgeError::Ended(_)) => BridgeError::NotNative { name: name.to_owned(), why: e.to_string() },
            e => e,
        }
    }
}
