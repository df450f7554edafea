//! Orders that wait, and orders whose owner has changed their mind.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::Order;

use crate::queue::WorkItem;
use crate::store::{JournalError, StoreError, Transition};

/// How far a reader of the waiting orders has come. Opaque: each store counts in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RestingSince(pub i64);

/// An order that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestingOrder {
    /// The order.
    pub order: Order,
    /// When it began to wait, or its terms were replaced, by the store's own count.
    pub since: RestingSince,
}

/// What became of orders that were to be woken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Woken {
    /// The work items of those that are due now.
    pub items: Vec<WorkItem>,
    /// Those that still rest, and how long their rest goes on.
    pub resting: Vec<(OrderId, Duration)>,
}

/// Keeps the orders that wait for their triggers, for those who watch the market.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RestingOrders: Send + Sync {
    /// Up to `limit` orders that wait, by when they began to and then by id, strictly after the given place.
    ///
    /// An order may show up a little late, at a place that readers have passed already. So who reads on begins
    /// [`RestingOrders::overlap`] before the last place, and gets some again.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError>;

    /// How far back a reader has to begin so that nothing is missed.
    fn overlap(&self, last: RestingSince) -> RestingSince;

    /// Makes those of these orders due that still wait and whose rest is over ([`Release::Wait`]), and notes that they
    /// are announced now: the first caller that wakes an order is the only one to wake it. An order that waits no more
    /// is in neither part of the answer.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError>;
}

/// Stores what an order's owner decides, over the head of the worker that has it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OwnerCommands: Send + Sync {
    /// Stores the events, provided that the order is at the version before them, is not over, and has no
    /// transaction that may execute. Takes the lease away: whoever held it is fenced out from here on, and so
    /// sends nothing any more.
    ///
    /// # Errors
    /// [`JournalError::Fenced`] when one of these is not so; then nothing has changed.
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError>;
}
