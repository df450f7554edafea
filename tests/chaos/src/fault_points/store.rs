//! Fault points around the ports of the store.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome};
use order_core::spec::OrderSpec;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderIntake, OrderJournal, OrderLeases,
    OwnerCommands, RestingOrder, RestingOrders, RestingSince, StoreError, Sweep, Transition, Woken, WorkItem,
};

use super::{Around, Injected, When};

fn store(_: When) -> StoreError {
    StoreError::Unavailable(Box::new(Injected))
}

#[async_trait]
impl OrderIntake for Around<dyn OrderIntake> {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let error = |when| AcceptError::Store(store(when));
        self.points
            .around("intake.accept", error, || self.inner.accept(acceptance.clone()))
            .await
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        self.inner.find_replayed(spec, idempotency_key).await
    }
}

#[async_trait]
impl OrderLeases for Around<dyn OrderLeases> {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        self.points
            .around("leases.claim", store, || self.inner.claim(id, holder, ttl))
            .await
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        self.points
            .around("leases.due", store, || self.inner.due(sweep, limit))
            .await
    }
}

fn journal(when: When) -> JournalError {
    JournalError::Store(store(when))
}

#[async_trait]
impl OrderJournal for Around<dyn OrderJournal> {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.points
            .around("journal.append", journal, || self.inner.append(lease, moved))
            .await
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let call = || self.inner.write_ahead(lease, attempt, moved);
        self.points.around("journal.write_ahead", journal, call).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let call = || self.inner.record(lease, outcome, release, moved);
        self.points.around("journal.record", journal, call).await
    }
}

#[async_trait]
impl RestingOrders for Around<dyn RestingOrders> {
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError> {
        self.points
            .around("waiting.waiting", store, || self.inner.waiting(after, limit))
            .await
    }

    fn overlap(&self, last: RestingSince) -> RestingSince {
        self.inner.overlap(last)
    }

    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError> {
        self.points
            .around("waiting.wake", store, || self.inner.wake(ids))
            .await
    }
}

#[async_trait]
impl OwnerCommands for Around<dyn OwnerCommands> {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        let call = || self.inner.apply_owner_command(moved, release);
        self.points
            .around("control.apply_owner_command", journal, call)
            .await
    }
}
