//! Runs the tasks of a play for one host.
//!
//! The same code stands on the host, inside the runner, and on the controller, for tasks that only the controller can
//! run and for hosts that a runner cannot reach. What differs is the [`World`]: how a module is run, and who answers
//! questions.
//!
//! - [`Engine`]: state of one host; `load` a play, `run` it;
//! - `play`: sections, blocks, rescue and always, handlers, `meta`;
//! - `task`: one task at its turn; `identity` what it is evaluated with, `items` its loop, `once` conditions, attempts
//!   and judgement, `manner` its keywords, `arguments`, `notify`, `outcome`;
//! - `include`: dynamic includes;
//! - `actions`: what Ansible's action plugins do, one file each; everything else is a module;
//! - `vars`, `scope`: variable precedence, and what a template sees.
//!
//! Values are rendered at a task's turn, never earlier. The engine knows nothing of connections.

mod actions;
mod arguments;
mod context;
mod deprecated;
mod engine;
mod failure;
mod foreign;
mod identity;
mod include;
mod items;
mod keywords;
mod local;
mod manner;
mod notify;
mod once;
mod outcome;
mod play;
mod program;
mod reserved;
mod scope;
mod tags;
mod task;
mod vars;
mod vars_files;
mod world;

pub use actions::{action_names, is_action, template_folders, template_syntax};
pub use context::{TaskContext, number, to_bool};
pub use deprecated::without_places;
pub use engine::Engine;
pub use foreign::is_foreign;
pub use failure::{Failure, joined, origin_of};
pub use keywords::Inherited;
pub use manner::Manner;
pub use outcome::Outcome;
pub use play::{Flow, GATHER_TASK, gather_task};
pub use program::{Program, in_order};
pub use scope::{Parts, Place, TaskScope};
pub use tags::TagFilter;
pub use vars::{HostVars, Layers, merged_into};
pub use world::{SHARED_NAMES, Update, World, WorldError};
