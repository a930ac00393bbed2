//! Why no plan can be made.

use rustle_stream::exit;

/// Why no plan can be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A keyword of a play whose value makes no sense.
    #[error("play '{play}': {keyword}: {problem}")]
    Keyword { play: String, keyword: &'static str, problem: String },
    /// `strategy:` names none.
    #[error("Invalid play strategy specified: {0}")]
    Strategy(String),
    /// A pattern or limit that the inventory refuses.
    #[error("{0}")]
    Hosts(String),
    /// `--strategy binary-only` and tasks that need the controller.
    #[error("the plan needs the controller, which --strategy binary-only rules out:\n{}", .0.join("\n"))]
    NeedsController(Vec<String>),
}

impl PlanError {
    /// The exit code of a filter that ends with it.
    pub fn code(&self) -> u8 {
        match self {
            PlanError::Keyword { .. } | PlanError::Strategy(_) | PlanError::Hosts(_) => exit::DATA,
            PlanError::NeedsController(_) => exit::UNAVAILABLE,
        }
    }
}
