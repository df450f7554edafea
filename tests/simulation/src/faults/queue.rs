//! A queue and a notifier that lose, repeat and delay what they carry.

use std::sync::Arc;

use async_trait::async_trait;
use order_memory::{MemoryNotifier, MemoryQueue};
use order_ports::{
    Delivery, Notifications, Notifier, NotifyError, OrderNotification, QueueDepth, QueueError, Receipt,
    WorkItem, WorkQueue,
};

use super::{Fault, Injected, Life};

/// Wraps the queue for one life of a process.
pub struct FaultyQueue {
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) life: Life,
}

fn unavailable(injected: Injected) -> QueueError {
    QueueError::Unavailable(Box::new(injected))
}

/// Some of them lost, some twice.
fn mangled<T: Clone>(life: &Life, what: &'static str, items: &[T]) -> Vec<T> {
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        if life.strikes(Fault::Lost, what) {
            continue;
        }
        kept.push(item.clone());
        if life.strikes(Fault::Twice, what) {
            kept.push(item.clone());
        }
    }
    kept
}

#[async_trait]
impl WorkQueue for FaultyQueue {
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError> {
        let items = mangled(&self.life, "item", items);
        self.life.call("push", unavailable, self.queue.push(&items)).await
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        if self.life.strikes(Fault::Flush, "pull") {
            self.flush().await?;
            return Err(QueueError::Lost);
        }
        self.life.call("pull", unavailable, self.queue.pull(max)).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        self.life
            .call("acknowledge", unavailable, self.queue.acknowledge(receipts))
            .await
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.life.call("depth", unavailable, self.queue.depth()).await
    }
}

impl FaultyQueue {
    async fn flush(&self) -> Result<(), QueueError> {
        while self.queue.depth().await?.total() > 0 {
            let taken = self.queue.pull(1_000).await?;
            let receipts: Vec<_> = taken.into_iter().map(|delivery| delivery.receipt).collect();
            self.queue.acknowledge(&receipts).await?;
        }
        Ok(())
    }
}

/// Wraps the notifier for one life of a process.
pub struct FaultyNotifier {
    pub(crate) notifier: MemoryNotifier,
    pub(crate) life: Life,
}

fn deaf(injected: Injected) -> NotifyError {
    NotifyError::Unavailable(Box::new(injected))
}

#[async_trait]
impl Notifier for FaultyNotifier {
    async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
        let notifications = mangled(&self.life, "notification", &notifications);
        self.life
            .call("publish", deaf, self.notifier.publish(notifications.into()))
            .await
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        let ear = self.life.call("listen", deaf, self.notifier.listen()).await?;
        Ok(Box::new(FaultyEar {
            ear,
            life: self.life.clone(),
        }))
    }
}

/// A listener that misses some, hears some twice, and breaks off.
struct FaultyEar {
    ear: Box<dyn Notifications>,
    life: Life,
}

#[async_trait]
impl Notifications for FaultyEar {
    async fn next(&mut self) -> Option<Arc<[OrderNotification]>> {
        loop {
            let heard = self.ear.next().await?;
            if self.life.strikes(Fault::Error, "hear") {
                return None;
            }
            let heard = mangled(&self.life, "heard notification", &heard);
            if !heard.is_empty() {
                return Some(heard.into());
            }
        }
    }
}
