//! What the endpoints say: the JSON of orders, events, quotes, replies and problems.
//!
//! Only shapes and how to fill them from the domain live here; the same types describe themselves to the
//! OpenAPI document. Decimals are strings, `timestamp` is milliseconds, other times are RFC 3339.

use serde::Serialize;

pub mod event;
pub mod example;
pub mod execution;
pub mod health;
pub mod order;
pub mod problem;
pub mod quote;
pub mod reply;
pub mod text;

/// A view as text.
pub fn encoded(view: &impl Serialize) -> String {
    match serde_json::to_string(view) {
        Ok(text) => text,
        Err(error) => unreachable!("views are strings, numbers and lists of them: {error}"),
    }
}
