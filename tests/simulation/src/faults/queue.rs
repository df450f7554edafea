//! A queue and a notifier that lose, repeat and delay what they carry.

use std::sync::Arc;

use async_trait::async_trait;
use order_memory::{MemoryNotifier, MemoryQueue};
use order_ports::{
    Delivery, Notice, Notices, Notifier, NotifyError, QueueDepth, QueueError, Receipt, WorkHint, WorkQueue,
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
    async fn push(&self, hints: &[WorkHint]) -> Result<(), QueueError> {
        let hints = mangled(&self.life, "hint", hints);
        self.life.call("push", unavailable, self.queue.push(&hints)).await
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
    async fn publish(&self, notices: Arc<[Notice]>) -> Result<(), NotifyError> {
        let notices = mangled(&self.life, "notice", &notices);
        self.life
            .call("publish", deaf, self.notifier.publish(notices.into()))
            .await
    }

    async fn listen(&self) -> Result<Box<dyn Notices>, NotifyError> {
        let ear = self.life.call("listen", deaf, self.notifier.listen()).await?;
        Ok(Box::new(FaultyEar {
            ear,
            life: self.life.clone(),
        }))
    }
}

/// A listener that misses some, hears some twice, and breaks off.
struct FaultyEar {
    ear: Box<dyn Notices>,
    life: Life,
}

#[async_trait]
impl Notices for FaultyEar {
    async fn next(&mut self) -> Option<Arc<[Notice]>> {
        loop {
            let heard = self.ear.next().await?;
            if self.life.strikes(Fault::Error, "hear") {
                return None;
            }
            let heard = mangled(&self.life, "heard notice", &heard);
            if !heard.is_empty() {
                return Some(heard.into());
            }
        }
    }
}
