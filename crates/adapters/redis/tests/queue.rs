//! What only this queue promises: which consumer takes over, what is held back, and what is left behind.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use order_core::priority::Priority;
use order_ports::{QueueDepth, QueueError, WorkQueue};
use order_redis::RedisQueue;
use support::{PATIENCE, TestServer, acknowledge, entry_of, item, items, pull};
use tokio::time::{Instant, sleep, timeout};

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_dead_consumer_goes_to_another() {
    let test = TestServer::start().await;
    let claim_after = Duration::from_millis(800);
    let process = || RedisQueue::new(&test.connect_with(|settings| settings.claim_after = claim_after));
    let (dies, lives) = (process(), process());
    dies.push(&items(1..=25, Priority::Normal)).await.unwrap();
    let mut taken = 0;
    while taken < 25 {
        taken += pull(&dies, 25).await.len();
    }
    drop(dies);
    let died = Instant::now();
    let mut inherited = HashSet::new();
    while inherited.len() < 25 {
        let pulled = pull(&lives, 4).await;
        acknowledge(&lives, &pulled).await;
        inherited.extend(pulled.iter().map(|delivery| delivery.item));
    }
    assert!(
        died.elapsed() > claim_after / 2,
        "too early: after {:?}",
        died.elapsed()
    );
    assert!(
        died.elapsed() < claim_after * 4,
        "too late: after {:?}",
        died.elapsed()
    );
    assert_eq!(inherited, items(1..=25, Priority::Normal).into_iter().collect());
    assert_eq!(test.entries(Priority::Normal).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_dead_consumer_is_taken_over_under_load_too() {
    let test = TestServer::start().await;
    let process = || {
        let server = test.connect_with(|settings| settings.claim_after = Duration::from_millis(500));
        RedisQueue::new(&server)
    };
    let (dies, lives) = (process(), process());
    dies.push(&items(1..=5, Priority::Normal)).await.unwrap();
    let mut orphans = HashSet::new();
    while orphans.len() < 5 {
        orphans.extend(pull(&dies, 5).await.iter().map(|delivery| delivery.item));
    }
    drop(dies);
    // More than will be done by then.
    lives.push(&items(100..=20_000, Priority::Normal)).await.unwrap();
    let takeover = async {
        while !orphans.is_empty() {
            let pulled = pull(&lives, 1).await;
            orphans.remove(&pulled[0].item);
            acknowledge(&lives, &pulled).await;
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(Duration::from_secs(10), takeover).await.unwrap();
    assert!(
        lives.depth().await.unwrap().total() > 0,
        "there was work enough all the time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_work_item_overtakes_what_is_in_hand_already() {
    let test = TestServer::start().await;
    let queue = RedisQueue::new(&test.connect());
    // The read that a dropped pull leaves behind brings one into the hand of this process.
    assert!(timeout(Duration::from_millis(200), queue.pull(1)).await.is_err());
    queue.push(&items(1..=5, Priority::Normal)).await.unwrap();
    sleep(Duration::from_millis(40)).await;
    assert_eq!(queue.depth().await.unwrap(), QueueDepth([0, 5, 0]));
    queue.push(&[item(9, Priority::High)]).await.unwrap();
    assert_eq!(pull(&queue, 1).await[0].item, item(9, Priority::High));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_worker_holds_nothing_back_from_an_idle_one() {
    let test = TestServer::start().await;
    let (busy, idle) = (RedisQueue::new(&test.connect()), RedisQueue::new(&test.connect()));
    for priority in Priority::ALL {
        let first = 100 * u32::try_from(priority.index()).unwrap();
        busy.push(&items(first..first + 10, priority)).await.unwrap();
    }
    assert_eq!(pull(&busy, 4).await.len(), 4);
    let mut left = 0;
    while left < 26 {
        left += pull(&idle, 26 - left).await.len();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_pulling_holds_nothing_back_from_the_others() {
    let test = TestServer::start().await;
    let (stops, goes_on) = (RedisQueue::new(&test.connect()), RedisQueue::new(&test.connect()));
    for n in 1..=3 {
        assert!(timeout(Duration::from_millis(100), stops.pull(1)).await.is_err());
        goes_on.push(&[item(n, Priority::Normal)]).await.unwrap();
        // Far sooner than it would be taken for dead.
        let pulled = timeout(Duration::from_secs(5), goes_on.pull(1))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(pulled[0].item, item(n, Priority::Normal));
        acknowledge(&goes_on, &pulled).await;
    }
    assert_eq!(test.entries(Priority::Normal).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_left_behind_by_four_workers() {
    const ITEMS: u32 = 10_000;
    let test = TestServer::start().await;
    let worker = || async {
        let queue = RedisQueue::new(&test.connect());
        let mut mine = Vec::new();
        // Long enough without work means that there is none.
        while let Ok(pulled) = timeout(Duration::from_secs(2), queue.pull(mine.len() % 13 + 1)).await {
            let pulled = pulled.unwrap();
            acknowledge(&queue, &pulled).await;
            mine.extend(pulled.into_iter().map(|delivery| delivery.item));
        }
        mine
    };
    let push = async {
        let queue = RedisQueue::new(&test.connect());
        for (chunk, numbers) in (1..=ITEMS).collect::<Vec<_>>().chunks(50).enumerate() {
            queue
                .push(&items(numbers.iter().copied(), Priority::ALL[chunk % 3]))
                .await
                .unwrap();
        }
    };
    let (a, b, c, d, ()) = tokio::join!(worker(), worker(), worker(), worker(), push);
    assert!(
        [&a, &b, &c, &d].iter().all(|mine| !mine.is_empty()),
        "everybody has a share"
    );
    let all = [a, b, c, d].concat();
    assert_eq!(all.len(), ITEMS as usize);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), ITEMS as usize);
    for priority in Priority::ALL {
        assert_eq!(test.entries(priority).await, (0, 0), "{priority:?}");
    }
    assert_eq!(test.say::<u64>(&["EXISTS", &test.held(0)]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pulled_but_not_acknowledged_does_not_count_as_waiting() {
    let test = TestServer::start().await;
    let queue = RedisQueue::new(&test.connect());
    queue.push(&items(1..=5, Priority::Low)).await.unwrap();
    pull(&queue, 2).await;
    assert_eq!(queue.depth().await.unwrap(), QueueDepth([0, 0, 3]));
    assert_eq!(test.entries(Priority::Low).await, (5, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_names_no_order_is_thrown_away() {
    let test = TestServer::start().await;
    let queue = RedisQueue::new(&test.connect());
    let stream = test.stream(0, Priority::High);
    test.say::<String>(&["XADD", &stream, "*", "order", "pizza"])
        .await;
    test.say::<String>(&["XADD", &stream, "*", "pizza", "margherita"])
        .await;
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    let pulled = pull(&queue, 10).await;
    assert_eq!(
        pulled.iter().map(|delivery| delivery.item).collect::<Vec<_>>(),
        [item(1, Priority::Normal)]
    );
    let gone = async {
        while test.entries(Priority::High).await != (0, 0) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_deleted_while_pending_is_forgotten() {
    let test = TestServer::start().await;
    let process = || {
        let server = test.connect_with(|settings| settings.claim_after = Duration::from_millis(300));
        RedisQueue::new(&server)
    };
    let dies = process();
    dies.push(&items(1..=2, Priority::Normal)).await.unwrap();
    let pulled = pull(&dies, 1).await;
    assert_eq!(pull(&dies, 1).await[0].item, item(2, Priority::Normal));
    drop(dies);
    let id = entry_of(&pulled[0]);
    test.say::<u64>(&["XDEL", &test.stream(0, Priority::Normal), id])
        .await;
    let lives = process();
    let inherited = pull(&lives, 10).await;
    assert_eq!(
        inherited.iter().map(|delivery| delivery.item).collect::<Vec<_>>(),
        [item(2, Priority::Normal)]
    );
    acknowledge(&lives, &inherited).await;
    assert_eq!(test.entries(Priority::Normal).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_that_are_gone_are_forgotten_and_those_with_work_are_not() {
    let test = TestServer::start().await;
    let process =
        || RedisQueue::new(&test.connect_with(|settings| settings.forget_after = Duration::from_secs(1)));
    let (idle, busy, stays) = (process(), process(), process());
    busy.push(&items(1..=2, Priority::High)).await.unwrap();
    pull(&busy, 1).await;
    let done = pull(&idle, 1).await;
    acknowledge(&idle, &done).await;
    let stream = test.stream(0, Priority::High);
    let consumers = async || {
        test.say::<Vec<redis::Value>>(&["XINFO", "CONSUMERS", &stream, "workers"])
            .await
    };
    assert_eq!(consumers().await.len(), 2);
    drop((idle, busy));
    let tidy = async {
        while consumers().await.len() != 1 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, tidy).await.unwrap();
    assert_eq!(
        test.entries(Priority::High).await,
        (1, 1),
        "what the busy one had is still to be claimed"
    );
    drop(stays);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_queue_puts_back_what_it_had_not_handed_out() {
    let test = TestServer::start().await;
    let (closes, stays) = (
        Arc::new(RedisQueue::new(&test.connect())),
        RedisQueue::new(&test.connect()),
    );
    assert!(timeout(Duration::from_millis(200), closes.pull(1)).await.is_err());
    closes.push(&[item(1, Priority::Normal)]).await.unwrap();
    sleep(Duration::from_millis(40)).await;
    assert_eq!(
        test.entries(Priority::Normal).await,
        (1, 1),
        "it is in the hand of the one that closes"
    );
    closes.close().await.unwrap();
    assert_eq!(test.entries(Priority::Normal).await, (1, 0));
    assert!(matches!(closes.pull(1).await, Err(QueueError::Unavailable(_))));
    let pulled = pull(&stays, 1).await;
    assert_eq!(pulled[0].item, item(1, Priority::Normal));
    let consumers: Vec<redis::Value> = test
        .say(&["XINFO", "CONSUMERS", &test.stream(0, Priority::Normal), "workers"])
        .await;
    assert_eq!(consumers.len(), 1, "the one that closed is forgotten");
    // What was handed out before can still be acknowledged.
    acknowledge(&*closes, &pulled).await;
    assert_eq!(test.entries(Priority::Normal).await, (0, 0));
}
