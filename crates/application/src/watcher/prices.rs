//! Where every pair stands, and from that the best price that any way of an order can have. No I/O.
//!
//! A route goes through pools of its pair, or by one token in between, or is divided over several of these. So no route
//! is better than the best of these ways at its first unit, fees aside: a sell cannot do better than the dearest pool
//! of its pair, or the product of the dearest pools on a way; a buy not better than the cheapest. An order is worth a
//! look when that bound has reached its price, and not before.

use std::collections::{BTreeSet, HashMap};

use order_core::amm::mul_div_ceil;
use order_core::price::{PRICE_SCALE, Price};
use order_core::token::{Pair, Symbol};
use order_ports::PairState;

/// By how much a product of prices is taken for better than it is, as a part: far more than their rounding.
const SLACK: u128 = 100_000;

/// The best that a pair's ways can give, quote per base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// No buy is cheaper.
    pub(super) lowest: Price,
    /// No sell brings more.
    pub(super) highest: Price,
}

/// Where every pair stands that has a pool.
#[derive(Default)]
pub(super) struct Prices {
    pairs: HashMap<(Symbol, Symbol), PairState>,
    /// The tokens that trade against each.
    partners: HashMap<Symbol, BTreeSet<Symbol>>,
}

const fn key(pair: &Pair) -> (Symbol, Symbol) {
    (pair.base.symbol, pair.quote.symbol)
}

impl Prices {
    /// Takes note of where a pair stands now.
    pub(super) fn note(&mut self, state: PairState) {
        let (base, quote) = key(&state.pair);
        self.partners.entry(base).or_default().insert(quote);
        self.partners.entry(quote).or_default().insert(base);
        self.pairs.insert((base, quote), state);
    }

    /// The pair's own pools, between the cheapest and the dearest; `None` if it has none.
    pub(super) fn own(&self, pair: &Pair) -> Option<Bounds> {
        let PairState { lowest, highest, .. } = *self.pairs.get(&key(pair))?;
        Some(Bounds { lowest, highest })
    }

    /// The bounds over all ways of the pair; `None` if there is none.
    pub(super) fn reach(&self, pair: &Pair) -> Option<Bounds> {
        let (base, quote) = key(pair);
        let by_others = self.between(pair).filter_map(|middle| {
            Some(Bounds {
                lowest: product(self.cheapest(base, middle)?, self.cheapest(middle, quote)?, false)?,
                highest: product(self.dearest(base, middle)?, self.dearest(middle, quote)?, true)?,
            })
        });
        self.own(pair).into_iter().chain(by_others).reduce(|a, b| Bounds {
            lowest: a.lowest.min(b.lowest),
            highest: a.highest.max(b.highest),
        })
    }

    /// How many pools there are on all ways of the pair. A change means that earlier quotes say nothing any more.
    pub(super) fn pools(&self, pair: &Pair) -> u64 {
        let (base, quote) = key(pair);
        let of = |a, b| self.state(a, b).map_or(0, |state| u64::from(state.pools));
        let by_others = self
            .between(pair)
            .map(|middle| of(base, middle) + of(middle, quote));
        of(base, quote) + by_others.sum::<u64>()
    }

    /// The tokens that trade against both sides of the pair.
    fn between(&self, pair: &Pair) -> impl Iterator<Item = Symbol> + '_ {
        let partners = |symbol| self.partners.get(&symbol);
        let both = partners(pair.base.symbol).zip(partners(pair.quote.symbol));
        both.into_iter().flat_map(|(a, b)| a.intersection(b)).copied()
    }

    fn state(&self, a: Symbol, b: Symbol) -> Option<&PairState> {
        self.pairs.get(&(a, b)).or_else(|| self.pairs.get(&(b, a)))
    }

    /// The most of `other` that a first unit of `token` brings.
    fn dearest(&self, token: Symbol, other: Symbol) -> Option<Price> {
        match self.pairs.get(&(token, other)) {
            Some(state) => Some(state.highest),
            None => self.pairs.get(&(other, token))?.lowest.inverse(),
        }
    }

    /// The least of `other` that a first unit of `token` costs.
    fn cheapest(&self, token: Symbol, other: Symbol) -> Option<Price> {
        match self.pairs.get(&(token, other)) {
            Some(state) => Some(state.lowest),
            None => self.pairs.get(&(other, token))?.highest.inverse(),
        }
    }
}

/// The price by two swaps, a little too good: up for a sell, down for a buy. `None` if it does not fit.
fn product(first: Price, second: Price, up: bool) -> Option<Price> {
    let one = 10u128.pow(u32::from(PRICE_SCALE));
    let exact = mul_div_ceil(first.units(), second.units(), one).ok()?;
    let slack = exact / SLACK + 1;
    Some(Price::new(if up {
        exact.saturating_add(slack)
    } else {
        exact.saturating_sub(slack)
    }))
}
