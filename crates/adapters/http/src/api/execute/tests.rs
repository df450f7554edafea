//! What the reader of orders takes and refuses.

use http::HeaderMap;
use order_core::amount::Amount;
use order_core::order_types::OrderKind;
use order_core::order_types::{LimitOrder, StopLimitOrder};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Protection};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::Side;
use serde_json::{Value, json};

use super::*;
use crate::api::rules::with_example_rules;

fn read(body: &str) -> Result<Requested, Value> {
    read_example(body).map_err(|problem| serde_json::from_str(&problem.into_message()).unwrap())
}

/// An order of 1.5 SOL for USDC, with these members changed; null removes one.
fn order(changes: Value) -> String {
    let mut order = json!({"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            order.as_object_mut().unwrap().remove(name);
        } else {
            order[name] = value.clone();
        }
    }
    order.to_string()
}

fn spec_of(changes: Value) -> OrderSpec {
    read(&order(changes)).unwrap().spec
}

/// The status, the code, and each field with its code.
fn refusal(body: &str) -> (u64, String, Vec<(String, String)>) {
    let problem = read(body).unwrap_err();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = problem["errors"].as_array().unwrap().iter();
    let errors = errors
        .map(|error| (text(&error["field"]), text(&error["code"])))
        .collect();
    (
        problem["status"].as_u64().unwrap(),
        text(&problem["code"]),
        errors,
    )
}

fn invalid(body: &str, errors: &[(&str, &str)]) {
    assert_refused(body, 400, "invalid_request", errors);
}

fn assert_refused(body: &str, status: u64, code: &str, errors: &[(&str, &str)]) {
    let errors = errors
        .iter()
        .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
        .collect();
    assert_eq!(refusal(body), (status, code.to_owned(), errors), "{body}");
}

#[test]
fn the_least_order_gets_the_defaults() {
    let spec = spec_of(json!({}));
    assert_eq!(spec.owner.as_str(), "anonymous");
    assert_eq!(spec.kind, OrderKind::Market);
    assert_eq!(
        (spec.token_in.symbol.as_str(), spec.token_out.symbol.as_str()),
        ("SOL", "USDC")
    );
    assert_eq!(
        (spec.side, spec.amount_in),
        (Side::Sell, Amount::new(1_500_000_000))
    );
    assert_eq!(
        (spec.protection, spec.slippage_by_default),
        (Protection::Slippage(50), true)
    );
    assert_eq!(
        (spec.time_in_force, spec.priority),
        (TimeInForce::Gtc, Priority::Normal)
    );
    assert_eq!(spec.client_order_id, None);
}

#[test]
fn names_are_read_in_any_case_and_null_is_absent() {
    let spec = spec_of(json!({
        "type": "MARKET", "tokenIn": "usdc", "tokenOut": "Sol", "side": "Buy", "timeInForce": "FOK",
        "priority": "High", "clientOrderId": "a-1", "userId": "desk 7",
    }));
    assert_eq!((spec.side, spec.amount_in), (Side::Buy, Amount::new(1_500_000)));
    assert_eq!(
        (spec.time_in_force, spec.priority),
        (TimeInForce::Fok, Priority::High)
    );
    assert_eq!(spec.client_order_id.unwrap().as_str(), "a-1");
    assert_eq!(spec.owner.as_str(), "desk 7");
    let nulls =
        r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":1.5,"side":null,"userId":null,"limitPrice":null}"#;
    assert_eq!(read(nulls).unwrap().spec, spec_of(json!({})));
}

#[test]
fn amounts_are_exact_as_string_or_number_and_under_either_name() {
    let least = Amount::new(1);
    for amount in [
        "\"0.000000001\"",
        "0.000000001",
        "1e-9",
        "\"1E-9\"",
        "0.00000000100",
    ] {
        for name in ["amountIn", "amount"] {
            let body = format!(r#"{{"tokenIn":"SOL","tokenOut":"USDC","{name}":{amount}}}"#);
            assert_eq!(read(&body).unwrap().spec.amount_in, least, "{body}");
        }
    }
    // 2^53 + 1 and a little is no float.
    let spec = spec_of(json!({"tokenIn": "USDC", "tokenOut": "SOL", "amountIn": "9007199254740993.000001"}));
    assert_eq!(spec.amount_in, Amount::new(9_007_199_254_740_993_000_001));
    assert_eq!(spec_of(json!({"amount": 1.50})), spec_of(json!({})));
}

#[test]
fn bad_amounts_are_named_with_what_is_wrong() {
    for (amount, code) in [
        ("-1", "negative"),
        ("\"-0.5\"", "negative"),
        ("0", "not_positive"),
        ("\"0.000\"", "not_positive"),
        ("\"NaN\"", "not_a_number"),
        ("\"Infinity\"", "not_a_number"),
        ("\"\"", "not_a_number"),
        ("\" 1\"", "not_a_number"),
        ("\"0x10\"", "not_a_number"),
        ("\"1,5\"", "not_a_number"),
        ("1e400", "too_large"),
        ("\"1e400\"", "too_large"),
        ("1e-400", "too_precise"),
        ("\"1.0000000001\"", "too_precise"),
        ("true", "wrong_type"),
        ("[1]", "wrong_type"),
        ("{}", "wrong_type"),
        ("null", "required"),
    ] {
        let body = format!(r#"{{"tokenIn":"SOL","tokenOut":"USDC","amountIn":{amount}}}"#);
        invalid(&body, &[("amountIn", code)]);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let body = r#"{"tokenIn":"DOGE","tokenOut":7,"amountIn":"x","side":"hold","slippageBps":10001,"priority":5,
                   "userId":"","clientOrderId":"\n","timeInForce":"day","type":"twap","size":1,"expiresAt":"x",
                   "limitPrice":"-1","stopPrice":"y"}"#;
    invalid(
        body,
        &[
            ("type", "invalid_value"),
            ("limitPrice", "negative"),
            ("stopPrice", "not_a_number"),
            ("tokenIn", "unknown_token"),
            ("tokenOut", "wrong_type"),
            ("amountIn", "not_a_number"),
            ("side", "invalid_value"),
            ("slippageBps", "out_of_range"),
            ("timeInForce", "invalid_value"),
            ("expiresAt", "invalid_value"),
            ("priority", "invalid_value"),
            ("clientOrderId", "invalid_value"),
            ("userId", "invalid_value"),
            ("size", "unknown_field"),
        ],
    );
    invalid(
        "{}",
        &[
            ("tokenIn", "required"),
            ("tokenOut", "required"),
            ("amountIn", "required"),
        ],
    );
}

#[test]
fn tokens_must_be_known_and_different() {
    invalid(&order(json!({"tokenOut": "sol"})), &[("tokenOut", "same_token")]);
    invalid(
        &order(json!({"tokenOut": "DOGE"})),
        &[("tokenOut", "unknown_token")],
    );
    invalid(&order(json!({"tokenOut": ""})), &[("tokenOut", "unknown_token")]);
}

#[test]
fn a_field_may_be_given_once() {
    let body = r#"{"tokenIn":"SOL","tokenIn":"SOL","tokenOut":"USDC","amountIn":1}"#;
    invalid(body, &[("tokenIn", "duplicate_field")]);
}

#[test]
fn two_names_of_one_thing_must_agree() {
    let conflict = [("amountIn", "alias_conflict"), ("amount", "alias_conflict")];
    invalid(&order(json!({"amount": "1.6"})), &conflict);
    let conflict = [("slippageBps", "alias_conflict"), ("slippage", "alias_conflict")];
    invalid(&order(json!({"slippageBps": 50, "slippage": "0.51"})), &conflict);
    let spec = spec_of(json!({"amount": 1.5, "slippageBps": "30", "slippage": 0.30}));
    assert_eq!(spec.protection, Protection::Slippage(30));
    // A wrong one is told as such, not as a conflict.
    invalid(&order(json!({"amount": "-1"})), &[("amount", "negative")]);
}

#[test]
fn slippage_is_whole_basis_points_between_none_and_all() {
    for (field, value, bps) in [
        ("slippageBps", json!(0), 0),
        ("slippageBps", json!(10_000), 10_000),
        ("slippageBps", json!("25.0"), 25),
        ("slippage", json!("0.01"), 1),
        ("slippage", json!(100), 10_000),
    ] {
        assert_eq!(
            spec_of(json!({field: value})).protection,
            Protection::Slippage(bps)
        );
    }
    for (field, value, code) in [
        ("slippageBps", json!(10_001), "out_of_range"),
        ("slippageBps", json!(-1), "negative"),
        ("slippageBps", json!(0.5), "too_precise"),
        ("slippageBps", json!("half"), "not_a_number"),
        ("slippage", json!("100.01"), "out_of_range"),
        ("slippage", json!("0.005"), "too_precise"),
    ] {
        invalid(&order(json!({field: value})), &[(field, code)]);
    }
}

#[test]
fn a_minimum_takes_the_place_of_the_slippage() {
    let least = Amount::new(223_500_000);
    assert_eq!(
        spec_of(json!({"minAmountOut": "223.5"})).protection,
        Protection::MinOut(least)
    );
    assert_eq!(
        spec_of(json!({"minAmountOut": 0})).protection,
        Protection::MinOut(Amount::ZERO)
    );
    invalid(
        &order(json!({"minAmountOut": "0.0000001"})),
        &[("minAmountOut", "too_precise")],
    );
    let both = order(json!({"minAmountOut": "1", "slippage": 1}));
    invalid(&both, &[("minAmountOut", "conflicting_fields")]);
}

#[test]
fn priority_zero_is_normal_and_other_numbers_are_refused() {
    assert_eq!(spec_of(json!({"priority": 0})).priority, Priority::Normal);
    assert_eq!(spec_of(json!({"priority": "low"})).priority, Priority::Low);
    for wrong in [json!(1), json!(-1), json!("urgent"), json!(true)] {
        let (status, _, errors) = refusal(&order(json!({"priority": wrong})));
        assert_eq!((status, errors[0].0.as_str()), (400, "priority"));
    }
}

#[test]
fn a_side_must_agree_with_the_direction() {
    assert_eq!(spec_of(json!({"side": "sell"})).side, Side::Sell);
    assert_refused(
        &order(json!({"side": "buy"})),
        422,
        "side_mismatch",
        &[("side", "side_mismatch")],
    );
}

#[test]
fn fields_of_other_types_do_not_apply() {
    for field in ["limitPrice", "stopPrice"] {
        assert_refused(
            &order(json!({field: "1"})),
            422,
            "not_applicable",
            &[(field, "not_applicable")],
        );
    }
    let until = order(json!({"expiresAt": "2030-01-01T00:00:00Z"}));
    assert_refused(&until, 422, "not_applicable", &[("expiresAt", "not_applicable")]);
    invalid(
        &order(json!({"timeInForce": "gtd"})),
        &[("expiresAt", "required")],
    );
    let gtd = spec_of(json!({"timeInForce": "gtd", "expiresAt": 1_900_000_000_000_u64}));
    assert_eq!(
        gtd.time_in_force,
        TimeInForce::Gtd(Timestamp::from_millis(1_900_000_000_000))
    );
}

#[test]
fn what_is_worst_decides_the_status() {
    let both = order(json!({"side": "buy", "size": 1}));
    invalid(&both, &[("side", "side_mismatch"), ("size", "unknown_field")]);
}

#[test]
fn every_type_is_read_with_its_prices() {
    let whole = |price: u128| Price::new(price * 10u128.pow(18));
    let kind = |changes| read(&order(changes)).unwrap().spec.kind;
    assert_eq!(
        kind(json!({"type": "limit", "limitPrice": "150"})),
        OrderKind::Limit(LimitOrder {
            limit_price: whole(150)
        })
    );
    assert_eq!(
        kind(json!({"type": "stop_limit", "limitPrice": "150", "stopPrice": 151})),
        OrderKind::StopLimit(StopLimitOrder {
            stop_price: whole(151),
            limit_price: whole(150)
        })
    );
    assert_eq!(kind(json!({"type": "SNIPER"})), OrderKind::Sniper);
    invalid(&order(json!({"type": "limit"})), &[("limitPrice", "required")]);
    invalid(
        &order(json!({"type": "stop_limit"})),
        &[("limitPrice", "required"), ("stopPrice", "required")],
    );
}

#[test]
fn a_sniper_goes_first_unless_told_otherwise() {
    let priority = |changes| read(&order(changes)).unwrap().spec.priority;
    assert_eq!(priority(json!({"type": "sniper"})), Priority::High);
    assert_eq!(
        priority(json!({"type": "sniper", "priority": "low"})),
        Priority::Low
    );
    assert_eq!(priority(json!({})), Priority::Normal);
}

#[test]
fn an_idempotency_key_is_short_and_printable_and_given_once() {
    let read = |keys: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append("Idempotency-Key", HeaderValue::from_bytes(key).unwrap());
        }
        let (body, key) = (order(json!({})), Header::of(&headers, "Idempotency-Key"));
        with_example_rules(|rules| read_order(OrderRequest::of(body.as_bytes())?, key, rules))
    };
    assert_eq!(read(&[b"k 1"]).unwrap().options.key.unwrap().as_str(), "k 1");
    for wrong in [&[&b""[..]][..], &[&[b'x'; 129]], &[b"\xc3\xa9"], &[b"a", b"b"]] {
        let problem: Value = serde_json::from_str(&read(wrong).unwrap_err().into_message()).unwrap();
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["errors"][0]["field"], "Idempotency-Key");
    }
}

#[test]
fn the_description_knows_the_same_fields_as_the_reader() {
    let document: Value = serde_json::from_str(&crate::openapi_json()).unwrap();
    let described = document["components"]["schemas"]["OrderRequest"]["properties"]
        .as_object()
        .unwrap();
    for field in described.keys() {
        let (_, _, errors) = refusal(&format!(r#"{{"{field}":{{}}}}"#));
        let code = errors
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, code)| code.as_str());
        assert_eq!(code, Some("wrong_type"), "{field}");
    }
    assert_eq!(described.len(), fields().len());
}

/// The names of all fields.
fn fields() -> Vec<&'static str> {
    OrderRequest::described().iter().map(|field| field.name).collect()
}

proptest::proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>) {
        let _ = read(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn no_value_of_a_field_panics(name in proptest::sample::select(fields()), value in r#"[-+0-9eE."a-zN\[\]{}\\\\]{0,12}"#) {
        let _ = read(&format!(r#"{{"tokenIn":"SOL","tokenOut":"USDC","{name}":{value}}}"#));
        let _ = read(&format!(r#"{{"tokenIn":"SOL","tokenOut":"USDC","{name}":"{value}"}}"#));
    }

    #[test]
    fn an_amount_is_read_as_it_is_printed(units in 1u128..u128::MAX) {
        let amount = Amount::new(units).with_decimals(9).to_string();
        proptest::prop_assert_eq!(spec_of(json!({"amountIn": amount})).amount_in, Amount::new(units));
    }
}
