//! The laws of the work queue.
//!
//! Every law gets a fresh, empty queue, and how soon that queue delivers again what nobody acknowledged.

use std::collections::HashSet;
use std::time::Duration;

use order_core::id::OrderId;
use order_core::priority::{Priority, Turns};
use tokio::time::{Instant, sleep, timeout};

use super::fixtures::order_id;
use crate::{Delivery, QueueDepth, WorkItem, WorkQueue};

/// Runs every law of the queue as a test of its own.
///
/// Give it the attribute of the tests, an async function that makes a fresh, empty queue (it may return
/// anything that dereferences to one), and the time after which an unacknowledged work item is delivered again,
/// at the latest. It should be short, but no less than half a second if the queue keeps real time.
///
/// ```ignore
/// async fn fresh() -> Arc<MemoryQueue> { Arc::new(MemoryQueue::new(REDELIVERY)) }
/// order_ports::queue_contract!(#[tokio::test(start_paused = true)] fresh, REDELIVERY);
/// ```
#[macro_export]
macro_rules! queue_contract {
    ($(#[$attribute:meta])+ $make:expr, $redelivery:expr) => {
        $crate::__laws! { queue, [$(#[$attribute])+], $make, ($redelivery), [
            every_pushed_work_item_is_pulled,
            a_pull_takes_no_more_than_it_was_asked_for,
            an_urgent_work_item_overtakes,
            no_priority_is_starved,
            a_pull_waits_for_a_push,
            every_waiting_pull_gets_its_work_item,
            a_work_item_is_not_delivered_twice_while_there_is_time_to_acknowledge_it,
            an_acknowledged_work_item_is_not_delivered_again,
            an_unacknowledged_work_item_is_delivered_again,
            a_work_item_may_be_pushed_again_after_it_was_acknowledged,
            a_receipt_may_be_acknowledged_twice,
            a_dropped_pull_loses_no_work_item,
            depth_counts_what_waits,
            an_order_that_waits_is_held_once,
            an_order_that_waits_may_become_more_urgent,
            an_order_in_hand_is_not_delivered_beside_itself,
            a_push_of_an_order_in_hand_outlives_the_hand,
        ] }
    };
}

/// Longer than any pull takes that has something to take.
const PATIENCE: Duration = Duration::from_secs(20);

fn item(n: u32, priority: Priority) -> WorkItem {
    WorkItem {
        order_id: order_id(n),
        priority,
    }
}

fn items(numbers: impl IntoIterator<Item = u32>, priority: Priority) -> Vec<WorkItem> {
    numbers.into_iter().map(|n| item(n, priority)).collect()
}

async fn pull(queue: &dyn WorkQueue, max: usize) -> Vec<Delivery> {
    let pulled = timeout(PATIENCE, queue.pull(max))
        .await
        .expect("there is something to pull")
        .unwrap();
    assert!(
        (1..=max).contains(&pulled.len()),
        "asked for 1 to {max}, got {}",
        pulled.len()
    );
    pulled
}

/// Pulls and acknowledges this many, in whatever portions they come.
async fn drain(queue: &dyn WorkQueue, count: usize) -> Vec<WorkItem> {
    let mut drained = Vec::new();
    while drained.len() < count {
        let pulled = pull(queue, count - drained.len()).await;
        acknowledge(queue, &pulled).await;
        drained.extend(pulled.iter().map(|delivery| delivery.item));
    }
    drained
}

async fn acknowledge(queue: &dyn WorkQueue, deliveries: &[Delivery]) {
    let receipts: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery.receipt.clone())
        .collect();
    queue.acknowledge(&receipts).await.unwrap();
}

async fn assert_nothing_comes(queue: &dyn WorkQueue, within: Duration) {
    if let Ok(pulled) = timeout(within, queue.pull(10)).await {
        panic!("nothing should come, but {pulled:?} did");
    }
}

fn ids(items: &[WorkItem]) -> HashSet<OrderId> {
    items.iter().map(|item| item.order_id).collect()
}

pub async fn every_pushed_work_item_is_pulled(queue: &dyn WorkQueue, _redelivery: Duration) {
    let mut pushed = items(1..=400, Priority::Normal);
    pushed.extend(items(401..=500, Priority::High));
    pushed.extend(items(501..=600, Priority::Low));
    for portion in pushed.chunks(37) {
        queue.push(portion).await.unwrap();
    }
    queue.push(&[]).await.unwrap();
    let pulled: HashSet<_> = drain(queue, 600).await.into_iter().collect();
    assert_eq!(pulled, pushed.into_iter().collect());
}

pub async fn a_pull_takes_no_more_than_it_was_asked_for(queue: &dyn WorkQueue, _redelivery: Duration) {
    queue.push(&items(1..=10, Priority::Normal)).await.unwrap();
    let (one, three) = (pull(queue, 1).await, pull(queue, 3).await);
    let mut taken: Vec<_> = one.iter().chain(&three).map(|delivery| delivery.item).collect();
    acknowledge(queue, &one).await;
    acknowledge(queue, &three).await;
    taken.extend(drain(queue, 10 - taken.len()).await);
    assert_eq!(ids(&taken).len(), 10);
}

pub async fn an_urgent_work_item_overtakes(queue: &dyn WorkQueue, _redelivery: Duration) {
    for priority in [Priority::Low, Priority::Normal, Priority::High] {
        let first = 10 * u32::try_from(priority.index()).unwrap();
        queue.push(&items(first..first + 4, priority)).await.unwrap();
    }
    let mut order = Vec::new();
    for _ in 0..12 {
        order.extend(drain(queue, 1).await.into_iter().map(|item| item.priority));
    }
    let expected: Vec<_> = Priority::ALL
        .into_iter()
        .flat_map(|priority| [priority; 4])
        .collect();
    assert_eq!(order, expected);
}

pub async fn no_priority_is_starved(queue: &dyn WorkQueue, _redelivery: Duration) {
    queue
        .push(&[item(1, Priority::Low), item(2, Priority::Normal)])
        .await
        .unwrap();
    queue.push(&items(10..=200, Priority::High)).await.unwrap();
    let patience = Turns::PATIENCE[Priority::Low.index()] + Turns::PATIENCE[Priority::Normal.index()];
    let mut taken = HashSet::new();
    for _ in 0..patience {
        taken.extend(drain(queue, 1).await.into_iter().map(|item| item.priority));
    }
    assert_eq!(taken.len(), 3, "after {patience} only {taken:?} had their turn");
}

pub async fn a_pull_waits_for_a_push(queue: &dyn WorkQueue, _redelivery: Duration) {
    assert_nothing_comes(queue, Duration::from_millis(100)).await;
    let push_later = async {
        sleep(Duration::from_millis(100)).await;
        queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    };
    let (pulled, ()) = tokio::join!(pull(queue, 10), push_later);
    assert_eq!(pulled[0].item, item(1, Priority::Normal));
}

pub async fn every_waiting_pull_gets_its_work_item(queue: &dyn WorkQueue, _redelivery: Duration) {
    let push_later = async {
        sleep(Duration::from_millis(50)).await;
        queue.push(&items(1..=3, Priority::Normal)).await.unwrap();
    };
    let (a, b, c, ()) = tokio::join!(pull(queue, 1), pull(queue, 1), pull(queue, 1), push_later);
    let taken: Vec<_> = [a, b, c]
        .into_iter()
        .flatten()
        .map(|delivery| delivery.item)
        .collect();
    assert_eq!(ids(&taken).len(), 3, "{taken:?}");
}

pub async fn a_work_item_is_not_delivered_twice_while_there_is_time_to_acknowledge_it(
    queue: &dyn WorkQueue,
    redelivery: Duration,
) {
    queue.push(&items(1..=5, Priority::Normal)).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < 5 {
        taken.extend(pull(queue, 5).await);
    }
    assert_nothing_comes(queue, redelivery / 5).await;
}

pub async fn an_acknowledged_work_item_is_not_delivered_again(queue: &dyn WorkQueue, redelivery: Duration) {
    queue.push(&items(1..=5, Priority::Normal)).await.unwrap();
    drain(queue, 5).await;
    assert_nothing_comes(queue, redelivery * 2).await;
}

pub async fn an_unacknowledged_work_item_is_delivered_again(queue: &dyn WorkQueue, redelivery: Duration) {
    queue
        .push(&[item(1, Priority::High), item(2, Priority::Low)])
        .await
        .unwrap();
    let first = [pull(queue, 1).await, pull(queue, 1).await].concat();
    acknowledge(queue, &first[..1]).await;
    // The one that is pending waits for the other to come back, and nobody pushes in the meantime.
    let again = timeout(redelivery * 2 + PATIENCE, queue.pull(10))
        .await
        .expect("it comes again")
        .unwrap();
    assert_eq!(again.len(), 1, "{again:?}");
    assert_eq!(again[0].item, first[1].item);
    acknowledge(queue, &again).await;
    assert_nothing_comes(queue, redelivery * 2).await;
}

pub async fn a_work_item_may_be_pushed_again_after_it_was_acknowledged(
    queue: &dyn WorkQueue,
    _redelivery: Duration,
) {
    for _ in 0..3 {
        queue.push(&[item(1, Priority::Normal)]).await.unwrap();
        assert_eq!(drain(queue, 1).await, [item(1, Priority::Normal)]);
    }
}

pub async fn a_receipt_may_be_acknowledged_twice(queue: &dyn WorkQueue, _redelivery: Duration) {
    queue.push(&items(1..=2, Priority::Normal)).await.unwrap();
    let first = pull(queue, 1).await;
    acknowledge(queue, &first).await;
    acknowledge(queue, &first).await;
    queue.acknowledge(&[]).await.unwrap();
    let second = drain(queue, 1).await;
    assert_ne!(second[0], first[0].item);
}

/// Workers are cancelled at any moment: whatever a dropped pull had in its hands comes again.
pub async fn a_dropped_pull_loses_no_work_item(queue: &dyn WorkQueue, redelivery: Duration) {
    let mut missing = HashSet::new();
    for n in 1..=120 {
        let item = item(n, Priority::ALL[n as usize % 3]);
        missing.insert(item.order_id);
        let push = async {
            for _ in 0..n % 5 {
                tokio::task::yield_now().await;
            }
            queue.push(&[item]).await.unwrap();
        };
        // Dropped before, while and after the work item arrives.
        let abandoned = timeout(Duration::from_micros(u64::from(n % 12) * 250), queue.pull(1));
        let (pulled, ()) = tokio::join!(abandoned, push);
        if let Ok(pulled) = pulled {
            let pulled = pulled.unwrap();
            acknowledge(queue, &pulled).await;
            pulled
                .iter()
                .for_each(|delivery| _ = missing.remove(&delivery.item.order_id));
        }
    }
    let deadline = Instant::now() + redelivery * 3 + PATIENCE;
    while !missing.is_empty() {
        let pulled = tokio::time::timeout_at(deadline, queue.pull(50)).await;
        let pulled = pulled
            .unwrap_or_else(|_| panic!("these never came again: {missing:?}"))
            .unwrap();
        acknowledge(queue, &pulled).await;
        pulled
            .iter()
            .for_each(|delivery| _ = missing.remove(&delivery.item.order_id));
    }
}

pub async fn depth_counts_what_waits(queue: &dyn WorkQueue, _redelivery: Duration) {
    assert_eq!(queue.depth().await.unwrap(), QueueDepth([0, 0, 0]));
    queue.push(&items(1..=1, Priority::High)).await.unwrap();
    queue.push(&items(2..=3, Priority::Normal)).await.unwrap();
    queue.push(&items(4..=6, Priority::Low)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), QueueDepth([1, 2, 3]));
    drain(queue, 6).await;
    assert_eq!(queue.depth().await.unwrap(), QueueDepth([0, 0, 0]));
}

/// A sweep announces a backlog again and again, and so does every process.
pub async fn an_order_that_waits_is_held_once(queue: &dyn WorkQueue, redelivery: Duration) {
    let backlog = [item(1, Priority::Normal), item(2, Priority::Low)];
    for _ in 0..3 {
        queue.push(&[backlog[0], backlog[1], backlog[0]]).await.unwrap();
        assert_eq!(
            queue.depth().await.unwrap(),
            QueueDepth([0, 1, 1]),
            "orders, not copies"
        );
    }
    assert_eq!(ids(&drain(queue, 2).await), ids(&backlog));
    assert_nothing_comes(queue, redelivery / 5).await;
}

pub async fn an_order_that_waits_may_become_more_urgent(queue: &dyn WorkQueue, redelivery: Duration) {
    queue.push(&items(1..=3, Priority::Normal)).await.unwrap();
    queue.push(&[item(4, Priority::Low)]).await.unwrap();
    for priority in [Priority::High, Priority::Normal, Priority::Low] {
        queue.push(&[item(4, priority)]).await.unwrap();
        assert_eq!(queue.depth().await.unwrap(), QueueDepth([1, 3, 0]));
    }
    assert_eq!(drain(queue, 1).await, [item(4, Priority::High)]);
    assert_eq!(ids(&drain(queue, 3).await).len(), 3);
    assert_nothing_comes(queue, redelivery / 5).await;
}

/// Whoever has the order would find it taken; but it may have become due after its worker looked at it, and just
/// before that worker acknowledges.
pub async fn an_order_in_hand_is_not_delivered_beside_itself(queue: &dyn WorkQueue, redelivery: Duration) {
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    let in_hand = pull(queue, 1).await;
    for _ in 0..3 {
        queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    }
    assert_eq!(queue.depth().await.unwrap().total(), 0, "it does not wait");
    assert_nothing_comes(queue, redelivery / 5).await;
    acknowledge(queue, &in_hand).await;
    assert_eq!(drain(queue, 1).await, [item(1, Priority::Normal)]);
    assert_nothing_comes(queue, redelivery * 2).await;
}

/// The worker may die with the order in its hands.
pub async fn a_push_of_an_order_in_hand_outlives_the_hand(queue: &dyn WorkQueue, redelivery: Duration) {
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    let _never_acknowledged = pull(queue, 1).await;
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    let again = timeout(redelivery * 2 + PATIENCE, queue.pull(10))
        .await
        .expect("it comes again")
        .unwrap();
    assert_eq!(again.len(), 1, "{again:?}");
    acknowledge(queue, &again).await;
    // A queue need not know that this delivery is later than the push, so there may be one more.
    if let Ok(once_more) = timeout(redelivery / 5, queue.pull(10)).await {
        acknowledge(queue, &once_more.unwrap()).await;
    }
    assert_nothing_comes(queue, redelivery * 2).await;
}
