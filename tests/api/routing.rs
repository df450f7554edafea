//! Large orders over several pools, callers' own limits, quotes that bind, and the explanation of it all.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::{Value, json};

use crate::sell_with;

in_both_modes!(
    a_large_order_is_split_and_explained,
    a_caller_may_ask_for_one_venue_and_one_pool,
    what_an_orders_own_limits_rule_out_is_named,
    an_order_gets_what_its_quote_promised_or_nothing,
);

/// So much that every pool of the pair gets a part of it.
fn large() -> Value {
    sell_with(json!({"amountIn": "10000", "slippageBps": 100}))
}

async fn event(engine: &TestEngine, id: &str, status: &str) -> Value {
    let events = engine.get(&format!("/api/orders/{id}/events")).await.json();
    let events = events.as_array().unwrap().clone();
    events
        .into_iter()
        .find(|event| event["status"] == status)
        .unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

async fn a_large_order_is_split_and_explained(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let report = engine.post("/api/quotes", &large()).await.json();
    let legs = report["route"]["legs"].as_array().unwrap();
    assert!(legs.len() > 1, "{report}");
    for quote in report["quotes"].as_array().unwrap() {
        assert!(number(&report["route"]["amountOut"]) > number(&quote["amountOut"]));
    }
    let id = engine.accepted(&large()).await;
    let order = engine.finished(&id).await;
    assert_eq!(order["status"], "confirmed", "{order}");
    assert_eq!(order["amountOut"], report["route"]["amountOut"]);
    assert_eq!(order["amountInFilled"], "10000");
    let best = event(&engine, &id, "best_dex").await;
    assert_eq!(best["legs"].as_array().unwrap().len(), legs.len());
    assert_eq!(
        (&best["dex"], &order["dex"]),
        (&report["route"]["dex"], &best["dex"])
    );

    let told = engine.get(&format!("/api/orders/{id}/execution")).await.json();
    let (attempt, result) = (&told["attempts"][0], &told["result"]);
    assert_eq!(attempt["quotes"], report["quotes"]);
    assert_eq!(attempt["route"]["legs"].as_array().unwrap().len(), legs.len());
    let rejected = attempt["rejected"].as_array().unwrap();
    let venues = rejected.iter().filter(|route| route["route"] == "venue");
    assert_eq!(venues.count(), 2, "{told}");
    assert_eq!(result["slippageBps"], "0");
    assert_eq!(result["amountOut"], order["amountOut"]);
    assert!(number(&result["gainOverBestVenueBps"]) > 1.0, "{result}");
    assert!(number(&result["costAgainstMidBps"]) > 0.0, "{result}");
    assert!(result["midPrice"].is_string(), "{result}");
}

async fn a_caller_may_ask_for_one_venue_and_one_pool(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let mut order = large();
    order["maxLegs"] = json!(1);
    order["excludeVenues"] = json!(["meteora"]);
    let id = engine.accepted(&order).await;
    let finished = engine.finished(&id).await;
    assert_eq!(
        (&finished["status"], &finished["dex"]),
        (&json!("confirmed"), &json!("Raydium"))
    );
    assert_eq!(
        (&finished["venues"], &finished["maxLegs"]),
        (&json!(["Raydium"]), &json!(1))
    );
    let routing = event(&engine, &id, "routing").await;
    assert_eq!(routing["quotes"].as_array().unwrap().len(), 1);
    assert_eq!(routing["meta"]["mQuote"], Value::Null);
    assert_eq!(event(&engine, &id, "best_dex").await["legs"], Value::Null);
}

/// One pool alone, so that a trade cannot go around a price that has moved.
const ONE_POOL: &str = r#"
[venues.meteora]
pools = []
[[venues.raydium.pools]]
base = "SOL"
quote = "USDC"
base_reserve = "50000"
quote_reserve = "7500000"
fee_rate = 2500
"#;

async fn what_an_orders_own_limits_rule_out_is_named(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let around = TestEngine::start(mode, "").await;
    let ray_to_jup = |more: Value| {
        let mut order = json!({"tokenIn": "RAY", "tokenOut": "JUP", "amountIn": "10"});
        order
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        order
    };
    let refused = async |engine: &TestEngine, order: Value, fields: &[&str]| {
        let answer = engine.execute(&order).await;
        let problem = answer.json();
        assert_eq!(
            (answer.status, &problem["code"]),
            (422, &json!("pair_not_traded")),
            "{problem}"
        );
        let named: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["field"])
            .collect();
        assert_eq!(named, fields, "{problem}");
    };
    // These two have no pool together: it takes two swaps, by a token in between.
    around.accepted(&ray_to_jup(json!({}))).await;
    refused(&around, ray_to_jup(json!({"maxLegs": 1})), &["maxLegs"]).await;
    refused(&engine, sell_with(json!({"venues": ["meteora"]})), &["venues"]).await;
    refused(
        &engine,
        sell_with(json!({"excludeVenues": ["raydium"], "maxLegs": 1})),
        &["venues"],
    )
    .await;
    refused(
        &engine,
        ray_to_jup(json!({"maxLegs": 1})),
        &["tokenIn", "tokenOut"],
    )
    .await;
}

async fn an_order_gets_what_its_quote_promised_or_nothing(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let question = sell_with(json!({"slippageBps": 10}));
    let report = engine.post("/api/quotes", &question).await.json();
    let order = sell_with(json!({"quoteId": report["quoteId"]}));
    let finished = engine.finished(&engine.accepted(&order).await).await;
    assert_eq!(finished["status"], "confirmed");
    assert_eq!(finished["minAmountOut"], report["minAmountOut"]);
    // The market moves away from the quote: the order is refused by the market, not filled worse.
    let report = engine.post("/api/quotes", &question).await.json();
    let away = sell_with(json!({"amountIn": "3000", "slippageBps": 5000}));
    let moved = engine.finished(&engine.accepted(&away).await).await;
    assert_eq!(moved["status"], "confirmed", "{moved}");
    let order = sell_with(json!({"quoteId": report["quoteId"]}));
    let id = engine.accepted(&order).await;
    let failed = engine.finished(&id).await;
    assert_eq!(
        (&failed["status"], &failed["code"]),
        (&json!("failed"), &json!("slippage_exceeded"))
    );
    for (changes, code) in [
        (
            json!({"quoteId": report["quoteId"], "amountIn": "2"}),
            "quote_mismatch",
        ),
        (json!({"quoteId": "QUO1-nobody"}), "unknown_quote"),
    ] {
        let refused = engine.post("/api/orders/execute", &sell_with(changes)).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!(code)));
    }
}
