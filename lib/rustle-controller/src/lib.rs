//! Runs a plan: opens sessions, sends each host its part of a play, hears what happens, answers questions.
//!
//! - [`run`]: plays, batches, the main loop;
//! - `barrier`, `turns`: who waits for whom;
//! - [`session`]: a runner on a host;
//! - `answers`: what runners ask, answered from the controller's own data;
//! - `world`: the engine's world here, for tasks that only the controller can run;
//! - `lookups`, `actions`: what needs the controller's files, environment or terminal; one file each;
//! - `outlive`: plays that restart hosts, or wait for them;
//! - `standalone`: programs for hosts that will have no controller;
//! - `reach`: how hosts are reached, for work that runs no play;
//! - `vars_files`, `prompt`, `fact_cache`: variables that no record has;
//! - `program`, `files`, `hostvars`: what hosts are sent, and what templates see of other hosts.
//!
//! It knows no transport: a [`Connector`] opens sessions.

mod actions;
mod answers;
mod barrier;
mod fact_cache;
mod files;
mod filters;
mod hostvars;
mod known;
mod lookups;
mod outlive;
mod parts;
mod payloads;
mod plugins;
mod program;
mod prompt;
mod reach;
mod run;
pub mod session;
mod shared;
mod standalone;
mod turns;
mod vars_files;
mod world;

pub use fact_cache::FactCache;
pub use program::ANSIBLE_VERSION;
pub use reach::reach;
pub use run::{Unplanned, run};
pub use standalone::programs;
pub use shared::{Ask, Connected, Connector, Driver, Note, PlayState, Remote, Secrets, Shared, Unreachable};
