//! What the endpoints say: the JSON of orders, events, quotes, replies and problems.
//!
//! Only shapes and how to fill them from the domain live here; the same types describe themselves to the
//! OpenAPI document. Decimals are strings, `timestamp` is milliseconds, other times are RFC 3339.

pub mod event;
pub mod example;
pub mod execution;
pub mod health;
pub mod order;
pub mod problem;
pub mod quote;
pub mod reply;
pub mod text;
