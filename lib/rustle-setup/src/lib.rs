//! The stage `rustle-caps`: what this machine is ready for, and the assistant that makes it ready for more.
//!
//! - [`readiness`]: from tools and routes to what a person can do here;
//! - [`COMPONENTS`]: what can be installed, one file each in `src/components`: it looks, says what it would do, and does it;
//! - [`assist`]: tells all of that, asks, and goes to work.
//!
//! What is installed goes below rustle's own folder ([`rustle_toolchain::Env::tools_dir`]), where it is found without
//! settings; only what rustup and the system's packages bring goes to their places. Nothing counts as installed before
//! it has run.
//!
//! Limits: needs a network, or files that are given; installs no Rust compiler, and says who does.

mod archive;
mod assistant;
mod caps_stage;
mod component;
mod error;
mod fetching;
mod python;
mod readiness;

pub use assistant::assist;
pub use caps_stage::CapsStage;
pub use component::{COMPONENTS, Component, Options, Plan, Site, Step};
pub use error::SetupError;
pub use readiness::readiness;
