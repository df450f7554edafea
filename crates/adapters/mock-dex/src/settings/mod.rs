//! What the market is like: pools, prices, latency, faults. As configuration describes it; nothing here runs.

mod defaults;
mod error;
mod faults;
mod meteora;
mod number;
mod raydium;

use order_core::decimal::Decimal;
use order_core::token::{Token, TokenRegistry};
use serde::Deserialize;

pub use error::{SettingsError, SettingsIssue};
pub use faults::FaultSettings;
pub use meteora::{BinSettings, MeteoraPool};
pub use number::{Exact, Ppm};
pub use raydium::RaydiumPool;

use crate::pool::{ListedPool, PoolNames};

/// How long the venues take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// No time at all.
    Instant,
    /// A quote in about 180 ms, a confirmation in about 1.5 s.
    #[default]
    Realistic,
    /// Slow enough to watch: a quote in 1 to 3 s, a build in 1 to 2 s, a confirmation in 2 to 4 s.
    Seed,
}

/// Whether the world outside has prices of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceMode {
    /// They move with every block, and arbitrage pulls the pools along.
    #[default]
    Drifting,
    /// Only swaps move the pools.
    Frozen,
}

/// The pools of one venue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenuePools<P> {
    /// The pools; left out, the venue's default ones.
    #[serde(default = "Option::default")]
    pub pools: Option<Vec<P>>,
}

impl<P> Default for VenuePools<P> {
    fn default() -> Self {
        Self { pools: None }
    }
}

/// The whole market, as the table `[venues]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketSettings {
    /// How long the venues take.
    pub profile: Profile,
    /// Whether outside prices move.
    pub price: PriceMode,
    /// Makes prices, latencies, faults and keys the same in every run; left out, they differ.
    pub seed: Option<u64>,
    /// Whether the chain executes the same bytes at most once, as real ones do.
    pub removes_duplicates: bool,
    /// Constant product pools.
    pub raydium: VenuePools<RaydiumPool>,
    /// Pools of liquidity bins.
    pub meteora: VenuePools<MeteoraPool>,
    /// Faults from the start.
    pub faults: FaultSettings,
}

impl Default for MarketSettings {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            price: PriceMode::default(),
            seed: None,
            removes_duplicates: true,
            raydium: VenuePools::default(),
            meteora: VenuePools::default(),
            faults: FaultSettings::default(),
        }
    }
}

impl MarketSettings {
    /// Finds every mistake, without opening a market.
    ///
    /// # Errors
    /// [`SettingsError`] with all of them.
    pub fn validate(&self, tokens: &TokenRegistry) -> Result<(), SettingsError> {
        self.open_pools(tokens).map(|_| ())
    }

    /// The pools that a fresh market has, or will have.
    pub(crate) fn open_pools(&self, tokens: &TokenRegistry) -> Result<Vec<PlannedPool>, SettingsError> {
        let mut issues = SettingsError::default();
        let mut names = PoolNames::default();
        let mut pools = Vec::new();
        let raydium = self
            .raydium
            .pools
            .clone()
            .unwrap_or_else(|| defaults::raydium(tokens));
        for (index, pool) in raydium.iter().enumerate() {
            let key = format!("venues.raydium.pools[{index}]");
            let opened = pool.open(&key, tokens, &mut names, &mut issues);
            pools.extend(opened.map(|opened| PlannedPool::new(opened, pool.opens_after_blocks)));
        }
        let meteora = self
            .meteora
            .pools
            .clone()
            .unwrap_or_else(|| defaults::meteora(tokens));
        for (index, pool) in meteora.iter().enumerate() {
            let key = format!("venues.meteora.pools[{index}]");
            let opened = pool.open(&key, tokens, &mut names, &mut issues);
            pools.extend(opened.map(|opened| PlannedPool::new(opened, pool.opens_after_blocks)));
        }
        if issues.issues.is_empty() {
            Ok(pools)
        } else {
            Err(issues)
        }
    }
}

/// A pool, and how many blocks after the market's beginning it opens.
pub(crate) struct PlannedPool {
    pub(crate) pool: ListedPool,
    pub(crate) opens_after: u64,
}

impl PlannedPool {
    const fn new(pool: ListedPool, opens_after: u64) -> Self {
        Self { pool, opens_after }
    }
}

/// The two tokens of a pool, each if it is known. What is wrong with them does not keep anybody from looking at
/// the rest of the pool.
fn tokens_of(
    key: &str,
    (base, quote): (&str, &str),
    tokens: &TokenRegistry,
    issues: &mut SettingsError,
) -> (Option<Token>, Option<Token>) {
    let mut find = |field: &str, name: &str| {
        let token = tokens.find(name);
        if token.is_none() {
            issues.add(
                format!("{key}.{field}"),
                format_args!("{name:?} is not a token of the registry"),
            );
        }
        token
    };
    let (base, quote) = (find("base", base), find("quote", quote));
    if base.is_some() && base == quote {
        issues.add(format!("{key}.quote"), "must be another token than the base");
    }
    (base, quote)
}

/// An amount in raw units, written either in whole tokens or raw; zero when neither is there, `None` when it is
/// wrong. Of an unknown token only nothing and something can be told apart.
fn amount_of(
    key: &str,
    field: &str,
    (whole, raw): (Option<Exact>, Option<Exact>),
    token: Option<Token>,
    issues: &mut SettingsError,
) -> Option<u128> {
    let (name, read) = match (whole, raw) {
        (Some(_), Some(_)) => {
            issues.add(
                format!("{key}.{field}"),
                format_args!("leave out this or {field}_raw"),
            );
            return None;
        }
        (Some(Exact(value)), None) => {
            let units = token.map(|token| value.to_units(token.decimals));
            let unknown = || Ok(u128::from(value != Decimal::new(0, 0)));
            (field.to_owned(), units.unwrap_or_else(unknown))
        }
        (None, Some(Exact(value))) => (format!("{field}_raw"), value.to_units(0)),
        (None, None) => return Some(0),
    };
    read.map_err(|error| issues.add(format!("{key}.{name}"), error))
        .ok()
}

#[cfg(test)]
mod tests;
