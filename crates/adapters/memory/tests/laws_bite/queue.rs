use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::priority::Priority;
use order_memory::MemoryQueue;
use order_ports::contract::queue as laws;
use order_ports::{Delivery, QueueDepth, QueueError, Receipt, WorkHint, WorkQueue};

const REDELIVERY: Duration = Duration::from_secs(30);

/// In which way a queue is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    Nowhere,
    HasNoPriorities,
    StarvesTheOthers,
    LosesWhatADroppedPullHeld,
    AcknowledgesByItself,
    NeverAcknowledges,
    NeverWakes,
    TakesMoreThanAsked,
    LosesHalf,
    CountsNothing,
}

struct Broken {
    /// One for each priority, since that is the simplest way to starve some of them.
    strict: [MemoryQueue; 3],
    inner: MemoryQueue,
    at: Break,
}

impl Broken {
    fn new(at: Break) -> Self {
        let queue = || MemoryQueue::new(REDELIVERY);
        Self {
            strict: [queue(), queue(), queue()],
            inner: queue(),
            at,
        }
    }

    async fn acknowledge_all(&self, pulled: &[Delivery]) -> Result<(), QueueError> {
        let receipts: Vec<_> = pulled.iter().map(|delivery| delivery.receipt.clone()).collect();
        self.inner.acknowledge(&receipts).await
    }
}

#[async_trait]
impl WorkQueue for Broken {
    async fn push(&self, hints: &[WorkHint]) -> Result<(), QueueError> {
        match self.at {
            Break::HasNoPriorities => {
                let same = |hint: &WorkHint| WorkHint {
                    priority: Priority::Normal,
                    ..*hint
                };
                self.inner.push(&hints.iter().map(same).collect::<Vec<_>>()).await
            }
            Break::StarvesTheOthers => {
                for hint in hints {
                    self.strict[hint.priority.index()].push(&[*hint]).await?;
                }
                Ok(())
            }
            Break::LosesHalf => self.inner.push(&hints[hints.len() / 2..]).await,
            _ => self.inner.push(hints).await,
        }
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        match self.at {
            Break::StarvesTheOthers => {
                for queue in &self.strict {
                    if queue.depth().await?.total() > 0 {
                        return queue.pull(max).await;
                    }
                }
                std::future::pending().await
            }
            Break::LosesWhatADroppedPullHeld => {
                let pulled = self.inner.pull(max).await?;
                self.acknowledge_all(&pulled).await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(pulled)
            }
            Break::AcknowledgesByItself => {
                let pulled = self.inner.pull(max).await?;
                self.acknowledge_all(&pulled).await?;
                Ok(pulled)
            }
            Break::NeverWakes if self.inner.depth().await?.total() == 0 => std::future::pending().await,
            Break::TakesMoreThanAsked => self.inner.pull(max + 1).await,
            _ => self.inner.pull(max).await,
        }
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        match self.at {
            Break::NeverAcknowledges => Ok(()),
            _ => self.inner.acknowledge(receipts).await,
        }
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        match self.at {
            Break::CountsNothing => Ok(QueueDepth::default()),
            _ => self.inner.depth().await,
        }
    }
}

crate::bites! { Broken::new, (REDELIVERY), [
    a_queue_without_priorities: Break::HasNoPriorities => an_urgent_hint_overtakes, "left == right";
    a_queue_that_starves_the_others: Break::StarvesTheOthers => no_priority_is_starved, "had their turn";
    a_queue_that_loses_what_a_dropped_pull_held:
        Break::LosesWhatADroppedPullHeld => a_dropped_pull_loses_no_hint, "never came again";
    a_queue_that_acknowledges_by_itself:
        Break::AcknowledgesByItself => an_unacknowledged_hint_is_delivered_again, "comes again";
    a_queue_that_never_acknowledges:
        Break::NeverAcknowledges => an_acknowledged_hint_is_not_delivered_again, "nothing should come";
    a_queue_that_never_wakes: Break::NeverWakes => a_pull_waits_for_a_push, "something to pull";
    a_queue_that_never_wakes_for_what_comes_back:
        Break::NeverWakes => an_unacknowledged_hint_is_delivered_again, "comes again";
    a_queue_that_takes_more_than_asked:
        Break::TakesMoreThanAsked => a_pull_takes_no_more_than_it_was_asked_for, "asked for 1 to 1";
    a_queue_that_loses_half: Break::LosesHalf => every_pushed_hint_is_pulled, "something to pull";
    a_queue_that_counts_nothing: Break::CountsNothing => depth_counts_what_waits, "QueueDepth([1, 2, 3])";
] }

mod unbroken {
    use super::{Arc, Break, Broken, REDELIVERY};

    async fn fresh() -> Arc<Broken> {
        Arc::new(Broken::new(Break::Nowhere))
    }

    order_ports::queue_contract!(
        #[tokio::test(start_paused = true)]
        fresh,
        REDELIVERY
    );
}
