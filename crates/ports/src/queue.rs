//! The queue: work items, each of which says that an order is due. It may lose, repeat and reorder them; the store is the truth.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::priority::Priority;

/// "This order is due."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkItem {
    /// Which order.
    pub order_id: OrderId,
    /// How urgent.
    pub priority: Priority,
}

/// A work item that was handed out, and what it takes to be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The work item.
    pub item: WorkItem,
    /// The queue's own name of this delivery.
    pub receipt: Receipt,
}

/// The queue's own name of a delivery; opaque to everybody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub Box<str>);

/// For how long a delivery is taken to be in its worker's hands when the order is pushed again.
///
/// A push says that the order is due and that no lease holds it. Shortly after a delivery that is no contradiction: the
/// worker is about to claim the order, or has just let go of it. A delivery that is older than this belongs to a
/// worker that died, or that does not get to it; so the push takes its place.
pub const HAND_OVER: Duration = Duration::from_secs(5);

/// How many orders wait to be delivered, by [`Priority::index`].
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
    /// Adds work items. They may be lost later all the same.
    ///
    /// The queue holds an order once, however often a sweep announces it. For an order that waits, nothing is added;
    /// if the new work item is more urgent, the order waits in that line from now on. For an order that is delivered and
    /// not acknowledged, the work item is kept back until it is: then the order is delivered again, because it may have
    /// become due after its worker looked at it. A delivery older than [`HAND_OVER`] is given up in favour of the
    /// new work item.
    ///
    /// # Errors
    /// [`QueueError`]; then some of the work items may have been added.
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError>;

    /// Waits until there is at least one work item, then takes up to `max`: the urgent first, without starving
    /// the others ([`order_core::priority::Turns`]). A work item is delivered again, here or elsewhere, unless
    /// it is acknowledged in time.
    ///
    /// Cancel-safe: a dropped future loses no work item for good.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError>;

    /// Is done with these deliveries.
    ///
    /// # Errors
    /// [`QueueError`]; then they may be delivered again.
    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError>;

    /// How many orders wait to be delivered.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn depth(&self) -> Result<QueueDepth, QueueError>;
}

/// A [`DispatchLimit`]'s own name of one dispatch that it has allowed; opaque to everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant(pub u64);

/// A limit on how many orders are dispatched in a minute, over all workers that share it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DispatchLimit: Send + Sync {
    /// Waits until one more dispatch is allowed, and counts it. Cancel-safe: a dropped future counts
    /// nothing, or one dispatch too many, never one too few.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn acquire(&self) -> Result<Grant, QueueError>;

    /// Gives a grant back that no order was dispatched under: it counts no longer, and whoever waits may have it,
    /// within a second. One that has left the window already, or was given back before, changes nothing.
    ///
    /// # Errors
    /// [`QueueError`]; then it may count until it leaves the window.
    async fn give_back(&self, grant: Grant) -> Result<(), QueueError>;
}
