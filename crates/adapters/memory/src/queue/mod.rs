//! The queue in memory.
//!
//! Three lines, one for each priority, and the work items that were handed out and not acknowledged yet. Those come
//! back to the head of their line when their time is up, by `tokio::time`; whoever waits in [`WorkQueue::pull`]
//! wakes for it.
//!
//! A work item says no more than "this order is due", so an order is held once: however often a sweep announces a
//! backlog, the queue stays as long as there are orders. What is announced while it is handed out is entered again
//! when it is acknowledged.
//!
//! A push wakes one that waits; whoever takes work items and leaves some wakes the next. A wake-up that finds nobody
//! waiting is kept, and one whose sleeper is dropped goes to another, so none is lost.

mod lines;

use std::time::Duration;

use async_trait::async_trait;
use order_ports::{Delivery, QueueDepth, QueueError, Receipt, WorkItem, WorkQueue};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::later;
use lines::Lines;

/// The work queue of a single process.
#[derive(Debug)]
pub struct MemoryQueue {
    /// How long a work item may be worked on before it is delivered again.
    redelivery: Duration,
    lines: Mutex<Lines>,
    arrivals: Notify,
}

impl MemoryQueue {
    /// An empty queue that delivers a work item again unless it is acknowledged within `redelivery`.
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
        let deadline = later(now, self.redelivery);
        let taken = lines.take(max, now, deadline);
        let left = !lines.is_empty();
        // A work item that is handed out after this look comes back later than that.
        let wake_at = lines.next_deadline().unwrap_or(deadline);
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
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError> {
        let now = Instant::now();
        let mut lines = self.lines.lock();
        items.iter().for_each(|item| lines.push(*item, now));
        drop(lines);
        self.arrivals.notify_one();
        Ok(())
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        // Nobody can be handed a part of a work item.
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
        // A receipt that is no number is none of ours.
        let numbers = receipts.iter().filter_map(|receipt| receipt.0.parse().ok());
        let again = numbers.filter(|number| lines.acknowledge(*number)).count();
        lines.forget_acknowledged();
        drop(lines);
        if again > 0 {
            self.arrivals.notify_one();
        }
        Ok(())
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        Ok(QueueDepth(self.lines.lock().lengths()))
    }
}

#[cfg(test)]
mod tests;
