//! Brings the runner onto a host and starts it there.
//!
//! [`bootstrap`] runs one line of POSIX `sh` over one channel. Where the host has the runner already, the line becomes
//! the runner with no further round trip. Else the host tells its platform, the caller chooses a runner for it, the
//! runner travels down the same channel, is verified, stored under `~/.rustle/runners/<sha256>` and started.
//!
//! What a host stores of a run is the runner alone: never anything of a plan. An upload that breaks goes on where it
//! stopped (`upload`).
//!
//! [`Shipping`] does it for many hosts and makes a [`Deployment`] of it: the host notes what is in force and what was
//! before (`rollout`, over `keeper`), so that there is a way back, also for executables with a plan inside; the
//! controller remembers it in its [`History`].

mod bootstrap;
mod cleanup;
mod deployment;
mod dialogue;
mod error;
mod keeper;
mod platform;
pub mod roll;
mod rollout;
mod runner;
mod script;
mod shipping;
mod stage;
mod upload;

pub use bootstrap::{Bootstrap, BootstrapOptions, DAMAGED, Outcome, Session, bootstrap, bootstrap_local};
pub use cleanup::{cleanup, look};
pub use deployment::{Deployment, History, HostManifest, Part, RUNNER, is_id, name_of};
pub use error::ShipError;
pub use platform::Platform;
pub use runner::Runner;
pub use shipping::{HostVars, Shipping, Supply, deployment_name, lost};
pub use stage::ShipStage;
