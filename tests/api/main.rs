//! The whole engine through its public endpoints, as a client sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod bad_input;
mod client_ids;
mod conditions;
mod earlier;
mod endpoints;
mod forgetting;
mod idempotency;
mod immediate;
mod listing;
mod metrics;
mod names;
mod one_connection;
mod orca;
mod orders;
mod quotes;
mod resting;
mod routing;
mod streams;
mod venues;
mod waiting;

use serde_json::{Value, json};

/// 1.5 SOL for USDC.
fn sell() -> Value {
    json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"})
}

/// The usual order with these members added or changed.
fn sell_with(changes: Value) -> Value {
    let mut order = sell();
    order
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    order
}

/// The statuses of events, whose numbers must follow each other from `first`.
fn statuses(events: &[Value], first: u64) -> Vec<&str> {
    for (seq, event) in (first..).zip(events) {
        assert_eq!(event["seq"], seq, "{event}");
    }
    events
        .iter()
        .map(|event| event["status"].as_str().unwrap())
        .collect()
}

/// An order's life when nothing goes wrong.
const LIFE: [&str; 6] = [
    "pending",
    "routing",
    "best_dex",
    "building",
    "submitted",
    "confirmed",
];
