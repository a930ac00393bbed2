//! Where the runner for a platform comes from, and executables with a plan inside.
//!
//! - [`prebuilt`]: runners installed beside the program;
//! - [`Cache`]: runners that were built before, here or (`cache.remote`) on other machines;
//! - [`Template`]: a Cargo project of the runner's sources, which this crate carries;
//! - [`BACKENDS`]: ways to build it, one file each;
//! - [`obtain`]: all of that in order, for many platforms at once;
//! - [`routes`]: which of these ways there is to each platform on this machine, tried out;
//! - [`embed`]: a runner with plan and files inside.
//!
//! Limits: knows which platforms hosts have and nothing else of them; ships nothing.

mod attempt;
mod backend;
mod cache;
mod cargo_home;
pub mod carried;
mod choice;
mod container;
mod cpu;
mod damage;
pub mod elf;
pub mod embed;
mod embed_files;
mod embed_stage;
mod error;
mod history;
mod obtain;
pub mod prebuilt;
mod progress;
mod remote;
mod remote_door;
mod remote_index;
pub mod routes;
mod run;
mod sources;
mod stages;
mod template;
mod template_stage;
mod upkeep;
pub mod zig;

pub use backend::{BACKENDS, Backend, Job, Request};
pub use cache::Cache;
pub use container::Container;
pub use error::BuildError;
pub use history::learn;
pub use progress::{Meter, Progress, Shown};
pub use obtain::{Context, Settings, Wanted, obtain, wanted};
pub use remote::{Pushed, push};
pub use rustle_stream::record::{Artifact, RunnerTemplate};
pub use sources::{SOURCES_SHA256, sources};
pub use embed_stage::{NoPrograms, Programs};
pub use stages::CompileStage;
pub use template_stage::TemplateStage;
pub use upkeep::Kept;
pub use template::{PROFILE_ALIASES, PROFILES, Template, own_triple};

/// Lower-case hex SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
