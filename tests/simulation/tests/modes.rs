//! The same orders have the same histories in memory and on Postgres and Redis.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use order_core::id::WorkerId;
use order_core::order::EventKind;
use order_core::venue::VenueId;
use order_postgres::{PostgresSettings, PostgresStore};
use order_redis::{RedisNotifier, RedisQueue, RedisServer, RedisSettings};
use order_simulation::{Backends, StorePorts, Told, histories, histories_in_memory};
use order_test_servers::{Postgres, Redis};

const SEED: u64 = 17;
const ORDERS: usize = 48;

/// What a history without surprises looks like.
const STRAIGHT: [EventKind; 6] = [
    EventKind::Pending,
    EventKind::Routing,
    EventKind::BestDex,
    EventKind::Building,
    EventKind::Submitted,
    EventKind::Confirmed,
];

fn kinds(history: &[Told]) -> Vec<EventKind> {
    history.iter().map(|told| told.kind).collect()
}

/// Otherwise nothing would be compared.
fn assert_varied(histories: &[Vec<Told>]) {
    assert_eq!(histories.len(), ORDERS);
    let straight = histories.iter().filter(|history| kinds(history) == STRAIGHT);
    assert!(straight.count() > ORDERS / 2);
    for venue in ["Meteora", "Raydium"].map(VenueId::literal) {
        let confirmed = |told: &Told| told.kind == EventKind::Confirmed && told.venue == Some(venue);
        assert!(
            histories.iter().flatten().any(confirmed),
            "nothing was executed at {venue}"
        );
    }
    for code in ["slippage_exceeded", "zero_output"] {
        let failed = |told: &Told| told.kind == EventKind::Failed && told.code == Some(code);
        assert!(histories.iter().flatten().any(failed), "nothing failed by {code}");
    }
    let retries = histories
        .iter()
        .flatten()
        .filter(|told| told.kind == EventKind::Retrying);
    assert_eq!(retries.count(), 2 * ORDERS / 8);
}

#[tokio::test(start_paused = true)]
async fn one_seed_is_one_list_of_histories() {
    let first = histories_in_memory(SEED, ORDERS).await.unwrap();
    assert_varied(&first);
    assert_eq!(histories_in_memory(SEED, ORDERS).await.unwrap(), first);
    assert_ne!(histories_in_memory(SEED + 1, ORDERS).await.unwrap(), first);
}

#[tokio::test]
async fn memory_and_servers_tell_the_same_histories() {
    let (postgres, redis) = tokio::join!(Postgres::start(), Redis::start());
    let (postgres, redis) = (postgres.unwrap(), redis.unwrap());
    let settings = PostgresSettings::new(postgres.fresh_database().await.unwrap());
    let store = PostgresStore::connect(&settings, Duration::from_secs(10))
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let worker = WorkerId(uuid::Uuid::from_u128(1));
    let server = RedisServer::connect(RedisSettings {
        name: format!("{}orders", redis.prefix()).parse().unwrap(),
        ..RedisSettings::new(redis.url().parse().unwrap(), worker)
    });
    let server = server.unwrap();
    let backends = Backends {
        store: StorePorts::of(Arc::new(store)),
        queue: Arc::new(RedisQueue::new(&server)),
        notifier: Arc::new(RedisNotifier::new(&server)),
    };
    let (durable, memory) = tokio::join!(
        histories(SEED, ORDERS, backends),
        histories_in_memory(SEED, ORDERS)
    );
    let (durable, memory) = (durable.unwrap(), memory.unwrap());
    assert_varied(&memory);
    for (order, (durable, memory)) in durable.iter().zip(&memory).enumerate() {
        assert_eq!(durable, memory, "order {order} of seed {SEED}");
    }
    assert_eq!(durable.len(), memory.len());
}
