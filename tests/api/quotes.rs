//! Quotes, and that they are what an order then gets.

use order_tests::TestEngine;
use serde_json::{Value, json};

use crate::sell;

#[tokio::test]
async fn a_quote_is_what_an_order_gets() {
    let engine = TestEngine::memory("").await;
    let report = engine.post("/api/quotes", &sell()).await;
    assert_eq!(report.status, 200, "{report:?}");
    let report = report.json();
    assert_eq!(report["quotes"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&report["side"], &report["unavailable"]),
        (&json!("sell"), &json!([]))
    );
    let order = engine.finished(&engine.accepted(&sell()).await).await;
    assert_eq!(order["dex"], report["route"]["dex"]);
    assert_eq!(order["amountOut"], report["route"]["amountOut"]);
    assert_eq!(order["executedPrice"], report["route"]["price"]);
}

#[tokio::test]
async fn asking_moves_no_pool_and_trading_does() {
    let engine = TestEngine::memory("").await;
    let ask = async || -> Value {
        let mut report = engine.post("/api/quotes", &sell()).await.json();
        // Each quote has a name and an end of its own.
        report["quoteId"].take();
        report["expiresAt"].take();
        report
    };
    let first = ask().await;
    assert_eq!(ask().await, first);
    let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "500", "slippageBps": 5000});
    assert_eq!(
        engine.finished(&engine.accepted(&order).await).await["status"],
        "confirmed"
    );
    assert_ne!(ask().await["quotes"], first["quotes"]);
}

#[tokio::test]
async fn a_size_that_no_venue_can_fill_is_refused() {
    let engine = TestEngine::memory("").await;
    let question = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "100000000000"});
    let reply = engine.post("/api/quotes", &question).await;
    assert_eq!(reply.status, 422, "{reply:?}");
    let dust = json!({"tokenIn": "BONK", "tokenOut": "USDC", "amountIn": "0.00001"});
    let reply = engine.post("/api/quotes", &dust).await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (422, &json!("zero_output")),
        "{reply:?}"
    );
}
