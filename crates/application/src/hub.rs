//! The subscriptions of this process. Notifications come in from the relay and fan out to bounded buffers; a
//! watcher whose buffer is full is dropped, so that it holds up no other and keeps no memory.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use order_core::id::{OrderId, Owner};
use order_ports::{OrderNotification, Subscriptions};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::live::LiveEvent;

/// What a watcher is told.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    /// An event was committed.
    Event(Arc<LiveEvent>),
    /// The order has come further than any notification has told.
    Lagged,
}

type Sender = mpsc::Sender<Signal>;
/// By age, so that all of a kind are told in the same order every time.
type Watchers = BTreeMap<u64, Sender>;

#[derive(Default)]
struct Watched {
    /// The last event that passed through here.
    heard: u32,
    watchers: Watchers,
}

struct OwnerWatcher {
    owner: Option<Owner>,
    sender: Sender,
}

/// Locks are per shard, so that unrelated orders do not wait for each other.
const SHARDS: usize = 64;

/// The watchers of one process.
pub struct Hub {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<OrderId, Watched>>>,
    owners: Mutex<BTreeMap<u64, OwnerWatcher>>,
    next_id: AtomicU64,
    buffer: usize,
    dropped: AtomicU64,
}

impl Hub {
    /// A hub whose watchers buffer up to so many signals.
    pub fn new(buffer: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self {
            hasher: RandomState::new(),
            shards,
            owners: Mutex::default(),
            next_id: AtomicU64::new(0),
            buffer,
            dropped: AtomicU64::new(0),
        }
    }

    fn shard(&self, id: OrderId) -> &Mutex<HashMap<OrderId, Watched>> {
        let hash = usize::try_from(self.hasher.hash_one(id) % SHARDS as u64).unwrap_or(0);
        &self.shards[hash]
    }

    /// Watches one order from now on.
    pub(crate) fn watch(self: &Arc<Self>, order: OrderId) -> Subscription {
        let (sender, signals) = mpsc::channel(self.buffer);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.shard(order)
            .lock()
            .entry(order)
            .or_default()
            .watchers
            .insert(id, sender);
        Subscription {
            hub: Arc::clone(self),
            target: Target::Order(order),
            id,
            signals,
        }
    }

    /// Watches all orders of an owner, or of all owners, from now on.
    pub(crate) fn watch_owner(self: &Arc<Self>, owner: Option<Owner>) -> Subscription {
        let (sender, signals) = mpsc::channel(self.buffer);
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.owners.lock().insert(id, OwnerWatcher { owner, sender });
        Subscription {
            hub: Arc::clone(self),
            target: Target::Owner,
            id,
            signals,
        }
    }

    /// Passes committed events on.
    pub(crate) fn publish(&self, notifications: &[OrderNotification]) {
        for notification in notifications {
            let mut live = None;
            self.publish_to_order(notification, &mut live);
            self.publish_to_owners(notification, &mut live);
        }
    }

    fn publish_to_order(&self, notification: &OrderNotification, live: &mut Option<Arc<LiveEvent>>) {
        let mut shard = self.shard(notification.event.order_id).lock();
        let Some(watched) = shard.get_mut(&notification.event.order_id) else {
            return;
        };
        watched.heard = watched.heard.max(notification.event.seq);
        watched
            .watchers
            .retain(|_, sender| self.offer(sender, Signal::Event(encodable(notification, live))));
    }

    fn publish_to_owners(&self, notification: &OrderNotification, live: &mut Option<Arc<LiveEvent>>) {
        let mut owners = self.owners.lock();
        owners.retain(|_, watcher| {
            let concerned = watcher
                .owner
                .as_ref()
                .is_none_or(|owner| *owner == notification.owner);
            !concerned || self.offer(&watcher.sender, Signal::Event(encodable(notification, live)))
        });
    }

    /// Whether the watcher may stay.
    fn offer(&self, sender: &Sender, signal: Signal) -> bool {
        let taken = sender.try_send(signal).is_ok();
        if !taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Tells the watchers of an order how far it has come, if no notification has said so yet.
    pub(crate) fn notify_lag(&self, order: OrderId, version: u32) {
        let mut shard = self.shard(order).lock();
        let Some(watched) = shard.get_mut(&order) else {
            return;
        };
        if watched.heard < version {
            watched.heard = version;
            watched
                .watchers
                .retain(|_, sender| self.offer(sender, Signal::Lagged));
        }
    }

    /// Lets the watchers of an order look for themselves: the store does not have it, not yet or not any more.
    pub(crate) fn notify_lag_of_unknown(&self, order: OrderId) {
        let mut shard = self.shard(order).lock();
        if let Some(watched) = shard.get_mut(&order) {
            watched
                .watchers
                .retain(|_, sender| self.offer(sender, Signal::Lagged));
        }
    }

    /// All orders that are watched one by one, the oldest first.
    pub(crate) fn watched(&self) -> Vec<OrderId> {
        let mut watched: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| shard.lock().keys().copied().collect::<Vec<_>>())
            .collect();
        watched.sort_unstable();
        watched
    }

    /// How many watchers there are.
    pub fn watchers(&self) -> usize {
        let orders = |shard: &Mutex<HashMap<_, Watched>>| {
            shard
                .lock()
                .values()
                .map(|watched| watched.watchers.len())
                .sum::<usize>()
        };
        self.shards.iter().map(orders).sum::<usize>() + self.owners.lock().len()
    }

    /// How many watchers were dropped because they read too slowly.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn forget(&self, target: Target, id: u64) {
        match target {
            Target::Owner => {
                self.owners.lock().remove(&id);
            }
            Target::Order(order) => {
                let mut shard = self.shard(order).lock();
                if let Some(watched) = shard.get_mut(&order) {
                    watched.watchers.remove(&id);
                    if watched.watchers.is_empty() {
                        shard.remove(&order);
                    }
                }
            }
        }
    }
}

/// A watcher is here before it reads the store, and an event is told after its commit: whatever is published while no
/// watcher wants it is in the store for all that come later.
impl Subscriptions for Hub {
    fn wants(&self, order: OrderId, owner: &str) -> bool {
        let concerned = |watcher: &OwnerWatcher| {
            let theirs = watcher.owner.as_ref();
            theirs.is_none_or(|theirs| theirs.as_str() == owner)
        };
        self.shard(order).lock().contains_key(&order) || self.owners.lock().values().any(concerned)
    }
}

/// The event, shared by all of its watchers.
fn encodable(notification: &OrderNotification, live: &mut Option<Arc<LiveEvent>>) -> Arc<LiveEvent> {
    let new = || LiveEvent::new(notification.event.clone(), notification.client_order_id.clone());
    Arc::clone(live.get_or_insert_with(|| Arc::new(new())))
}

#[derive(Clone, Copy)]
enum Target {
    Order(OrderId),
    Owner,
}

/// One watcher's end. Dropping it ends the watching.
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    target: Target,
    id: u64,
    signals: mpsc::Receiver<Signal>,
}

impl Subscription {
    /// The next signal; `None` when the buffer overflowed. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Signal> {
        self.signals.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.forget(self.target, self.id);
    }
}
