//! Orders that rest: they are held to all of their own words, hold up no other, and fire whatever way meets them.
//!
//! Prices stand still, so that only trades move the market.

use futures_util::future::join_all;
use order_core::decimal::Decimal;
use order_tests::{Mode, ONE_POOL, TestEngine, in_both_modes};
use serde_json::{Value, json};

use crate::waiting::number;
use crate::{sell_with, statuses};

in_both_modes!(
    an_own_minimum_binds_an_immediate_order,
    a_stop_on_the_wrong_side_of_the_market_is_refused,
    a_part_is_held_to_its_part_of_an_own_minimum,
    an_order_below_its_own_minimum_rests_in_peace,
    orders_that_cannot_be_quoted_hold_up_no_other,
    a_limit_fires_by_other_tokens_where_the_pair_has_no_pool,
    a_limit_fires_when_a_way_by_other_tokens_meets_it,
    a_stop_fires_by_other_tokens_where_the_pair_has_no_pool,
    a_sniper_leaves_pools_alone_that_it_does_not_allow,
    a_limit_that_the_venue_refuses_for_its_price_rests_longer_each_time,
    nothing_is_sent_past_its_time,
);

fn ioc(changes: Value) -> Value {
    let mut order =
        sell_with(json!({"amountIn": "1", "type": "limit", "timeInForce": "ioc", "limitPrice": "100"}));
    order
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    order
}

/// A decimal of a reply in raw units.
fn units(value: &Value, decimals: u8) -> u128 {
    let decimal = Decimal::parse_number(value.as_str().unwrap()).unwrap();
    decimal.to_units(decimals).unwrap()
}

async fn ended(engine: &TestEngine, order: &Value) -> Value {
    engine.finished(&engine.accepted(order).await).await
}

/// Pays so much of one token for another, whatever comes out.
async fn trade(engine: &TestEngine, token_in: &str, token_out: &str, amount: &str) {
    let order = json!({
        "tokenIn": token_in, "tokenOut": token_out, "amountIn": amount, "slippageBps": 10_000, "userId": "mover",
    });
    assert_eq!(ended(engine, &order).await["status"], "confirmed");
}

async fn rests(engine: &TestEngine, id: &str) {
    engine.until(id, |order| order["status"] == "waiting").await;
}

async fn an_own_minimum_binds_an_immediate_order(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    for dear in [
        ioc(json!({"minAmountOut": "1000"})),
        ioc(
            json!({"tokenIn": "USDC", "tokenOut": "SOL", "amountIn": "150", "limitPrice": "200", "minAmountOut": "5"}),
        ),
        ioc(
            json!({"type": "stop_limit", "stopPrice": "160", "allowImmediate": true, "minAmountOut": "1000"}),
        ),
    ] {
        let order = ended(&engine, &dear).await;
        assert_eq!(
            (&order["status"], &order["txHash"]),
            (&json!("cancelled"), &Value::Null),
            "{order}"
        );
    }
    let fok = ended(
        &engine,
        &ioc(json!({"timeInForce": "fok", "minAmountOut": "1000"})),
    )
    .await;
    assert_eq!(
        (&fok["status"], &fok["code"]),
        (&json!("failed"), &json!("limit_not_met"))
    );
    let fair = ended(&engine, &ioc(json!({"minAmountOut": "149.5"}))).await;
    assert_eq!(fair["status"], "confirmed", "{fair}");
    assert!(number(&fair["amountOut"]) >= 149.5, "{fair}");
    engine.stop().await;
}

async fn a_stop_on_the_wrong_side_of_the_market_is_refused(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let sell = |stop: &str| sell_with(json!({"type": "stop_limit", "stopPrice": stop, "limitPrice": "100"}));
    let buy = |stop: &str| {
        json!({
            "type": "stop_limit", "tokenIn": "USDC", "tokenOut": "SOL", "amountIn": "100",
            "stopPrice": stop, "limitPrice": "200",
        })
    };
    for wrong in [sell("160"), buy("140")] {
        let reply = engine.execute(&wrong).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (422, &json!("would_trigger")),
            "{reply:?}"
        );
        let mut meant = wrong;
        meant["allowImmediate"] = json!(true);
        assert_eq!(ended(&engine, &meant).await["status"], "confirmed");
    }
    for right in [sell("140"), buy("160")] {
        let id = engine.accepted(&right).await;
        rests(&engine, &id).await;
    }
    engine.stop().await;
}

async fn a_part_is_held_to_its_part_of_an_own_minimum(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let order = ended(
        &engine,
        &ioc(json!({"amountIn": "20000", "minAmountOut": "2980000"})),
    )
    .await;
    assert_eq!(order["status"], "confirmed", "{order}");
    let (filled, out) = (units(&order["amountInFilled"], 9), units(&order["amountOut"], 6));
    assert!(0 < filled && filled < 20_000 * 10u128.pow(9), "{order}");
    assert!(out * 1_000 >= filled * 149, "149 USDC a SOL: {order}");
    let nothing = ended(
        &engine,
        &ioc(json!({"amountIn": "20000", "minAmountOut": "3100000"})),
    )
    .await;
    assert_eq!(nothing["status"], "cancelled", "{nothing}");
    engine.stop().await;
}

async fn claims(engine: &TestEngine) -> u64 {
    let scrape = engine.get("/metrics").await.text;
    let line = scrape
        .lines()
        .find(|line| line.contains("step_duration_seconds_count{step=\"claim\""));
    line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

async fn an_order_below_its_own_minimum_rests_in_peace(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let resting = sell_with(json!({"type": "limit", "limitPrice": "100", "minAmountOut": "1000"}));
    let id = engine.accepted(&resting).await;
    rests(&engine, &id).await;
    let before = claims(&engine).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let woken = claims(&engine).await - before;
    assert!(woken < 10, "woken {woken} times, and nothing has moved");
    assert_eq!(engine.order(&id).await["version"], 2);
    engine.stop().await;
}

/// More than the loop looks at in one go.
const CROWD: usize = 1_050;

async fn orders_that_cannot_be_quoted_hold_up_no_other(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    // More than any pool takes alone, less than all take together.
    let stuck = json!({
        "type": "limit", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "80000", "limitPrice": "1", "maxLegs": 1,
        "userId": "crowd",
    });
    for _ in 0..CROWD / 50 {
        join_all((0..50).map(|_| engine.accepted(&stuck))).await;
    }
    let victim = json!({
        "type": "limit", "tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "limitPrice": "150.4", "userId": "victim",
    });
    let id = engine.accepted(&victim).await;
    rests(&engine, &id).await;
    trade(&engine, "USDC", "SOL", "400000").await;
    assert_eq!(engine.finished(&id).await["status"], "confirmed");

    let mut dearer = victim;
    dearer["limitPrice"] = json!("151");
    let id = engine.accepted(&dearer).await;
    rests(&engine, &id).await;
    let reply = engine.delete("/api/orders?status=waiting&userId=crowd").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    trade(&engine, "USDC", "SOL", "800000").await;
    assert_eq!(engine.finished(&id).await["status"], "confirmed");
    engine.stop().await;
}

/// RAY at 2 USDC and JUP at 0.8, and no pool between them: 2.5 JUP for a RAY.
const BY_USDC: &str = r#"
    [venues.meteora]
    pools = []
    [[venues.raydium.pools]]
    base = "RAY"
    quote = "USDC"
    base_reserve = "100000"
    quote_reserve = "200000"
    fee_rate = 500
    [[venues.raydium.pools]]
    base = "JUP"
    quote = "USDC"
    base_reserve = "1000000"
    quote_reserve = "800000"
    fee_rate = 500
"#;

async fn a_limit_fires_by_other_tokens_where_the_pair_has_no_pool(mode: Mode) {
    let engine = TestEngine::start(mode, BY_USDC).await;
    let limit =
        json!({"type": "limit", "tokenIn": "RAY", "tokenOut": "JUP", "amountIn": "10", "limitPrice": "2.6"});
    let id = engine.accepted(&limit).await;
    rests(&engine, &id).await;
    trade(&engine, "USDC", "RAY", "6000").await;
    let order = engine.finished(&id).await;
    assert_eq!(order["status"], "confirmed", "{order}");
    assert!(number(&order["executedPrice"]) >= 2.6, "{order}");
    engine.stop().await;
}

async fn a_limit_fires_when_a_way_by_other_tokens_meets_it(mode: Mode) {
    let own = r#"
    [[venues.raydium.pools]]
    base = "RAY"
    quote = "JUP"
    base_reserve = "100000"
    quote_reserve = "250000"
    fee_rate = 500
    "#;
    let engine = TestEngine::start(mode, &format!("{BY_USDC}{own}")).await;
    let limit =
        json!({"type": "limit", "tokenIn": "RAY", "tokenOut": "JUP", "amountIn": "10", "limitPrice": "2.6"});
    let id = engine.accepted(&limit).await;
    rests(&engine, &id).await;
    // JUP becomes cheaper, in USDC alone.
    let order = json!({
        "tokenIn": "JUP", "tokenOut": "USDC", "amountIn": "60000", "slippageBps": 10_000, "maxLegs": 1,
    });
    assert_eq!(ended(&engine, &order).await["status"], "confirmed");
    let order = engine.finished(&id).await;
    assert_eq!(order["status"], "confirmed", "{order}");
    assert!(number(&order["executedPrice"]) >= 2.6, "{order}");
    engine.stop().await;
}

async fn a_stop_fires_by_other_tokens_where_the_pair_has_no_pool(mode: Mode) {
    let engine = TestEngine::start(mode, BY_USDC).await;
    let stop = json!({
        "type": "stop_limit", "tokenIn": "RAY", "tokenOut": "JUP", "amountIn": "10",
        "stopPrice": "2.4", "limitPrice": "2",
    });
    let id = engine.accepted(&stop).await;
    rests(&engine, &id).await;
    trade(&engine, "RAY", "USDC", "4000").await;
    assert_eq!(engine.finished(&id).await["status"], "confirmed");
    engine.stop().await;
}

async fn a_sniper_leaves_pools_alone_that_it_does_not_allow(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let sniper = sell_with(json!({"type": "sniper", "venues": ["Meteora"], "maxLegs": 1}));
    let id = engine.accepted(&sniper).await;
    rests(&engine, &id).await;
    let before = claims(&engine).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let woken = claims(&engine).await - before;
    assert!(woken < 10, "woken {woken} times, and no pool has opened");
    assert_eq!(engine.order(&id).await["version"], 2);
    engine.stop().await;
}

async fn a_limit_that_the_venue_refuses_for_its_price_rests_longer_each_time(mode: Mode) {
    let faults = "[venues.faults]\nerror_rate = { slippage_exceeded = 1 }\n";
    let engine = TestEngine::start(mode, &format!("{ONE_POOL}{faults}")).await;
    let id = engine
        .accepted(&sell_with(json!({"type": "limit", "limitPrice": "140"})))
        .await;
    let order = engine
        .until(&id, |order| order["refusals"].as_u64() >= Some(3))
        .await;
    assert_eq!(
        order["attempts"], 1,
        "a refusal for the price is no failed attempt"
    );
    let events = engine.get(&format!("/api/orders/{id}/events")).await.json();
    let rests: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["status"] == "waiting")
        .collect();
    let told = |name: &str| {
        rests
            .iter()
            .take(3)
            .map(|event| event[name].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(told("refusals"), [1, 2, 3]);
    assert_eq!(told("restMs"), [400, 800, 1_600]);
    for pair in rests.windows(2) {
        let apart = pair[1]["timestamp"].as_u64().unwrap() - pair[0]["timestamp"].as_u64().unwrap();
        // To within the clocks of the store and of this process.
        assert!(apart + 50 >= pair[0]["restMs"].as_u64().unwrap(), "{pair:?}");
    }
    engine.stop().await;
}

async fn nothing_is_sent_past_its_time(mode: Mode) {
    // Quotes take 1 to 3 s.
    let engine = TestEngine::start(mode, &format!("venues.profile = \"seed\"\n{ONE_POOL}")).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let until = u64::try_from(now.as_millis()).unwrap() + 700;
    let order = sell_with(json!({
        "type": "limit", "limitPrice": "140", "timeInForce": "gtd", "expiresAt": until,
    }));
    let id = engine.accepted(&order).await;
    assert_eq!(statuses(&engine.history(&id).await, 1), ["pending", "expired"]);
    engine.stop().await;
}
