//! Store, queue, notifier, dispatch limit and API keys in one process: what a single node needs, with nothing beside it.
//!
//! Nothing here survives a restart. The store keeps every order until then, or the last so many that ended. Time is `tokio::time`, so everything runs under a paused clock as well.

mod access;
mod limit;
mod notifier;
mod queue;
mod store;

use std::time::Duration;

use tokio::time::Instant;

pub use access::{MemoryKeys, MemoryTickets};
pub use limit::MemoryDispatchWindow;
pub use notifier::MemoryNotifier;
pub use queue::MemoryQueue;
pub use store::{MemoryStore, Retention};

/// `now + duration`, or as late as can be told.
fn later(now: Instant, duration: Duration) -> Instant {
    const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now.checked_add(duration).unwrap_or_else(|| now + A_CENTURY)
}
