//! `ansible_ssh_host_key_*_public`.

use crate::{Collector, Context};
use rustle_value::Dict;

pub static COLLECTOR: Collector = Collector {
    subset: "ssh_pub_keys",
    aliases: &[
        "ssh_host_pub_keys", "ssh_host_key_dsa_public", "ssh_host_key_ecdsa_public", "ssh_host_key_ed25519_public",
        "ssh_host_key_rsa_public",
    ],
    minimal: true,
    requires: &[],
    slow: false,
    gather,
};

fn gather(ctx: &Context, out: &mut Dict) {
    for folder in ["/etc/ssh", "/etc/openssh", "/etc"] {
        for algorithm in ["dsa", "rsa", "ecdsa", "ed25519"] {
            let Some(text) = ctx.read(&format!("{folder}/ssh_host_{algorithm}_key.pub")) else { continue };
            let mut words = text.split_whitespace();
            if let (Some(kind), Some(key)) = (words.next(), words.next()) {
                out.insert(format!("ssh_host_key_{algorithm}_public"), key);
                out.insert(format!("ssh_host_key_{algorithm}_public_keytype"), kind);
            }
        }
        // The first folder that has any wins.
        if !out.is_empty() {
            return;
        }
    }
}
