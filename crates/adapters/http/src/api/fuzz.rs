//! Whatever a client sends is either understood, the same each time, or refused with a problem. So many inputs as are
//! tried here are made anew in each run; a failure says which one it was.

use std::sync::LazyLock;

use order_core::id::OrderId;
use poem::IntoResponse;

use super::command::read_command;
use super::execute::{OrderRequest, read_order};
use super::quotes;
use super::replace_order::{AmendRequest, read_amendment};
use super::rules::with_example_rules;
use crate::request::fields::Fields;
use crate::request::param::Header;
use crate::wire::problem::Problem;

const INPUTS: usize = 3_000;

/// Names that lead further into the readers than noise does.
static NAMES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let fields = OrderRequest::described();
    let commands = ["action", "orderId", "ifMatch"];
    fields.iter().map(|field| field.name).chain(commands).collect()
});

/// Values that do so, too.
const VALUES: [&str; 24] = [
    "\"SOL\"",
    "\"USDC\"",
    "\"usdc\"",
    "1",
    "\"1.5\"",
    "-1",
    "1e3",
    "1E400",
    "0.000000000000000000001",
    "null",
    "true",
    "[]",
    "{}",
    "\"limit\"",
    "\"market\"",
    "\"cancel\"",
    "\"replace\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "340282366920938463463374607431768211456",
    "\"2026-11-20T12:00:00Z\"",
    "\"gtd\"",
    "[\"Raydium\"]",
    "\"ORD-01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e\"",
];

/// A body of those, with some noise in the place of a value now and then.
fn body(parts: &[(u8, u8, Option<String>)]) -> String {
    let one = |(name, value, noise): &(u8, u8, Option<String>)| {
        let name = NAMES[usize::from(*name) % NAMES.len()];
        let value = VALUES[usize::from(*value) % VALUES.len()];
        match noise {
            Some(noise) if !noise.is_empty() => {
                format!("\"{name}\":{}", serde_json::Value::from(noise.as_str()))
            }
            Some(_) | None => format!("\"{name}\":{value}"),
        }
    };
    let members: Vec<_> = parts.iter().map(one).collect();
    format!("{{{}}}", members.join(","))
}

/// A refusal is the caller's fault, and says so in JSON.
fn check_refusal(problem: Problem) {
    let status = problem.into_response().status().as_u16();
    assert!(matches!(status, 400 | 422), "{status}");
}

fn check_order(body: &[u8]) {
    let key = || Header::absent("Idempotency-Key");
    let read = |body| with_example_rules(|rules| read_order(OrderRequest::of(body)?, key(), rules));
    match (read(body), read(body)) {
        (Ok(once), Ok(again)) => {
            assert!(once.spec.is_same_request(&again.spec));
            assert!(once.spec.amount_in.units() > 0);
            assert_ne!(once.spec.token_in.symbol, once.spec.token_out.symbol);
        }
        (Err(problem), Err(_)) => check_refusal(problem),
        _ => panic!("read differently the second time"),
    }
}

#[test]
fn orders_of_noise() {
    bolero::check!().with_iterations(INPUTS).for_each(check_order);
}

#[test]
fn orders_that_are_nearly_right() {
    let parts = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<Vec<(u8, u8, Option<String>)>>();
    parts.for_each(|parts| check_order(body(parts).as_bytes()));
}

#[test]
fn questions_and_amendments() {
    let parts = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<Vec<(u8, u8, Option<String>)>>();
    parts.for_each(|parts| {
        let body = body(parts);
        if let Some(problem) = quotes::tests::refused(&body) {
            check_refusal(problem);
        }
        if let Err(problem) = AmendRequest::of(body.as_bytes()).and_then(read_amendment) {
            check_refusal(problem);
        }
    });
}

#[test]
fn first_messages_of_sockets() {
    let texts = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<(String, Vec<(u8, u8, Option<String>)>)>();
    texts.for_each(|(noise, parts)| {
        for text in [noise.clone(), body(parts), format!("{}{noise}", body(parts))] {
            match read_command(&text) {
                Ok(Some(_)) => {}
                Ok(None) => check_order(text.as_bytes()),
                Err(problem) => check_refusal(problem),
            }
        }
    });
}

#[test]
fn ids_have_one_name() {
    let texts = bolero::check!()
        .with_iterations(INPUTS)
        .with_type::<(String, u128, u8)>();
    texts.for_each(|(noise, bits, cut)| {
        let id = OrderId::from_uuid(uuid::Uuid::from_u128(*bits));
        let shown = id.to_string();
        assert_eq!(shown.parse(), Ok(id));
        assert_eq!(shown[4..].parse(), Ok(id));
        let damaged = format!("{}{noise}", &shown[..usize::from(*cut) % shown.len()]);
        for text in [noise, &damaged] {
            if let Ok(read) = text.parse::<OrderId>() {
                assert!(
                    text.to_ascii_uppercase()
                        .ends_with(&read.uuid().to_string().to_ascii_uppercase()),
                    "{text}"
                );
            }
        }
    });
}
