//! A store that takes every write: whoever holds the lease by now, and wherever the order has come to since.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order, Progress, RecordedEvent};
use order_core::spec::OrderSpec;
use order_memory::MemoryStore;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderFilter, OrderIntake, OrderJournal,
    OrderLeases, OrderPage, OrderReader, OwnerCommands, RestingOrder, RestingOrders, RestingSince,
    StoreError, Sweep, Transition, Woken, WorkItem,
};
use parking_lot::Mutex;

/// A store without a fence.
pub struct UnfencedStore {
    store: Arc<MemoryStore>,
    /// The lease that the store itself would let through.
    leases: Mutex<HashMap<OrderId, Lease>>,
}

/// A step as it looks when it is put behind whatever has happened meanwhile.
struct Rebased {
    lease: Lease,
    order: Order,
    events: Vec<RecordedEvent>,
}

impl Rebased {
    fn moved(&self) -> Transition<'_> {
        Transition {
            order: &self.order,
            events: &self.events,
        }
    }
}

impl UnfencedStore {
    /// Takes the fence down.
    pub fn new(store: Arc<MemoryStore>) -> Self {
        Self {
            store,
            leases: Mutex::default(),
        }
    }

    async fn rebase(&self, lease: &Lease, moved: Transition<'_>) -> Result<Rebased, JournalError> {
        let id = lease.order_id;
        let lease = self.leases.lock().get(&id).copied().unwrap_or(*lease);
        let stored = self.store.order(id).await?;
        let mut version = stored.map_or(0, |order| order.version());
        let mut events = moved.events.to_vec();
        for event in &mut events {
            version += 1;
            event.seq = version;
        }
        let progress = Progress {
            version,
            ..moved.order.progress().clone()
        };
        let order = Order::restore(id, moved.order.spec().clone(), moved.order.created_at(), progress);
        Ok(Rebased { lease, order, events })
    }
}

/// What even this store cannot take is not stored, and nobody is told.
fn unnoticed(result: Result<(), JournalError>) -> Result<(), JournalError> {
    match result {
        Ok(()) | Err(JournalError::Fenced) => Ok(()),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl OrderIntake for UnfencedStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        self.store.accept(acceptance).await
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        self.store.find_replayed(spec, idempotency_key).await
    }
}

#[async_trait]
impl OrderLeases for UnfencedStore {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        let claim = self.store.claim(id, holder, ttl).await?;
        if let Claim::Taken(claimed) = &claim {
            self.leases.lock().insert(id, claimed.lease);
        }
        Ok(claim)
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        self.store.due(sweep, limit).await
    }
}

#[async_trait]
impl OrderJournal for UnfencedStore {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        let step = self.rebase(lease, moved).await?;
        unnoticed(self.store.append(&step.lease, step.moved()).await)
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let step = self.rebase(lease, moved).await?;
        unnoticed(self.store.write_ahead(&step.lease, attempt, step.moved()).await)
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let step = self.rebase(lease, moved).await?;
        unnoticed(
            self.store
                .record(&step.lease, outcome, release, step.moved())
                .await,
        )
    }
}

#[async_trait]
impl OrderReader for UnfencedStore {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.store.order(id).await
    }

    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.store.events(id, after, limit).await
    }

    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError> {
        self.store.versions(ids).await
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        self.store.list(filter, before, limit).await
    }
}

#[async_trait]
impl RestingOrders for UnfencedStore {
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError> {
        self.store.waiting(after, limit).await
    }

    fn overlap(&self, last: RestingSince) -> RestingSince {
        self.store.overlap(last)
    }

    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError> {
        self.store.wake(ids).await
    }
}

#[async_trait]
impl OwnerCommands for UnfencedStore {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        self.store.apply_owner_command(moved, release).await
    }
}
