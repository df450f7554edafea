//! Time, randomness and fresh ids.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::time::Timestamp;

/// The clock on the wall, and waiting by it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// A reading that only grows, for measuring how long something took. Its zero means nothing.
    fn monotonic(&self) -> Duration;

    /// Returns after this long. Cancel-safe.
    async fn sleep(&self, duration: Duration);
}

/// A source of randomness.
pub trait Entropy: Send + Sync {
    /// A fresh random number.
    fn next(&self) -> u64;
}

/// A source of order ids.
pub trait OrderIds: Send + Sync {
    /// A fresh id, that sorts after those minted before it.
    fn next(&self) -> OrderId;
}
