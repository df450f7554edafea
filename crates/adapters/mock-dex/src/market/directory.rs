//! Where pools and pairs are found. Desks are never removed, so a number once given stays good.

use std::collections::HashMap;
use std::sync::Arc;

use order_core::token::{Pair, Symbol, Token, TokenRegistry};
use order_core::venue::PoolId;
use parking_lot::{Mutex, RwLock};

use crate::pair_market::PairMarket;
use crate::pool::{ListedPool, PoolNames};

/// Where a pool is: which desk, and which of its pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PairSlot {
    pub(super) pair_market: usize,
    pub(super) pool: usize,
}

pub(super) type SharedPairMarket = Arc<Mutex<PairMarket>>;

#[derive(Default)]
struct Index {
    pair_markets: Vec<SharedPairMarket>,
    by_pair: HashMap<(Symbol, Symbol), usize>,
    by_pool: HashMap<Box<str>, PairSlot>,
    names: PoolNames,
}

/// All desks, by pair and by pool.
pub(super) struct Directory {
    tokens: TokenRegistry,
    seed: u64,
    drifting: bool,
    index: RwLock<Index>,
}

impl Directory {
    pub(super) fn new(tokens: TokenRegistry, seed: u64, drifting: bool) -> Self {
        Self {
            tokens,
            seed,
            drifting,
            index: RwLock::default(),
        }
    }

    pub(super) const fn tokens(&self) -> &TokenRegistry {
        &self.tokens
    }

    /// Lists a pool that nobody can reach yet, and lets it be found; false if its name is taken. `opened` is
    /// called with the height that counts, while the desk is locked and before anybody can trade there.
    pub(super) fn list(&self, pool: ListedPool, height: u64, opened: impl FnOnce(&ListedPool, u64)) -> bool {
        let (pair, _) = self.tokens.orient(pool.base, pool.quote);
        let mut index = self.index.write();
        if index.by_pool.contains_key(&pool.id.0) {
            return false;
        }
        index.names.take(&pool.id);
        let number = self.desk_number(&mut index, pair);
        let shared = index.pair_markets[number].clone();
        let mut pair_market = shared.lock();
        index.by_pool.insert(
            pool.id.0.clone(),
            PairSlot {
                pair_market: number,
                pool: pair_market.pools.len(),
            },
        );
        let height = height.max(pair_market.block());
        opened(&pool, height);
        pair_market.list(pool, height);
        true
    }

    fn desk_number(&self, index: &mut Index, pair: Pair) -> usize {
        let key = (pair.base.symbol, pair.quote.symbol);
        if let Some(number) = index.by_pair.get(&key) {
            return *number;
        }
        let number = index.pair_markets.len();
        index.pair_markets.push(Arc::new(Mutex::new(PairMarket::new(
            pair,
            self.seed,
            self.drifting,
        ))));
        index.by_pair.insert(key, number);
        number
    }

    /// A name for a new pool, taken for good.
    pub(super) fn with_names<R>(&self, make: impl FnOnce(&mut PoolNames) -> R) -> R {
        make(&mut self.index.write().names)
    }

    /// The desk of a pair, if one of its pools ever opened.
    pub(super) fn desk_of(&self, token_in: Token, token_out: Token) -> Option<SharedPairMarket> {
        let (pair, _) = self.tokens.orient(token_in, token_out);
        let index = self.index.read();
        let number = *index.by_pair.get(&(pair.base.symbol, pair.quote.symbol))?;
        index.pair_markets.get(number).cloned()
    }

    /// The desk of a pair, and the desks of the two pairs that lead around it by way of each other token; and those that
    /// tell what the chain's native token, in which fees are paid, is worth in the output.
    pub(super) fn desks_between(&self, token_in: Token, token_out: Token) -> Vec<SharedPairMarket> {
        let index = self.index.read();
        let pair_market = |a: Token, b: Token| {
            let (pair, _) = self.tokens.orient(a, b);
            let number = *index.by_pair.get(&(pair.base.symbol, pair.quote.symbol))?;
            index.pair_markets.get(number).cloned()
        };
        let mut pair_markets: Vec<_> = pair_market(token_in, token_out).into_iter().collect();
        for middle in self.tokens.tokens() {
            if *middle == token_in || *middle == token_out {
                continue;
            }
            if let (Some(first), Some(second)) =
                (pair_market(token_in, *middle), pair_market(*middle, token_out))
            {
                pair_markets.extend([first, second]);
            }
        }
        let fees = pair_market(Token::SOL, token_out).or_else(|| pair_market(Token::SOL, token_in));
        pair_markets.extend(fees.filter(|fees| !pair_markets.iter().any(|known| Arc::ptr_eq(known, fees))));
        pair_markets
    }

    pub(super) fn pair_market(&self, number: usize) -> Option<SharedPairMarket> {
        self.index.read().pair_markets.get(number).cloned()
    }

    pub(super) fn place(&self, pool: &str) -> Option<PairSlot> {
        self.index.read().by_pool.get(pool).copied()
    }

    pub(super) fn place_of(&self, pool: &PoolId) -> Option<(SharedPairMarket, usize)> {
        let place = self.place(&pool.0)?;
        Some((self.pair_market(place.pair_market)?, place.pool))
    }

    pub(super) fn pair_markets(&self) -> Vec<SharedPairMarket> {
        self.index.read().pair_markets.clone()
    }
}
