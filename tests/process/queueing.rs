//! The queue on Redis, as an operator sees it: how much is in it, and whether it works.

use std::sync::Arc;
use std::time::Duration;

use order_test_servers::Redis;
use order_tests::{Backends, Client, TestEngine};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::deployment::{Deployment, assert_all_confirmed, sale, submit};

/// Nothing takes longer that happens at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says something to Redis behind the engine's back.
async fn say(redis: &Redis, command: &str) {
    let url = Url::parse(redis.url()).unwrap();
    let place = (url.host_str().unwrap(), url.port().unwrap());
    let mut connection = TcpStream::connect(place).await.unwrap();
    let commands = format!("AUTH {}\r\n{command}\r\nQUIT\r\n", url.password().unwrap());
    connection.write_all(commands.as_bytes()).await.unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).await.unwrap();
    assert!(answers.lines().all(|answer| answer == "+OK"), "{answers}");
}

/// Waits until the engine says that it is so, and returns what it says of the queue.
async fn is_said_to_be(engine: &Client, status: &str) -> Value {
    let asked = async {
        loop {
            let reply = engine.get("/health/ready").await;
            // Orders are taken all the time.
            assert_eq!(reply.status, 200, "{reply:?}");
            let health = reply.json();
            if health["status"] == status {
                let parts = health["parts"].as_array().unwrap();
                return parts.iter().find(|part| part["name"] == "queue").unwrap().clone();
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_takes_no_writes_is_named_for_as_long_as_that_lasts() {
    let backends = Arc::new(Backends::private().await);
    let engine = TestEngine::on(Arc::clone(&backends), "queue.announcement_timeout = \"1s\"").await;
    let mut ids = vec![engine.accepted(&sale()).await];
    for (spoil, mend, reason) in [
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "read-only replica"),
        (
            "CONFIG SET maxmemory 1",
            "CONFIG SET maxmemory 0",
            "memory of Redis is full",
        ),
        (
            "CONFIG SET maxmemory-policy allkeys-lru",
            "CONFIG SET maxmemory-policy noeviction",
            "maxmemory-policy of Redis is allkeys-lru",
        ),
    ] {
        say(&backends.redis, spoil).await;
        let queue = is_said_to_be(&engine, "degraded").await;
        assert_eq!(queue["status"], "down", "{queue}");
        let detail = queue["detail"].as_str().unwrap();
        assert!(detail.contains(reason), "{detail}");
        ids.push(engine.accepted(&sale()).await);
        say(&backends.redis, mend).await;
        let queue = is_said_to_be(&engine, "ready").await;
        assert_eq!(queue["detail"], "redis", "{queue}");
        assert_all_confirmed(&engine, &ids).await;
    }
    engine.stop().await;
}

/// The workers are away, and the sweep announces the backlog again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_without_workers_is_queued_once_and_refuses_nobody() {
    let deployment = Deployment::start("instant").await;
    let api = deployment.process(
        "api",
        &[
            ("ORDER_ENGINE__QUEUE__SWEEP_INTERVAL", "50ms"),
            ("ORDER_ENGINE__QUEUE__ANNOUNCEMENT_TIMEOUT", "100ms"),
            ("ORDER_ENGINE__LIMITS__QUEUE_DEPTH", "60"),
        ],
    );
    let client = api.client().await;
    let mut ids = submit(&client, 50).await;
    let depth = async || {
        let scrape = client.get("/metrics").await.text;
        let depths = scrape
            .lines()
            .filter(|line| line.starts_with("order_engine_queue_depth{"));
        let depths = depths.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap());
        depths.sum::<u64>()
    };
    let queued = async {
        while depth().await != 50 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, queued).await.unwrap();
    // Some twenty announcements of each.
    for _ in 0..20 {
        sleep(Duration::from_millis(100)).await;
        assert_eq!(depth().await, 50);
    }
    ids.push(client.accepted(&sale()).await);
    let worker = deployment.process("worker", &[]);
    assert_all_confirmed(&client, &ids).await;
    drop(worker);
}
