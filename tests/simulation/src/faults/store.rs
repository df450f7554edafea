//! A store that fails.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order, RecordedEvent};
use order_core::spec::OrderSpec;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderFilter, OrderIntake, OrderJournal,
    OrderLeases, OrderPage, OrderReader, OwnerCommands, RestingOrder, RestingOrders, RestingSince,
    StoreError, Sweep, Transition, Woken, WorkItem,
};

use super::{Injected, Life};

/// All that the engine sees of a store.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is named after its port")]
pub struct StorePorts {
    pub intake: Arc<dyn OrderIntake>,
    pub leases: Arc<dyn OrderLeases>,
    pub journal: Arc<dyn OrderJournal>,
    pub reader: Arc<dyn OrderReader>,
    pub waiting: Arc<dyn RestingOrders>,
    pub control: Arc<dyn OwnerCommands>,
}

impl StorePorts {
    /// All ports of one store.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: OrderIntake + OrderLeases + OrderJournal + OrderReader + RestingOrders + OwnerCommands + 'static,
    {
        Self {
            intake: Arc::clone(&store) as _,
            leases: Arc::clone(&store) as _,
            journal: Arc::clone(&store) as _,
            reader: Arc::clone(&store) as _,
            waiting: Arc::clone(&store) as _,
            control: store,
        }
    }
}

/// Wraps the store for one life of a process.
pub struct FaultyStore {
    pub(crate) store: StorePorts,
    pub(crate) life: Life,
}

fn unavailable(injected: Injected) -> StoreError {
    StoreError::Unavailable(Box::new(injected))
}

fn not_stored(injected: Injected) -> JournalError {
    JournalError::Store(unavailable(injected))
}

#[async_trait]
impl OrderIntake for FaultyStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let error = |injected| AcceptError::Store(unavailable(injected));
        self.life
            .call("accept", error, self.store.intake.accept(acceptance))
            .await
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        let error = |injected| AcceptError::Store(unavailable(injected));
        self.life
            .call(
                "find_replayed",
                error,
                self.store.intake.find_replayed(spec, idempotency_key),
            )
            .await
    }
}

#[async_trait]
impl OrderLeases for FaultyStore {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        let claim = self
            .life
            .call("claim", unavailable, self.store.leases.claim(id, holder, ttl))
            .await?;
        if let Claim::Taken(claimed) = &claim {
            self.life
                .note(format_args!("holds {id} under epoch {}", claimed.lease.epoch));
        }
        Ok(claim)
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        self.life
            .call("due", unavailable, self.store.leases.due(sweep, limit))
            .await
    }
}

#[async_trait]
impl OrderJournal for FaultyStore {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.life
            .call("append", not_stored, self.store.journal.append(lease, moved))
            .await
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let write = self.store.journal.write_ahead(lease, attempt, moved);
        self.life.call("write_ahead", not_stored, write).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let write = self.store.journal.record(lease, outcome, release, moved);
        self.life.call("record", not_stored, write).await
    }
}

#[async_trait]
impl OrderReader for FaultyStore {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.life
            .call("order", unavailable, self.store.reader.order(id))
            .await
    }

    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.life
            .call("events", unavailable, self.store.reader.events(id, after, limit))
            .await
    }

    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError> {
        self.life
            .call("versions", unavailable, self.store.reader.versions(ids))
            .await
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        self.life
            .call("list", unavailable, self.store.reader.list(filter, before, limit))
            .await
    }
}

#[async_trait]
impl RestingOrders for FaultyStore {
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError> {
        let read = self.store.waiting.waiting(after, limit);
        self.life.call("waiting", unavailable, read).await
    }

    fn overlap(&self, last: RestingSince) -> RestingSince {
        self.store.waiting.overlap(last)
    }

    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError> {
        self.life
            .call("wake", unavailable, self.store.waiting.wake(ids))
            .await
    }
}

#[async_trait]
impl OwnerCommands for FaultyStore {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        let write = self.store.control.apply_owner_command(moved, release);
        self.life.call("apply_owner_command", not_stored, write).await
    }
}
