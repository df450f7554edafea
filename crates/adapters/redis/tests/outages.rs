//! The queue when Redis forgets, breaks, falls silent or goes away.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use order_core::priority::Priority;
use order_ports::{Delivery, QueueDepth, QueueError, WorkQueue};
use order_redis::{RedisQueue, RedisServer};
use support::{PATIENCE, TestServer, acknowledge, item, items, pull};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Starts a pull that has nothing to pull yet, and gives it the time to wait in Redis.
async fn begin_to_pull(queue: &Arc<RedisQueue>, max: usize) -> JoinHandle<Result<Vec<Delivery>, QueueError>> {
    let pulling = Arc::clone(queue);
    let handle = tokio::spawn(async move { timeout(PATIENCE, pulling.pull(max)).await.unwrap() });
    sleep(Duration::from_millis(200)).await;
    assert!(!handle.is_finished());
    handle
}

/// How long these processes wait for a server: long enough to tell waiting from a machine that is slow.
const SERVER_PATIENCE: Duration = Duration::from_secs(2);

fn patient(test: &TestServer) -> RedisServer {
    test.connect_with(|settings| settings.patience = SERVER_PATIENCE)
}

/// How long a push takes to be refused.
async fn refused_after(queue: &RedisQueue) -> Duration {
    let began = Instant::now();
    assert!(matches!(
        queue.push(&[item(4, Priority::Normal)]).await,
        Err(QueueError::Unavailable(_))
    ));
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_is_reported_once_and_then_the_queue_works_again() {
    let test = TestServer::private().await;
    let queue = Arc::new(RedisQueue::new(&test.connect()));
    queue.push(&items(1..=3, Priority::Normal)).await.unwrap();
    let in_work = pull(&*queue, 1).await;
    test.say::<()>(&["FLUSHALL"]).await;
    // Its receipt is worth nothing any more, which is no error.
    acknowledge(&*queue, &in_work).await;
    assert!(matches!(
        timeout(PATIENCE, queue.pull(10)).await.unwrap(),
        Err(QueueError::Lost)
    ));
    queue.push(&items(1..=3, Priority::High)).await.unwrap();
    let mut again = HashSet::new();
    while again.len() < 3 {
        let pulled = pull(&*queue, 10).await;
        acknowledge(&*queue, &pulled).await;
        again.extend(pulled.iter().map(|delivery| delivery.item));
    }
    assert_eq!(again, items(1..=3, Priority::High).into_iter().collect());
    assert!(
        timeout(Duration::from_millis(300), queue.pull(10)).await.is_err(),
        "nothing is left"
    );
    assert_eq!(test.entries(Priority::High).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_under_a_waiting_pull_loses_nothing_that_is_pushed_after_it() {
    let test = TestServer::private().await;
    let queue = Arc::new(RedisQueue::new(&test.connect()));
    let waiting = begin_to_pull(&queue, 10).await;
    test.say::<()>(&["FLUSHALL"]).await;
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Err(QueueError::Lost)));
    assert_eq!(pull(&*queue, 10).await[0].item, item(1, Priority::Normal));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_saw_the_queue_before_report_a_loss() {
    let test = TestServer::private().await;
    let queue = RedisQueue::new(&test.connect());
    assert!(
        timeout(Duration::from_millis(300), queue.pull(1)).await.is_err(),
        "a fresh queue has lost nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_a_replica_for_a_while_is_used_again() {
    let test = TestServer::private().await;
    let queue = RedisQueue::new(&test.connect());
    queue.push(&items(1..=2, Priority::Normal)).await.unwrap();
    acknowledge(&queue, &pull(&queue, 1).await).await;
    test.say::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    assert!(matches!(
        queue.push(&[item(3, Priority::Normal)]).await,
        Err(QueueError::Unavailable(_))
    ));
    assert!(matches!(queue.pull(1).await, Err(QueueError::Unavailable(_))));
    test.say::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    let back = async {
        while queue.push(&[item(4, Priority::Normal)]).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, back).await.unwrap();
    // In either order: a read that was waiting when the primary came back may have the older one in hand.
    let wanted: HashSet<_> = [2, 4].map(|n| item(n, Priority::Normal)).into();
    let mut pulled = HashSet::new();
    while pulled != wanted {
        let deliveries = pull(&queue, 1).await;
        acknowledge(&queue, &deliveries).await;
        pulled.extend(deliveries.iter().map(|delivery| delivery.item));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_survives_a_restart_of_redis_that_forgets_everything() {
    let test = TestServer::private().await;
    let queue = Arc::new(RedisQueue::new(&patient(&test)));
    queue.push(&items(1..=3, Priority::Normal)).await.unwrap();
    pull(&*queue, 3).await;
    let waiting = begin_to_pull(&queue, 10).await;
    test.redis().stop_immediate().await.unwrap();

    // The accept path waits for the push.
    assert!(
        refused_after(&queue).await < SERVER_PATIENCE * 2,
        "it was waited for in vain"
    );
    // Those who come later wait not at all: ten that did would take ten times as long.
    let began = Instant::now();
    for _ in 0..10 {
        refused_after(&queue).await;
    }
    let all = began.elapsed();
    assert!(all < SERVER_PATIENCE, "ten pushes failed only after {all:?}");
    assert!(matches!(waiting.await.unwrap(), Err(QueueError::Unavailable(_))));
    assert!(matches!(
        timeout(PATIENCE, queue.pull(1)).await.unwrap(),
        Err(QueueError::Unavailable(_))
    ));
    assert!(queue.depth().await.is_err());

    test.redis().start_again().await.unwrap();
    let mut lost = 0;
    let pulled = loop {
        match timeout(PATIENCE, queue.pull(10)).await.unwrap() {
            Ok(pulled) => break pulled,
            Err(QueueError::Unavailable(_)) => sleep(Duration::from_millis(100)).await,
            Err(QueueError::Lost) => {
                lost += 1;
                queue.push(&[item(5, Priority::Normal)]).await.unwrap();
            }
        }
    };
    assert_eq!((lost, pulled[0].item), (1, item(5, Priority::Normal)));
    acknowledge(&*queue, &pulled).await;
    assert_eq!(queue.depth().await.unwrap(), QueueDepth::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_that_is_mended_at_once_is_not_noticed() {
    let test = TestServer::private().await;
    let queue = Arc::new(RedisQueue::new(&test.connect()));
    for n in 1..=5 {
        let waiting = begin_to_pull(&queue, 1).await;
        test.say::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]).await;
        queue.push(&[item(n, Priority::Normal)]).await.unwrap();
        let pulled = waiting.await.unwrap().unwrap();
        acknowledge(&*queue, &pulled).await;
        test.say::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]).await;
        assert_eq!(queue.depth().await.unwrap(), QueueDepth::default());
    }
}

/// The client forgets a command that reaches a connection just as that ends; it takes hundreds of breaks to meet the
/// moment.
#[tokio::test(flavor = "multi_thread")]
async fn no_push_is_lost_in_the_very_moment_of_a_break() {
    let breaks = async || {
        let test = TestServer::private().await;
        let queue = Arc::new(RedisQueue::new(&test.connect()));
        for n in 1..=1_000 {
            let pulling = Arc::clone(&queue);
            let waiting = tokio::spawn(async move { pulling.pull(1).await });
            sleep(Duration::from_millis(u64::from(n % 12))).await;
            test.say::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]).await;
            queue.push(&[item(n, Priority::Normal)]).await.unwrap();
            waiting.abort();
        }
    };
    tokio::join!(breaks(), breaks(), breaks(), breaks());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_silent_holds_nobody_up() {
    let test = TestServer::private().await;
    let queue = RedisQueue::new(&patient(&test));
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    test.say::<()>(&["CLIENT", "PAUSE", "8000", "ALL"]).await;
    let first = refused_after(&queue).await;
    assert!(first >= SERVER_PATIENCE, "given up after {first:?}");
    assert!(first < SERVER_PATIENCE * 2, "only after {first:?}");
    // From then on the server counts as away, and once that has lasted, no call waits for it.
    sleep(SERVER_PATIENCE).await;
    let next = refused_after(&queue).await;
    assert!(next < SERVER_PATIENCE / 2, "only after {next:?}");
    let mended = async {
        while queue.push(&[item(3, Priority::Normal)]).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, mended).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_the_server_forgot_is_loaded_again() {
    let test = TestServer::private().await;
    let queue = RedisQueue::new(&test.connect());
    queue.push(&items(1..=2, Priority::Normal)).await.unwrap();
    pull(&queue, 1).await;
    test.say::<()>(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(pull(&queue, 1).await[0].item, item(2, Priority::Normal));
}
