//! Support for tests through the public endpoints: an engine in this process or in one of its own, and clients
//! that speak HTTP and WebSocket to it. Everything here panics on what a test does not expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod client;
mod engine;
mod mode;
mod process;
mod socket;

pub use client::{Client, Reply};
pub use engine::{ONE_POOL, TestEngine};
pub use mode::{Backends, Mode};
pub use process::EngineProcess;
pub use socket::{Closed, Refused, Socket};
