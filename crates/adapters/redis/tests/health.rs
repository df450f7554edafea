//! A server that answers and cannot carry the queue: noticed while it lasts, and named.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::time::Duration;

use order_core::priority::Priority;
use order_ports::WorkQueue;
use order_redis::{CheckError, ProbeError, RedisQueue, RedisServer, RedisSettings};
use order_test_servers::RedisOptions;
use support::{PATIENCE, TestServer, item};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Waits until the server is noticed to be well again.
async fn recovers(server: &RedisServer) {
    let mut last = None;
    let well = async {
        while let Err(error) = server.probe().await {
            last = Some(error);
            sleep(Duration::from_millis(20)).await;
        }
    };
    let recovered = timeout(PATIENCE, well).await;
    assert!(recovered.is_ok(), "{last:?}");
    let queue = RedisQueue::new(server);
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
}

/// What the server suffers from, sooner or later.
async fn falls_ill(server: &RedisServer) -> ProbeError {
    let ill = async {
        loop {
            if let Err(error) = server.probe().await {
                return error;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, ill).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_become_a_replica_is_noticed() {
    let test = TestServer::private().await;
    let server = test.connect();
    server.probe().await.unwrap();
    test.say::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let ill = server.probe().await.unwrap_err();
    assert!(matches!(ill, ProbeError::Replica(_)), "{ill:?}");
    test.say::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    recovers(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_memory_is_full_is_noticed_and_its_work_can_still_be_done() {
    let test = TestServer::private().await;
    let server = test.connect();
    server.check().await.unwrap();
    let queue = RedisQueue::new(&server);
    queue.push(&[item(7, Priority::Normal)]).await.unwrap();
    test.say::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let ill = server.probe().await.unwrap_err();
    assert!(matches!(ill, ProbeError::Full(_)), "{ill:?}");
    assert!(queue.push(&[item(8, Priority::Normal)]).await.is_err());
    // What was queued before makes room by being done.
    let pulled = support::pull(&queue, 1).await;
    support::acknowledge(&queue, &pulled).await;
    assert_eq!(test.entries(Priority::Normal).await, (0, 0));
    test.say::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    recovers(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_evicts_is_noticed_though_it_was_another_at_start() {
    let test = TestServer::private().await;
    let server = test.connect();
    server.check().await.unwrap();
    test.say::<()>(&["CONFIG", "SET", "maxmemory-policy", "volatile-lru"])
        .await;
    let ill = server.probe().await.unwrap_err();
    assert!(ill.to_string().contains("volatile-lru"), "{ill}");
    test.say::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .await;
    recovers(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_save_to_its_disk_is_noticed() {
    // No file can be made there, not even by root.
    let test = TestServer::with(RedisOptions::default().setting("dir", "/proc")).await;
    let server = test.connect();
    server.probe().await.unwrap();
    test.say::<()>(&["CONFIG", "SET", "save", "3600 1"]).await;
    test.say::<String>(&["BGSAVE"]).await;
    let ill = falls_ill(&server).await;
    assert!(matches!(ill, ProbeError::CannotSave(_)), "{ill:?}");
    test.say::<()>(&["CONFIG", "SET", "save", ""]).await;
    recovers(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_misses_its_replicas_is_noticed() {
    let test = TestServer::private().await;
    let server = test.connect();
    test.say::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"])
        .await;
    let ill = server.probe().await.unwrap_err();
    assert!(matches!(ill, ProbeError::TooFewReplicas(_)), "{ill:?}");
    test.say::<()>(&["CONFIG", "SET", "min-replicas-to-write", "0"])
        .await;
    recovers(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_are_noticed_and_missing_ones_are_named_at_start() {
    let test = TestServer::private().await;
    // As older versions of this program needed them.
    let rights = "+@connection +info +eval +evalsha +script +xadd +xgroup +xreadgroup +xack +xdel +hget +hdel \
                  +xrange +xpending";
    let user = |rights: &str| {
        let words = ["ACL", "SETUSER", "worker", "on", ">pw", "~*", "&*"];
        let all: Vec<String> = words
            .into_iter()
            .chain(rights.split_whitespace())
            .map(String::from)
            .collect();
        all
    };
    let say = async |words: Vec<String>| {
        test.say::<()>(&words.iter().map(String::as_str).collect::<Vec<_>>())
            .await;
    };
    say(user(rights)).await;
    let (_, host) = test.redis().url().rsplit_once('@').unwrap();
    let address = format!("redis://worker:pw@{host}");
    let settings = RedisSettings::new(address.parse().unwrap(), test.settings().consumer);
    let server = RedisServer::connect(settings).unwrap();
    let refused = server.check().await.unwrap_err();
    let CheckError::Forbidden { source, .. } = &refused else {
        panic!("{refused:?}")
    };
    assert!(source.to_string().contains("hset"), "{source}");
    say(user("+hset")).await;
    server.check().await.unwrap();
    recovers(&server).await;
    say(user("-hset")).await;
    let ill = server.probe().await.unwrap_err();
    assert!(matches!(ill, ProbeError::Forbidden(_)), "{ill:?}");
}

/// Hands connections on to whichever port is the right one when they are made.
async fn name_that_moves(to: watch::Receiver<u16>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let port = *to.borrow();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

/// As after a failover of a managed server: the name leads to the new primary, and connections that are open stay at
/// the old one, which answers as a replica.
#[tokio::test(flavor = "multi_thread")]
async fn no_connection_stays_with_a_primary_that_was() {
    let (before, after) = (TestServer::private().await, TestServer::private().await);
    let port_of = |test: &TestServer| {
        let url = test.redis().url().trim_end_matches('/');
        url.rsplit_once(':').unwrap().1.parse::<u16>().unwrap()
    };
    let (moved, to) = watch::channel(port_of(&before));
    let address = format!("redis://default:pw@127.0.0.1:{}", name_that_moves(to).await);
    for test in [&before, &after] {
        test.say::<()>(&["ACL", "SETUSER", "default", ">pw"]).await;
    }
    let settings = RedisSettings::new(address.parse().unwrap(), before.settings().consumer);
    let server = RedisServer::connect(settings).unwrap();
    for probed in futures_util::future::join_all((0..16).map(|_| server.probe())).await {
        probed.unwrap();
    }
    before.say::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    assert!(matches!(
        server.probe().await.unwrap_err(),
        ProbeError::Replica(_)
    ));
    moved.send_replace(port_of(&after));
    recovers(&server).await;
    server.probe().await.unwrap();
}
