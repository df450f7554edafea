//! The queue, the notifier and the dispatch limit on a cluster. It has one node, which is enough for it to
//! refuse whatever touches two slots at once.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use order_core::priority::Priority;
use order_ports::{DispatchLimit, Notifier, OrderNotification, QueueDepth, QueueError, WorkItem, WorkQueue};
use order_redis::{RedisDispatchWindow, RedisNotifier, RedisQueue, RedisServer};
use order_test_servers::RedisOptions;
use support::{PATIENCE, TestServer, acknowledge, item, items, pull};
use tokio::time::{sleep, timeout};

async fn cluster() -> TestServer {
    let test = TestServer::with(RedisOptions::default().setting("cluster-enabled", "yes")).await;
    // Where the node says that it is: a container does not know which port leads to it.
    let (_, host) = test.redis().url().trim_end_matches('/').rsplit_once('@').unwrap();
    let (ip, port) = host.split_once(':').unwrap();
    let ip = if ip == "localhost" { "127.0.0.1" } else { ip };
    test.say::<()>(&[
        "CONFIG",
        "SET",
        "cluster-announce-ip",
        ip,
        "cluster-announce-port",
        port,
    ])
    .await;
    test.say::<()>(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    let formed = async {
        while !test
            .say::<String>(&["CLUSTER", "INFO"])
            .await
            .contains("cluster_state:ok")
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, formed).await.unwrap();
    test
}

fn connect(test: &TestServer) -> RedisServer {
    test.connect_with(|settings| settings.streams = 4.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_in_four_shards_works_on_a_cluster() {
    let test = cluster().await;
    let server = connect(&test);
    server.check().await.unwrap();
    server.probe().await.unwrap();
    let queue = RedisQueue::new(&server);
    let mut pushed = items(1..=100, Priority::Normal);
    pushed.extend(items(101..=110, Priority::High));
    for _ in 0..2 {
        queue.push(&pushed).await.unwrap();
        assert_eq!(queue.depth().await.unwrap(), QueueDepth([10, 100, 0]));
    }
    let first = pull(&queue, 10).await;
    assert!(
        first
            .iter()
            .all(|delivery| delivery.item.priority == Priority::High),
        "{first:?}"
    );
    acknowledge(&queue, &first).await;
    let mut pulled: HashSet<_> = first.iter().map(|delivery| delivery.item).collect();
    while pulled.len() < 110 {
        let more = pull(&queue, 7).await;
        acknowledge(&queue, &more).await;
        pulled.extend(more.iter().map(|delivery| delivery.item));
    }
    assert_eq!(pulled, pushed.into_iter().collect());
    assert_eq!(queue.depth().await.unwrap(), QueueDepth::default());
    assert!(timeout(Duration::from_millis(100), queue.pull(1)).await.is_err());
    queue.push(&[item(1, Priority::Low)]).await.unwrap();
    acknowledge(&queue, &pull(&queue, 1).await).await;
    queue.close().await.unwrap();
}

/// Pushes as the sweep does: again, until the server takes it. A server that starts refuses for a while, on one connection
/// longer than on another.
async fn push_until_taken(queue: &RedisQueue, item: WorkItem) {
    let push = async {
        while queue.push(&[item]).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, push).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_emptied_or_restarted_is_filled_again() {
    let test = cluster().await;
    let queue = RedisQueue::new(&connect(&test));
    queue.push(&items(1..=3, Priority::Normal)).await.unwrap();
    pull(&queue, 1).await;
    test.say::<()>(&["FLUSHALL"]).await;
    assert!(matches!(
        timeout(PATIENCE, queue.pull(10)).await.unwrap(),
        Err(QueueError::Lost)
    ));
    queue.push(&[item(4, Priority::High)]).await.unwrap();
    acknowledge(&queue, &pull(&queue, 10).await).await;

    test.redis().stop_immediate().await.unwrap();
    assert!(queue.push(&[item(5, Priority::High)]).await.is_err());
    test.redis().start_again().await.unwrap();
    let mut again = None;
    while again.is_none() {
        match timeout(PATIENCE, queue.pull(10)).await.unwrap() {
            Ok(pulled) => again = Some(pulled),
            Err(QueueError::Unavailable(_)) => sleep(Duration::from_millis(50)).await,
            Err(QueueError::Lost) => push_until_taken(&queue, item(5, Priority::High)).await,
        }
    }
    assert_eq!(again.unwrap()[0].item, item(5, Priority::High));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_a_dead_consumer_goes_to_another_on_a_cluster() {
    let test = cluster().await;
    let process = || {
        let server = test.connect_with(|settings| {
            settings.streams = 4.try_into().unwrap();
            settings.claim_after = Duration::from_millis(500);
            settings.forget_after = Duration::from_secs(1);
        });
        RedisQueue::new(&server)
    };
    let dies = process();
    dies.push(&items(1..=8, Priority::Normal)).await.unwrap();
    let mut taken = 0;
    while taken < 8 {
        taken += pull(&dies, 8).await.len();
    }
    drop(dies);
    let lives = process();
    let mut inherited = HashSet::new();
    while inherited.len() < 8 {
        let pulled = pull(&lives, 3).await;
        acknowledge(&lives, &pulled).await;
        inherited.extend(pulled.iter().map(|delivery| delivery.item));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_and_the_dispatch_limit_work_on_a_cluster() {
    let test = cluster().await;
    let (speaker, hearer) = (
        RedisNotifier::new(&connect(&test)),
        RedisNotifier::new(&connect(&test)),
    );
    let mut listener = hearer.listen().await.unwrap();
    let notification: OrderNotification = support::notification(1);
    speaker.publish([notification.clone()].into()).await.unwrap();
    let heard = timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
    assert_eq!(*heard, [notification]);

    let limit = RedisDispatchWindow::new(&connect(&test), NonZeroU32::MIN, Duration::from_millis(500));
    limit.acquire().await.unwrap();
    assert!(
        timeout(Duration::from_millis(200), limit.acquire())
            .await
            .is_err()
    );
    timeout(PATIENCE, limit.acquire()).await.unwrap().unwrap();
}
