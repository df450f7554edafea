//! A load generator for any server of the contract: it submits orders at a rate or as fast as they are taken,
//! follows them to their end, and says how many of both there were in a second and how long they took.
//!
//! It usually shares its machine with the server, so it is made to cost little: one thread, connections that are
//! kept, requests that are made once, and one socket that tells the ends of all orders.
//!
//! # What is measured
//! * **Closed loop** ([`LoadPace::Closed`]): each connection submits its next order when it has the answer to the last.
//!   A server that stalls is then asked less, and the latencies that its stall would have caused are missing; they
//!   are added as far as they can be told ([`latency::Latencies::corrected`]).
//! * **Open loop** ([`LoadPace::Open`]): orders are due at fixed times, whatever the server does, and latencies count
//!   from the time at which an order was due. Nothing is omitted.
//!
//! How the orders' ends become known is [`Follow`].

mod dialect;
mod error;
mod follow;
mod http;
pub mod latency;
mod mix;
mod options;
mod orders;
mod pacer;
mod progress;
mod report;
mod run;
mod settle;
mod stamps;
mod target;

pub use error::LoadError;
pub use mix::{InvalidOrder, OrderMix};
pub use options::{Follow, LoadOptions, LoadPace};
pub use orders::OrderCounts;
pub use report::LoadReport;
pub use run::run;
pub use target::{InvalidKey, InvalidTarget, Target};
