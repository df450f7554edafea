//! What this queue promises beyond the laws of the port.

use std::collections::HashSet;
use std::sync::Arc;

use order_core::priority::Priority;
use order_ports::HAND_OVER;
use order_ports::contract::fixtures::order_id;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;

const REDELIVERY: Duration = Duration::from_secs(3_600);

fn item(n: u32) -> WorkItem {
    WorkItem {
        order_id: order_id(n),
        priority: Priority::Normal,
    }
}

async fn pull(queue: &MemoryQueue) -> Vec<WorkItem> {
    queue
        .pull(100)
        .await
        .unwrap()
        .into_iter()
        .map(|delivery| delivery.item)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn work_items_of_one_priority_come_in_order() {
    let queue = MemoryQueue::new(REDELIVERY);
    let items: Vec<_> = [3, 1, 2].map(item).to_vec();
    queue.push(&items).await.unwrap();
    assert_eq!(pull(&queue).await, items);
}

/// The store says that the order is due and free, so whoever has had it for so long does not work on it.
#[tokio::test(start_paused = true)]
async fn a_push_takes_the_place_of_a_delivery_that_is_old() {
    let queue = MemoryQueue::new(REDELIVERY);
    queue.push(&[item(1)]).await.unwrap();
    let old = queue.pull(1).await.unwrap();
    tokio::time::sleep(HAND_OVER).await;
    for _ in 0..3 {
        queue.push(&[item(1)]).await.unwrap();
    }
    assert_eq!(queue.depth().await.unwrap().total(), 1);
    // The old one is late, and ends nothing of the new one.
    queue.acknowledge(&[old[0].receipt.clone()]).await.unwrap();
    assert_eq!(pull(&queue).await, [item(1)]);
    tokio::time::sleep(REDELIVERY).await;
    assert_eq!(
        pull(&queue).await,
        [item(1)],
        "as often as it is not acknowledged"
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_goes_first_and_on_time() {
    let queue = MemoryQueue::new(REDELIVERY);
    queue.push(&[item(1), item(2)]).await.unwrap();
    assert_eq!(pull(&queue).await, [item(1), item(2)]);
    let began = Instant::now();
    assert_eq!(pull(&queue).await, [item(1), item(2)]);
    assert!(
        began.elapsed() < REDELIVERY + Duration::from_millis(2),
        "{:?}",
        began.elapsed()
    );
    queue.push(&[item(3)]).await.unwrap();
    tokio::time::sleep(REDELIVERY).await;
    assert_eq!(pull(&queue).await, [item(1), item(2), item(3)]);
}

/// A puller that sleeps since before a work item was handed out to somebody else still wakes when it comes back.
#[tokio::test(start_paused = true)]
async fn an_early_sleeper_wakes_for_what_comes_back() {
    let queue = Arc::new(MemoryQueue::new(REDELIVERY));
    let early = tokio::spawn({
        let queue = queue.clone();
        async move { pull(&queue).await }
    });
    tokio::task::yield_now().await;
    // Nobody is woken by this: it is taken before the sleeper has a chance.
    queue.push(&[item(1)]).await.unwrap();
    assert_eq!(pull(&queue).await, [item(1)]);
    let again = timeout(REDELIVERY + Duration::from_secs(1), early).await;
    assert_eq!(again.expect("it comes back on time").unwrap(), [item(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_work_item_may_be_worked_on_for_ever() {
    let queue = MemoryQueue::new(Duration::MAX);
    queue.push(&[item(1)]).await.unwrap();
    assert_eq!(pull(&queue).await, [item(1)]);
}

#[tokio::test(start_paused = true)]
async fn it_remembers_nothing_of_what_was_acknowledged() {
    let queue = MemoryQueue::new(REDELIVERY);
    for round in 0..50 {
        let items: Vec<_> = (round * 100..round * 100 + 100).map(item).collect();
        queue.push(&items).await.unwrap();
        let pulled = queue.pull(100).await.unwrap();
        let receipts: Vec<_> = pulled
            .into_iter()
            .rev()
            .map(|delivery| delivery.receipt)
            .collect();
        queue.acknowledge(&receipts).await.unwrap();
    }
    queue.acknowledge(&[Receipt("no number".into())]).await.unwrap();
    assert_eq!(queue.lines.lock().memory(), (0, 0, 0));
}

/// On several threads, with pulls that are dropped all the time: every work item comes exactly once, and nobody
/// sleeps while there is something to take.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_lost_between_threads() {
    const ITEMS: u32 = 20_000;
    let queue = Arc::new(MemoryQueue::new(REDELIVERY));
    let (sender, mut taken) = tokio::sync::mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for worker in 1..=6_u64 {
        let (queue, sender) = (queue.clone(), sender.clone());
        workers.spawn(async move {
            loop {
                // One in two is impatient, and wakes up for nothing much of the time.
                let pulled = if worker % 2 == 0 {
                    queue.pull(3).await.unwrap()
                } else {
                    match timeout(Duration::from_millis(worker % 3), queue.pull(1)).await {
                        Ok(pulled) => pulled.unwrap(),
                        Err(_) => continue,
                    }
                };
                let receipts: Vec<_> = pulled.iter().map(|delivery| delivery.receipt.clone()).collect();
                queue.acknowledge(&receipts).await.unwrap();
                pulled
                    .into_iter()
                    .for_each(|delivery| sender.send(delivery.item.order_id).unwrap());
            }
        });
    }
    let pusher = tokio::spawn({
        let queue = queue.clone();
        async move {
            for n in 0..ITEMS {
                queue.push(&[item(n)]).await.unwrap();
                if n % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
    });
    let mut seen = HashSet::new();
    while seen.len() < ITEMS as usize {
        let next = timeout(Duration::from_secs(20), taken.recv()).await;
        let id = next
            .unwrap_or_else(|_| panic!("stuck after {} work items", seen.len()))
            .unwrap();
        assert!(seen.insert(id), "{id} came twice");
    }
    pusher.await.unwrap();
    workers.abort_all();
}
