//! The life of an order: its states, the events that move it, the table of legal moves, and the decision
//! what to do next. Nothing here acts: the application does what [`decide`] says.

mod attempt;
mod decide;
mod event;
mod state;
mod wait;
mod wake_backoff;

pub use attempt::{Attempt, AttemptOutcome};
pub use decide::{Commit, Context, Decision, Input, Release, Step, decide};
pub use event::{Event, EventKind, RecordedEvent, Refusal};
pub use state::{IllegalTransition, State, Status};
pub use wait::max_rest;
pub use wake_backoff::{WakeBackoff, WakeBackoffPolicy};
