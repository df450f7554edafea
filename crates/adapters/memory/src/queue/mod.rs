//! The queue in memory.
//!
//! Three lines, one for each priority, and the hints that were handed out and not acknowledged yet. Those come
//! back to the head of their line when their time is up, by `tokio::time`; whoever waits in [`WorkQueue::pull`]
//! wakes for it.
//!
//! A hint says no more than "this order is due", so an order that waits in line is not entered twice: however
//! often a sweep announces a backlog, the queue stays as long as there are orders.
//!
//! A push wakes one that waits; whoever takes hints and leaves some wakes the next. A wake-up that finds nobody
//! waiting is kept, and one whose sleeper is dropped goes to another, so none is lost.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::priority::Turns;
use order_ports::{Delivery, QueueDepth, QueueError, Receipt, WorkHint, WorkQueue};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::later;

/// The work queue of a single process.
#[derive(Debug)]
pub struct MemoryQueue {
    /// How long a hint may be worked on before it is delivered again.
    redelivery: Duration,
    lines: Mutex<Lines>,
    arrivals: Notify,
}

impl MemoryQueue {
    /// An empty queue that delivers a hint again unless it is acknowledged within `redelivery`.
    pub fn new(redelivery: Duration) -> Self {
        Self {
            redelivery,
            lines: Mutex::default(),
            arrivals: Notify::new(),
        }
    }

    /// Takes what there is, or says when there may be something without a push.
    fn take(&self, max: usize) -> Result<Vec<Delivery>, Instant> {
        let now = Instant::now();
        let mut lines = self.lines.lock();
        lines.call_back(now);
        let taken = lines.take(max, later(now, self.redelivery));
        let left = !lines.waiting.is_empty();
        // A hint that is handed out after this look comes back later than that.
        let wake_at = lines
            .deadlines
            .front()
            .map_or(later(now, self.redelivery), |(deadline, _)| *deadline);
        drop(lines);
        if taken.is_empty() {
            return Err(wake_at);
        }
        if left {
            self.arrivals.notify_one();
        }
        Ok(taken)
    }
}

#[async_trait]
impl WorkQueue for MemoryQueue {
    async fn push(&self, hints: &[WorkHint]) -> Result<(), QueueError> {
        let mut lines = self.lines.lock();
        for hint in hints {
            lines.enter(*hint, VecDeque::push_back);
        }
        drop(lines);
        self.arrivals.notify_one();
        Ok(())
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        // Nobody can be handed a part of a hint.
        let max = max.max(1);
        loop {
            let wake_at = match self.take(max) {
                Ok(taken) => return Ok(taken),
                Err(wake_at) => wake_at,
            };
            tokio::select! {
                biased;
                () = self.arrivals.notified() => {}
                () = sleep_until(wake_at) => {}
            }
        }
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        let mut lines = self.lines.lock();
        for receipt in receipts {
            // A receipt that is no number is none of ours, and one that is unknown was acknowledged before.
            if let Ok(number) = receipt.0.parse() {
                lines.handed_out.remove(&number);
            }
        }
        lines.forget_acknowledged();
        Ok(())
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        let lines = self.lines.lock();
        // A length fits 64 bits.
        Ok(QueueDepth(
            lines
                .by_priority
                .each_ref()
                .map(|line| u64::try_from(line.len()).unwrap_or(u64::MAX)),
        ))
    }
}

/// What waits, and what was handed out.
#[derive(Debug, Default)]
struct Lines {
    by_priority: [VecDeque<WorkHint>; 3],
    waiting: HashSet<OrderId>,
    turns: Turns,
    handed_out: HashMap<u64, WorkHint>,
    /// When each hint that was handed out comes back, in order; acknowledged ones are skipped.
    deadlines: VecDeque<(Instant, u64)>,
    next_receipt: u64,
}

impl Lines {
    fn enter(&mut self, hint: WorkHint, place: fn(&mut VecDeque<WorkHint>, WorkHint)) {
        if self.waiting.insert(hint.order_id) {
            place(&mut self.by_priority[hint.priority.index()], hint);
        }
    }

    /// Puts the hints whose time is up back at the head of their lines, the oldest in front.
    fn call_back(&mut self, now: Instant) {
        let overdue = self.deadlines.partition_point(|(deadline, _)| *deadline <= now);
        let receipts: Vec<_> = self
            .deadlines
            .drain(..overdue)
            .map(|(_, receipt)| receipt)
            .collect();
        for receipt in receipts.into_iter().rev() {
            if let Some(hint) = self.handed_out.remove(&receipt) {
                self.enter(hint, VecDeque::push_front);
            }
        }
    }

    fn take(&mut self, max: usize, deadline: Instant) -> Vec<Delivery> {
        let mut taken = Vec::with_capacity(max.min(self.waiting.len()));
        while taken.len() < max {
            let waiting = self.by_priority.each_ref().map(|line| !line.is_empty());
            let next = self
                .turns
                .next(waiting)
                .and_then(|priority| self.by_priority[priority.index()].pop_front());
            let Some(hint) = next else { break };
            self.waiting.remove(&hint.order_id);
            let receipt = self.next_receipt;
            self.next_receipt += 1;
            self.handed_out.insert(receipt, hint);
            self.deadlines.push_back((deadline, receipt));
            taken.push(Delivery {
                hint,
                receipt: Receipt(receipt.to_string().into()),
            });
        }
        taken
    }

    /// Keeps the deadlines about as many as there are hints handed out.
    fn forget_acknowledged(&mut self) {
        while let Some((_, receipt)) = self.deadlines.front()
            && !self.handed_out.contains_key(receipt)
        {
            self.deadlines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
