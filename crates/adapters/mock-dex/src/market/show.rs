//! The pools as a router asks for them: those of a pair, and those of the pairs that lead around it.

use order_core::failure::VenueError;
use order_core::routing::{LiquiditySnapshot, PoolSnapshot};
use order_core::token::Token;

use super::Market;
use crate::chain::seconds;
use crate::pair_market::PairMarket;

/// The pools at one slot, each with the version of its state.
pub(crate) struct Snapshot {
    /// Which life of the market the versions belong to.
    pub(crate) instance_id: u64,
    /// The slot.
    pub(crate) slot: u64,
    /// The venue's clock at that slot.
    pub(crate) secs: u64,
    pub(crate) pools: Vec<(PoolSnapshot, u64)>,
}

impl Market {
    /// What a router may see. States are shared, not copied.
    pub(crate) fn show(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        let Snapshot {
            slot, secs, pools, ..
        } = self.snapshot(token_in, token_out)?;
        Ok(LiquiditySnapshot {
            slot,
            secs,
            pools: pools.into_iter().map(|(pool, _)| pool).collect(),
        })
    }

    /// The same with versions. Pairs are looked at one after the other, so that no two locks are held at once.
    pub(crate) fn snapshot(&self, token_in: Token, token_out: Token) -> Result<Snapshot, VenueError> {
        if self.faults.down() {
            return Err(VenueError::Down);
        }
        let listed = |token: Token| self.directory.tokens().get(token.symbol) == Some(token);
        if !listed(token_in) || !listed(token_out) {
            return Err(VenueError::UnknownToken);
        }
        let height = self.settle();
        let mut pools = Vec::new();
        let mut slot = height;
        for pair_market in self.directory.desks_between(token_in, token_out) {
            let pair_market = self.desk_at(&pair_market, height);
            slot = slot.max(pair_market.block());
            pools.extend(shown(&pair_market));
        }
        Ok(Snapshot {
            instance_id: self.instance_id,
            slot,
            secs: seconds(slot),
            pools,
        })
    }
}

fn shown(pair_market: &PairMarket) -> impl Iterator<Item = (PoolSnapshot, u64)> {
    pair_market
        .pools
        .iter()
        .map(|pool| (pool.visible(), pool.version()))
}
