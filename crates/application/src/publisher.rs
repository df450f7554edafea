//! Telling the queue and the watchers what was just committed, off the committing path and in batches.
//!
//! Both may fail without harm: the sweep finds what the queue was not told, the reconciliation what the watchers
//! were not. So a full buffer drops the announcement rather than making a caller wait.

use std::sync::Arc;

use order_core::id::OrderId;
use order_core::order::{Event, RecordedEvent};
use order_core::spec::OrderSpec;
use order_ports::{Notifier, OrderNotification, WorkItem, WorkQueue};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// How many announcements may wait.
const BUFFER: usize = 16_384;
/// How many go out at once.
const BATCH: usize = 256;

/// Where announcements are left. Cheap to clone.
#[derive(Clone)]
pub struct EventPublisher {
    items: mpsc::Sender<WorkItem>,
    notifications: mpsc::Sender<OrderNotification>,
    resting: Arc<Resting>,
}

impl EventPublisher {
    /// The event publisher, and the task that carries its announcements until stopped and empty.
    pub fn new(
        queue: Arc<dyn WorkQueue>,
        notifier: Arc<dyn Notifier>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (items, work_item_queue) = mpsc::channel(BUFFER);
        let (notifications, notification_queue) = mpsc::channel(BUFFER);
        let stopping = stop.clone();
        let carry = async move {
            tokio::join!(
                carry_work_items(queue, work_item_queue, stop),
                carry_notifications(notifier, notification_queue, stopping)
            );
        };
        let publisher = Self {
            items,
            notifications,
            resting: Arc::default(),
        };
        (publisher, carry)
    }

    /// An order is due.
    pub(crate) fn due(&self, item: WorkItem) {
        if self.items.try_send(item).is_err() {
            tracing::debug!(order_id = %item.order_id, "work item dropped; the sweep will find the order");
        }
    }

    /// What the market watcher of this process is told at once.
    pub(crate) fn resting(&self) -> Arc<Resting> {
        Arc::clone(&self.resting)
    }

    /// Events of the order that was asked for so are committed.
    pub(crate) fn committed(&self, spec: &OrderSpec, events: &[RecordedEvent]) {
        for event in events {
            if let Event::Cancelled | Event::Expired = event.event {
                self.resting.ended(event.order_id);
            }
            let notification = OrderNotification {
                owner: spec.owner.clone(),
                client_order_id: spec.client_order_id.clone(),
                event: event.clone(),
            };
            if self.notifications.try_send(notification).is_err() {
                tracing::debug!(order_id = %event.order_id, "notification dropped; the reconciliation will find the event");
            }
        }
    }
}

/// What happens in this process to resting orders, for its market watcher. What another process does, the watcher reads
/// in the store.
#[derive(Default)]
pub(crate) struct Resting {
    began: Notify,
    ended: Mutex<Vec<OrderId>>,
}

impl Resting {
    /// An order has begun to rest, or its terms were replaced.
    pub(crate) fn began(&self) {
        self.began.notify_one();
    }

    /// Returns when an order has begun to rest.
    pub(crate) async fn changed(&self) {
        self.began.notified().await;
    }

    /// An order was cancelled or expired, and may have rested until then.
    fn ended(&self, id: OrderId) {
        let mut ended = self.ended.lock();
        // A process without a watcher has no use for them; a watcher that falls behind finds out by itself.
        if ended.len() < BUFFER {
            ended.push(id);
        }
    }

    /// The orders that have ended since this was asked last.
    pub(crate) fn left(&self) -> Vec<OrderId> {
        std::mem::take(&mut *self.ended.lock())
    }
}

/// The next batch; `None` when stopped and empty.
async fn next_batch<T>(queue: &mut mpsc::Receiver<T>, stop: &CancellationToken) -> Option<Vec<T>> {
    let mut batch = Vec::new();
    tokio::select! {
        biased;
        _ = queue.recv_many(&mut batch, BATCH) => {}
        () = stop.cancelled() => {}
    }
    if batch.is_empty() { None } else { Some(batch) }
}

async fn carry_work_items(
    queue: Arc<dyn WorkQueue>,
    mut items: mpsc::Receiver<WorkItem>,
    stop: CancellationToken,
) {
    while let Some(batch) = next_batch(&mut items, &stop).await {
        if let Err(error) = queue.push(&batch).await {
            let count = batch.len();
            tracing::warn!(
                count,
                error = &error as &dyn std::error::Error,
                "orders not queued; the sweep will"
            );
        }
    }
}

async fn carry_notifications(
    notifier: Arc<dyn Notifier>,
    mut notifications: mpsc::Receiver<OrderNotification>,
    stop: CancellationToken,
) {
    while let Some(batch) = next_batch(&mut notifications, &stop).await {
        let count = batch.len();
        if let Err(error) = notifier.publish(batch.into()).await {
            tracing::warn!(
                count,
                error = &error as &dyn std::error::Error,
                "subscribers were not notified; the reconciliation will do it"
            );
        }
    }
}
