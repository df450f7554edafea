//! What is audited, as the ports deliver it.

use crate::amount::Amount;
use crate::id::{IdempotencyKey, OrderId};
use crate::order::{AttemptOutcome, Order, RecordedEvent};
use crate::venue::TxId;

/// An event with the epoch of the lease under which it was written; 0 for those written without a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedEvent {
    /// The event.
    pub event: RecordedEvent,
    /// The epoch.
    pub epoch: u64,
}

/// An attempt as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedAttempt {
    /// Its number, from 1.
    pub number: u8,
    /// Its transaction.
    pub tx_id: TxId,
    /// The least output that it allowed, in raw units.
    pub min_out: Amount,
    /// What became of it; `None` while it is open.
    pub outcome: Option<AttemptOutcome>,
}

/// Everything that is stored about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedOrder {
    /// The order as it stands.
    pub order: Order,
    /// What made its request unique.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Its whole history, in order.
    pub events: Vec<AuditedEvent>,
    /// All its attempts, in order.
    pub attempts: Vec<AuditedAttempt>,
}

/// An execution in the venue's ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LandedTransaction {
    /// The transaction.
    pub tx_id: TxId,
    /// The order that its memo names.
    pub order_id: OrderId,
    /// Where it landed.
    pub slot: u64,
    /// What was paid in all, in raw units.
    pub amount_in: Amount,
    /// What was received in all, in raw units.
    pub amount_out: Amount,
}

/// What one subscriber of one order saw, over all its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberLog {
    /// The order.
    pub order_id: OrderId,
    /// The number after which it began.
    pub after: u32,
    /// The numbers of the events, as they arrived.
    pub seqs: Vec<u32>,
    /// Whether it stayed to the end, so that anything missing is a violation.
    pub complete: bool,
}
