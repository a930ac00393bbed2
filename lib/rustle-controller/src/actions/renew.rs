//! `renew`, the controller's part of `reboot` and `wait_for_connection`: makes the connection to a host anew.
//!
//! The answer has `local` where the host is this machine, else `reached`, with `msg` where it is false. With `only_ask`
//! nothing is done but to say whether it could be.

use super::{Action, text};
use rustle_engine::{Failure, to_bool};
use rustle_stream::protocol::Seat;
use rustle_value::{Dict, Value, dict};
use std::time::Duration;

pub(crate) static ACTION: Action = Action {
    name: "renew",
    run: |world, _, args| {
        let host = text(args, "host").unwrap_or_else(|| world.host.clone());
        // How the task itself wants to be connected: it may be another machine than the host's other tasks are for.
        let part = |key: &str| match args.get(key) {
            Some(Value::Dict(d)) => (**d).clone(),
            _ => Dict::new(),
        };
        let seat = Seat { keywords: part("keywords"), vars: part("vars") };
        let asks = args.get("only_ask").and_then(to_bool).unwrap_or(false);
        if asks {
            let local = world.shared.renewable(&host, &seat).map_err(Failure::new)?;
            return Ok(dict! { "local" => local });
        }
        let patience = args.get("patience").and_then(|v| v.as_f64()).filter(|s| *s > 0.0).map(Duration::from_secs_f64);
        Ok(match world.shared.renew(&host, &seat, patience).map_err(Failure::new)? {
            None => dict! { "local" => true },
            Some(Ok(())) => dict! { "local" => false, "reached" => true },
            Some(Err(e)) => dict! { "local" => false, "reached" => false, "msg" => e.message },
        })
    },
};
