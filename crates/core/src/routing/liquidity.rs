//! What a router sees of the market: the pools themselves, as they stood at one slot.

use std::sync::Arc;

use crate::amm::{Direction, Pool};
use crate::token::Token;
use crate::venue::{PoolId, VenueId};

/// A pool as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSnapshot {
    /// Its name.
    pub id: PoolId,
    /// Where it is listed.
    pub venue: VenueId,
    /// Token x of the pool.
    pub base: Token,
    /// Token y of the pool.
    pub quote: Token,
    /// Its state. Shared, so that showing a pool costs next to nothing.
    pub state: Arc<Pool>,
}

impl PoolSnapshot {
    /// Which way `token_in → token_out` goes through this pool, if it does.
    pub fn direction(&self, token_in: Token, token_out: Token) -> Option<Direction> {
        if (token_in, token_out) == (self.base, self.quote) {
            Some(Direction::XToY)
        } else if (token_in, token_out) == (self.quote, self.base) {
            Some(Direction::YToX)
        } else {
            None
        }
    }

    /// The token on the other side of this one, if the pool trades it.
    pub fn opposite(&self, token: Token) -> Option<Token> {
        if token == self.base {
            Some(self.quote)
        } else if token == self.quote {
            Some(self.base)
        } else {
            None
        }
    }
}

/// All pools through which one token can be had for another, directly or by way of one token in between.
///
/// Each pool is as it stood at some moment of the slot; two of them not necessarily at the same moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiquiditySnapshot {
    /// The slot.
    pub slot: u64,
    /// The venue's clock at that slot, in whole seconds: what volatility fees are reckoned with.
    pub secs: u64,
    /// The pools, in no particular order.
    pub pools: Vec<PoolSnapshot>,
}
