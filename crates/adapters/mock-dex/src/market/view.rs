//! What anybody may see of the market: pools, books, and what landed.

use std::sync::Arc;

use order_core::amm::{Direction, Pool};
use order_core::amount::Amount;
use order_core::price::Price;
use order_core::token::{Pair, Token};
use order_core::venue::{PoolId, VenueId};

use super::Market;
use crate::chain::{JournalError, LandedTransaction, seconds};
use crate::pool::{Books, ListedPool};
use crate::price_process::to_price;

/// A pool as it stands.
#[derive(Clone, Debug)]
pub struct PoolView {
    /// Its name.
    pub id: PoolId,
    /// Where it is listed.
    pub venue: VenueId,
    /// The token that is priced.
    pub base: Token,
    /// The token that it is priced in.
    pub quote: Token,
    /// Its state.
    pub state: Pool,
    /// Quote per base, fees aside; none for an empty pool.
    pub price: Option<Price>,
    /// Quote per base in the world outside, as the pool's venue sees it.
    pub world_price: Option<Price>,
    /// The most base that could be paid in at all, in raw units.
    pub capacity_base: Amount,
    /// The most quote that could be paid in at all, in raw units.
    pub capacity_quote: Amount,
    /// What went in and out.
    pub books: Books,
}

impl Market {
    /// All pools, brought up to the newest block.
    pub fn pools(&self) -> Vec<PoolView> {
        let height = self.settle();
        let mut views = Vec::new();
        for pair_market in self.directory.pair_markets() {
            let mut pair_market = self.desk_at(&pair_market, height);
            let (pair, world, secs) = (
                pair_market.pair,
                pair_market.world_price(),
                seconds(pair_market.block()),
            );
            views.extend(pair_market.pools.iter().map(|pool| view(pool, pair, world, secs)));
        }
        views
    }

    /// The books of every pool. They balance ([`Books::balance`]) at any time.
    pub fn books(&self) -> Vec<(PoolId, Books)> {
        self.pools()
            .into_iter()
            .map(|pool| (pool.id, pool.books))
            .collect()
    }

    /// Everything that landed after a slot, by slot. More may still land in the newest block: to follow the
    /// ledger, ask again after the slot before it.
    pub fn landed_after(&self, slot: u64) -> Vec<Arc<LandedTransaction>> {
        self.settle();
        self.ledger.landed_after(slot)
    }

    /// The same, once all of it is on the disk.
    pub(crate) async fn durably_landed_after(
        &self,
        slot: u64,
    ) -> Result<Vec<Arc<LandedTransaction>>, JournalError> {
        let landed = self.landed_after(slot);
        if let Some(journal) = &self.journal {
            journal.durable(journal.position()).await?;
        }
        Ok(landed)
    }
}

fn view(pool: &ListedPool, pair: Pair, world: Option<Price>, secs: u64) -> PoolView {
    let own = Pair {
        base: pool.base,
        quote: pool.quote,
    };
    PoolView {
        id: pool.id.clone(),
        venue: pool.venue,
        base: pool.base,
        quote: pool.quote,
        state: (*pool.pool).clone(),
        price: pool.spot().and_then(|ratio| to_price(ratio, &own)),
        world_price: world.filter(|_| own == pair),
        capacity_base: Amount::new(pool.capacity(Direction::XToY, secs, u128::MAX)),
        capacity_quote: Amount::new(pool.capacity(Direction::YToX, secs, u128::MAX)),
        books: pool.books(),
    }
}
