//! The store, watched: it is where it comes out which order a span is about, and when an order has ended.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order};
use order_core::spec::OrderSpec;
use order_core::trace::TraceParent;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderIntake, OrderJournal, OrderLeases,
    OwnerCommands, StoreError, Sweep, Transition, WorkItem,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::collect::Traces;
use crate::place::Place;
use crate::root;

/// A store's intake, leases, journal and control, with somebody who tells spans whose they are.
pub struct TracedStore {
    intake: Arc<dyn OrderIntake>,
    leases: Arc<dyn OrderLeases>,
    journal: Arc<dyn OrderJournal>,
    control: Arc<dyn OwnerCommands>,
    traces: &'static Traces,
}

impl TracedStore {
    /// Watches this store.
    pub fn new(
        intake: Arc<dyn OrderIntake>,
        leases: Arc<dyn OrderLeases>,
        journal: Arc<dyn OrderJournal>,
        control: Arc<dyn OwnerCommands>,
        traces: &'static Traces,
    ) -> Self {
        Self {
            intake,
            leases,
            journal,
            control,
            traces,
        }
    }

    fn place(&self, id: OrderId, caller: Option<TraceParent>) -> Place {
        Place::of(id, caller, self.traces.percent())
    }

    /// Says that the current span is about this order.
    fn adopt(&self, id: OrderId, caller: Option<TraceParent>) {
        // Fails where nobody collects spans, or under somebody else's span that has its place already.
        let _ = Span::current().set_parent(self.place(id, caller).within());
    }

    fn moved(&self, order: &Order) {
        if order.status().is_terminal() {
            let place = self.place(order.id(), order.spec().trace);
            root::ended(self.traces.tracer(), place, order);
        }
    }
}

#[async_trait]
impl OrderIntake for TracedStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let (id, caller) = (acceptance.order.id(), acceptance.order.spec().trace);
        let accepted = self.intake.accept(acceptance).await?;
        match accepted {
            Accepted::New => self.adopt(id, caller),
            Accepted::Replayed(first) => self.adopt(first, caller),
        }
        Ok(accepted)
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        self.intake.find_replayed(spec, key).await
    }
}

#[async_trait]
impl OrderLeases for TracedStore {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        let claim = self.leases.claim(id, holder, ttl).await?;
        if let Claim::Taken(claimed) = &claim {
            self.adopt(id, claimed.order.spec().trace);
        }
        Ok(claim)
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        self.leases.due(sweep, limit).await
    }
}

#[async_trait]
impl OrderJournal for TracedStore {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.journal.append(lease, moved).await?;
        self.moved(moved.order);
        Ok(())
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        self.journal.write_ahead(lease, attempt, moved).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        self.journal.record(lease, outcome, release, moved).await?;
        self.moved(moved.order);
        Ok(())
    }
}

#[async_trait]
impl OwnerCommands for TracedStore {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        self.control.apply_owner_command(moved, release).await?;
        self.moved(moved.order);
        Ok(())
    }
}
