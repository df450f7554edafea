//! A journal that stores a transaction with the next write after it, instead of before it is sent.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order, RecordedEvent};
use order_ports::{JournalError, Lease, OrderJournal, Transition};
use parking_lot::Mutex;

/// A write that was promised and not made.
#[derive(Clone)]
struct Promised {
    lease: Lease,
    attempt: Attempt,
    order: Order,
    events: Vec<RecordedEvent>,
}

/// Writes transactions late. What it has promised dies with its process.
pub struct WriteBehind {
    journal: Arc<dyn OrderJournal>,
    promised: Mutex<HashMap<OrderId, Promised>>,
}

impl WriteBehind {
    /// Writes late to this journal.
    pub fn new(journal: Arc<dyn OrderJournal>) -> Self {
        Self {
            journal,
            promised: Mutex::default(),
        }
    }

    async fn keep_promise(&self, id: OrderId) -> Result<(), JournalError> {
        let Some(Promised {
            lease,
            attempt,
            order,
            events,
        }) = self.promised.lock().get(&id).cloned()
        else {
            return Ok(());
        };
        let moved = Transition {
            order: &order,
            events: &events,
        };
        self.journal.write_ahead(&lease, &attempt, moved).await?;
        self.promised.lock().remove(&id);
        Ok(())
    }
}

#[async_trait]
impl OrderJournal for WriteBehind {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.keep_promise(lease.order_id).await?;
        self.journal.append(lease, moved).await
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let promised = Promised {
            lease: *lease,
            attempt: attempt.clone(),
            order: moved.order.clone(),
            events: moved.events.to_vec(),
        };
        self.promised.lock().insert(lease.order_id, promised);
        Ok(())
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        self.keep_promise(lease.order_id).await?;
        self.journal.record(lease, outcome, release, moved).await
    }
}
