//! Where pools and pairs are found. Desks are never removed, so a number once given stays good.

use std::collections::HashMap;
use std::sync::Arc;

use order_core::token::{Pair, Symbol, Token, TokenRegistry};
use order_core::venue::PoolId;
use parking_lot::{Mutex, RwLock};

use crate::desk::Desk;
use crate::pool::{ListedPool, PoolNames};

/// Where a pool is: which desk, and which of its pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) desk: usize,
    pub(super) pool: usize,
}

pub(super) type SharedDesk = Arc<Mutex<Desk>>;

#[derive(Default)]
struct Index {
    desks: Vec<SharedDesk>,
    by_pair: HashMap<(Symbol, Symbol), usize>,
    by_pool: HashMap<Box<str>, Place>,
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
        let shared = index.desks[number].clone();
        let mut desk = shared.lock();
        index.by_pool.insert(
            pool.id.0.clone(),
            Place {
                desk: number,
                pool: desk.pools.len(),
            },
        );
        let height = height.max(desk.block());
        opened(&pool, height);
        desk.list(pool, height);
        true
    }

    fn desk_number(&self, index: &mut Index, pair: Pair) -> usize {
        let key = (pair.base.symbol, pair.quote.symbol);
        if let Some(number) = index.by_pair.get(&key) {
            return *number;
        }
        let number = index.desks.len();
        index
            .desks
            .push(Arc::new(Mutex::new(Desk::new(pair, self.seed, self.drifting))));
        index.by_pair.insert(key, number);
        number
    }

    /// A name for a new pool, taken for good.
    pub(super) fn with_names<R>(&self, make: impl FnOnce(&mut PoolNames) -> R) -> R {
        make(&mut self.index.write().names)
    }

    /// The desk of a pair, if one of its pools ever opened.
    pub(super) fn desk_of(&self, token_in: Token, token_out: Token) -> Option<SharedDesk> {
        let (pair, _) = self.tokens.orient(token_in, token_out);
        let index = self.index.read();
        let number = *index.by_pair.get(&(pair.base.symbol, pair.quote.symbol))?;
        index.desks.get(number).cloned()
    }

    /// The desk of a pair, and the desks of the two pairs that lead around it by way of each other token; and those that
    /// tell what the chain's native token, in which fees are paid, is worth in the output.
    pub(super) fn desks_between(&self, token_in: Token, token_out: Token) -> Vec<SharedDesk> {
        let index = self.index.read();
        let desk = |a: Token, b: Token| {
            let (pair, _) = self.tokens.orient(a, b);
            let number = *index.by_pair.get(&(pair.base.symbol, pair.quote.symbol))?;
            index.desks.get(number).cloned()
        };
        let mut desks: Vec<_> = desk(token_in, token_out).into_iter().collect();
        for middle in self.tokens.tokens() {
            if *middle == token_in || *middle == token_out {
                continue;
            }
            if let (Some(first), Some(second)) = (desk(token_in, *middle), desk(*middle, token_out)) {
                desks.extend([first, second]);
            }
        }
        let fees = desk(Token::SOL, token_out).or_else(|| desk(Token::SOL, token_in));
        desks.extend(fees.filter(|fees| !desks.iter().any(|known| Arc::ptr_eq(known, fees))));
        desks
    }

    pub(super) fn desk(&self, number: usize) -> Option<SharedDesk> {
        self.index.read().desks.get(number).cloned()
    }

    pub(super) fn place(&self, pool: &str) -> Option<Place> {
        self.index.read().by_pool.get(pool).copied()
    }

    pub(super) fn place_of(&self, pool: &PoolId) -> Option<(SharedDesk, usize)> {
        let place = self.place(&pool.0)?;
        Some((self.desk(place.desk)?, place.pool))
    }

    pub(super) fn desks(&self) -> Vec<SharedDesk> {
        self.index.read().desks.clone()
    }
}
