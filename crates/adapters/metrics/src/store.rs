//! The store, watched: how long its steps take, and what they and their owners make of orders.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use metrics::{Counter, Histogram, counter, histogram};
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome};
use order_core::spec::OrderSpec;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderIntake, OrderJournal, OrderLeases,
    OwnerCommands, StoreError, Sweep, Transition, WorkItem,
};
use tokio::time::Instant;

use crate::lifecycle_timing::LifecycleTiming;
use crate::names;

/// A store's intake, leases, journal and control, with somebody who counts. One object, since the time that an order
/// spends in a state begins at a claim and ends in the journal.
pub struct MeteredStore {
    intake: Arc<dyn OrderIntake>,
    leases: Arc<dyn OrderLeases>,
    journal: Arc<dyn OrderJournal>,
    control: Arc<dyn OwnerCommands>,
    histories: LifecycleTiming,
    accept: Meter,
    claim: Meter,
    sweep: Meter,
    append: Meter,
    write_ahead: Meter,
    record: Meter,
    apply_owner_command: Meter,
    lost: Counter,
    swept: Counter,
}

/// How long one kind of step takes, and how often it fails.
struct Meter {
    duration: Histogram,
    errors: Counter,
}

impl Meter {
    fn new(step: &'static str) -> Self {
        Self {
            duration: histogram!(names::STEP_DURATION, "step" => step),
            errors: counter!(names::STEP_ERRORS, "step" => step),
        }
    }

    /// Takes the step; `failed` says which errors are the store's, and not its answer.
    async fn take<T, E>(
        &self,
        step: impl Future<Output = Result<T, E>>,
        failed: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        let began = Instant::now();
        let result = step.await;
        self.duration.record(began.elapsed());
        if result.as_ref().err().is_some_and(failed) {
            self.errors.increment(1);
        }
        result
    }
}

impl MeteredStore {
    /// Watches this store. To be made after the recorder, or it counts for nobody.
    pub fn new(
        intake: Arc<dyn OrderIntake>,
        leases: Arc<dyn OrderLeases>,
        journal: Arc<dyn OrderJournal>,
        control: Arc<dyn OwnerCommands>,
    ) -> Self {
        Self {
            intake,
            leases,
            journal,
            control,
            histories: LifecycleTiming::new(),
            accept: Meter::new("accept"),
            claim: Meter::new("claim"),
            sweep: Meter::new("sweep"),
            append: Meter::new("append"),
            write_ahead: Meter::new("write_ahead"),
            record: Meter::new("record"),
            apply_owner_command: Meter::new("apply_owner_command"),
            lost: counter!(names::LEASES_LOST),
            swept: counter!(names::SWEPT),
        }
    }

    /// Counts what the journal has answered.
    fn journalled(&self, result: &Result<(), JournalError>, lease: &Lease, moved: Transition<'_>) {
        match result {
            Ok(()) => self.histories.committed(moved.order, moved.events),
            Err(JournalError::Fenced) => {
                self.lost.increment(1);
                self.histories.end(lease.order_id);
            }
            Err(JournalError::Store(_)) => {}
        }
    }
}

const fn broken(error: &JournalError) -> bool {
    match error {
        JournalError::Fenced => false,
        JournalError::Store(_) => true,
    }
}

#[async_trait]
impl OrderIntake for MeteredStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let kind = acceptance.order.spec().kind.as_str();
        let accepting = self.intake.accept(acceptance);
        let result = self
            .accept
            .take(accepting, |error| matches!(error, AcceptError::Store(_)))
            .await;
        match &result {
            Ok(Accepted::New) => counter!(names::ACCEPTED, "type" => kind).increment(1),
            Ok(Accepted::Replayed(_)) => counter!(names::REPLAYED, "type" => kind).increment(1),
            Err(_) => {}
        }
        result
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
impl OrderLeases for MeteredStore {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        let result = self
            .claim
            .take(self.leases.claim(id, holder, ttl), |_| true)
            .await;
        if let Ok(Claim::Taken(claimed)) = &result {
            self.histories.begin(&claimed.order);
        }
        result
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        let result = self.sweep.take(self.leases.due(sweep, limit), |_| true).await;
        if let Ok(found) = &result {
            self.swept
                .increment(u64::try_from(found.len()).unwrap_or(u64::MAX));
        }
        result
    }
}

#[async_trait]
impl OrderJournal for MeteredStore {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        let result = self.append.take(self.journal.append(lease, moved), broken).await;
        self.journalled(&result, lease, moved);
        result
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let writing = self.journal.write_ahead(lease, attempt, moved);
        let result = self.write_ahead.take(writing, broken).await;
        self.journalled(&result, lease, moved);
        result
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let recording = self.journal.record(lease, outcome, release, moved);
        let result = self.record.take(recording, broken).await;
        self.journalled(&result, lease, moved);
        if result.is_ok() {
            self.histories.end(lease.order_id);
        }
        result
    }
}

#[async_trait]
impl OwnerCommands for MeteredStore {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        let overruling = self.control.apply_owner_command(moved, release);
        let result = self.apply_owner_command.take(overruling, broken).await;
        if result.is_ok() {
            self.histories.committed(moved.order, moved.events);
            self.histories.end(moved.order.id());
        }
        result
    }
}
