//! The store: the truth about every order. Each method is one atomic step of the protocol.

use std::time::Duration;

use async_trait::async_trait;
use order_core::audit::AuditedOrder;
use order_core::id::{ClientOrderId, IdempotencyKey, OrderId, Owner, WorkerId};
use order_core::lifecycle::{Release, WakeBackoff};
use order_core::order::{Attempt, AttemptOutcome, Order, RecordedEvent, Status};
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_core::token::Symbol;
use order_core::venue::VenueId;

use crate::queue::WorkItem;

/// The store cannot be reached, or answers nonsense. What was asked may or may not have happened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer; it may later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It holds something that this program cannot read, or refuses what it should take.
    #[error("the store holds or refuses something unexpected")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An order at the endpoint.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The order, pending.
    pub order: Order,
    /// Its first event.
    pub event: RecordedEvent,
    /// What makes a repeated request the same one.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is stored, durably.
    New,
    /// The same request was accepted before, as this order.
    Replayed(OrderId),
}

/// Why an order was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The idempotency key was used for a different order.
    #[error("the idempotency key was used for a different order")]
    KeyReused(OrderId),
    /// The client order id was used for a different order.
    #[error("the client order id was used for a different order")]
    ClientOrderIdReused(OrderId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes orders in.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderIntake: Send + Sync {
    /// Stores an order and its first event, unless the owner has sent the same request before. When this
    /// returns, the order survives any crash. It counts as announced to the queue: [`OrderLeases::due`]
    /// leaves it alone until that announcement must be taken for lost.
    ///
    /// # Errors
    /// [`AcceptError`].
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError>;

    /// What [`OrderIntake::accept`] would answer for a request that it may have stored before: the order of
    /// the same request, or the refusal of a different one under its names. `None` when neither the key nor
    /// the client order id is taken. Stores nothing.
    ///
    /// # Errors
    /// [`AcceptError`].
    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError>;
}

/// The right to work on an order, for a while. The pair (holder, epoch) fences every write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which order.
    pub order_id: OrderId,
    /// Who holds it.
    pub holder: WorkerId,
    /// Grows with every claim of the order.
    pub epoch: u64,
}

/// An order and the right to work on it.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The order as it stands.
    pub order: Order,
    /// The lease.
    pub lease: Lease,
    /// A transaction that an earlier holder wrote ahead and nobody has resolved.
    pub open_attempt: Option<Attempt>,
    /// The rest that it had last, as the store has measured it.
    pub rested: WakeBackoff,
}

/// What a claim came to.
#[derive(Clone, Debug)]
pub enum Claim {
    /// It is yours.
    Taken(Box<Claimed>),
    /// It exists, and is somebody else's or not due yet.
    NotNow,
    /// It is terminal.
    Finished,
    /// There is no such order.
    NoSuchOrder,
}

/// Which orders a sweep finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Those that are due and whose announcement is older than this, or from before they became due.
    Overdue(Duration),
    /// All that are due: the queue is known to have lost everything. Found again each time, however recently
    /// announced; so a caller that gets a full batch goes on with `Overdue(time since it began)`.
    Everything,
}

/// Hands out leases.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderLeases: Send + Sync {
    /// Takes the lease of an order that is live, due and free, for `ttl` by the store's own clock.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError>;

    /// Finds up to `limit` orders that are live, due and free, the most overdue first, and notes that they
    /// are announced now.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError>;
}

/// Why a step of a lease's holder was not stored.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The lease is somebody else's by now, or the order has moved on: the holder must drop everything.
    #[error("the lease is lost")]
    Fenced,
    /// The store failed; the step may or may not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An order as a step leaves it, with the events that led there: `events` are the last of `order`'s history.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// The order after the events.
    pub order: &'a Order,
    /// The events, in order; may be empty.
    pub events: &'a [RecordedEvent],
}

/// Stores what the holder of a lease does. Every method is fenced on the lease and on the version before the
/// first event, and atomic.
#[async_trait]
pub trait OrderJournal: Send + Sync {
    /// Appends events.
    ///
    /// # Errors
    /// [`JournalError`].
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError>;

    /// Stores a transaction before it is sent, with its events. When this returns, the attempt survives any
    /// crash. An order has at most one open attempt; a second one is [`JournalError::Fenced`].
    ///
    /// # Errors
    /// [`JournalError`].
    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError>;

    /// Stores the outcome of the open attempt, if it is known, with its events, and gives the lease back.
    ///
    /// # Errors
    /// [`JournalError`].
    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError>;
}

/// Which orders to list; absent parts do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Whose.
    pub owner: Option<Owner>,
    /// The one that its owner calls so: with an owner, at most one order.
    pub client_order_id: Option<ClientOrderId>,
    /// In one of these states.
    pub statuses: Vec<Status>,
    /// Of this type, by its name on the wire.
    pub kind: Option<String>,
    /// With this token on either side.
    pub token: Option<Symbol>,
    /// Sent to this venue.
    pub venue: Option<VenueId>,
    /// Accepted at or after.
    pub from: Option<Timestamp>,
    /// Accepted before.
    pub to: Option<Timestamp>,
}

/// A page of orders, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders.
    pub items: Vec<Order>,
    /// Whether older ones follow; the last item is where to go on.
    pub more: bool,
}

/// Reads orders and their histories.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderReader: Send + Sync {
    /// The order, if it exists.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError>;

    /// Its events after `seq`, in order, at most `limit`; none for an unknown order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError>;

    /// The versions of those orders that exist: a cheap look for who missed a notification.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError>;

    /// A page of orders, newest first by id, strictly older than `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError>;
}

/// Reads everything that is stored about orders, for an audit.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderAudit: Send + Sync {
    /// Up to `limit` orders with their histories and attempts, oldest first by id, strictly newer than `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn audit(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<AuditedOrder>, StoreError>;
}

/// What waits in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How long the most overdue order has been due without anybody working on it; none if no order is.
    pub oldest_due: Option<Duration>,
    /// Orders whose venue has been silent too long.
    pub unknown: u64,
}

/// Says what waits, for those who watch the engine. Looks at every live order, so it is not for the hot path.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait OrderBacklog: Send + Sync {
    /// What waits now.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn backlog(&self) -> Result<Backlog, StoreError>;
}
