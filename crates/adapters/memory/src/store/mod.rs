//! The store in memory.
//!
//! An order lives in one of [`SHARDS`] shards, chosen by its id. A shard has one short lock, and every step of
//! the protocol on an order takes that lock once; so steps on different orders rarely meet, and a step is
//! atomic without further ado. Within a shard, a hash map finds the order, ordered sets of ids serve the lists,
//! and a [`schedule`] knows what is due without looking at the rest. A step moves an order's progress and
//! appends its events; what never changes (the spec) is shared, and no history is ever copied.
//!
//! Idempotency keys and client order ids are unique over all shards, so they have locks of their own
//! ([`names`]). Whoever needs both takes the names first.
//!
//! Orders that are over are forgotten past a number or an age, if it is told so ([`forgetting`]); else it keeps all until
//! the process ends. Leases, delays and announcements are kept by `tokio::time::Instant`.

mod backlog;
mod forgetting;
mod listing;
#[cfg(test)]
mod races;
mod record;
mod schedule;
mod shard;
#[cfg(test)]
mod tests;
mod unique_keys;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use order_core::audit::AuditedOrder;
use order_core::id::{ClientOrderId, IdempotencyKey, OrderId, Owner, WorkerId};
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Order, RecordedEvent};
use order_core::spec::OrderSpec;
use order_ports::{
    AcceptError, Acceptance, Accepted, Claim, JournalError, Lease, OrderAudit, OrderFilter, OrderIntake,
    OrderJournal, OrderLeases, OrderPage, OrderReader, OwnerCommands, RestingOrder, RestingOrders,
    RestingSince, StoreError, Sweep, Transition, Woken, WorkItem,
};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use forgetting::Ended;
use shard::Shard;
use unique_keys::{KeyGuard, Names, TakenKey};

pub use forgetting::Retention;

/// How many shards there are: many more than threads that could meet in one.
const SHARDS: usize = 32;

/// More places than threads that could be about to fill theirs.
const OVERLAP: i64 = 1_024;

/// The store of a single process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    names: Names,
    shards: [Mutex<Shard>; SHARDS],
    /// Counts the beginnings of waits, over all shards.
    waits: AtomicI64,
    ended: Ended,
}

/// A caller that contradicts itself; the store takes no part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Contradiction {
    /// Two orders under one id.
    #[error("the order id is taken by a different order")]
    IdTaken,
    /// Events that are not the last of the order they come with.
    #[error("the events do not lead to the order")]
    Events,
    /// A live order must be run again, or it would be lost.
    #[error("an order that is not terminal was released for good")]
    ReleasedForGood,
    /// A terminal order is never looked at again, so its transaction must be resolved.
    #[error("a terminal order still has an open attempt")]
    AttemptLeftOpen,
}

impl From<Contradiction> for StoreError {
    fn from(contradiction: Contradiction) -> Self {
        Self::Corrupt(Box::new(contradiction))
    }
}

impl From<Contradiction> for JournalError {
    fn from(contradiction: Contradiction) -> Self {
        Self::Store(contradiction.into())
    }
}

impl MemoryStore {
    /// An empty store that forgets nothing.
    pub fn new() -> Self {
        Self::default()
    }

    fn shard(&self, id: OrderId) -> MutexGuard<'_, Shard> {
        let (high, low) = id.uuid().as_u64_pair();
        // The remainder is less than the number of shards, so it fits.
        let index = usize::try_from((high ^ low) % SHARDS as u64).unwrap_or_default();
        self.shards[index].lock()
    }

    /// The place of a wait that begins now.
    fn next_wait_seq(&self, release: Release) -> RestingSince {
        RestingSince(match release {
            Release::Wait { .. } => self.waits.fetch_add(1, Ordering::Relaxed),
            Release::Done | Release::RunAgain(_) => 0,
        })
    }

    fn spec(&self, id: OrderId) -> Option<Arc<OrderSpec>> {
        self.shard(id).spec(id)
    }

    /// The page of the one order that its owner calls so.
    fn named(
        &self,
        owner: &Owner,
        id: &ClientOrderId,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> OrderPage {
        let name = TakenKey::client_order(owner, id.clone());
        let holder = self.names.lock([Some(name), None]).holder(0);
        let found = holder.filter(|id| before.is_none_or(|before| *id < before));
        let found = found.and_then(|id| self.shard(id).snapshot_if(id, filter));
        let mut items: Vec<_> = found.into_iter().map(record::Snapshot::into_order).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        OrderPage { items, more }
    }

    /// The order that has the names of this request, if it is the same request; the key counts first.
    fn holder(&self, names: &KeyGuard<'_>, spec: &OrderSpec) -> Result<Option<OrderId>, AcceptError> {
        for (name, reused) in [
            (0, AcceptError::KeyReused as fn(OrderId) -> AcceptError),
            (1, AcceptError::ClientOrderIdReused),
        ] {
            if let Some(first) = names.holder(name) {
                let same = self.spec(first).is_some_and(|first| first.is_same_request(spec));
                return if same { Ok(Some(first)) } else { Err(reused(first)) };
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl OrderIntake for MemoryStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let Acceptance {
            order,
            event,
            idempotency_key,
        } = acceptance;
        let names = self.names.lock(names_of(order.spec(), idempotency_key.clone()));
        if let Some(first) = self.holder(&names, order.spec())? {
            return Ok(Accepted::Replayed(first));
        }
        let id = order.id();
        let accepted = self
            .shard(id)
            .insert(&order, event, idempotency_key, Instant::now())
            .map_err(StoreError::from)?;
        if accepted == Accepted::New {
            names.take(id);
        }
        Ok(accepted)
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        self.holder(&self.names.lock(names_of(spec, idempotency_key)), spec)
    }
}

/// The names that a request would take.
fn names_of(spec: &OrderSpec, key: Option<IdempotencyKey>) -> [Option<TakenKey>; 2] {
    let client = spec.client_order_id.clone();
    [
        key.map(|key| TakenKey::key(&spec.owner, key)),
        client.map(|id| TakenKey::client_order(&spec.owner, id)),
    ]
}

#[async_trait]
impl OrderLeases for MemoryStore {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        Ok(self.shard(id).claim(id, holder, ttl, Instant::now()))
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        self.forget_the_old();
        // All locks at once, so that a sweep is one step; it visits no more than it finds, limit by shard.
        let mut shards: Vec<_> = self.shards.iter().map(Mutex::lock).collect();
        let now = Instant::now();
        let mut found = Vec::new();
        for (index, shard) in shards.iter_mut().enumerate() {
            found.extend(
                shard
                    .due(sweep, limit, now)
                    .into_iter()
                    .map(|(due_at, id)| (due_at, id, index)),
            );
        }
        found.sort_unstable();
        found.truncate(limit);
        Ok(found
            .into_iter()
            .filter_map(|(_, id, index)| shards[index].announce(id, now))
            .collect())
    }
}

#[async_trait]
impl OrderJournal for MemoryStore {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.shard(lease.order_id).append(lease, moved)?;
        self.note_end(moved);
        Ok(())
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let attempt = attempt.clone();
        self.shard(lease.order_id).write_ahead(lease, attempt, moved)
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let place = self.next_wait_seq(release);
        self.shard(lease.order_id)
            .record(lease, outcome, release, moved, place, Instant::now())?;
        self.note_end(moved);
        Ok(())
    }
}

#[async_trait]
impl RestingOrders for MemoryStore {
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError> {
        let mut found: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| shard.lock().waiting(after, limit))
            .collect();
        found.sort_unstable_by_key(|(since, snapshot)| (*since, snapshot.id));
        found.truncate(limit);
        let waiting = |(since, snapshot): (RestingSince, record::Snapshot)| RestingOrder {
            order: snapshot.into_order(),
            since,
        };
        Ok(found.into_iter().map(waiting).collect())
    }

    /// A place is taken before its shard is locked, by at most so many threads at a time.
    fn overlap(&self, last: RestingSince) -> RestingSince {
        RestingSince(last.0 - OVERLAP)
    }

    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError> {
        let now = Instant::now();
        let mut woken = Woken::default();
        ids.iter()
            .for_each(|id| self.shard(*id).wake(*id, now, &mut woken));
        Ok(woken)
    }
}

#[async_trait]
impl OwnerCommands for MemoryStore {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        let place = self.next_wait_seq(release);
        self.shard(moved.order.id())
            .apply_owner_command(moved, release, place, Instant::now())?;
        self.note_end(moved);
        Ok(())
    }
}

#[async_trait]
impl OrderReader for MemoryStore {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let snapshot = self.shard(id).snapshot(id);
        Ok(snapshot.map(record::Snapshot::into_order))
    }

    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        Ok(self.shard(id).events(id, after, limit))
    }

    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError> {
        let version = |id: &OrderId| Some((*id, self.shard(*id).version(*id)?));
        Ok(ids.iter().filter_map(version).collect())
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        if let (Some(owner), Some(id)) = (&filter.owner, &filter.client_order_id) {
            return Ok(self.named(owner, id, filter, before, limit));
        }
        Ok(listing::page(&self.shards, filter, before, limit))
    }
}

#[async_trait]
impl OrderAudit for MemoryStore {
    async fn audit(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<AuditedOrder>, StoreError> {
        let mut ids: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| shard.lock().newer(after, limit))
            .collect();
        ids.sort_unstable();
        ids.truncate(limit);
        Ok(ids
            .into_iter()
            .filter_map(|id| self.shard(id).audited(id))
            .collect())
    }
}
