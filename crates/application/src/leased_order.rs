//! An order under lease: its events gathered, made durable step by step, and published after each commit.

use std::time::Duration;

use order_core::lifecycle::{Release, WakeBackoff};
use order_core::order::{Attempt, AttemptOutcome, Event, IllegalTransition, Order, RecordedEvent};
use order_core::venue::VenueId;
use order_ports::{Claimed, JournalError, Lease, Transition};
use tracing::Instrument;

use crate::publisher::EventPublisher;
use crate::setup::Ports;
use crate::spans;

/// The first pause before a failed write is repeated; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One order in the hands of one worker.
pub(crate) struct LeasedOrder<'a> {
    ports: &'a Ports,
    publisher: &'a EventPublisher,
    lease: Lease,
    order: Order,
    rested: WakeBackoff,
    /// Decided, applied to `order`, and not stored yet.
    unsaved: Vec<RecordedEvent>,
    /// By the clock's monotonic reading: past it nothing may be begun under this lease.
    deadline: Duration,
}

/// A write under the lease.
#[derive(Clone, Copy)]
enum Write<'a> {
    Append,
    Ahead(&'a Attempt),
    Record(Option<AttemptOutcome>, Release),
}

impl Write<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Ahead(_) => "write_ahead",
            Self::Record(..) => "record",
        }
    }
}

impl<'a> LeasedOrder<'a> {
    pub(crate) fn new(
        ports: &'a Ports,
        publisher: &'a EventPublisher,
        claimed: Claimed,
        deadline: Duration,
    ) -> Self {
        let Claimed {
            order,
            lease,
            open_attempt: _,
            rested,
        } = claimed;
        Self {
            ports,
            publisher,
            lease,
            order,
            rested,
            unsaved: Vec::new(),
            deadline,
        }
    }

    pub(crate) const fn order(&self) -> &Order {
        &self.order
    }

    /// The rest that the order had last.
    pub(crate) const fn rested(&self) -> WakeBackoff {
        self.rested
    }

    /// How long the lease is still good for.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_sub(self.ports.clock.monotonic())
    }

    /// Moves the order; the events are durable only after the next write.
    pub(crate) fn apply(&mut self, events: Vec<Event>) -> Result<(), IllegalTransition> {
        for event in events {
            let recorded = self.order.apply(event, self.ports.clock.now())?;
            self.unsaved.push(recorded);
        }
        Ok(())
    }

    /// Stores what is unsaved, if anything is.
    pub(crate) async fn flush(&mut self) -> Result<(), JournalError> {
        if self.unsaved.is_empty() {
            Ok(())
        } else {
            self.write(Write::Append).await
        }
    }

    /// Stores the attempt and what is unsaved.
    pub(crate) async fn write_ahead(&mut self, attempt: &Attempt) -> Result<(), JournalError> {
        self.write(Write::Ahead(attempt)).await
    }

    /// Stores the outcome and what is unsaved, and lets go of the order.
    pub(crate) async fn record(
        &mut self,
        outcome: Option<AttemptOutcome>,
        release: Release,
    ) -> Result<(), JournalError> {
        self.write(Write::Record(outcome, release)).await?;
        if let Release::Wait { .. } = release {
            self.publisher.resting().began();
        }
        Ok(())
    }

    /// Writes until it succeeds, the lease is lost, or its time is up. Repeating is safe: a write that was
    /// stored although its answer was lost moves the version, so that its repetition is fenced.
    async fn write(&mut self, write: Write<'_>) -> Result<(), JournalError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let result = self
                .write_once(write)
                .instrument(spans::commit(write.name()))
                .await;
            let error = match result {
                Ok(()) => break,
                Err(JournalError::Fenced) => return Err(JournalError::Fenced),
                Err(JournalError::Store(error)) => error,
            };
            if self.time_left() <= pause {
                return Err(JournalError::Store(error));
            }
            tracing::warn!(
                attempt = self.order.progress().attempt,
                step = write.name(),
                error = &error as &dyn std::error::Error,
                "a step is not stored yet; repeating"
            );
            self.ports.clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.publisher.committed(self.order.spec(), &self.unsaved);
        if !self.unsaved.is_empty() {
            self.tell_of_the_end();
        }
        self.unsaved.clear();
        Ok(())
    }

    /// One line an order, when it is over. Its id is in the span.
    fn tell_of_the_end(&self) {
        let status = self.order.status();
        if status.is_terminal() {
            let attempt = self.order.progress().attempt;
            let venue = self.order.state().venue();
            tracing::info!(
                status = status.as_str(),
                attempt,
                venue = venue.as_ref().map(VenueId::as_str),
                "order ended"
            );
        }
    }

    async fn write_once(&self, write: Write<'_>) -> Result<(), JournalError> {
        let (journal, lease) = (&self.ports.journal, &self.lease);
        let moved = Transition {
            order: &self.order,
            events: &self.unsaved,
        };
        match write {
            Write::Append => journal.append(lease, moved).await,
            Write::Ahead(attempt) => journal.write_ahead(lease, attempt, moved).await,
            Write::Record(outcome, release) => journal.record(lease, outcome, release, moved).await,
        }
    }
}
