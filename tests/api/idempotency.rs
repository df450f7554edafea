//! A request that is repeated is one order.

use std::time::Duration;

use futures_util::future::join_all;
use order_tests::{Mode, Reply, TestEngine, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{sell, sell_with};

in_both_modes!(
    a_key_is_one_order,
    a_client_order_id_is_one_order,
    many_at_once_are_one_order,
    a_repeated_request_is_told_what_has_become_of_its_order,
    a_key_is_one_order_though_the_pools_have_moved,
    a_key_is_one_order_though_its_quote_has_expired
);

async fn submit(engine: &TestEngine, key: &str, order: &Value) -> Reply {
    let request = engine
        .request(Method::POST, "/api/orders/execute")
        .header("idempotency-key", key);
    engine.send(request.json(order)).await
}

async fn count(engine: &TestEngine) -> usize {
    engine.get("/api/orders?limit=200").await.json()["items"]
        .as_array()
        .unwrap()
        .len()
}

async fn a_key_is_one_order(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let first = submit(&engine, "k", &sell()).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (202, None));
    engine.finished(&first.order_id()).await;
    let again = submit(&engine, "k", &sell()).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, Some("true"))
    );
    let (first_reply, again_reply) = (first.json(), again.json());
    assert_eq!(
        (&again_reply["orderId"], &again_reply["links"]),
        (&first_reply["orderId"], &first_reply["links"])
    );
    assert_eq!(
        (&first_reply["status"], &again_reply["status"]),
        (&json!("pending"), &json!("confirmed"))
    );
    // The same order in other words.
    let words =
        json!({"type": "market", "side": "sell", "tokenIn": "sol", "tokenOut": "usdc", "amount": 1.50});
    assert_eq!(submit(&engine, "k", &words).await.order_id(), first.order_id());

    let other = submit(&engine, "k", &sell_with(json!({"amountIn": "2"}))).await;
    assert_eq!(
        (other.status, &other.json()["code"]),
        (422, &json!("idempotency_key_reused"))
    );
    assert_eq!(other.order_id(), first.order_id());
    // Another caller's key is another key.
    let theirs = submit(&engine, "k", &sell_with(json!({"userId": "bob"}))).await;
    assert_eq!(
        (theirs.status, theirs.header("idempotency-replayed")),
        (202, None)
    );
    assert_eq!(count(&engine).await, 2);
    engine.stop().await;
}

async fn a_client_order_id_is_one_order(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let order = sell_with(json!({"clientOrderId": "c"}));
    let first = engine.accepted(&order).await;
    let again = engine.execute(&order).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, Some("true"))
    );
    assert_eq!(again.order_id(), first);
    let other = engine
        .execute(&sell_with(json!({"clientOrderId": "c", "amountIn": "2"})))
        .await;
    assert_eq!(
        (other.status, &other.json()["code"]),
        (422, &json!("client_order_id_reused"))
    );
    assert_eq!(other.json()["errors"][0]["field"], "clientOrderId");
    assert_eq!(count(&engine).await, 1);
    engine.stop().await;
}

async fn many_at_once_are_one_order(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let order = sell();
    let replies = join_all((0..40).map(|_| submit(&engine, "k", &order))).await;
    let ids: std::collections::HashSet<_> = replies.iter().map(Reply::order_id).collect();
    assert_eq!(ids.len(), 1);
    let fresh = replies
        .iter()
        .filter(|reply| reply.header("idempotency-replayed").is_none())
        .count();
    assert_eq!(fresh, 1);
    assert_eq!(count(&engine).await, 1);
    engine.stop().await;
}

/// A client that cancels an order and submits it again under its name must not wait for a fill that cannot come.
async fn a_repeated_request_is_told_what_has_become_of_its_order(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let order = sell_with(json!({"type": "limit", "limitPrice": "1000", "clientOrderId": "desk-1"}));
    let id = engine.accepted(&order).await;
    assert_eq!(engine.delete(&format!("/api/orders/{id}")).await.status, 200);
    let expected = json!({
        "success": true, "message": "Order was received before: cancelled", "orderId": id, "clientOrderId": "desk-1",
        "status": "cancelled",
    });
    let fits = |mut reply: Value| {
        reply.as_object_mut().unwrap().remove("links");
        assert_eq!(reply, expected);
    };
    let again = engine.execute(&order).await;
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (202, Some("true"))
    );
    fits(again.json());

    let mut socket = engine.socket("/api/orders/execute?after=99").await.unwrap();
    socket.send(&order).await;
    fits(socket.next().await.unwrap());

    // A stream tells it by its events.
    let request = engine
        .request(Method::POST, "/api/orders/execute")
        .header("accept", "text/event-stream");
    let stream = engine.send(request.json(&order)).await;
    assert_eq!(stream.header("idempotency-replayed"), Some("true"));
    let last = stream.text.trim_end().rsplit("data: ").next().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(
        (&last["status"], &last["clientOrderId"]),
        (&json!("cancelled"), &json!("desk-1"))
    );

    // One that time has overtaken is known all the same.
    let mut expired = None;
    for wait in [1_500, 6_000, 24_000] {
        let soon = sell_with(json!({
            "type": "limit", "limitPrice": "1000", "timeInForce": "gtd", "clientOrderId": format!("soon-{wait}"),
            "expiresAt": now_millis() + wait,
        }));
        let reply = engine.execute(&soon).await;
        // On a machine that is slow just now, soon may be too soon.
        if reply.status == 202 {
            expired = Some((soon, reply.order_id()));
            break;
        }
    }
    let (soon, id) = expired.unwrap();
    assert_eq!(engine.finished(&id).await["status"], "expired");
    assert_eq!(engine.execute(&soon).await.json()["status"], "expired");
    engine.stop().await;
}

fn now_millis() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(now.unwrap().as_millis()).unwrap()
}

/// One pool, of 100 SOL and 15,000 USDC.
const ONE_POOL: &str = r#"
venues.meteora.pools = []
venues.raydium.pools = [{ base = "SOL", quote = "USDC", base_reserve = "100", quote_reserve = "15000", fee_rate = 2500 }]
"#;

async fn a_key_is_one_order_though_the_pools_have_moved(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let large = sell_with(json!({"amountIn": "90", "clientOrderId": "c"}));
    let first = submit(&engine, "k", &large).await;
    engine.finished(&first.order_id()).await;
    for amount in ["5000", "12000"] {
        let bought = json!({"tokenIn": "USDC", "tokenOut": "SOL", "amountIn": amount});
        let bought = engine.finished(&engine.accepted(&bought).await).await;
        assert_eq!(bought["status"], "confirmed", "{bought}");
    }
    let new = submit(&engine, "new", &sell_with(json!({"amountIn": "90"}))).await;
    assert_eq!(
        (new.status, &new.json()["code"]),
        (422, &json!("amount_exceeds_liquidity"))
    );
    for again in [submit(&engine, "k", &large).await, engine.execute(&large).await] {
        assert_eq!(
            (again.status, again.header("idempotency-replayed")),
            (202, Some("true")),
            "{again:?}"
        );
        assert_eq!(again.order_id(), first.order_id());
    }
    let other = submit(&engine, "k", &sell_with(json!({"amountIn": "91"}))).await;
    assert_eq!(
        (other.status, &other.json()["code"]),
        (422, &json!("idempotency_key_reused"))
    );
    engine.stop().await;
}

async fn a_key_is_one_order_though_its_quote_has_expired(mode: Mode) {
    let engine = TestEngine::start(mode, "quotes.ttl = \"2s\"").await;
    let asked = engine.request(Method::POST, "/api/quotes").json(&sell());
    let quote = engine.send(asked).await.json();
    let order = sell_with(json!({"quoteId": quote["quoteId"], "clientOrderId": "c"}));
    let first = submit(&engine, "k", &order).await;
    assert_eq!(first.status, 202, "{first:?}");
    // To others it is a quote that is gone, in time.
    let new = sell_with(json!({"quoteId": quote["quoteId"], "userId": "bob"}));
    let refused = loop {
        let reply = engine.execute(&new).await;
        if reply.status != 202 {
            break reply;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (422, &json!("quote_expired"))
    );
    assert_eq!(
        submit(&engine, "other", &new).await.json()["code"],
        "quote_expired"
    );
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    socket.send(&order).await;
    assert_eq!(socket.next().await.unwrap()["orderId"], first.json()["orderId"]);
    for again in [submit(&engine, "k", &order).await, engine.execute(&order).await] {
        assert_eq!(
            (again.status, again.header("idempotency-replayed")),
            (202, Some("true")),
            "{again:?}"
        );
        assert_eq!(again.order_id(), first.order_id());
    }
    let other = sell_with(json!({"quoteId": quote["quoteId"], "clientOrderId": "d"}));
    assert_eq!(
        submit(&engine, "k", &other).await.json()["code"],
        "idempotency_key_reused"
    );
    engine.stop().await;
}

#[tokio::test]
async fn another_default_slippage_makes_no_other_order() {
    let engine = TestEngine::durable("").await;
    let first = submit(&engine, "k", &sell()).await;
    engine.finished(&first.order_id()).await;
    let Some(backends) = engine.stop().await else {
        unreachable!("a durable engine has servers")
    };
    let engine = TestEngine::on(backends, "orders.slippage_bps = 75").await;
    let again = submit(&engine, "k", &sell()).await;
    assert_eq!((again.status, again.order_id()), (202, first.order_id()));
    assert_eq!(engine.order(&first.order_id()).await["slippageBps"], 50);
    engine.stop().await;
}

#[tokio::test]
async fn a_bad_key_is_refused_by_name() {
    let engine = TestEngine::memory("").await;
    for key in ["", &"x".repeat(129)] {
        let reply = submit(&engine, key, &sell()).await;
        assert_eq!(
            (reply.status, &reply.json()["errors"][0]["field"]),
            (400, &json!("Idempotency-Key"))
        );
    }
    assert_eq!(count(&engine).await, 0);
}
