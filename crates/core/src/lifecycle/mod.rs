//! The life of an order: the decision what to do next. Nothing here acts: the application does what [`decide`] says.

mod decide;
mod decision;
mod wait;
mod wake_backoff;

pub use decide::decide;
pub use decision::{Commit, Context, Decision, Input, Release, Step};
pub use wait::max_rest;
pub use wake_backoff::{WakeBackoff, WakeBackoffPolicy};
