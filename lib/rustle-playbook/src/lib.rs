//! Playbooks, roles and task files as records of `rustle_stream::model`.
//!
//! A [`Loader`] reads what Ansible reads, in its way: every keyword, free-form arguments, static imports (as implicit
//! blocks), roles with dependencies, collections and search paths. Nothing is executed and, but for names of static
//! imports, nothing is rendered. Mistakes are worded as `ansible-playbook` words them, with the place and the nearest
//! right name.
//!
//! Limits: `ansible.cfg` and hosts are unknown here (see [`Options`]); an action plugin without Python source is not
//! seen; redirects of short module names into collections are not followed.

mod action;
mod argspec;
mod error;
mod files;
mod finder;
mod imports;
mod include;
mod keywords;
mod loader;
mod mentions;
use rustle_value::names;
mod options;
pub mod paths;
mod plays;
mod reserved;
mod resolve;
mod roles;
mod routing;
mod run;
mod shared;
mod tasks;
mod values;

pub use error::{PlaybookError, Problem, Result};
pub use finder::{Finder, NotFound};
pub use imports::truth;
pub use include::{IncludeContext, RoleInclude, nowhere};
pub use keywords::Owner;
pub use loader::{Loader, Parsed};
pub use names::{did_you_mean, nearest};
pub use options::{Decrypt, Elsewhere, Options, Render, Unresolved, default_collections_path, default_roles_path};
pub use resolve::{builtin_names, module_file};
pub use run::ParsedRun;
pub use rustle_stream::freeform::{Unbalanced, parse_kv, split_args};
pub use values::is_variable_name;
