//! What is refused, alike over HTTP and on a socket, and without leaving anything behind.

use order_tests::TestEngine;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{sell, sell_with};

/// Orders that are refused, with the status and a field that is named.
fn refused() -> Vec<(String, u16, &'static str)> {
    let changed = |changes| sell_with(changes).to_string();
    let raw = |amount: &str| format!(r#"{{"tokenIn":"SOL","tokenOut":"USDC","amountIn":{amount}}}"#);
    vec![
        (raw("\"-1\""), 400, "amountIn"),
        (raw("-1"), 400, "amountIn"),
        (raw("0"), 400, "amountIn"),
        (raw("\"NaN\""), 400, "amountIn"),
        (raw("NaN"), 400, "amountIn"),
        (raw("Infinity"), 400, "amountIn"),
        (raw("1e400"), 400, "amountIn"),
        (raw("\"1e400\""), 400, "amountIn"),
        (raw("\"0.0000000001\""), 400, "amountIn"),
        (raw("true"), 400, "amountIn"),
        (raw("\"99999999999999999999\""), 422, "amountIn"),
        (changed(json!({"amountIn": null})), 400, "amountIn"),
        (changed(json!({"amount": "2"})), 400, "amount"),
        (
            changed(json!({"slippage": 1, "slippageBps": 50})),
            400,
            "slippageBps",
        ),
        (changed(json!({"slippageBps": 10_001})), 400, "slippageBps"),
        (changed(json!({"slippage": "0.001"})), 400, "slippage"),
        (
            changed(json!({"slippage": 1, "minAmountOut": 1})),
            400,
            "minAmountOut",
        ),
        (changed(json!({"tokenOut": "SOL"})), 400, "tokenOut"),
        (changed(json!({"tokenOut": "DOGE"})), 400, "tokenOut"),
        (changed(json!({"tokenIn": 1})), 400, "tokenIn"),
        (changed(json!({"hurry": true})), 400, "hurry"),
        (changed(json!({"priority": 7})), 400, "priority"),
        (changed(json!({"userId": ""})), 400, "userId"),
        (changed(json!({"side": "buy"})), 422, "side"),
        (changed(json!({"limitPrice": "150"})), 422, "limitPrice"),
        (changed(json!({"type": "iceberg"})), 400, "type"),
        ("{}".into(), 400, "tokenIn"),
    ]
}

fn names(problem: &Value, field: &str) -> bool {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .any(|error| error["field"] == field)
}

#[tokio::test]
async fn a_wrong_order_is_refused_alike_everywhere_and_leaves_nothing() {
    let engine = TestEngine::memory("").await;
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    for (body, status, field) in refused() {
        let reply = engine.post_text("/api/orders/execute", &body).await;
        assert_eq!(reply.status, status, "{body} {reply:?}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        let problem = reply.json();
        assert!(names(&problem, field), "{body} {problem}");
        socket.send_text(&body).await;
        assert_eq!(socket.next().await.unwrap(), problem);
    }
    socket.send(&sell()).await;
    assert_eq!(socket.next().await.unwrap()["success"], true);
    let orders = engine.get("/api/orders").await.json();
    assert_eq!(orders["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_wrong_request_is_a_problem_too() {
    let engine = TestEngine::memory("").await;
    let order = sell().to_string();
    let text = engine
        .request(Method::POST, "/api/orders/execute")
        .body(order.clone());
    assert_eq!(engine.send(text).await.status, 415);
    let large = format!("{order}{}", " ".repeat(16 * 1024));
    assert_eq!(engine.post_text("/api/orders/execute", &large).await.status, 413);
    assert_eq!(
        engine
            .post_text("/api/orders/execute", "{\"tokenIn\"")
            .await
            .status,
        400
    );
    let wrong = engine
        .send(engine.request(Method::PUT, "/api/orders/execute"))
        .await;
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("GET, HEAD, POST"))
    );
    assert_eq!(engine.get("/api/nothing").await.status, 404);
    let plain = engine.get("/ws/orders").await;
    assert_eq!((plain.status, plain.header("upgrade")), (426, Some("websocket")));
    for reply in [wrong, plain] {
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert!(reply.json()["code"].is_string());
    }
}
