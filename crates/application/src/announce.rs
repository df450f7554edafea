//! Telling the queue and the watchers what was just committed, off the committing path and in batches.
//!
//! Both may fail without harm: the sweep finds what the queue was not told, the patrol what the watchers
//! were not. So a full buffer drops the announcement rather than making anybody wait.

use std::sync::Arc;

use order_core::id::Owner;
use order_core::lifecycle::RecordedEvent;
use order_ports::{Notice, Notifier, WorkHint, WorkQueue};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// How many announcements may wait.
const BUFFER: usize = 16_384;
/// How many go out at once.
const BATCH: usize = 256;

/// Where announcements are left. Cheap to clone.
#[derive(Clone)]
pub struct Announcer {
    hints: mpsc::Sender<WorkHint>,
    notices: mpsc::Sender<Notice>,
    waits: Arc<Notify>,
}

impl Announcer {
    /// An announcer, and the task that carries its announcements until stopped and empty.
    pub fn new(
        queue: Arc<dyn WorkQueue>,
        notifier: Arc<dyn Notifier>,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (hints, hint_queue) = mpsc::channel(BUFFER);
        let (notices, notice_queue) = mpsc::channel(BUFFER);
        let stopping = stop.clone();
        let carry = async move {
            tokio::join!(
                carry_hints(queue, hint_queue, stop),
                carry_notices(notifier, notice_queue, stopping)
            );
        };
        let announcer = Self {
            hints,
            notices,
            waits: Arc::default(),
        };
        (announcer, carry)
    }

    /// An order is due.
    pub(crate) fn due(&self, hint: WorkHint) {
        if self.hints.try_send(hint).is_err() {
            tracing::debug!(order_id = %hint.order_id, "hint dropped; the sweep will find the order");
        }
    }

    /// Rings when an order of this process has begun to wait.
    pub(crate) fn waits(&self) -> Arc<Notify> {
        Arc::clone(&self.waits)
    }

    /// Events are committed.
    pub(crate) fn committed(&self, owner: &Owner, events: &[RecordedEvent]) {
        for event in events {
            let notice = Notice {
                owner: owner.clone(),
                event: event.clone(),
            };
            if self.notices.try_send(notice).is_err() {
                tracing::debug!(order_id = %event.order_id, "notice dropped; the patrol will find the event");
            }
        }
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

async fn carry_hints(
    queue: Arc<dyn WorkQueue>,
    mut hints: mpsc::Receiver<WorkHint>,
    stop: CancellationToken,
) {
    while let Some(batch) = next_batch(&mut hints, &stop).await {
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

async fn carry_notices(
    notifier: Arc<dyn Notifier>,
    mut notices: mpsc::Receiver<Notice>,
    stop: CancellationToken,
) {
    while let Some(batch) = next_batch(&mut notices, &stop).await {
        let count = batch.len();
        if let Err(error) = notifier.publish(batch.into()).await {
            tracing::warn!(
                count,
                error = &error as &dyn std::error::Error,
                "watchers not told; the patrol will"
            );
        }
    }
}
