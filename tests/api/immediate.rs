//! Orders that take what they can get at once, and leave the rest.

use order_core::decimal::Decimal;
use order_tests::{Mode, ONE_POOL, TestEngine, in_both_modes};
use serde_json::{Value, json};

use crate::waiting::number;
use crate::{LIFE, statuses};

in_both_modes!(
    what_is_had_within_the_limit_is_sold_and_no_more,
    what_is_had_within_the_limit_is_bought_and_no_more,
    a_size_that_fits_is_filled_whole
);

/// What the pool of [`ONE_POOL`] holds, in raw units.
const BASE: u128 = 50_000_000_000_000;
const QUOTE: u128 = 7_500_000_000_000;

fn ioc(token_in: &str, token_out: &str, amount_in: &str, limit: &str) -> Value {
    json!({
        "type": "limit", "timeInForce": "ioc", "limitPrice": limit,
        "tokenIn": token_in, "tokenOut": token_out, "amountIn": amount_in,
    })
}

/// The part of an order, in raw units, that a limit lets through: the units of which each brings in `out` for
/// `paid` or more.
struct Within {
    x: u128,
    y: u128,
    out: u128,
    paid: u128,
    decimals: u8,
}

impl Within {
    /// Whether so much fits: the marginal output `γ·x·y/(x+γ·a)²` of a constant product pool, whose fee leaves
    /// γ = 9,995/10,000, is not below the limit.
    fn fits(&self, filled: u128) -> bool {
        let after = 10_000 * self.x + 9_995 * filled;
        9_995 * 10_000 * self.x * self.y * self.paid >= self.out * after * after
    }
}

/// The first order takes all there is within its limit; after it, nothing is left for the same order again.
async fn is_filled_in_part(mode: Mode, order: Value, within: Within) -> f64 {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let id = engine.accepted(&order).await;
    let part = engine.finished(&id).await;
    assert_eq!(
        (&part["status"], &part["amountIn"]),
        (&json!("confirmed"), &order["amountIn"]),
        "{part}"
    );
    let filled = Decimal::parse_number(part["amountInFilled"].as_str().unwrap()).unwrap();
    let filled = filled.to_units(within.decimals).unwrap();
    assert!(within.fits(filled), "{part}");
    assert!(
        !within.fits(filled + filled / 1_000_000),
        "more was to be had: {part}"
    );
    assert_eq!(statuses(&engine.history(&id).await, 1), LIFE);

    let nothing = engine.finished(&engine.accepted(&order).await).await;
    assert_eq!(
        (&nothing["status"], &nothing["amountInFilled"], &nothing["txHash"]),
        (&json!("cancelled"), &Value::Null, &Value::Null),
        "{nothing}"
    );
    engine.stop().await;
    number(&part["executedPrice"])
}

async fn what_is_had_within_the_limit_is_sold_and_no_more(mode: Mode) {
    let order = ioc("SOL", "USDC", "10000", "149");
    // 149 USDC for one SOL.
    let within = Within {
        x: BASE,
        y: QUOTE,
        out: 149,
        paid: 1_000,
        decimals: 9,
    };
    let price = is_filled_in_part(mode, order, within).await;
    assert!((149.0..150.0).contains(&price), "{price}");
}

async fn what_is_had_within_the_limit_is_bought_and_no_more(mode: Mode) {
    let order = ioc("USDC", "SOL", "1000000", "151");
    // One SOL for 151 USDC.
    let within = Within {
        x: QUOTE,
        y: BASE,
        out: 1_000,
        paid: 151,
        decimals: 6,
    };
    let price = is_filled_in_part(mode, order, within).await;
    assert!((150.0..=151.0).contains(&price), "{price}");
}

async fn a_size_that_fits_is_filled_whole(mode: Mode) {
    let engine = TestEngine::start(mode, ONE_POOL).await;
    let order = engine
        .finished(&engine.accepted(&ioc("SOL", "USDC", "100", "149")).await)
        .await;
    assert_eq!(
        (&order["status"], &order["amountInFilled"]),
        (&json!("confirmed"), &json!("100")),
        "{order}"
    );
    engine.stop().await;
}
