//! What a run counts while it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use order_core::audit::SubscriberLog;
use order_core::id::OrderId;
use parking_lot::Mutex;

/// A number that grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An order that a client was told is accepted.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// Its id.
    pub id: OrderId,
    /// Its owner.
    pub user: &'static str,
}

/// A limit that an owner was told has taken the place of another.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// Of which order.
    pub id: OrderId,
    /// The order's version since then.
    pub version: u32,
    /// The limit, as it was asked for.
    pub limit_price: String,
}

/// Everything that a run notes.
#[derive(Debug, Default)]
pub struct Tally {
    /// Orders that clients set out to submit.
    pub submitted: Counter,
    /// Requests that clients sent for them.
    pub requests: Counter,
    /// Requests that had no answer, or whose client did not wait for it.
    pub unanswered: Counter,
    /// Requests sent although the same one was acknowledged before, or is under way.
    pub duplicates: Counter,
    /// Requests that reused a key for another order, as they must be refused.
    pub misused_keys: Counter,
    /// 503 answers.
    pub unavailable: Counter,
    /// 202 answers while Redis was away.
    pub accepted_without_redis: Counter,
    /// Requests to cancel an order.
    pub cancels: Counter,
    /// Requests to replace an order's limit.
    pub replacements: Counter,
    /// How often a price was moved.
    pub price_moves: Counter,
    /// How many pools have opened.
    pub pools_opened: Counter,
    /// Connections of watchers.
    pub connections: Counter,
    /// Watchers that were closed for being slow.
    pub too_slow: Counter,
    /// Whether Redis is away just now.
    pub redis_away: AtomicBool,
    /// Processes that ended without having been told to, and were started again.
    pub ended_by_themselves: Mutex<Vec<String>>,
    /// Faults by name.
    pub faults: Mutex<BTreeMap<&'static str, u64>>,
    /// What clients were acknowledged.
    pub acknowledged: Mutex<Vec<Acknowledged>>,
    /// What owners were told is cancelled.
    pub cancelled: Mutex<Vec<OrderId>>,
    /// What owners were told is replaced.
    pub replaced: Mutex<Vec<Replaced>>,
    /// What watchers saw.
    pub streams: Mutex<Vec<SubscriberLog>>,
    /// Which orders were shown to whom.
    pub shown: Mutex<BTreeSet<(&'static str, OrderId)>>,
    /// What clients saw and must not have seen, by the invariant's code.
    pub surprises: Mutex<Vec<(&'static str, String)>>,
}

impl Tally {
    /// A fault has struck.
    pub fn struck(&self, fault: &'static str) {
        *self.faults.lock().entry(fault).or_default() += 1;
    }

    /// How many faults have struck.
    pub fn all_faults(&self) -> u64 {
        self.faults.lock().values().sum()
    }

    /// A client saw what it must not see.
    pub fn surprise(&self, code: &'static str, what: impl Into<String>) {
        self.surprises.lock().push((code, what.into()));
    }

    /// Whether Redis is away just now.
    pub fn redis_is_away(&self) -> bool {
        self.redis_away.load(Ordering::Relaxed)
    }
}
