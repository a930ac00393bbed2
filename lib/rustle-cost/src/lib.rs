//! Whether a native runner pays for the hosts of a platform, or the way over SSH with the host's Python is cheaper.
//!
//! - [`Situation`]: what is known before a run: platforms, how many hosts and tasks, where a runner would come from;
//! - [`Seen`]: what things have cost on this machine so far, with assumptions for what was never seen;
//! - [`analyse`]: from both to a decision for each platform, with its reason; [`text`] shows it;
//! - [`History`]: the file in which runs leave what they cost and what had been expected of them; [`History::learn`]
//!   moves the next prediction;
//! - [`report`]: the trend, for a person.
//!
//! Limits: pure but for the one file; knows no host by name (no name is ever kept), no transport and no compiler.
//! Durations are seconds, sizes are bytes. Tasks count as equal: what is kept is their median cost.

mod analyse;
mod decide;
mod error;
mod file;
mod history;
mod learn;
mod mode;
mod report;
mod seen;
mod series;
mod situation;
mod show;

pub use analyse::analyse;
pub use decide::{Lost, Verdict, decide, slow_upload};
pub use error::CostError;
pub use file::{FILE, Loaded, load, update};
pub use history::{History, PastTarget, Run};
pub use learn::{Observed, ObservedBuild, ObservedTarget};
pub use mode::{MODES, Mode};
pub use report::report;
pub use rustle_stream::record::{AnalysedTarget, Analysis};
pub use seen::{Estimate, Seen};
pub use series::Series;
pub use show::{comparison, seconds, text};
pub use situation::{Runner, Serve, Situation, TargetSituation, Way};
