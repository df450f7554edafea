//! A Redis of one's own, connections to it, and work items to push.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "test support")]

pub mod spawned;

use std::ops::Deref;
use std::time::Duration;

use order_core::id::WorkerId;
use order_core::order::{Event, RecordedEvent};
use order_core::priority::Priority;
use order_core::time::Timestamp;
use order_ports::contract::fixtures::{name, order_id};
use order_ports::{Delivery, OrderNotification, WorkItem, WorkQueue};
use order_redis::{RedisServer, RedisSettings};
use order_test_servers::{Redis, RedisOptions};
use redis::FromRedisValue;
use tokio::time::timeout;
use uuid::Uuid;

/// Longer than anything takes that happens at all.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server for one test.
pub struct TestServer {
    redis: Redis,
    /// Speaks to the server directly.
    direct: redis::Client,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(RedisOptions::default()).await
    }

    /// One that may be flushed, stopped and killed.
    pub async fn private() -> Self {
        Self::with(RedisOptions::default().private()).await
    }

    pub async fn with(options: RedisOptions) -> Self {
        let redis = Redis::start_with(options)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let direct = redis::Client::open(redis.url()).unwrap();
        Self { redis, direct }
    }

    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The settings of a new process.
    pub fn settings(&self) -> RedisSettings {
        let mut settings = RedisSettings::new(self.redis.url().parse().unwrap(), WorkerId(Uuid::new_v4()));
        settings.name = format!("{}orders", self.redis.prefix()).parse().unwrap();
        // A machine that stands still for a moment is not a server that is away.
        settings.patience = PATIENCE / 4;
        settings
    }

    /// A new process's connections.
    pub fn connect(&self) -> RedisServer {
        self.connect_with(|_| ())
    }

    pub fn connect_with(&self, change: impl FnOnce(&mut RedisSettings)) -> RedisServer {
        let mut settings = self.settings();
        change(&mut settings);
        RedisServer::connect(settings).unwrap()
    }

    /// Says something to the server directly.
    pub async fn say<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut connection = self.direct.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        command
            .arg(&words[1..])
            .query_async(&mut connection)
            .await
            .unwrap()
    }

    /// The key of a stream.
    pub fn stream(&self, shard: u16, priority: Priority) -> String {
        format!("{{{}orders:{shard}}}:{}", self.redis.prefix(), priority.as_str())
    }

    /// The key of the hash that says where each order is.
    pub fn held(&self, shard: u16) -> String {
        format!("{{{}orders:{shard}}}:held", self.redis.prefix())
    }

    /// How many entries are in a stream, and how many of them are pending.
    pub async fn entries(&self, priority: Priority) -> (u64, u64) {
        let stream = self.stream(0, priority);
        let length = self.say(&["XLEN", &stream]).await;
        let pending: redis::Value = self.say(&["XPENDING", &stream, "workers"]).await;
        let redis::Value::Array(summary) = pending else {
            panic!("{pending:?}")
        };
        (length, u64::from_redis_value(summary[0].clone()).unwrap())
    }
}

/// What is tested, with the server that it needs.
pub struct Subject<T> {
    tested: T,
    _test: TestServer,
}

impl<T> Subject<T> {
    pub fn new(tested: T, test: TestServer) -> Self {
        Self { tested, _test: test }
    }
}

impl<T> Deref for Subject<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.tested
    }
}

pub fn item(n: u32, priority: Priority) -> WorkItem {
    WorkItem {
        order_id: order_id(n),
        priority,
    }
}

pub fn items(numbers: impl IntoIterator<Item = u32>, priority: Priority) -> Vec<WorkItem> {
    numbers.into_iter().map(|n| item(n, priority)).collect()
}

/// A notification that is told from others by its number.
pub fn notification(seq: u32) -> OrderNotification {
    let event = RecordedEvent {
        order_id: order_id(1),
        seq,
        at: Timestamp::from_millis(1_700_000_000_000),
        event: Event::Pending,
    };
    OrderNotification {
        owner: name("alice"),
        client_order_id: None,
        event,
    }
}

/// The id of a delivery's entry in its stream.
pub fn entry_of(delivery: &Delivery) -> &str {
    delivery.receipt.0.split('/').nth(2).unwrap()
}

/// Pulls, which must yield something in time.
pub async fn pull(queue: &dyn WorkQueue, max: usize) -> Vec<Delivery> {
    timeout(PATIENCE, queue.pull(max)).await.unwrap().unwrap()
}

pub async fn acknowledge(queue: &dyn WorkQueue, deliveries: &[Delivery]) {
    let receipts: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery.receipt.clone())
        .collect();
    queue.acknowledge(&receipts).await.unwrap();
}
