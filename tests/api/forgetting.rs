//! An engine in memory remembers so much of what is over, and all that is not.

use std::time::Duration;

use order_tests::TestEngine;
use serde_json::{Value, json};

use crate::{LIFE, sell, sell_with, statuses};

const THREE: &str = "memory.ended_orders = 3";

async fn listed(engine: &TestEngine) -> Vec<String> {
    let page = engine.get("/api/orders").await.json();
    let id = |order: &Value| order["orderId"].as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_orders_that_ended_are_kept_whole_and_those_before_are_unknown() {
    let engine = TestEngine::memory(THREE).await;
    let waits = json!({"type": "limit", "limitPrice": "900"});
    let waiting = engine.accepted(&sell_with(waits)).await;
    let watched = engine
        .socket(&format!("/api/orders/updates/{waiting}"))
        .await
        .unwrap();
    let mut ended = Vec::new();
    for _ in 0..20 {
        let id = engine.accepted(&sell()).await;
        engine.finished(&id).await;
        ended.push(id);
    }
    let kept: Vec<_> = ended.iter().skip(17).rev().cloned().collect();
    assert_eq!(
        listed(&engine).await,
        [kept.clone(), vec![waiting.clone()]].concat()
    );
    for id in &kept {
        assert_eq!(statuses(&engine.events(id).await, 1), LIFE);
    }
    for path in ["", "/events", "/execution"] {
        let gone = engine.get(&format!("/api/orders/{}{path}", ended[0])).await;
        assert_eq!(
            (gone.status, &gone.json()["code"]),
            (404, &json!("order_not_found"))
        );
    }
    // What was counted stays counted.
    let numbers = engine.get("/metrics").await.text;
    assert!(numbers.contains("order_engine_orders_total{type=\"market\",outcome=\"confirmed\"} 20"));
    // The stream of the order that waits is whole, from its first event to its last.
    assert_eq!(engine.delete(&format!("/api/orders/{waiting}")).await.status, 200);
    let (history, _) = watched.to_the_end().await;
    assert_eq!(statuses(&history, 1), ["pending", "waiting", "cancelled"]);
    engine.stop().await;
}

/// A key is remembered as long as its order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_good_for_its_order_until_that_is_forgotten() {
    let engine = TestEngine::memory(THREE).await;
    let place = async || {
        let request = engine
            .request(reqwest::Method::POST, "/api/orders/execute")
            .header("Idempotency-Key", "mine")
            .json(&sell());
        let id = engine.send(request).await.order_id();
        engine.finished(&id).await;
        id
    };
    let first = place().await;
    assert_eq!(place().await, first);
    for _ in 0..3 {
        engine.finished(&engine.accepted(&sell()).await).await;
    }
    let second = place().await;
    assert_ne!(second, first);
    assert_eq!(place().await, second);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_long_ago_is_forgotten_though_nothing_happens() {
    let engine = TestEngine::memory("memory.ended_age = \"1s\"").await;
    let id = engine.accepted(&sell()).await;
    engine.finished(&id).await;
    let forgotten = async {
        while !listed(&engine).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), forgotten)
        .await
        .unwrap();
    assert_eq!(engine.get(&format!("/api/orders/{id}")).await.status, 404);
    engine.stop().await;
}
