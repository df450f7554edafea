//! All pools of one pair, at every venue, and the world's price of it: what one lock guards.

use order_core::amm::{Direction, SwapResult, arbitrage};
use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::{Pair, Token};
use order_core::venue::VenueId;

use crate::chain::seconds;
use crate::pool::ListedPool;
use crate::price_process::{Reference, to_price};

/// A swap that arbitrage made: in which pool of the desk, and what it did.
pub(crate) type Pulled = (usize, SwapResult);

/// The pools of a pair.
#[derive(Debug)]
pub(crate) struct PairMarket {
    pub(crate) pair: Pair,
    pub(crate) pools: Vec<ListedPool>,
    reference: Option<Reference>,
    seed: u64,
    drifting: bool,
    block: u64,
}

impl PairMarket {
    pub(crate) const fn new(pair: Pair, seed: u64, drifting: bool) -> Self {
        Self {
            pair,
            pools: Vec::new(),
            reference: None,
            seed,
            drifting,
            block: 0,
        }
    }

    /// Lists a pool. The first one with a price says what the world thinks the pair is worth at that block.
    pub(crate) fn list(&mut self, pool: ListedPool, block: u64) {
        if self.reference.is_none() {
            let spot = pool.spot().map(|ratio| {
                if pool.base == self.pair.base {
                    ratio
                } else {
                    ratio.inverted()
                }
            });
            self.reference = spot.and_then(|ratio| to_price(ratio, &self.pair)).map(|price| {
                let mut reference = Reference::new(self.seed, self.pair, price);
                reference.set(price, block);
                reference
            });
        }
        self.pools.push(pool);
    }

    /// The block at which the pools stand; time does not run backwards in them.
    pub(crate) const fn block(&self) -> u64 {
        self.block
    }

    /// Says at which block the pools stand, without anything happening on the way.
    pub(crate) fn resume_at(&mut self, block: u64) {
        self.block = self.block.max(block);
    }

    /// Lets time pass up to a block: the world's price has moved, and arbitrage has followed it.
    pub(crate) fn move_to(&mut self, block: u64) -> Vec<Pulled> {
        if block <= self.block {
            return Vec::new();
        }
        self.block = block;
        if self.drifting { self.pull() } else { Vec::new() }
    }

    /// The world's price, where there is one.
    pub(crate) fn world_price(&mut self) -> Option<Price> {
        let block = self.block;
        self.reference.as_mut().map(|reference| reference.price(block))
    }

    /// Changes the world's price; arbitrage follows at once.
    pub(crate) fn set_world_price(&mut self, price: Price) -> Vec<Pulled> {
        match &mut self.reference {
            Some(reference) => reference.set(price, self.block),
            None => self.reference = Some(Reference::new(self.seed, self.pair, price)),
        }
        self.pull()
    }

    /// Restores the world's price as it was set at a block.
    pub(crate) fn restore_world_price(&mut self, price: Price, block: u64) {
        let (seed, pair) = (self.seed, self.pair);
        self.reference
            .get_or_insert_with(|| Reference::new(seed, pair, price))
            .set(price, block);
    }

    fn pull(&mut self) -> Vec<Pulled> {
        let block = self.block;
        let Some(world) = self
            .reference
            .as_mut()
            .and_then(|reference| reference.ratio(block))
        else {
            return Vec::new();
        };
        let secs = seconds(block);
        let mut pulled = Vec::new();
        for (index, pool) in self.pools.iter_mut().enumerate() {
            let towards = if pool.base == self.pair.base {
                world
            } else {
                world.inverted()
            };
            let gain = arbitrage(&pool.pool, towards, secs).ok().flatten();
            let swap = gain.and_then(|gain| pool.swap(gain.direction, gain.amount_in, secs).ok());
            pulled.extend(swap.map(|swap| (index, swap)));
        }
        pulled
    }

    /// The best pool of a venue for this size, and what it gives.
    pub(crate) fn best(
        &self,
        venue: VenueId,
        (token_in, token_out): (Token, Token),
        amount: u128,
    ) -> Result<(&ListedPool, SwapResult), VenueError> {
        let secs = seconds(self.block);
        let mut best: Result<(&ListedPool, SwapResult), VenueError> = Err(VenueError::UnknownToken);
        for (pool, direction) in self.through(venue, token_in, token_out) {
            match (pool.quote(direction, amount, secs), &best) {
                (Ok(swap), Ok((_, leader))) if swap.out <= leader.out => {}
                (Ok(swap), _) => best = Ok((pool, swap)),
                (Err(_), Ok(_)) => {}
                // A pool that is too small says more than one that is too coarse.
                (Err(_), Err(VenueError::InsufficientLiquidity)) => {}
                (Err(error), Err(_)) => best = Err(error),
            }
        }
        best
    }

    /// The most that the venue's pools could take in, all together, counted until it is enough; `None` if it has no
    /// pool of the pair.
    pub(crate) fn capacity(
        &self,
        venue: VenueId,
        token_in: Token,
        token_out: Token,
        enough: u128,
    ) -> Option<u128> {
        let secs = seconds(self.block);
        let mut counted = None;
        for (pool, direction) in self.through(venue, token_in, token_out) {
            let before: u128 = counted.unwrap_or(0);
            if counted.is_some() && before >= enough {
                break;
            }
            counted = Some(before.saturating_add(pool.capacity(direction, secs, enough - before)));
        }
        counted
    }

    fn through(
        &self,
        venue: VenueId,
        token_in: Token,
        token_out: Token,
    ) -> impl Iterator<Item = (&ListedPool, Direction)> {
        self.pools
            .iter()
            .filter(move |pool| pool.venue == venue)
            .filter_map(move |pool| Some((pool, pool.direction(token_in, token_out)?)))
    }
}
