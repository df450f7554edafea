//! A database that answers and does not do: readiness says so, and says when it is over.

use std::time::Duration;

use order_tests::Client;
use serde_json::Value;

use crate::deployment::{Deployment, assert_all_confirmed, sale};

const TRIAL: &str = include_str!("../../crates/adapters/postgres/src/sql/trial.sql");

/// Waits until readiness answers with that status, and the store says something like that; what it says then.
async fn ready(client: &Client, status: u16, detail: &str) -> Value {
    let reached = async {
        loop {
            let reply = client.get("/health/ready").await;
            if reply.status == status && store(&reply.json()).1.contains(detail) {
                return reply.json();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(30), reached).await;
    reached.unwrap_or_else(|_| panic!("readiness is never {status}"))
}

fn store(ready: &Value) -> (&str, &str) {
    let parts = ready["parts"].as_array().unwrap();
    let store = parts.iter().find(|part| part["name"] == "store").unwrap();
    (
        store["status"].as_str().unwrap(),
        store["detail"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn an_engine_is_ready_only_while_orders_can_be_stored() {
    let deployment = Deployment::start("instant").await;
    let (api, worker) = (deployment.process("api", &[]), deployment.process("worker", &[]));
    let client = api.client().await;
    let first = client.accepted(&sale()).await;
    assert_eq!(store(&ready(&client, 200, "postgres").await).0, "up");
    deployment.read_only(true).await;
    let down = ready(&client, 503, "read-only").await;
    assert_eq!(
        (&down["status"], store(&down).0),
        (&"down".into(), "down"),
        "{down}"
    );
    assert_eq!(client.execute(&sale()).await.status, 503);
    deployment.read_only(false).await;
    ready(&client, 200, "postgres").await;
    let second = client.accepted(&sale()).await;
    assert_all_confirmed(&client, &[first, second]).await;
    drop(worker);
}

#[tokio::test]
async fn commits_that_are_no_promise_are_told_of() {
    let deployment = Deployment::start("instant").await;
    // The tests' own servers have no need to outlive their machine.
    let api = deployment.process("api", &[("ORDER_ENGINE__LOG__FORMAT", "json")]);
    let client = api.client().await;
    let unsafe_in = |scrape: &str| {
        let unsafe_settings = scrape
            .lines()
            .filter(|line| line.starts_with("order_engine_store_unsafe{"));
        let on = unsafe_settings.filter(|line| line.ends_with(" 1"));
        on.map(str::to_owned).collect::<Vec<_>>()
    };
    let told = unsafe_in(&client.get("/metrics").await.text);
    let health = ready(&client, 200, "postgres").await;
    if told.iter().any(|line| line.contains("fsync")) {
        api.says("fsync is off").await;
        assert!(store(&health).1.contains("fsync"), "{health}");
    } else {
        assert_eq!(store(&health), ("up", "postgres"));
    }
}

/// Both roles that write may try to write.
#[tokio::test]
async fn whoever_writes_may_try_to() {
    let guarded = crate::guarded::Guarded::start().await;
    for role in ["api", "worker"] {
        let tried = guarded.as_role(role, TRIAL).await.unwrap_err();
        assert!(tried.contains("division by zero"), "{role}: {tried}");
    }
    let tried = guarded.as_role("reader", TRIAL).await.unwrap_err();
    assert!(tried.contains("permission denied"), "{tried}");
}
