//! Examples for the API's description. Tests send the requests through the real readers, and hold the
//! events and problems against their schemas.

use http::HeaderValue;
use order_application::{ControlError, LiveEvent, SubmitError};
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::order::Status;
use order_core::price::Price;
use order_core::time::Timestamp;
use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::api::errors::{not_accepted, not_controlled};
use crate::api::execute::read_example;
use crate::api::replace_order::if_match;
use crate::api::rules::example_signer;
use crate::quote_id::QuotedTerms;
use crate::request::param::Header;
use crate::wire::event::{EventView, encode};
use crate::wire::example;
use crate::wire::problem::Problem;
use crate::wire::text::EXAMPLE_QUOTE;

/// Bodies that an operation takes.
pub fn requests(operation: &str) -> Vec<(&'static str, Value)> {
    match operation {
        "submitOrder" => vec![
            (
                "sell",
                json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"}),
            ),
            (
                "buy",
                json!({"type": "market", "side": "buy", "tokenIn": "USDC", "tokenOut": "SOL", "amount": 250, "slippage": 0.5}),
            ),
            (
                "protected",
                json!({
                    "tokenIn": "ETH", "tokenOut": "USDC", "amountIn": "0.25", "minAmountOut": "700",
                    "priority": "high", "clientOrderId": "desk-7-000123", "userId": "desk-7",
                }),
            ),
        ],
        "quote" => vec![
            (
                "sell",
                json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"}),
            ),
            (
                "buy",
                json!({"tokenIn": "USDC", "tokenOut": "SOL", "amountIn": 250, "slippageBps": 30}),
            ),
        ],
        _ => Vec::new(),
    }
}

/// The problem of that code; null if there is none.
pub fn problem(code: &str) -> Value {
    let problems = problems();
    let found = problems.into_iter().find(|problem| problem["code"] == code);
    found.unwrap_or_default()
}

/// One problem of each code.
fn problems() -> Vec<Value> {
    let unprocessable = |code| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code,
            "The request cannot be executed",
        )
    };
    let first = example::id;
    let problems = [
        read(json!({"tokenIn": "SOL", "tokenOut": "DOGE", "amountIn": "-1", "size": 1})),
        read(json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "side": "buy"})),
        read(json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "limitPrice": "150"})),
        read(
            json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "excludeVenues": ["Raydium", "Meteora"]}),
        ),
        read(json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1", "quoteId": EXAMPLE_QUOTE})),
        quoted("1", 0),
        quoted("2", 2_000),
        Problem::unauthorized(),
        Problem::missing_scope(order_core::access::Scope::Trade),
        Problem::keys_off(),
        Problem::malformed_json("in amountIn: expected value at line 1 column 14")
            .field("amountIn", "is not JSON"),
        Problem::body_incomplete(),
        Problem::body_timeout(),
        Problem::body_too_large(16_384),
        Problem::unsupported_media_type(),
        unprocessable("already_expired")
            .detail("the order would expire before it begins")
            .field("expiresAt", "must lie in the future"),
        not_controlled(ControlError::TooLate(Status::Submitted), ""),
        not_controlled(ControlError::NotWaiting(Status::Confirmed), ""),
        not_controlled(ControlError::Busy, ""),
        not_controlled(ControlError::OtherVersion(3), ""),
        if_match(Header::absent("If-Match"))
            .err()
            .unwrap_or_else(Problem::internal),
        not_accepted(SubmitError::WouldTrigger {
            stop: Price::new(148_000_000_000_000_000_000),
            market: Price::new(149_850_000_000_000_000_000),
        }),
        unprocessable("pair_not_traded")
            .detail("no venue trades this pair")
            .field("tokenOut", "has no pool with tokenIn on any venue"),
        unprocessable("amount_exceeds_liquidity")
            .detail("the pools of this pair hold 250000 in all")
            .field(
                "amountIn",
                "is more than the pools can take, which is 250000 in all",
            ),
        unprocessable("zero_output")
            .detail("the output would be zero")
            .field("amountIn", "is so little that nothing comes out"),
        unprocessable("out_of_range")
            .detail("the amounts are out of range")
            .field("amountIn", "leads to amounts that cannot be expressed"),
        unprocessable("idempotency_key_reused")
            .detail("the idempotency key was used for a different order")
            .field("Idempotency-Key", "was used for a different order")
            .with_order(first()),
        unprocessable("client_order_id_reused")
            .detail("the client order id was used for a different order")
            .field("clientOrderId", "was used for a different order")
            .with_order(first()),
        Problem::order_not_found("ORD-01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"),
        Problem::upgrade_required(),
        Problem::bad_handshake(),
        Problem::no_quotes("no venue gave a quote".into()),
        Problem::store_unavailable(),
        Problem::shutting_down(),
        Problem::rate_limited("address"),
        Problem::too_many_streams(100, "owner"),
        not_accepted(SubmitError::TooManyOpen { most: 1_000 }),
        Problem::overloaded("too many requests are under way"),
        Problem::timed_out(),
        Problem::venues_unavailable(VenueError::Down),
        Problem::origin_not_allowed(),
        Problem::host_not_allowed(),
        Problem::internal(),
        Problem::not_found(),
        Problem::method_not_allowed(&HeaderValue::from_static("GET, HEAD, POST")),
    ];
    let value = |problem: Problem| serde_json::from_str(&problem.into_message()).unwrap_or_default();
    problems.into_iter().map(value).collect()
}

/// What the real reader says to such an order.
fn read(order: Value) -> Problem {
    read_example(&order.to_string()).map_or_else(
        |problem| problem,
        |requested| requested.stale.unwrap_or(Problem::internal()),
    )
}

/// What an order meets that names a quote of 1 SOL, good until then.
fn quoted(amount_in: &str, expires_at: i64) -> Problem {
    let (Ok(token_in), Ok(token_out)) = ("SOL".parse(), "USDC".parse()) else {
        return Problem::internal();
    };
    let terms = QuotedTerms {
        token_in,
        token_out,
        amount_in: Amount::new(1_000_000_000),
        min_out: Amount::new(1),
        expires_at: Timestamp::from_millis(expires_at),
    };
    let quote_id = example_signer().sign(&terms, None);
    read(json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": amount_in, "quoteId": quote_id}))
}

/// An order's life as a list.
pub fn events() -> Vec<Value> {
    let (order, history) = (example::order(), example::history());
    let view = |event| EventView::new(event, order.spec().client_order_id.as_ref());
    history
        .iter()
        .map(|event| serde_json::to_value(view(event)).unwrap_or_default())
        .collect()
}

/// The end of an order's life as server-sent events.
pub fn event_stream() -> String {
    let (order, history) = (example::order(), example::history());
    let last = history.into_iter().rev().take(2).rev();
    last.map(|event| LiveEvent::new(event, order.spec().client_order_id.clone()))
        .map(|live| format!("id: {}\ndata: {}\n\n", live.event().seq, encode(&live)))
        .collect()
}
