//! What rustle's programs say to each other.
//!
//! - [`record`]: the records of the pipeline (`rustle-parse | rustle-plan | …`), one JSON object a line;
//! - [`model`]: plays, blocks, tasks and roles as records;
//! - [`event`]: what happens while a plan runs;
//! - [`protocol`]: what controller and runner say over a host's one channel;
//! - [`foreign`]: a module that is not native, on its way to a host;
//! - [`payload`]: a plan inside an executable;
//! - [`exit`]: exit codes;
//! - `schema` (feature): JSON Schemas of the records and validation of lines that come from outside.
//!
//! A leaf: of rustle it knows only `rustle-value`. Others may depend on it to read rustle's output.

pub mod event;
pub mod exit;
pub mod foreign;
pub mod freeform;
pub mod model;
pub mod payload;
pub mod protocol;
pub mod record;
#[cfg(feature = "schema")]
pub mod schema;
pub mod sequencer;

pub use record::Record;
