//! The life of an order: its states, the events that move it, the table of legal moves, and the decision
//! what to do next. Nothing here acts: the application does what [`decide`] says.

mod attempt;
mod decide;
mod event;
mod rest;
mod state;
mod wait;

pub use attempt::{Attempt, AttemptOutcome};
pub use decide::{Commit, Context, Decision, Input, Release, Step, decide};
pub use event::{Event, EventKind, RecordedEvent, Refusal};
pub use rest::{Rest, RestPolicy};
pub use state::{IllegalTransition, State, Status};
pub use wait::longest_wait;
