//! Counting and timing what passes through the ports.
//!
//! Each port has a decorator here that implements the same port, so that no use case knows that it is watched.
//! What happens to orders is counted from the events that were committed, never from what somebody meant to
//! do: a step that the store refused has not happened. What only one adapter can know (rows in a commit,
//! requests at an endpoint) that adapter says itself, through the same facade, under the same rules: names as
//! Prometheus has them, base units, and labels whose values are a fixed few.

mod births;
mod lifecycle_timing;
mod names;
mod queue;
mod recorder;
mod store;
mod venues;

pub use names::{Gauges, count_breach};
pub use queue::MeteredQueue;
pub use recorder::{Recorder, RecorderError};
pub use store::MeteredStore;
pub use venues::{MeteredQuotes, MeteredSettlement};
