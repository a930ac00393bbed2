//! OpenSSH's client: for hosts whose settings need it (ssh_config, ProxyJump, ControlMaster).

use crate::{Detector, Found, level::recommend};

pub static TOOL: Detector = Detector {
    name: "ssh",
    look: |env| Found::on_path(env, "ssh", &["-V"]),
    advise: |a| {
        if a.has("ssh") {
            return None;
        }
        recommend("medium", "no ssh client: only the built-in one can reach hosts", a.install("openssh-client"))
    },
};
