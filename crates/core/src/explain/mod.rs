//! How an order was executed, and how well: told from its history alone.
//!
//! Every attempt with what the venues said, which route was taken and which were not, and the execution
//! against what else there was: the mid price at arrival, the quote, the best venue alone, and the rule that
//! looks at spot prices only.

mod attempt;
mod result;

pub use attempt::{Candidate, Chosen, ExplainedAttempt, Rejected, Verdict};
pub use result::{Bps, Measured};

use crate::order::{Order, RecordedEvent};

/// The whole explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The attempts in order. One whose worker died before the write-ahead is listed again under its number.
    pub attempts: Vec<ExplainedAttempt>,
    /// How well it was executed; `None` until it is.
    pub result: Option<Measured>,
}

/// Explains an order by its whole history.
pub fn explain(order: &Order, history: &[RecordedEvent]) -> Explanation {
    let attempts = attempt::attempts(order, history);
    let result = result::result(order, &attempts);
    Explanation { attempts, result }
}
