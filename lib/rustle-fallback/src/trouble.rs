//! Why a request came to nothing.

use rustle_value::{Dict, Value, dict};

/// Either the host is gone, or the task failed with this result.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection broke: in Ansible's words.
    Lost(String),
    Failed(Dict),
}

impl Trouble {
    /// A failed result with this message.
    pub(crate) fn failed(message: impl Into<String>) -> Trouble {
        let message: String = message.into();
        Trouble::Failed(dict! { "failed" => true, "changed" => false, "msg" => Value::from(message) })
    }
    /// The task's `timeout` is over.
    pub(crate) fn timed_out(seconds: u64) -> Trouble {
        Trouble::Failed(dict! {
            "failed" => true,
            "changed" => false,
            "msg" => format!("Timed out after {seconds} second(s)."),
            "timedout" => dict! { "period" => seconds },
        })
    }
}

impl From<rustle_connect::ConnectError> for Trouble {
    fn from(e: rustle_connect::ConnectError) -> Self {
        Trouble::Lost(e.to_string())
    }
}
