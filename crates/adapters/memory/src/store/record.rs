//! One order as a shard keeps it, and the fence around it.

use std::sync::Arc;
use std::time::Duration;

use order_core::audit::{AuditedAttempt, AuditedEvent, AuditedOrder};
use order_core::id::{IdempotencyKey, OrderId, WorkerId};
use order_core::lifecycle::WakeBackoff;
use order_core::order::{Attempt, AttemptOutcome, Order, Progress, RecordedEvent};
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_core::venue::TxId;
use order_ports::{JournalError, Lease, OrderFilter, RestingSince, Transition};
use tokio::time::Instant;

use super::Contradiction;
use super::schedule::Timing;
use crate::later;

/// Events of an order that executes at its first attempt.
const USUAL_HISTORY: usize = 6;

/// One order.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) spec: Arc<OrderSpec>,
    created_at: Timestamp,
    pub(super) progress: Progress,
    pub(super) history: Vec<RecordedEvent>,
    idempotency_key: Option<IdempotencyKey>,
    /// The epoch of each lease that wrote events, and the number of its first one.
    writers: Vec<(u64, u32)>,
    /// All attempts as an audit sees them; only the last can be open.
    attempts: Vec<AuditedAttempt>,
    /// The last attempt with all it takes to resolve it, while it is open.
    pub(super) open_attempt: Option<Attempt>,
    /// Who may write, together with the epoch; nobody before the first claim and after a release.
    pub(super) holder: Option<WorkerId>,
    /// The number of claims so far.
    pub(super) epoch: u64,
    pub(super) timing: Timing,
    /// Its place among the orders that wait, while it waits.
    pub(super) waiting: Option<RestingSince>,
    /// How long its last rest was, and when that ends or ended; none before the first wait.
    rest: Option<(Duration, Instant)>,
}

impl Record {
    pub(super) fn new(
        order: &Order,
        event: RecordedEvent,
        idempotency_key: Option<IdempotencyKey>,
        timing: Timing,
    ) -> Self {
        let mut history = Vec::with_capacity(USUAL_HISTORY);
        history.push(event);
        Self {
            spec: Arc::new(order.spec().clone()),
            created_at: order.created_at(),
            progress: order.progress().clone(),
            history,
            idempotency_key,
            writers: Vec::new(),
            attempts: Vec::new(),
            open_attempt: None,
            holder: None,
            epoch: 0,
            timing,
            waiting: None,
            rest: None,
        }
    }

    /// Begins a rest.
    pub(super) fn rest(&mut self, length: Duration, now: Instant) {
        self.rest = Some((length, later(now, length)));
    }

    /// How long its rest still goes on.
    pub(super) fn rest_left(&self, now: Instant) -> Duration {
        self.rest
            .map_or(Duration::ZERO, |(_, end)| end.saturating_duration_since(now))
    }

    /// The rest that it had last.
    pub(super) fn rested(&self, now: Instant) -> WakeBackoff {
        self.rest
            .map_or_else(WakeBackoff::default, |(length, end)| WakeBackoff {
                length,
                ended_ago: now.saturating_duration_since(end),
            })
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.progress.state.status().is_terminal()
    }

    pub(super) const fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.idempotency_key.as_ref()
    }

    /// The transactions of all its attempts.
    pub(super) fn transactions(&self) -> impl Iterator<Item = TxId> {
        self.attempts.iter().map(|attempt| attempt.tx_id)
    }

    pub(super) fn snapshot(&self, id: OrderId) -> Snapshot {
        Snapshot {
            id,
            spec: self.spec.clone(),
            created_at: self.created_at,
            progress: self.progress.clone(),
        }
    }

    /// Lets only the holder of the lease pass, and only as [`Record::leads_on`] says.
    pub(super) fn fence(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        let held = self.holder == Some(lease.holder) && self.epoch == lease.epoch;
        if !held || moved.order.id() != lease.order_id {
            return Err(JournalError::Fenced);
        }
        self.leads_on(moved)
    }

    /// Lets only events pass that lead from the version that the order has to the order that they come with.
    pub(super) fn leads_on(&self, moved: Transition<'_>) -> Result<(), JournalError> {
        if self.is_terminal() {
            return Err(JournalError::Fenced);
        }
        let steps = u32::try_from(moved.events.len()).map_err(|_| Contradiction::Events)?;
        let before = moved
            .order
            .version()
            .checked_sub(steps)
            .ok_or(Contradiction::Events)?;
        if before != self.progress.version {
            return Err(JournalError::Fenced);
        }
        let numbered = moved
            .events
            .iter()
            .zip(before + 1..)
            .all(|(event, seq)| event.seq == seq);
        if numbered {
            Ok(())
        } else {
            Err(Contradiction::Events.into())
        }
    }

    pub(super) fn advance(&mut self, moved: Transition<'_>) {
        if let Some(first) = moved.events.first()
            && self.writers.last().is_none_or(|(epoch, _)| *epoch != self.epoch)
        {
            self.writers.push((self.epoch, first.seq));
        }
        self.progress = moved.order.progress().clone();
        self.history.extend_from_slice(moved.events);
    }

    pub(super) fn open(&mut self, attempt: Attempt) {
        self.attempts.push(AuditedAttempt {
            number: attempt.number,
            tx_id: attempt.transaction.id,
            min_out: attempt.draft.min_out,
            outcome: None,
        });
        self.open_attempt = Some(attempt);
    }

    pub(super) fn close(&mut self, outcome: AttemptOutcome) {
        self.open_attempt = None;
        if let Some(last) = self.attempts.last_mut() {
            last.outcome = Some(outcome);
        }
    }

    pub(super) fn audited(&self, id: OrderId) -> AuditedOrder {
        let epoch_of = |seq| {
            self.writers
                .iter()
                .rev()
                .find(|(_, first)| *first <= seq)
                .map_or(0, |(epoch, _)| *epoch)
        };
        let audited = |event: &RecordedEvent| AuditedEvent {
            epoch: epoch_of(event.seq),
            event: event.clone(),
        };
        AuditedOrder {
            order: self.snapshot(id).into_order(),
            idempotency_key: self.idempotency_key.clone(),
            events: self.history.iter().map(audited).collect(),
            attempts: self.attempts.clone(),
        }
    }

    pub(super) fn matches(&self, filter: &OrderFilter) -> bool {
        let OrderFilter {
            owner,
            client_order_id,
            statuses,
            kind,
            token,
            venue,
            from,
            to,
        } = filter;
        let (spec, state) = (&self.spec, &self.progress.state);
        owner.as_ref().is_none_or(|owner| *owner == spec.owner)
            && client_order_id
                .as_ref()
                .is_none_or(|wanted| spec.client_order_id.as_ref() == Some(wanted))
            && (statuses.is_empty() || statuses.contains(&state.status()))
            && kind.as_ref().is_none_or(|kind| *kind == spec.kind.as_str())
            && token.is_none_or(|token| [spec.token_in.symbol, spec.token_out.symbol].contains(&token))
            && venue.is_none_or(|venue| state.venue() == Some(venue))
            && from.is_none_or(|from| self.created_at >= from)
            && to.is_none_or(|to| self.created_at < to)
    }
}

/// An order at one moment, cheap to take under a lock.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) id: OrderId,
    spec: Arc<OrderSpec>,
    created_at: Timestamp,
    progress: Progress,
}

impl Snapshot {
    pub(super) fn into_order(self) -> Order {
        Order::restore(
            self.id,
            Arc::unwrap_or_clone(self.spec),
            self.created_at,
            self.progress,
        )
    }
}
