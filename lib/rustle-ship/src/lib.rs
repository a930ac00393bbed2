//! Brings the runner onto a host and starts it there.
//!
//! [`bootstrap`] runs one line of POSIX `sh` over one channel. Where the host has the runner already, the line becomes
//! the runner with no further round trip. Else the host tells its platform, the caller chooses a runner for it, the
//! runner travels down the same channel, is verified, stored under `~/.rustle/runners/<sha256>` and started.
//!
//! What a host stores is the runner alone: never anything of a plan.

mod bootstrap;
mod cleanup;
mod dialogue;
mod error;
mod platform;
mod runner;
mod script;
mod stage;

pub use bootstrap::{Bootstrap, BootstrapOptions, DAMAGED, Outcome, Session, bootstrap, bootstrap_local};
pub use cleanup::cleanup;
pub use error::ShipError;
pub use platform::Platform;
pub use runner::Runner;
pub use stage::ShipStage;
