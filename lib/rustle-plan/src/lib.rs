//! Where each task runs, who waits for whom, and why.
//!
//! A plan decides *where*; *whether* and *with what* a task runs is decided on its host, at its turn. Tasks run on
//! their hosts unless something needs the controller: delegation, `run_once`, actions that change the inventory or
//! fetch files. Hosts run ahead of each other except before tasks that others could notice (`--barriers auto`).
//!
//! - [`plan`]: a whole run to records; [`Planner`]: one play, or one dynamic include, at a time;
//! - [`explain`]: the plan for a person;
//! - [`work`], [`forecast`]: how much there is to do on hosts, and what that is expected to cost;
//! - [`catalog`]: what is known of actions and modules;
//! - [`taint`]: which templates look beyond their host.
//!
//! Limits: a variable that becomes a template only at run time (`include_vars`) can't be judged here; the engine asks
//! the controller for it all the same, but without waiting.

mod alone;
mod batches;
pub mod catalog;
mod choice;
mod decide;
mod error;
mod explain;
mod forecast;
mod inventory;
mod options;
mod planner;
mod requirement;
mod stage;
pub mod taint;
mod work;

pub use alone::taken_along;
pub use batches::batches;
pub use choice::{choice_flags, mode, serve, short_strategy};
pub use decide::Verdict;
pub use error::PlanError;
pub use explain::explain;
pub use forecast::{forecast, history_file};
pub use inventory::{Hosts, inventory_of};
pub use options::{BARRIERS, Barriers, PlanOptions, STRATEGIES, Strategy};
pub use stage::{PlanStage, plan_flags, plan_options};
pub use planner::{HostSource, Places, PlannedPlay, Planner, plan, tasks_in_order};
pub use work::{tasks_on_hosts, work};
