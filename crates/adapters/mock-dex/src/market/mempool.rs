//! Transactions on their way: taken, not yet in a block.
//!
//! Nobody is woken when a block comes. Whoever next asks the market anything first lets the due ones land,
//! in the order of their blocks, each as of its own block.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use order_core::venue::TxId;
use parking_lot::{Mutex, MutexGuard};

use crate::transaction::Transaction;

/// A transaction on its way.
pub(crate) struct Waiting {
    pub(crate) id: TxId,
    pub(crate) transaction: Transaction,
}

/// All of them.
pub(crate) struct Mempool {
    /// The block of the first one due; `u64::MAX` without any.
    next: AtomicU64,
    queue: Mutex<Queue>,
}

#[derive(Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<(u64, u64), Waiting>,
    arrivals: u64,
}

impl Mempool {
    pub(crate) fn new() -> Self {
        Self {
            next: AtomicU64::new(u64::MAX),
            queue: Mutex::default(),
        }
    }

    /// Whether something is due at this height. Costs next to nothing.
    pub(crate) fn is_due(&self, height: u64) -> bool {
        self.next.load(Ordering::SeqCst) <= height
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    /// Puts a transaction on its way into a block.
    pub(crate) fn push(&self, queue: &mut Queue, block: u64, waiting: Waiting) {
        queue.arrivals += 1;
        queue.waiting.insert((block, queue.arrivals), waiting);
        self.note_next(queue);
    }

    /// Takes the first one that is due at this height, and its block.
    pub(crate) fn pop_due(&self, queue: &mut Queue, height: u64) -> Option<(u64, Waiting)> {
        let entry = queue
            .waiting
            .first_entry()
            .filter(|entry| entry.key().0 <= height)?;
        let ((block, _), waiting) = entry.remove_entry();
        Some((block, waiting))
    }

    /// To be called when the due ones have landed, before the queue is let go.
    pub(crate) fn note_next(&self, queue: &Queue) {
        let next = queue.waiting.keys().next().map_or(u64::MAX, |(block, _)| *block);
        self.next.store(next, Ordering::SeqCst);
    }
}
