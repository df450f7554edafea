//! What clients ask for.

use std::time::Duration;

use order_bootstrap::SystemClock;
use order_ports::Clock;
use serde_json::{Value, json};

use super::USERS;
use crate::market::{BANDS, LATE_PAIRS};
use crate::rng::SeededRng;

/// Which orders clients have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// Market orders, which are never changed.
    Market,
    /// Of all types.
    All,
}

/// An order before it is one.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) user: &'static str,
    pub(super) key: String,
    pub(super) body: Value,
    /// When its owner puts another limit in place of its own, if so.
    pub(super) replaced_after: Option<Duration>,
    /// When its owner takes it back, if so.
    pub(super) cancelled_after: Option<Duration>,
}

/// What is paid, what is wanted, and the most that is paid, in whole tokens.
const SWAPS: [(&str, &str, u64); 10] = [
    ("SOL", "USDC", 60),
    ("USDC", "SOL", 9_000),
    ("ETH", "USDC", 3),
    ("USDC", "ETH", 9_000),
    ("RAY", "USDC", 4_000),
    ("USDC", "JUP", 5_000),
    ("BONK", "USDC", 90_000_000),
    ("USDT", "USDC", 20_000),
    ("RAY", "SOL", 2_000),
    ("SOL", "JUP", 20),
];

/// How long it takes at most until an owner thinks better of an order, in milliseconds.
const SECOND_THOUGHTS: u64 = 12_000;

/// A random order of a random user.
pub(super) fn wish(rng: &SeededRng, number: u64, kinds: Kinds, hurry: bool) -> Wish {
    let user = rng.one_of(&USERS);
    let mut body = match (kinds, rng.below(100)) {
        (Kinds::Market, _) | (Kinds::All, 0..40) => market(rng),
        (Kinds::All, 40..48) => sniper(rng),
        (Kinds::All, _) => limited(rng),
    };
    body["userId"] = json!(user);
    body["priority"] = json!(rng.one_of(&["low", "normal", "normal", "high"]));
    if rng.percent(30) {
        body["clientOrderId"] = json!(format!("client-order-{number}"));
    }
    let waits = body["type"] != "market";
    let longest = if hurry { 1_500 } else { SECOND_THOUGHTS };
    let thinks_better = |chance| {
        let soon = rng.millis(0, 400);
        let later = rng.millis(0, longest);
        rng.percent(chance).then(|| {
            if waits {
                rng.one_of(&[soon, later, later])
            } else {
                soon
            }
        })
    };
    let cancelled_after = (kinds == Kinds::All).then(|| thinks_better(if waits { 35 } else { 15 }));
    let replaced_after = body.get("limitPrice").and_then(|_| thinks_better(30));
    Wish {
        user,
        key: format!("key-{number}"),
        body,
        replaced_after,
        cancelled_after: cancelled_after.flatten(),
    }
}

fn amount(rng: &SeededRng, most: u64) -> String {
    format!("{}.{:02}", 1 + rng.below(most), rng.below(100))
}

fn market(rng: &SeededRng) -> Value {
    let (token_in, token_out, most) = rng.one_of(&SWAPS);
    json!({
        "type": "market",
        "tokenIn": token_in,
        "tokenOut": token_out,
        "amountIn": amount(rng, most),
        "slippageBps": rng.one_of(&[1, 20, 50, 50, 100, 500]),
    })
}

fn sniper(rng: &SeededRng) -> Value {
    let (base, quote) = rng.one_of(&LATE_PAIRS);
    json!({
        "type": "sniper",
        "tokenIn": base,
        "tokenOut": quote,
        "amountIn": amount(rng, 50),
        "slippageBps": 500,
    })
}

/// An order with a limit, and a stop perhaps, for as long as it takes or for less.
fn limited(rng: &SeededRng) -> Value {
    let band = rng.one_of(&BANDS);
    let (token_in, token_out) = if rng.percent(50) {
        (band.base, band.quote)
    } else {
        (band.quote, band.base)
    };
    let most = SWAPS
        .iter()
        .find(|swap| (swap.0, swap.1) == (token_in, token_out))
        .map_or(1, |swap| swap.2);
    let hundredths = 100 * (1 + rng.below(most)) + rng.below(100);
    let mut body = json!({
        "type": "limit",
        "tokenIn": token_in,
        "tokenOut": token_out,
        "amountIn": format!("{}.{:02}", hundredths / 100, hundredths % 100),
        "limitPrice": band.any_price(rng),
        "maxLegs": 1 + rng.below(3),
    });
    if token_in == band.base && rng.percent(25) {
        // Beside the limit, and above it or below.
        body["minAmountOut"] = json!(band.any_proceeds(rng, hundredths));
    }
    match rng.below(10) {
        0..3 => {
            body["type"] = json!("stop_limit");
            body["allowImmediate"] = json!(true);
            body["stopPrice"] = json!(band.any_price(rng));
        }
        3 => body["timeInForce"] = json!("ioc"),
        4 => body["timeInForce"] = json!("fok"),
        5 => {
            let lasts = rng.millis(1_000, SECOND_THOUGHTS);
            let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
            body["timeInForce"] = json!("gtd");
            body["expiresAt"] = json!(SystemClock::new().now().millis() + lasts);
        }
        _ => {}
    }
    body
}

/// Another limit for such an order.
pub(super) fn another_limit(rng: &SeededRng, body: &Value) -> String {
    let about =
        |band: &&crate::market::Band| [&body["tokenIn"], &body["tokenOut"]].contains(&&json!(band.base));
    let band = BANDS.iter().find(about).unwrap_or(&BANDS[0]);
    band.any_price(rng)
}
