//! The queue, watched: how long orders wait in it, and how often it fails.

use std::sync::Arc;

use async_trait::async_trait;
use metrics::{Histogram, counter, histogram};
use order_core::priority::Priority;
use order_core::time::Timestamp;
use order_ports::{Clock, Delivery, QueueDepth, QueueError, Receipt, WorkItem, WorkQueue};

use crate::names;

/// What may be asked of a queue.
pub(crate) const CALLS: [&str; 4] = ["push", "pull", "acknowledge", "depth"];

/// A queue, with somebody who counts.
pub struct MeteredQueue {
    queue: Arc<dyn WorkQueue>,
    clock: Arc<dyn Clock>,
    waits: [Histogram; Priority::ALL.len()],
}

impl MeteredQueue {
    /// Watches this queue. To be made after the recorder, or it counts for nobody.
    pub fn new(queue: Arc<dyn WorkQueue>, clock: Arc<dyn Clock>) -> Self {
        let waits =
            Priority::ALL.map(|priority| histogram!(names::QUEUE_WAIT, "priority" => priority.as_str()));
        Self { queue, clock, waits }
    }

    /// An order's id tells when it was minted, so that a work item tells how long its order has waited. A work item that
    /// comes again, for another attempt or because it was lost, counts from the beginning too.
    fn delivered(&self, deliveries: &[Delivery]) {
        let now = self.clock.now();
        for delivery in deliveries {
            let Some((seconds, nanos)) = delivery.item.order_id.uuid().get_timestamp().map(|t| t.to_unix())
            else {
                continue;
            };
            let millis = seconds * 1_000 + u64::from(nanos) / 1_000_000;
            let minted = Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
            self.waits[delivery.item.priority.index()].record(now.since(minted));
        }
    }
}

/// Counts a call that failed.
fn told<T>(call: &'static str, result: Result<T, QueueError>) -> Result<T, QueueError> {
    if result.is_err() {
        counter!(names::QUEUE_ERRORS, "call" => call).increment(1);
    }
    result
}

#[async_trait]
impl WorkQueue for MeteredQueue {
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError> {
        told("push", self.queue.push(items).await)
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        let result = told("pull", self.queue.pull(max).await);
        if let Ok(deliveries) = &result {
            self.delivered(deliveries);
        }
        result
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        told("acknowledge", self.queue.acknowledge(receipts).await)
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        told("depth", self.queue.depth().await)
    }
}
