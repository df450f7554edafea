//! Orders that wait: for a price, for a stop, for a pool, and for owners who think better of it.
//!
//! Prices stand still, so that only trades move the market: who buys a lot makes it dearer.

use order_tests::{Mode, ONE_POOL, TestEngine, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{LIFE, sell_with, statuses};

in_both_modes!(
    a_limit_order_waits_for_its_price,
    a_stop_limit_order_waits_for_its_stop,
    a_sniper_waits_for_a_pool,
    a_fill_or_kill_order_does_not_wait,
    a_good_till_date_order_expires,
    an_order_that_waits_can_be_cancelled,
    the_terms_of_an_order_that_waits_can_be_replaced,
    all_orders_of_an_owner_can_be_cancelled,
    orders_are_cancelled_and_replaced_on_their_sockets,
    an_order_that_is_over_cannot_be_cancelled
);

fn limit(price: &str) -> Value {
    sell_with(json!({"type": "limit", "limitPrice": price}))
}

/// Pays so much USDC for SOL, which makes it dearer.
async fn buy(engine: &TestEngine, usdc: &str) {
    let order = json!({"tokenIn": "USDC", "tokenOut": "SOL", "amountIn": usdc, "slippageBps": 10_000});
    let id = engine.accepted(&order).await;
    assert_eq!(engine.finished(&id).await["status"], "confirmed");
}

/// Pays so much SOL for USDC, which makes it cheaper.
async fn sell_off(engine: &TestEngine, sol: &str) {
    let order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": sol, "slippageBps": 10_000});
    let id = engine.accepted(&order).await;
    assert_eq!(engine.finished(&id).await["status"], "confirmed");
}

/// Waits until the order waits, and returns that event.
async fn waiting(engine: &TestEngine, id: &str) -> Value {
    let path = format!("/ws/orders/{id}?after=1");
    let mut socket = engine.socket(&path).await.unwrap();
    let event = socket.next().await.unwrap();
    assert_eq!(event["status"], "waiting", "{event}");
    event
}

async fn patch(engine: &TestEngine, id: &str, tag: Option<&str>, body: &Value) -> (u16, Value) {
    let mut request = engine
        .request(Method::PATCH, &format!("/api/orders/{id}"))
        .json(body);
    if let Some(tag) = tag {
        request = request.header("If-Match", tag);
    }
    let reply = engine.send(request).await;
    (reply.status, reply.json())
}

/// A decimal of a reply.
pub fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

async fn a_limit_order_waits_for_its_price(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let id = engine.accepted(&limit("151")).await;
    let event = waiting(&engine, &id).await;
    assert_eq!(
        (&event["seq"], &event["waitingFor"]),
        (&json!(2), &json!("limit"))
    );
    let order = engine.order(&id).await;
    assert_eq!(
        (&order["status"], &order["waitingFor"], &order["limitPrice"]),
        (&json!("waiting"), &json!("limit"), &json!("151"))
    );
    buy(&engine, "150000").await;
    let history = engine.history(&id).await;
    let expected: Vec<_> = ["pending", "waiting"]
        .into_iter()
        .chain(LIFE.into_iter().skip(1))
        .collect();
    assert_eq!(statuses(&history, 1), expected);
    assert!(number(&history[6]["executedPrice"]) >= 151.0, "{}", history[6]);
    engine.stop().await;
}

async fn a_stop_limit_order_waits_for_its_stop(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let stop = sell_with(json!({"type": "stop_limit", "stopPrice": "149", "limitPrice": "140"}));
    let id = engine.accepted(&stop).await;
    assert_eq!(waiting(&engine, &id).await["waitingFor"], "stop");
    buy(&engine, "1000").await;
    assert_eq!(engine.order(&id).await["status"], "waiting", "it has not fallen");
    sell_off(&engine, "1000").await;
    let order = engine.finished(&id).await;
    assert_eq!(order["status"], "confirmed", "{order}");
    let price = number(&order["executedPrice"]);
    assert!((140.0..=149.0).contains(&price), "{price}");
    engine.stop().await;
}

async fn a_sniper_waits_for_a_pool(mode: Mode) {
    let later = r#"
        [[venues.raydium.pools]]
        base = "JUP"
        quote = "BONK"
        base_reserve = "1000000"
        quote_reserve = "100000000"
        fee_rate = 2500
        opens_after_blocks = 8
    "#;
    let engine = TestEngine::start(mode, &format!("{ONE_POOL}{later}")).await;
    let sniper = json!({"type": "sniper", "tokenIn": "BONK", "tokenOut": "JUP", "amountIn": "1000"});
    let id = engine.accepted(&sniper).await;
    assert_eq!(engine.order(&id).await["priority"], "high");
    let history = engine.history(&id).await;
    assert_eq!(history[1]["waitingFor"], "pool", "{}", history[1]);
    assert_eq!(history.last().unwrap()["status"], "confirmed");
    // The same as a market order is refused where there is no pool.
    let none = json!({"tokenIn": "RAY", "tokenOut": "BONK", "amountIn": "1"});
    assert_eq!(engine.execute(&none).await.json()["code"], "pair_not_traded");
    engine.stop().await;
}

async fn a_fill_or_kill_order_does_not_wait(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let mut order = limit("151");
    order["timeInForce"] = json!("fok");
    let order = engine.finished(&engine.accepted(&order).await).await;
    assert_eq!(
        (&order["status"], &order["code"], &order["attempts"]),
        (&json!("failed"), &json!("limit_not_met"), &json!(1))
    );
    engine.stop().await;
}

async fn a_good_till_date_order_expires(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let until = u64::try_from(now.as_millis()).unwrap() + 1_500;
    let mut order = limit("151");
    order.as_object_mut().unwrap().extend([
        ("timeInForce".to_owned(), json!("gtd")),
        ("expiresAt".to_owned(), json!(until)),
    ]);
    let id = engine.accepted(&order).await;
    let history = engine.history(&id).await;
    assert_eq!(statuses(&history, 1), ["pending", "waiting", "expired"]);
    assert!(history[2]["timestamp"].as_u64().unwrap() >= until);
    order["expiresAt"] = json!(1_000);
    assert_eq!(engine.execute(&order).await.json()["code"], "already_expired");
    engine.stop().await;
}

async fn an_order_that_waits_can_be_cancelled(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let id = engine.accepted(&limit("151")).await;
    waiting(&engine, &id).await;
    let reply = engine.delete(&format!("/api/orders/{id}")).await;
    assert_eq!(
        (reply.status, reply.json()["status"].clone()),
        (200, json!("cancelled"))
    );
    // Once more is no harm.
    assert_eq!(engine.delete(&format!("/api/orders/{id}")).await.status, 200);
    buy(&engine, "150000").await;
    assert_eq!(
        statuses(&engine.history(&id).await, 1),
        ["pending", "waiting", "cancelled"]
    );
    engine.stop().await;
}

async fn the_terms_of_an_order_that_waits_can_be_replaced(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let id = engine.accepted(&limit("200")).await;
    waiting(&engine, &id).await;
    let lower = json!({"limitPrice": "140"});
    let (status, problem) = patch(&engine, &id, None, &lower).await;
    assert_eq!((status, &problem["code"]), (428, &json!("if_match_required")));
    let (status, problem) = patch(&engine, &id, Some("\"1\""), &lower).await;
    assert_eq!((status, &problem["code"]), (412, &json!("version_mismatch")));
    let (status, problem) = patch(&engine, &id, Some("\"2\""), &json!({"stopPrice": "1"})).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("stopPrice"))
    );
    let (status, order) = patch(&engine, &id, Some("\"2\""), &lower).await;
    assert_eq!((status, &order["limitPrice"]), (200, &json!("140")));
    // It is met already.
    let history = engine.history(&id).await;
    assert_eq!(history[2]["limitPrice"], "140", "{}", history[2]);
    assert_eq!(history.last().unwrap()["status"], "confirmed");
    let (status, problem) = patch(&engine, &id, Some("\"9\""), &lower).await;
    assert_eq!((status, &problem["code"]), (409, &json!("not_waiting")));
    engine.stop().await;
}

async fn all_orders_of_an_owner_can_be_cancelled(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let mut others = limit("151");
    others["userId"] = json!("somebody-else");
    let others = engine.accepted(&others).await;
    let mut mine = Vec::new();
    for _ in 0..5 {
        mine.push(engine.accepted(&limit("151")).await);
    }
    for id in mine.iter().chain([&others]) {
        waiting(&engine, id).await;
    }
    let reply = engine.delete("/api/orders?status=waiting").await;
    assert_eq!(reply.json(), json!({"cancelled": 5, "tooLate": 0}));
    for id in &mine {
        assert_eq!(engine.order(id).await["status"], "cancelled");
    }
    assert_eq!(engine.order(&others).await["status"], "waiting");
    assert_eq!(engine.delete("/api/orders?status=nonsense").await.status, 400);
    engine.stop().await;
}

async fn orders_are_cancelled_and_replaced_on_their_sockets(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let mut socket = engine.socket("/api/orders/execute").await.unwrap();
    socket.send(&limit("200")).await;
    let id = socket.next().await.unwrap()["orderId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(socket.next().await.unwrap()["status"], "pending");
    assert_eq!(socket.next().await.unwrap()["status"], "waiting");
    let replace = json!({"action": "replace", "orderId": id, "ifMatch": 2, "limitPrice": "190"});
    socket.send(&replace).await;
    let (first, second) = (socket.next().await.unwrap(), socket.next().await.unwrap());
    let (reply, event) = if first["success"] == true {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(
        (&reply["action"], &reply["version"]),
        (&json!("replace"), &json!(3))
    );
    assert_eq!(event["limitPrice"], "190", "{event}");
    socket.send(&replace).await;
    assert_eq!(socket.next().await.unwrap()["code"], "version_mismatch");

    let mut watching = engine.socket(&format!("/ws/orders/{id}?after=3")).await.unwrap();
    watching.send(&json!({"action": "cancel"})).await;
    let (said, closed) = watching.to_the_end().await;
    assert!(
        said.iter()
            .any(|said| said["action"] == "cancel" && said["success"] == true)
    );
    assert!(
        said.iter()
            .any(|said| said["status"] == "cancelled" && said["seq"] == 4)
    );
    assert_eq!(closed.code, Some(1000));
    engine.stop().await;
}

async fn an_order_that_is_over_cannot_be_cancelled(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let id = engine.accepted(&limit("140")).await;
    assert_eq!(engine.finished(&id).await["status"], "confirmed");
    let reply = engine.delete(&format!("/api/orders/{id}")).await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (409, json!("not_cancellable"))
    );
    let unknown = "/api/orders/ORD-01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(engine.delete(unknown).await.status, 404);
    engine.stop().await;
}
