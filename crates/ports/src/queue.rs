//! The queue: hints that an order is due. It may lose, repeat and reorder them; the store is the truth.

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::priority::Priority;

/// "This order is due."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkHint {
    /// Which order.
    pub order_id: OrderId,
    /// How urgent.
    pub priority: Priority,
}

/// A hint that was handed out, and what it takes to be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The hint.
    pub hint: WorkHint,
    /// The queue's own name of this delivery.
    pub receipt: Receipt,
}

/// The queue's own name of a delivery; opaque to everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub Box<str>);

/// How many hints wait, by [`Priority::index`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth(pub [u64; 3]);

impl QueueDepth {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Why the queue cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It cannot be reached, or does not answer.
    #[error("the queue is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It has lost its content since it was last used; it works again, and wants filling from the store.
    #[error("the queue has lost what it held")]
    Lost,
}

/// The work queue.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Adds hints. They may be lost later all the same.
    ///
    /// # Errors
    /// [`QueueError`]; then some of the hints may have been added.
    async fn push(&self, hints: &[WorkHint]) -> Result<(), QueueError>;

    /// Waits until there is at least one hint, then takes up to `max`: the urgent first, without starving
    /// the others ([`order_core::priority::Turns`]). A hint is delivered again, here or elsewhere, unless
    /// it is acknowledged in time.
    ///
    /// Cancel-safe: a dropped future loses no hint for good.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError>;

    /// Is done with these deliveries.
    ///
    /// # Errors
    /// [`QueueError`]; then they may be delivered again.
    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError>;

    /// How many hints wait.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn depth(&self) -> Result<QueueDepth, QueueError>;
}

/// A limit on how many orders are dispatched in a minute, over all workers that share it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DispatchLimit: Send + Sync {
    /// Waits until one more dispatch is allowed, and counts it. Cancel-safe: a dropped future counts
    /// nothing, or one dispatch too many, never one too few.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn acquire(&self) -> Result<(), QueueError>;
}
