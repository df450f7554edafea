//! What moves on the market, for those who wait for a price.

use std::time::Duration;

use async_trait::async_trait;
use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::Pair;

/// Where a pair stands over all pools of all venues, fees and sizes aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairState {
    /// Which pair.
    pub pair: Pair,
    /// The price of the cheapest pool, quote per base.
    pub lowest: Price,
    /// The price of the dearest pool, quote per base.
    pub highest: Price,
    /// How many pools there are.
    pub pools: u32,
}

/// What has moved, and from where to look on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketMoves {
    /// The number to ask with next. Counts changes, not blocks.
    pub revision: u64,
    /// The pairs whose price or pools have changed, as they are now.
    pub pairs: Vec<PairState>,
}

/// Tells which pairs move.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait MarketFeed: Send + Sync {
    /// Which of these pairs have moved after that revision, as soon as one has, else none after `wait`. Without a
    /// revision, or with one of another life of the market, all of them that there are, at once. A pair without a
    /// pool has not moved. A question that names no pair is about all that have a pool.
    ///
    /// # Errors
    /// [`VenueError`] when the venues cannot be asked.
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError>;
}
