//! What the clients have seen, kept outside them: a client that waits for something that never comes is a
//! record too.

use std::collections::BTreeMap;
use std::sync::Arc;

use order_core::audit::SubscriberLog;
use order_core::id::{OrderId, Owner};
use order_core::order::RecordedEvent;
use order_core::price::Price;
use parking_lot::Mutex;

/// All that the clients have seen.
#[derive(Default)]
pub struct Testimony {
    acknowledged: Mutex<Vec<(Owner, OrderId)>>,
    witnesses: Mutex<Vec<Arc<Recorder>>>,
    owners: Mutex<BTreeMap<Owner, OwnerConnection>>,
    /// What owners saw on connections that are over.
    closed: Mutex<Vec<Seen>>,
    complaints: Mutex<Vec<String>>,
    cancelled: Mutex<Vec<OrderId>>,
    replaced: Mutex<Vec<(OrderId, u32, Option<Price>)>>,
    too_late: Mutex<u64>,
}

/// What one watcher saw of one order.
#[derive(Clone, Debug)]
pub struct Seen {
    /// By whom, if it was watched among all of an owner's orders.
    pub owner: Option<Owner>,
    /// The order.
    pub order_id: OrderId,
    /// The number after which it was watched.
    pub after: u32,
    /// The events, as they arrived.
    pub events: Vec<RecordedEvent>,
    /// Whether it was watched to the end, so that anything missing is a violation.
    pub complete: bool,
}

/// One watcher of one order.
pub struct Recorder {
    order_id: OrderId,
    after: u32,
    events: Mutex<Vec<RecordedEvent>>,
    done: Mutex<bool>,
}

/// What one owner has seen on its present connection.
struct OwnerConnection {
    /// The newest order id when it was opened.
    since: OrderId,
    seen: BTreeMap<OrderId, Vec<RecordedEvent>>,
}

impl Seen {
    /// The same, by numbers alone.
    pub fn log(&self) -> SubscriberLog {
        SubscriberLog {
            order_id: self.order_id,
            after: self.after,
            seqs: self.events.iter().map(|event| event.seq).collect(),
            complete: self.complete,
        }
    }
}

impl Recorder {
    /// Which order is watched.
    pub fn order_id(&self) -> OrderId {
        self.order_id
    }

    /// The event after which to resume.
    pub fn last_seen(&self) -> u32 {
        self.events.lock().last().map_or(self.after, |event| event.seq)
    }

    /// An event arrived.
    pub fn saw(&self, event: &RecordedEvent) {
        self.events.lock().push(event.clone());
    }

    /// The stream has ended.
    pub fn done(&self) {
        *self.done.lock() = true;
    }

    /// Whether the stream has ended.
    pub fn is_done(&self) -> bool {
        *self.done.lock()
    }
}

impl Testimony {
    /// Somebody was told that an order is cancelled.
    pub(crate) fn cancelled(&self, order_id: OrderId) {
        self.cancelled.lock().push(order_id);
    }

    /// Somebody was told that an order has another limit since that version.
    pub(crate) fn replaced(&self, order_id: OrderId, version: u32, limit: Option<Price>) {
        self.replaced.lock().push((order_id, version, limit));
    }

    /// All limits that somebody was told were replaced.
    pub fn all_replaced(&self) -> Vec<(OrderId, u32, Option<Price>)> {
        self.replaced.lock().clone()
    }

    /// A client's order was refused because its time was up.
    pub(crate) fn came_too_late(&self) {
        *self.too_late.lock() += 1;
    }

    /// How many orders were refused because their time was up.
    pub fn too_late(&self) -> u64 {
        *self.too_late.lock()
    }

    /// All orders that somebody was told are cancelled.
    pub fn all_cancelled(&self) -> Vec<OrderId> {
        self.cancelled.lock().clone()
    }

    /// An order was acknowledged.
    pub fn acknowledged(&self, owner: &Owner, id: OrderId) {
        self.acknowledged.lock().push((owner.clone(), id));
    }

    /// A client was treated wrongly.
    pub fn complains(&self, what: String) {
        self.complaints.lock().push(what);
    }

    /// Somebody begins to watch an order.
    pub fn recorder(&self, order_id: OrderId, after: u32) -> Arc<Recorder> {
        let recorder = Arc::new(Recorder {
            order_id,
            after,
            events: Mutex::default(),
            done: Mutex::default(),
        });
        self.witnesses.lock().push(Arc::clone(&recorder));
        recorder
    }

    /// An owner begins to watch all its orders; `since` is the newest order id there is.
    pub fn owner_connects(&self, owner: &Owner, since: OrderId) {
        let connection = OwnerConnection {
            since,
            seen: BTreeMap::new(),
        };
        let before = self.owners.lock().insert(owner.clone(), connection);
        self.closed
            .lock()
            .extend(before.into_iter().flat_map(|before| before.closed(owner, false)));
    }

    /// An owner saw an event.
    pub fn owner_saw(&self, owner: &Owner, event: &RecordedEvent) {
        if let Some(connection) = self.owners.lock().get_mut(owner) {
            connection
                .seen
                .entry(event.order_id)
                .or_default()
                .push(event.clone());
        }
    }

    /// The ids that were acknowledged, each once.
    pub fn orders(&self) -> Vec<OrderId> {
        let mut orders: Vec<_> = self.acknowledged.lock().iter().map(|(_, id)| *id).collect();
        orders.sort_unstable();
        orders.dedup();
        orders
    }

    /// What clients complained of.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().clone()
    }

    /// What every watcher has seen. To be called after everything has come to rest: whoever still watches then
    /// has stayed to the end.
    pub fn seen(&self) -> Vec<Seen> {
        let of_one = |recorder: &Arc<Recorder>| Seen {
            owner: None,
            order_id: recorder.order_id,
            after: recorder.after,
            events: recorder.events.lock().clone(),
            complete: true,
        };
        let mut seen: Vec<_> = self.witnesses.lock().iter().map(of_one).collect();
        seen.extend(self.closed.lock().iter().cloned());
        for (owner, mut connection) in std::mem::take(&mut *self.owners.lock()) {
            // An order that came in since must have been told, whether or not anything of it was heard.
            for (whose, id) in self.acknowledged.lock().iter() {
                if *whose == owner && *id > connection.since {
                    connection.seen.entry(*id).or_default();
                }
            }
            seen.extend(connection.closed(&owner, true));
        }
        seen
    }
}

impl OwnerConnection {
    fn closed(self, owner: &Owner, complete: bool) -> impl Iterator<Item = Seen> {
        self.seen.into_iter().map(move |(order_id, events)| Seen {
            owner: Some(owner.clone()),
            order_id,
            after: 0,
            events,
            complete,
        })
    }
}
