use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::priority::Priority;
use order_memory::MemoryQueue;
use order_ports::contract::queue as laws;
use order_ports::{Delivery, QueueDepth, QueueError, Receipt, WorkItem, WorkQueue};
use parking_lot::Mutex;

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
    HoldsCopies,
    KeepsTheFirstPriority,
    ForgetsWhatIsPushedInHand,
    ForgetsTheOrderWithItsWorker,
}

struct Broken {
    /// One for each priority, since that is the simplest way to starve some of them.
    strict: [MemoryQueue; 3],
    inner: MemoryQueue,
    /// What was pushed and not acknowledged.
    pushed: Mutex<HashSet<OrderId>>,
    at: Break,
}

impl Broken {
    fn new(at: Break) -> Self {
        let queue = || MemoryQueue::new(REDELIVERY);
        Self {
            strict: [queue(), queue(), queue()],
            inner: queue(),
            pushed: Mutex::default(),
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
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError> {
        match self.at {
            Break::HasNoPriorities => {
                let same = |item: &WorkItem| WorkItem {
                    priority: Priority::Normal,
                    ..*item
                };
                self.inner.push(&items.iter().map(same).collect::<Vec<_>>()).await
            }
            Break::StarvesTheOthers => {
                for item in items {
                    self.strict[item.priority.index()].push(&[*item]).await?;
                }
                Ok(())
            }
            // Every second push of an order goes beside the first.
            Break::HoldsCopies => {
                for item in items {
                    let first = self.pushed.lock().insert(item.order_id);
                    let line = if first { &self.inner } else { &self.strict[0] };
                    line.push(&[*item]).await?;
                }
                Ok(())
            }
            Break::KeepsTheFirstPriority
            | Break::ForgetsWhatIsPushedInHand
            | Break::ForgetsTheOrderWithItsWorker => {
                let news = |item: &&WorkItem| self.pushed.lock().insert(item.order_id);
                let news: Vec<_> = items.iter().filter(news).copied().collect();
                self.inner.push(&news).await
            }
            Break::LosesHalf => self.inner.push(&items[items.len() / 2..]).await,
            _ => self.inner.push(items).await,
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
            Break::AcknowledgesByItself | Break::ForgetsTheOrderWithItsWorker => {
                let pulled = self.inner.pull(max).await?;
                self.acknowledge_all(&pulled).await?;
                Ok(pulled)
            }
            Break::HoldsCopies if self.strict[0].depth().await?.total() > 0 => self.strict[0].pull(max).await,
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
            Break::HoldsCopies => {
                let (inner, copies) = (self.inner.depth().await?, self.strict[0].depth().await?);
                Ok(QueueDepth(
                    [0, 1, 2].map(|index| inner.0[index] + copies.0[index]),
                ))
            }
            _ => self.inner.depth().await,
        }
    }
}

crate::bites! { Broken::new, (REDELIVERY), [
    a_queue_without_priorities: Break::HasNoPriorities => an_urgent_work_item_overtakes, "left == right";
    a_queue_that_starves_the_others: Break::StarvesTheOthers => no_priority_is_starved, "had their turn";
    a_queue_that_loses_what_a_dropped_pull_held:
        Break::LosesWhatADroppedPullHeld => a_dropped_pull_loses_no_work_item, "never came again";
    a_queue_that_acknowledges_by_itself:
        Break::AcknowledgesByItself => an_unacknowledged_work_item_is_delivered_again, "comes again";
    a_queue_that_never_acknowledges:
        Break::NeverAcknowledges => an_acknowledged_work_item_is_not_delivered_again, "nothing should come";
    a_queue_that_never_wakes: Break::NeverWakes => a_pull_waits_for_a_push, "something to pull";
    a_queue_that_never_wakes_for_what_comes_back:
        Break::NeverWakes => an_unacknowledged_work_item_is_delivered_again, "comes again";
    a_queue_that_takes_more_than_asked:
        Break::TakesMoreThanAsked => a_pull_takes_no_more_than_it_was_asked_for, "asked for 1 to 1";
    a_queue_that_loses_half: Break::LosesHalf => every_pushed_work_item_is_pulled, "something to pull";
    a_queue_that_counts_nothing: Break::CountsNothing => depth_counts_what_waits, "QueueDepth([1, 2, 3])";
    a_queue_that_holds_copies: Break::HoldsCopies => an_order_that_waits_is_held_once, "orders, not copies";
    a_queue_that_delivers_an_order_beside_itself:
        Break::HoldsCopies => an_order_in_hand_is_not_delivered_beside_itself, "it does not wait";
    a_queue_that_keeps_the_first_priority:
        Break::KeepsTheFirstPriority => an_order_that_waits_may_become_more_urgent, "QueueDepth([1, 3, 0])";
    a_queue_that_forgets_what_is_pushed_in_hand:
        Break::ForgetsWhatIsPushedInHand => an_order_in_hand_is_not_delivered_beside_itself,
            "something to pull";
    a_queue_that_forgets_an_order_with_its_worker:
        Break::ForgetsTheOrderWithItsWorker => a_push_of_an_order_in_hand_outlives_the_hand, "comes again";
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
