//! Orders that come as JSON and are answered with JSON.

use serde_json::Value;

use crate::test_server::{ORDER, TestServer, id};

#[tokio::test]
async fn an_order_is_answered_with_its_id_and_where_to_find_it() {
    let server = TestServer::open().await;
    let reply = server.post("/api/orders/execute", ORDER).await;
    assert_eq!(reply.status(), 202);
    assert_eq!(reply.headers()["content-type"], "application/json");
    assert!(!reply.headers().contains_key("idempotency-replayed"));
    let place = reply.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = reply.json().await.unwrap();
    assert_eq!(body["success"], true);
    assert_eq!(body["status"], "pending");
    assert_eq!(body["links"]["self"], place);
    let order: Value = server.get(&place).await.json().await.unwrap();
    assert_eq!(order["orderId"], body["orderId"]);
    assert_eq!(
        (&order["amountIn"], &order["tokenOut"]),
        (&"1.5".into(), &"USDC".into())
    );
}

#[tokio::test]
async fn a_repeated_request_is_the_same_order_and_a_different_one_is_refused() {
    let server = TestServer::open().await;
    let send = |body: &'static str| {
        let request = server
            .client
            .post(server.url("/api/orders/execute"))
            .header("idempotency-key", "key 1");
        request
            .header("content-type", "application/json; charset=utf-8")
            .body(body)
            .send()
    };
    let first: Value = send(ORDER).await.unwrap().json().await.unwrap();
    let again = send(ORDER).await.unwrap();
    assert_eq!(again.status(), 202);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    let again: Value = again.json().await.unwrap();
    assert_eq!(
        (&again["orderId"], &again["links"]),
        (&first["orderId"], &first["links"])
    );
    assert_eq!(again["status"], "pending");

    let other = send(r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"2"}"#)
        .await
        .unwrap();
    assert_eq!(other.status(), 422);
    let problem: Value = other.json().await.unwrap();
    assert_eq!(problem["code"], "idempotency_key_reused");
    assert_eq!(problem["orderId"], first["orderId"]);
}

#[tokio::test]
async fn more_than_the_pools_hold_is_refused() {
    let server = TestServer::open().await;
    let reply = server
        .post(
            "/api/orders/execute",
            r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1001"}"#,
        )
        .await;
    assert_eq!(reply.status(), 422);
    let problem: Value = reply.json().await.unwrap();
    assert_eq!(problem["code"], "amount_exceeds_liquidity");
    assert_eq!(problem["errors"][0]["field"], "amountIn");
    assert!(problem["detail"].as_str().unwrap().contains("1000"), "{problem}");
}

#[tokio::test]
async fn an_order_that_would_expire_before_it_begins_is_refused() {
    let server = TestServer::open().await;
    let order = r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1","timeInForce":"gtd","expiresAt":0}"#;
    let reply = server.post("/api/orders/execute", order).await;
    assert_eq!(reply.status(), 422);
    let problem: Value = reply.json().await.unwrap();
    assert_eq!(problem["code"], "already_expired");
    assert_eq!(problem["errors"][0]["field"], "expiresAt");
}

#[tokio::test]
async fn without_the_store_nothing_is_promised() {
    let server = TestServer::open().await;
    server.store_is(false);
    let reply = server.post("/api/orders/execute", ORDER).await;
    assert_eq!(reply.status(), 503);
    assert_eq!(reply.headers()["retry-after"], "1");
    assert_eq!(reply.headers()["content-type"], "application/problem+json");
    assert_eq!(reply.json::<Value>().await.unwrap()["code"], "store_unavailable");
    server.store_is(true);
    server.order().await;
}

#[tokio::test]
async fn a_draining_service_takes_no_orders_but_still_answers() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.drain.cancel();
    let reply = server.post("/api/orders/execute", ORDER).await;
    assert_eq!(reply.status(), 503);
    assert!(reply.headers().contains_key("retry-after"));
    assert_eq!(reply.json::<Value>().await.unwrap()["code"], "shutting_down");
    assert_eq!(server.get(&format!("/api/orders/{order}")).await.status(), 200);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["status"], "draining");
}

#[tokio::test]
async fn the_default_slippage_is_a_setting() {
    let server = TestServer::with_settings(|settings| settings.slippage_bps = 75).await;
    let order = server.order().await;
    let view: Value = server
        .get(&format!("/api/orders/{order}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(view["slippageBps"], 75);
    assert_eq!(id(&view), order);
}
