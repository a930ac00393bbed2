//! The end of the pipeline: a run that was read, executed on its hosts.
//!
//! - [`RunStage`]: the filter, from records to events;
//! - [`prepare`]: a run out of records, with what earlier stages found out; [`execute`](execute()): from a run that was
//!   read to its recap; `rustle-deploy` calls both in one process;
//! - `honour`: a plan that came as records, and was perhaps changed on its way;
//! - `connector`, `runners`: sessions on hosts, and the runners for them; `programs`: what a host without one gets;
//! - [`CompileStage`]: `rustle-compile`, whose `--embed` needs the plan as the engine runs it;
//! - [`reach`]: how hosts would be reached, for work that is no run;
//! - [`TargetStage`], [`ShipStage`]: the filters that reach hosts, with templates rendered;
//! - `advise`: whether a runner that lacks is built; `observe`: what the run cost; [`forecast`]: what it is expected to;
//! - `passwords`, [`prompt`]: what is asked for, and never travels;
//! - [`reporter`]: what shows a run; `show`: how results are shown.
//!
//! Limits: dynamic includes and files of tasks are read from disk at the folder where the first stage ran.

mod advise;
mod analyse;
mod connector;
mod driven;
mod programs;
mod embed;
mod execute;
mod first;
mod honour;
mod observe;
mod passwords;
mod rendered;
pub mod prompt;
mod reporter;
mod runners;
mod show;
mod stage;
mod stream;

pub use analyse::{Forecast, Found, Platforms, forecast, history_path};
pub use embed::{CompileStage, Embedded};
pub use execute::{Hosts, Known, Outcome, Passwords, Prepared, Reached, connection_settings, execute, heed_signals, programs, reach, watch_signals};
pub use honour::Recorded;
pub use passwords::{password_flags, passwords};
pub use rendered::{ShipStage, TargetStage};
pub use reporter::{Reporter, reporter};
pub use runners::Runners;
pub use show::options as report_options;
pub use stage::RunStage;
pub use stream::prepare;
