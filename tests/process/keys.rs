//! Keys from the shell: made in one process, good in another, taken away in a third.

use std::sync::Arc;

use order_tests::{Backends, EngineProcess};
use serde_json::{Value, json};

async fn keys(database: &str, arguments: &[&str]) -> Vec<String> {
    let arguments = [&["keys"], arguments].concat();
    let mut process = EngineProcess::spawn(&arguments, &[("DATABASE_URL", database)]);
    let status = process.exit().await;
    assert!(status.success(), "{arguments:?}: {:?}", process.lines());
    // Whatever it wrote is read a moment after it has ended.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    process.lines()
}

fn key(lines: &[String]) -> String {
    assert_eq!(lines.len(), 1, "{lines:?}");
    let printed: Value = serde_json::from_str(&lines[0]).unwrap();
    printed["key"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_made_rotated_and_revoked_from_the_shell() {
    let backends = Arc::new(Backends::start().await);
    let database = backends.database_url();
    let created = key(&keys(database, &["create", "--owner", "ann", "--json"]).await);
    let id = created.split_once('.').unwrap().0;
    let mut engine = EngineProcess::spawn(
        &["serve"],
        &[
            ("DATABASE_URL", database),
            ("HOST", "127.0.0.1"),
            ("PORT", "0"),
            ("ORDER_ENGINE__AUTH__MODE", "keys"),
            ("ORDER_ENGINE__VENUES__PROFILE", "instant"),
        ],
    );
    let client = engine.client().await;
    let ann = client.with_key(&created);
    let placed = ann
        .accepted(&json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1"}))
        .await;
    assert_eq!(ann.order(&placed).await["userId"], "ann");

    let socket = ann.socket("/ws/orders").await.unwrap();
    let rotated = key(&keys(database, &["rotate", id, "--json"]).await);
    assert_eq!(socket.to_the_end().await.1.code, Some(4401));
    assert_eq!(ann.get("/api/orders").await.status, 401);
    let ann = client.with_key(&rotated);
    let socket = ann.socket("/ws/orders").await.unwrap();

    assert_eq!(keys(database, &["revoke", id]).await, Vec::<String>::new());
    assert_eq!(socket.to_the_end().await.1.code, Some(4401));
    assert_eq!(ann.get("/api/orders").await.status, 401);

    let listed = keys(database, &["list", "--json"]).await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    let listed_key: Value = serde_json::from_str(&listed[0]).unwrap();
    assert_eq!(
        (&listed_key["id"], &listed_key["owner"]),
        (&json!(id), &json!("ann"))
    );
    assert_eq!(listed_key["scopes"], json!(["trade", "read"]));
    assert!(listed_key["revokedAt"].is_string());
    // No secret in a list or in the log.
    let said = [listed, engine.lines()].concat().join("\n");
    for key in [&created, &rotated] {
        assert!(!said.contains(key.split_once('.').unwrap().1));
    }
    let mut again = EngineProcess::spawn(&["keys", "rotate", id], &[("DATABASE_URL", database)]);
    assert_eq!(again.exit().await.code(), Some(1));
    assert_eq!(engine.terminate().await, Some(0));
}
