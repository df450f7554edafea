//! A store that an earlier version wrote: `fixtures/store.sql` is its dump, with orders of every type and every kind of event,
//! and `fixtures/orders.json` what that version told of them.

use std::sync::Arc;

use order_tests::{Backends, TestEngine};
use serde_json::{Value, json};

const STORE: &str = include_str!("fixtures/store.sql");
const TOLD: &str = include_str!("fixtures/orders.json");

async fn on_the_store_of_an_earlier_version() -> TestEngine {
    let backends = Arc::new(Backends::start().await);
    let database = backends.database_url();
    backends.postgres.tamper(database, STORE).await.unwrap();
    TestEngine::on(backends, "").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_orders_of_an_earlier_version_are_told_as_it_told_them() {
    let engine = on_the_store_of_an_earlier_version().await;
    let told: Vec<Value> = serde_json::from_str(TOLD).unwrap();
    assert!(told.len() > 10);
    for told in told {
        let id = told["order"]["orderId"].as_str().unwrap();
        let events = engine.get(&format!("/api/orders/{id}/events")).await.json();
        if told["order"]["status"] == "waiting" {
            // It goes on resting here, or is looked at again.
            let before = told["events"].as_array().unwrap();
            assert_eq!(&events.as_array().unwrap()[..before.len()], before, "{id}");
            continue;
        }
        assert_eq!(engine.order(id).await, told["order"], "{id}");
        assert_eq!(events, told["events"], "{id}");
        let execution = engine.get(&format!("/api/orders/{id}/execution")).await.json();
        if told["order"]["status"] == "confirmed" {
            assert_eq!(execution, told["execution"], "{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_orders_of_an_earlier_version_are_listed_by_venue_and_status() {
    let engine = on_the_store_of_an_earlier_version().await;
    let told: Vec<Value> = serde_json::from_str(TOLD).unwrap();
    for (filter, meant) in [
        ("dex=raydium", json!({"dex": "Raydium"})),
        (
            "dex=Meteora&status=confirmed",
            json!({"dex": "Meteora", "status": "confirmed"}),
        ),
        ("status=confirmed", json!({"status": "confirmed"})),
        ("status=failed", json!({"status": "failed"})),
    ] {
        let is_meant = |order: &Value| {
            let mut members = meant.as_object().unwrap().iter();
            members.all(|(name, value)| order[name] == *value)
        };
        let newest_first = told.iter().rev().map(|told| &told["order"]);
        let expected: Vec<_> = newest_first.filter(|order| is_meant(order)).collect();
        let listed = engine
            .get(&format!("/api/orders?limit=100&{filter}"))
            .await
            .json();
        let listed: Vec<_> = listed["items"].as_array().unwrap().iter().collect();
        assert!(!expected.is_empty(), "{filter}");
        assert_eq!(listed, expected, "{filter}");
    }
}
