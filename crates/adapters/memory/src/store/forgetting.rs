//! Forgetting orders that are over, so that a process that runs for long does not grow for ever.
//!
//! Orders that came to their end stand in line, the first at the front. They leave it when there are more than so many, or
//! when they have stood there for so long; and with an order goes everything that was kept about it: its history, its
//! attempts, and the names that it was given. A name may then be given again. A live order is in no line.
//!
//! Each end forgets a little more than it adds, and each sweep what is too old; so nobody waits long for it.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use order_core::id::OrderId;
use order_core::venue::TxId;
use order_ports::Transition;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{MemoryStore, names_of};

/// How many are forgotten when one ends: more than one, so that the line comes down to its length.
const AT_AN_END: usize = 2;
/// How many are forgotten at a sweep, at most.
const AT_A_SWEEP: usize = 1_024;

/// How much of what is over a store remembers: whichever is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So many orders, the last that ended.
    pub orders: usize,
    /// And those only that ended so lately.
    pub age: Duration,
}

/// Who hears of transactions that no stored order stands on any more.
type Listener = Box<dyn Fn(&[TxId]) + Send + Sync>;

/// The orders that are over, in the order in which they ended; nobody stands here while everything is kept.
#[derive(Default)]
pub(super) struct Ended {
    retention: Option<Retention>,
    line: Mutex<VecDeque<(Instant, OrderId)>>,
    listener: Option<Listener>,
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended")
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

impl Ended {
    /// Takes up to `most` out of the line that need not be remembered any more.
    fn leave(&self, now: Instant, most: usize) -> Vec<OrderId> {
        let Some(Retention { orders, age }) = self.retention else {
            return Vec::new();
        };
        let mut line = self.line.lock();
        let mut left = Vec::new();
        while left.len() < most
            && let Some((ended_at, id)) = line.front().copied()
            && (line.len() > orders || now.duration_since(ended_at) >= age)
        {
            line.pop_front();
            left.push(id);
        }
        left
    }
}

impl MemoryStore {
    /// An empty store that remembers only so much of what is over. `listener` hears of the transactions of forgotten
    /// orders: nobody will ask for them any more.
    pub fn forgetting(retention: Retention, listener: impl Fn(&[TxId]) + Send + Sync + 'static) -> Self {
        Self {
            ended: Ended {
                retention: Some(retention),
                line: Mutex::default(),
                listener: Some(Box::new(listener)),
            },
            ..Self::default()
        }
    }

    /// Puts an order in line if this step was its last. To be called once the step is stored.
    pub(super) fn note_end(&self, moved: Transition<'_>) {
        if self.ended.retention.is_none() || !moved.order.status().is_terminal() {
            return;
        }
        let now = Instant::now();
        self.ended.line.lock().push_back((now, moved.order.id()));
        self.forget(now, AT_AN_END);
    }

    /// Forgets what is too old, even when nothing ends any more.
    pub(super) fn forget_the_old(&self) {
        self.forget(Instant::now(), AT_A_SWEEP);
    }

    fn forget(&self, now: Instant, most: usize) {
        let left = self.ended.leave(now, most);
        let transactions: Vec<_> = left.into_iter().flat_map(|id| self.forget_order(id)).collect();
        if let Some(listener) = &self.ended.listener
            && !transactions.is_empty()
        {
            listener(&transactions);
        }
    }

    /// Forgets an order together with its names: nobody sees one without the other.
    fn forget_order(&self, id: OrderId) -> Vec<TxId> {
        let Some((spec, key)) = self.shard(id).request(id) else {
            return Vec::new();
        };
        let names = self.names.lock(names_of(&spec, key));
        let transactions = self.shard(id).forget(id);
        names.give_back(id);
        transactions
    }
}

#[cfg(test)]
mod tests;
