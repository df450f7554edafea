//! The pure heart of Order Engine: orders, amounts, prices, the lifecycle, routing and retry policy.
//!
//! No I/O, no clock, no randomness, no async: time and entropy come in as arguments, so that every decision
//! can be replayed. What acts on the decisions lives in `order-application`.

pub mod access;
pub mod amm;
pub mod amount;
pub mod audit;
pub mod decimal;
pub mod explain;
pub mod failure;
pub mod floor;
pub mod id;
pub mod invariant;
pub mod lifecycle;
pub mod order;
pub mod order_types;
pub mod price;
pub mod priority;
pub mod retry;
pub mod routing;
pub mod spec;
pub mod terms;
pub mod time;
pub mod time_in_force;
pub mod token;
pub mod trace;
pub mod trigger;
pub mod venue;
