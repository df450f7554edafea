//! Which pairs move. Idle, it costs nothing: the pools are looked at while somebody asks, and only then.

use std::collections::HashMap;
use std::time::Duration;

use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::{Pair, Symbol};
use order_ports::{MarketMoves, PairState};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Market;
use crate::pair_market::PairMarket;
use crate::pool::ListedPool;
use crate::price_process::to_price;

/// What was seen of the pairs last.
pub(super) struct Feed {
    seen: Mutex<Seen>,
    /// Rung when something else than time has moved a pool.
    bell: Notify,
}

struct Seen {
    revision: u64,
    pairs: HashMap<(Symbol, Symbol), (PairState, u64)>,
}

impl Feed {
    /// A feed whose revisions begin after this one; those of an earlier life of the market must be lower.
    pub(super) fn new(revision: u64) -> Self {
        Self {
            seen: Mutex::new(Seen {
                revision,
                pairs: HashMap::new(),
            }),
            bell: Notify::new(),
        }
    }

    /// Something has moved.
    pub(super) fn ring(&self) {
        self.bell.notify_waiters();
    }

    /// Notes how these pairs stand, and returns those that have moved after that revision.
    fn note(&self, pairs: &[PairState], after: Option<u64>) -> MarketMoves {
        let mut seen = self.seen.lock();
        for state in pairs {
            let known = seen.pairs.get(&key(&state.pair));
            if known.is_none_or(|(known, _)| known != state) {
                seen.revision += 1;
                let revision = seen.revision;
                seen.pairs.insert(key(&state.pair), (*state, revision));
            }
        }
        let after = after.filter(|after| *after <= seen.revision).unwrap_or(0);
        let moved = |state: &&PairState| {
            let known = seen.pairs.get(&key(&state.pair));
            known.is_some_and(|(_, revision)| *revision > after)
        };
        MarketMoves {
            revision: seen.revision,
            pairs: pairs.iter().filter(moved).copied().collect(),
        }
    }
}

const fn key(pair: &Pair) -> (Symbol, Symbol) {
    (pair.base.symbol, pair.quote.symbol)
}

impl Market {
    /// As [`order_ports::MarketFeed::moves`]; of all pairs where none are given.
    pub(crate) async fn moves_of(
        &self,
        pairs: Option<&[Pair]>,
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        let clock = self.chain.clock();
        let deadline = clock.monotonic().saturating_add(wait);
        loop {
            if self.faults.down() {
                return Err(VenueError::Down);
            }
            let mut rung = std::pin::pin!(self.feed.bell.notified());
            rung.as_mut().enable();
            let height = self.settle();
            let moves = self.feed.note(&self.pair_states(pairs, height), after);
            let left = deadline.saturating_sub(clock.monotonic());
            if !moves.pairs.is_empty() || left.is_zero() {
                return Ok(moves);
            }
            tokio::select! {
                biased;
                () = rung => {}
                () = clock.sleep(self.chain.until(height + 1).min(left)) => {}
            }
        }
    }

    fn pair_states(&self, pairs: Option<&[Pair]>, height: u64) -> Vec<PairState> {
        let pair_market = |pair: &Pair| self.directory.desk_of(pair.base, pair.quote);
        let pair_markets = match pairs {
            Some(pairs) => pairs.iter().filter_map(pair_market).collect(),
            None => self.directory.pair_markets(),
        };
        pair_markets
            .into_iter()
            .filter_map(|pair_market| state(&self.desk_at(&pair_market, height)))
            .collect()
    }
}

/// None where no pool has a price.
fn state(pair_market: &PairMarket) -> Option<PairState> {
    let prices = || {
        pair_market
            .pools
            .iter()
            .filter_map(|pool| price(pool, &pair_market.pair))
    };
    Some(PairState {
        pair: pair_market.pair,
        lowest: prices().min()?,
        highest: prices().max()?,
        pools: u32::try_from(prices().count()).unwrap_or(u32::MAX),
    })
}

fn price(pool: &ListedPool, pair: &Pair) -> Option<Price> {
    let ratio = pool.spot()?;
    let ratio = if pool.base == pair.base {
        ratio
    } else {
        ratio.inverted()
    };
    to_price(ratio, pair)
}
