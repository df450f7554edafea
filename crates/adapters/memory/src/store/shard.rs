//! A shard: some of the orders, under one lock, and each step of the protocol on one of them.

mod forgetting;

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use order_core::audit::AuditedOrder;
use order_core::id::{IdempotencyKey, OrderId, Owner, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order, RecordedEvent};
use order_core::spec::OrderSpec;
use order_ports::{
    Accepted, Claim, Claimed, JournalError, Lease, OrderFilter, RestingSince, Sweep, Transition, Woken,
    WorkItem,
};
use tokio::time::Instant;

use super::Contradiction;
use super::record::{Record, Snapshot};
use super::schedule::{Cutoff, Schedule, Timing};
use crate::later;

/// Some of the orders.
#[derive(Debug, Default)]
pub(super) struct Shard {
    records: HashMap<OrderId, Box<Record>>,
    newest_last: BTreeSet<OrderId>,
    by_owner: HashMap<Owner, BTreeSet<OrderId>>,
    schedule: Schedule,
    waiting: BTreeSet<(RestingSince, OrderId)>,
}

impl Shard {
    /// Stores a new order; it counts as announced now.
    pub(super) fn insert(
        &mut self,
        order: &Order,
        event: RecordedEvent,
        key: Option<IdempotencyKey>,
        now: Instant,
    ) -> Result<Accepted, Contradiction> {
        let id = order.id();
        if let Some(known) = self.records.get(&id) {
            let same = known.spec.is_same_request(order.spec());
            return if same {
                Ok(Accepted::Replayed(id))
            } else {
                Err(Contradiction::IdTaken)
            };
        }
        let timing = Timing {
            due_at: now,
            announced_at: Some(now),
            leased_until: None,
        };
        self.records
            .insert(id, Box::new(Record::new(order, event, key, timing)));
        self.newest_last.insert(id);
        match self.by_owner.get_mut(&order.spec().owner) {
            Some(orders) => _ = orders.insert(id),
            None => {
                _ = self
                    .by_owner
                    .insert(order.spec().owner.clone(), BTreeSet::from([id]))
            }
        }
        self.schedule.insert(id, timing);
        Ok(Accepted::New)
    }

    /// Takes the lease of an order.
    pub(super) fn claim(&mut self, id: OrderId, holder: WorkerId, ttl: Duration, now: Instant) -> Claim {
        let Some(record) = self.records.get_mut(&id) else {
            return Claim::NoSuchOrder;
        };
        if record.is_terminal() {
            return Claim::Finished;
        }
        if record.timing.due_at > now || record.timing.leased_until.is_some_and(|until| until > now) {
            return Claim::NotNow;
        }
        record.holder = Some(holder);
        record.epoch += 1;
        let lease = Lease {
            order_id: id,
            holder,
            epoch: record.epoch,
        };
        let leased = Timing {
            leased_until: Some(later(now, ttl)),
            ..record.timing
        };
        reschedule(&mut self.schedule, id, record, leased);
        let (snapshot, open_attempt) = (record.snapshot(id), record.open_attempt.clone());
        let rested = record.rested(now);
        Claim::Taken(Box::new(Claimed {
            order: snapshot.into_order(),
            lease,
            open_attempt,
            rested,
        }))
    }

    /// Appends events.
    pub(super) fn append(&mut self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        let record = held(&mut self.records, lease, moved)?;
        record.advance(moved);
        if record.is_terminal() {
            if let Some(since) = record.waiting.take() {
                self.waiting.remove(&(since, lease.order_id));
            }
            self.schedule.remove(lease.order_id, record.timing);
        }
        Ok(())
    }

    /// Stores an attempt and its events.
    pub(super) fn write_ahead(
        &mut self,
        lease: &Lease,
        attempt: Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let record = held(&mut self.records, lease, moved)?;
        if record.open_attempt.is_some() {
            return Err(JournalError::Fenced);
        }
        record.open(attempt);
        record.advance(moved);
        Ok(())
    }

    /// Stores an outcome with its events, and gives the lease back.
    pub(super) fn record(
        &mut self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
        place: RestingSince,
        now: Instant,
    ) -> Result<(), JournalError> {
        let record = held(&mut self.records, lease, moved)?;
        if outcome.is_some() && record.open_attempt.is_none() {
            // The outcome of an attempt that is not open has been stored before.
            return Err(JournalError::Fenced);
        }
        let due_at = due_after(release, moved, now)?;
        if moved.order.status().is_terminal() && outcome.is_none() && record.open_attempt.is_some() {
            return Err(Contradiction::AttemptLeftOpen.into());
        }
        if let Some(outcome) = outcome {
            record.close(outcome);
        }
        record.holder = None;
        record.advance(moved);
        self.released(lease.order_id, release, due_at, place, now);
        Ok(())
    }

    /// Stores what the owner decides, and takes the lease away.
    pub(super) fn apply_owner_command(
        &mut self,
        moved: Transition<'_>,
        release: Release,
        place: RestingSince,
        now: Instant,
    ) -> Result<(), JournalError> {
        let id = moved.order.id();
        let record = self.records.get_mut(&id).ok_or(JournalError::Fenced)?;
        record.leads_on(moved)?;
        if record.open_attempt.is_some() {
            return Err(JournalError::Fenced);
        }
        let due_at = due_after(release, moved, now)?;
        record.holder = None;
        record.epoch += 1;
        record.advance(moved);
        self.released(id, release, due_at, place, now);
        Ok(())
    }

    /// Files an order that nobody holds any more.
    fn released(
        &mut self,
        id: OrderId,
        release: Release,
        due_at: Instant,
        place: RestingSince,
        now: Instant,
    ) {
        let Some(record) = self.records.get_mut(&id) else {
            return;
        };
        if let Some(since) = record.waiting.take() {
            self.waiting.remove(&(since, id));
        }
        if record.is_terminal() {
            return self.schedule.remove(id, record.timing);
        }
        if let Release::Wait { longest: _, rest } = release {
            record.rest(rest, now);
            record.waiting = Some(place);
            self.waiting.insert((place, id));
        }
        // Whatever announced it led to the work that has just ended.
        let again = Timing {
            due_at,
            announced_at: None,
            leased_until: None,
        };
        reschedule(&mut self.schedule, id, record, again);
    }

    /// Up to `limit` orders that wait, strictly after that place.
    pub(super) fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Vec<(RestingSince, Snapshot)> {
        let later = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let found = self.waiting.range(later).take(limit);
        found
            .filter_map(|(since, id)| Some((*since, self.records.get(id)?.snapshot(*id))))
            .collect()
    }

    /// Makes an order due, if it waits and its rest is over.
    pub(super) fn wake(&mut self, id: OrderId, now: Instant, woken: &mut Woken) {
        let waits = |record: &&mut Box<Record>| record.waiting.is_some() && record.timing.due_at > now;
        let Some(record) = self.records.get_mut(&id).filter(waits) else {
            return;
        };
        let rest = record.rest_left(now);
        if !rest.is_zero() {
            return woken.resting.push((id, rest));
        }
        let due = Timing {
            due_at: now,
            ..record.timing
        };
        reschedule(&mut self.schedule, id, record, due);
        woken.items.extend(self.announce(id, now));
    }

    /// Finds up to `limit` orders that are live, due, free and of that sweep, in no order, and more of them
    /// than that when some were announced and some were not.
    pub(super) fn due(&mut self, sweep: Sweep, limit: usize, now: Instant) -> Vec<(Instant, OrderId)> {
        for id in self.schedule.ran_out(now) {
            if let Some(record) = self.records.get_mut(&id) {
                // The holder may still write: it keeps the fence until somebody else claims.
                let free = Timing {
                    leased_until: None,
                    ..record.timing
                };
                reschedule(&mut self.schedule, id, record, free);
            }
        }
        let cutoff = match sweep {
            Sweep::Everything => Cutoff::Everything,
            Sweep::Overdue(age) => now.checked_sub(age).map_or(Cutoff::Nothing, Cutoff::Before),
        };
        let mut found = Vec::new();
        self.schedule.visit_due(now, cutoff, limit, |id| {
            found.extend(self.records.get(&id).map(|record| (record.timing.due_at, id)));
        });
        found
    }

    /// Visits every order that has not come to its end.
    pub(super) fn visit_live(&self, mut visit: impl FnMut(&Record)) {
        let live = self.schedule.ids().filter_map(|id| self.records.get(&id));
        live.for_each(|record| visit(record));
    }

    /// Notes that an order, free and due, is announced now.
    pub(super) fn announce(&mut self, id: OrderId, now: Instant) -> Option<WorkItem> {
        let record = self.records.get_mut(&id)?;
        let announced = Timing {
            announced_at: Some(now),
            ..record.timing
        };
        reschedule(&mut self.schedule, id, record, announced);
        Some(WorkItem {
            order_id: id,
            priority: record.spec.priority,
        })
    }

    pub(super) fn spec(&self, id: OrderId) -> Option<Arc<OrderSpec>> {
        self.records.get(&id).map(|record| record.spec.clone())
    }

    pub(super) fn snapshot(&self, id: OrderId) -> Option<Snapshot> {
        self.records.get(&id).map(|record| record.snapshot(id))
    }

    /// The order, if it is one of those.
    pub(super) fn snapshot_if(&self, id: OrderId, filter: &OrderFilter) -> Option<Snapshot> {
        let record = self.records.get(&id).filter(|record| record.matches(filter));
        record.map(|record| record.snapshot(id))
    }

    pub(super) fn version(&self, id: OrderId) -> Option<u32> {
        self.records.get(&id).map(|record| record.progress.version)
    }

    pub(super) fn events(&self, id: OrderId, after: u32, limit: usize) -> Vec<RecordedEvent> {
        let history = self.records.get(&id).map_or(&[][..], |record| &record.history);
        // The event with number n is the n-th of the history.
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        history.iter().skip(after).take(limit).cloned().collect()
    }

    /// Up to `limit` ids newer than `after`, oldest first.
    pub(super) fn newer(&self, after: Option<OrderId>, limit: usize) -> Vec<OrderId> {
        let newer = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        self.newest_last.range(newer).take(limit).copied().collect()
    }

    pub(super) fn audited(&self, id: OrderId) -> Option<AuditedOrder> {
        self.records.get(&id).map(|record| record.audited(id))
    }

    /// Looks at up to `look_at` orders older than `before`, newest first, and returns up to `limit` that match,
    /// and where to go on if there are more to look at.
    pub(super) fn matching(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
        look_at: usize,
    ) -> (Vec<Snapshot>, Option<OrderId>) {
        let ids = match &filter.owner {
            None => Some(&self.newest_last),
            Some(owner) => self.by_owner.get(owner),
        };
        let Some(ids) = ids else { return (Vec::new(), None) };
        let older = match before {
            None => ids.range(..),
            Some(before) => ids.range(..before),
        };
        let (mut found, mut last) = (Vec::new(), None);
        for (looked_at, id) in older.rev().enumerate() {
            if looked_at == look_at || found.len() == limit {
                return (found, last);
            }
            last = Some(*id);
            let record = self.records.get(id).filter(|record| record.matches(filter));
            found.extend(record.map(|record| record.snapshot(*id)));
        }
        (found, None)
    }

    /// How many orders the schedule knows.
    #[cfg(test)]
    pub(super) fn scheduled(&self) -> usize {
        self.schedule.len()
    }
}

/// The order of that lease, if the step may be taken.
fn held<'a>(
    records: &'a mut HashMap<OrderId, Box<Record>>,
    lease: &Lease,
    moved: Transition<'_>,
) -> Result<&'a mut Record, JournalError> {
    let record = records.get_mut(&lease.order_id).ok_or(JournalError::Fenced)?;
    record.fence(lease, moved)?;
    Ok(record)
}

/// When an order that is let go of so is due again.
fn due_after(release: Release, moved: Transition<'_>, now: Instant) -> Result<Instant, Contradiction> {
    match release {
        Release::Done if !moved.order.status().is_terminal() => Err(Contradiction::ReleasedForGood),
        Release::Done => Ok(now),
        Release::RunAgain(delay)
        | Release::Wait {
            longest: delay,
            rest: _,
        } => Ok(later(now, delay)),
    }
}

fn reschedule(schedule: &mut Schedule, id: OrderId, record: &mut Record, timing: Timing) {
    schedule.remove(id, record.timing);
    schedule.insert(id, timing);
    record.timing = timing;
}
