//! How hosts are reached, for work that runs no play: what a run would know, with templates rendered and vaulted values
//! decrypted.

use crate::program;
use crate::shared::{PlayState, Shared};
use rustle_stream::model::{Fragment, Play};
use rustle_stream::protocol::{Placement, Seat};
use rustle_value::Dict;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

/// The connection variables of the plays' hosts, in the order of the plays. A host of several plays is reached as the
/// first of them does: with its `remote_user`, `connection`, `vars` and `vars_files`. Nobody is asked for `vars_prompt`.
pub fn reach(shared: &Arc<Shared>, plays: &[(Play, Vec<String>)], fragment: &Fragment) -> Vec<(String, Dict)> {
    let mut out: Vec<(String, Dict)> = Vec::new();
    let mut known = HashSet::new();
    for (play, hosts) in plays {
        let mut compiled = rustle_engine::Program::default();
        compiled.add(&program::only_of(play, fragment), &Placement::default());
        let state = Arc::new(PlayState::new(play, compiled, hosts));
        *shared.current.write().unwrap_or_else(PoisonError::into_inner) = Some(state.clone());
        for host in hosts {
            if known.insert(host.clone()) {
                shared.recall(host);
                crate::vars_files::load(shared, &state, host);
                out.push((host.clone(), shared.connection_vars(host, &Seat::default())));
            }
        }
    }
    out
}
