//! Time, randomness and fresh ids.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::time::Timestamp;

use crate::store::StoreError;

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

/// The time by the store's clock. It is the same for all processes, whatever their own clocks say, so it is what orders'
/// ends, ids and histories go by.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait StoreTime: Send + Sync {
    /// The time at some moment between the call and its return.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn time(&self) -> Result<Timestamp, StoreError>;
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
