//! The queue holds an order once: also across processes, and when Redis lost a part of what says so.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::collections::HashSet;
use std::time::Duration;

use order_core::priority::Priority;
use order_ports::{HAND_OVER, QueueDepth, WorkQueue};
use order_redis::RedisQueue;
use support::{PATIENCE, TestServer, acknowledge, entry_of, item, items, pull};
use tokio::time::{sleep, timeout};

async fn held(test: &TestServer) -> u64 {
    test.say(&["HLEN", &test.held(0)]).await
}

/// How many entries are in a stream: its group is made when a worker first pulls.
async fn length(test: &TestServer, priority: Priority) -> u64 {
    test.say(&["XLEN", &test.stream(0, priority)]).await
}

/// Pulls and acknowledges until nothing comes for a while; every order that came, as often as it came.
async fn drain(queue: &RedisQueue) -> Vec<order_ports::WorkItem> {
    let mut drained = Vec::new();
    while let Ok(pulled) = timeout(Duration::from_millis(500), queue.pull(100)).await {
        let pulled = pulled.unwrap();
        acknowledge(queue, &pulled).await;
        drained.extend(pulled.iter().map(|delivery| delivery.item));
    }
    drained
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_that_every_process_announces_again_and_again_does_not_grow() {
    let test = TestServer::start().await;
    let sweepers = [0, 1, 2].map(|_| RedisQueue::new(&test.connect()));
    let backlog = items(1..=1_200, Priority::Normal);
    for round in 0..12 {
        sweepers[round % 3].push(&backlog).await.unwrap();
    }
    let together = sweepers.iter().map(|sweeper| sweeper.push(&backlog));
    for pushed in futures_util::future::join_all(together).await {
        pushed.unwrap();
    }
    assert_eq!(length(&test, Priority::Normal).await, 1_200);
    assert_eq!(sweepers[0].depth().await.unwrap(), QueueDepth([0, 1_200, 0]));
    assert_eq!(drain(&sweepers[0]).await.len(), 1_200);
    assert_eq!(held(&test).await, 0, "nothing is remembered of what is done");
}

/// As after a restart of the worker: the store says that the order is due and free, long before the delivery would be
/// taken for dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_takes_the_place_of_a_delivery_that_is_old() {
    let test = TestServer::start().await;
    let (stuck, fresh) = (RedisQueue::new(&test.connect()), RedisQueue::new(&test.connect()));
    stuck.push(&[item(1, Priority::Normal)]).await.unwrap();
    let old = pull(&stuck, 1).await;
    let stream = test.stream(0, Priority::Normal);
    let age = HAND_OVER.as_millis().to_string();
    test.say::<redis::Value>(&[
        "XCLAIM",
        &stream,
        "workers",
        "gone",
        "0",
        entry_of(&old[0]),
        "IDLE",
        &age,
    ])
    .await;
    for _ in 0..3 {
        fresh.push(&[item(1, Priority::Normal)]).await.unwrap();
    }
    assert_eq!(test.entries(Priority::Normal).await, (1, 0));
    // The old one is late, and ends nothing of the new one.
    acknowledge(&stuck, &old).await;
    assert_eq!(drain(&fresh).await, [item(1, Priority::Normal)]);
    assert_eq!(held(&test).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_process_puts_back_is_still_held_once() {
    let test = TestServer::start().await;
    let (closes, stays) = (RedisQueue::new(&test.connect()), RedisQueue::new(&test.connect()));
    // The read that a dropped pull leaves behind brings the order into the hand of this process.
    assert!(timeout(Duration::from_millis(200), closes.pull(1)).await.is_err());
    stays.push(&[item(1, Priority::Normal)]).await.unwrap();
    for _ in 0..3 {
        stays.push(&[item(1, Priority::Normal)]).await.unwrap();
    }
    closes.close().await.unwrap();
    stays.push(&[item(1, Priority::Normal)]).await.unwrap();
    assert_eq!(test.entries(Priority::Normal).await, (1, 0));
    assert_eq!(drain(&stays).await, [item(1, Priority::Normal)]);
    assert_eq!(held(&test).await, 0);
}

/// Evicted by a server that was told to after the start, or deleted by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_lost_alone_is_filled_again() {
    let test = TestServer::start().await;
    let queue = RedisQueue::new(&test.connect());
    let backlog = items(1..=20, Priority::Normal);
    queue.push(&backlog).await.unwrap();
    let stream = test.stream(0, Priority::Normal);
    test.say::<u64>(&["XTRIM", &stream, "MAXLEN", "5"]).await;
    for _ in 0..2 {
        queue.push(&backlog).await.unwrap();
    }
    assert_eq!(length(&test, Priority::Normal).await, 20);
    let drained: HashSet<_> = drain(&queue).await.into_iter().collect();
    assert_eq!(drained, backlog.into_iter().collect());
    assert_eq!(held(&test).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_what_is_held_may_be_lost_alone() {
    let test = TestServer::start().await;
    let queue = RedisQueue::new(&test.connect());
    let backlog = items(1..=20, Priority::Normal);
    queue.push(&backlog).await.unwrap();
    let in_hand = pull(&queue, 1).await;
    test.say::<u64>(&["DEL", &test.held(0)]).await;
    for _ in 0..5 {
        queue.push(&backlog).await.unwrap();
    }
    assert_eq!(
        test.entries(Priority::Normal).await,
        (40, 1),
        "one more each, and no more"
    );
    acknowledge(&queue, &in_hand).await;
    assert_eq!(drain(&queue).await.len(), 39);
    assert_eq!(held(&test).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_whose_entries_were_deleted_by_hand_are_forgotten() {
    let test = TestServer::start().await;
    let server = test.connect_with(|settings| settings.forget_after = Duration::from_secs(1));
    let queue = RedisQueue::new(&server);
    queue.push(&items(1..=20, Priority::Low)).await.unwrap();
    queue.push(&[item(21, Priority::High)]).await.unwrap();
    test.say::<u64>(&["DEL", &test.stream(0, Priority::Low)]).await;
    let tidy = async {
        while held(&test).await != 1 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, tidy).await.unwrap();
    let there = length(&test, Priority::High).await;
    assert_eq!(there, 1, "what is there stays held");
}

/// An older version of this program beside this one: its entries have no place in the hash, and it leaves the places
/// of those that it acknowledges.
#[tokio::test(flavor = "multi_thread")]
async fn entries_of_an_older_version_are_worked_on_and_its_leftovers_do_no_harm() {
    let test = TestServer::start().await;
    let queue = RedisQueue::new(&test.connect());
    let (theirs, ours) = (item(1, Priority::Normal), item(2, Priority::Normal));
    queue.push(&[ours]).await.unwrap();
    let stream = test.stream(0, Priority::Normal);
    test.say::<String>(&["XADD", &stream, "*", "order", &theirs.order_id.to_string()])
        .await;
    assert_eq!(drain(&queue).await, [ours, theirs]);

    queue.push(&[ours]).await.unwrap();
    let pulled = pull(&queue, 1).await;
    let entry = entry_of(&pulled[0]);
    test.say::<u64>(&["XACK", &stream, "workers", entry]).await;
    test.say::<u64>(&["XDEL", &stream, entry]).await;
    queue.push(&[ours]).await.unwrap();
    assert_eq!(drain(&queue).await, [ours]);
    assert_eq!(held(&test).await, 0);
}
