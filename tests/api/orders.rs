//! What becomes of an order, from the reply to the last event.

use order_tests::{Mode, TestEngine, in_both_modes};
use serde_json::{Value, json};

use crate::{LIFE, sell, sell_with, statuses};

in_both_modes!(
    an_order_goes_all_the_way,
    a_minimum_out_of_reach_fails_after_its_attempts
);

/// A decimal in millionths, for comparing.
fn millionths(value: &Value) -> u128 {
    let text = value.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    format!("{whole}{fraction}").parse().unwrap()
}

async fn an_order_goes_all_the_way(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let reply = engine
        .execute(&sell_with(json!({"clientOrderId": "c-1", "userId": "desk"})))
        .await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let (id, body) = (reply.order_id(), reply.json());
    assert_eq!(
        reply.header("location"),
        Some(format!("/api/orders/{id}").as_str())
    );
    assert_eq!(
        (&body["success"], &body["status"]),
        (&json!(true), &json!("pending"))
    );

    let history = engine.history(&id).await;
    assert_eq!(statuses(&history, 1), LIFE);
    for pair in history.windows(2) {
        assert!(pair[0]["timestamp"].as_i64().unwrap() <= pair[1]["timestamp"].as_i64().unwrap());
    }
    let (routing, best, confirmed) = (&history[1], &history[2], &history[5]);
    let quotes = routing["quotes"].as_array().unwrap();
    assert_eq!(quotes.len(), 2, "{routing}");
    let most = quotes
        .iter()
        .max_by_key(|quote| millionths(&quote["amountOut"]))
        .unwrap();
    assert_eq!((&best["dex"], &best["price"]), (&most["dex"], &most["price"]));
    for (quote, name) in [("Raydium", "rQuote"), ("Meteora", "mQuote")] {
        let quote = quotes.iter().find(|answer| answer["dex"] == quote).unwrap();
        assert_eq!(routing["meta"][name], quote["price"]);
    }
    // Prices stand still, so the execution is the quote.
    assert_eq!(confirmed["amountOut"], most["amountOut"]);
    assert_eq!(confirmed["meta"]["txHash"], confirmed["txHash"]);
    assert_eq!(history[4]["txHash"], confirmed["txHash"]);

    let order = engine.order(&id).await;
    for (field, value) in [
        ("orderId", json!(id)),
        ("type", json!("market")),
        ("side", json!("sell")),
        ("status", json!("confirmed")),
        ("clientOrderId", json!("c-1")),
        ("userId", json!("desk")),
        ("dex", best["dex"].clone()),
        ("executedPrice", confirmed["executedPrice"].clone()),
        ("amountOut", confirmed["amountOut"].clone()),
        ("txHash", confirmed["txHash"].clone()),
        ("error", Value::Null),
        ("attempts", json!(1)),
        ("version", json!(6)),
    ] {
        assert_eq!(order[field], value, "{field}");
    }
    assert_eq!(engine.events(&id).await, history);
    engine.stop().await;
}

async fn a_minimum_out_of_reach_fails_after_its_attempts(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = engine
        .accepted(&sell_with(json!({"minAmountOut": "1000000"})))
        .await;
    let history = engine.history(&id).await;
    let names = [
        "pending", "routing", "retrying", "routing", "retrying", "routing", "failed",
    ];
    assert_eq!(statuses(&history, 1), names);
    for (event, attempt) in [(&history[2], 2), (&history[4], 3)] {
        assert_eq!(
            (&event["attempt"], &event["code"]),
            (&json!(attempt), &json!("slippage_exceeded"))
        );
        assert!(event["delayMs"].as_u64().unwrap() >= 50, "{event}");
    }
    let order = engine.order(&id).await;
    assert_eq!(
        (&order["status"], &order["code"]),
        (&json!("failed"), &json!("slippage_exceeded"))
    );
    assert_eq!((&order["attempts"], &order["txHash"]), (&json!(3), &Value::Null));
    engine.stop().await;
}

#[tokio::test]
async fn a_buy_is_priced_in_quote_per_base_too() {
    let engine = TestEngine::memory("").await;
    let order = json!({"tokenIn": "usdc", "tokenOut": "sol", "side": "buy", "amount": 300, "slippage": 1});
    let order = engine.finished(&engine.accepted(&order).await).await;
    assert_eq!(
        (&order["status"], &order["side"]),
        (&json!("confirmed"), &json!("buy"))
    );
    assert_eq!(
        (&order["amountIn"], &order["slippageBps"]),
        (&json!("300"), &json!(100))
    );
    let sold = engine.finished(&engine.accepted(&sell()).await).await;
    // What is bought costs more than what is sold brings, by the fees on both ways.
    let (bought, sold) = (
        millionths(&order["executedPrice"]),
        millionths(&sold["executedPrice"]),
    );
    assert!(sold < bought && bought < sold * 102 / 100, "{bought} {sold}");
}
