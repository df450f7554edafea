//! What the market is like: pools, prices, latency, faults. As configuration describes it; nothing here runs.

mod bins;
mod constant_product;
mod defaults;
mod error;
mod faults;
mod number;
mod venues;

use std::fmt;

use order_core::amm::CurveKind;
use order_core::decimal::Decimal;
use order_core::token::{Token, TokenRegistry};
use order_core::venue::VenueId;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

pub use bins::{BinSettings, BinsPool};
pub use constant_product::ConstantProductPool;
pub use error::{SettingsError, SettingsIssue};
pub use faults::FaultSettings;
pub use number::{Exact, Ppm};
pub use venues::{PoolSettings, VenueSettings};

use self::venues::Section;
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

/// The whole market, as the table `[venues]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketSettings {
    /// How long the venues take.
    pub profile: Profile,
    /// Whether outside prices move.
    pub price: PriceMode,
    /// Makes prices, latencies, faults and keys the same in every run; left out, they differ.
    pub seed: Option<u64>,
    /// Whether the chain executes the same bytes at most once, as real ones do.
    pub removes_duplicates: bool,
    /// The venues: those that there are by default, and then the others.
    pub venues: Vec<VenueSettings>,
    /// Faults from the start.
    pub faults: FaultSettings,
}

impl Default for MarketSettings {
    fn default() -> Self {
        let venue = |(section, curve)| VenueSettings::by_default(section, curve);
        Self {
            profile: Profile::default(),
            price: PriceMode::default(),
            seed: None,
            removes_duplicates: true,
            venues: defaults::SECTIONS.map(venue).to_vec(),
            faults: FaultSettings::default(),
        }
    }
}

impl<'de> Deserialize<'de> for MarketSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MarketTable)
    }
}

/// Reads the table: what has a name of its own, and a section for each venue.
struct MarketTable;

impl<'de> Visitor<'de> for MarketTable {
    type Value = MarketSettings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the section venues")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MarketSettings, A::Error> {
        let mut settings = MarketSettings::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "profile" => settings.profile = map.next_value()?,
                "price" => settings.price = map.next_value()?,
                "seed" => settings.seed = map.next_value()?,
                "removes_duplicates" => settings.removes_duplicates = map.next_value()?,
                "faults" => settings.faults = map.next_value()?,
                _ => {
                    let known = settings.venues.iter().position(|venue| venue.section == key);
                    let curve = known.map(|known| settings.venues[known].curve);
                    let venue = map.next_value_seed(Section { name: key, curve })?;
                    match known {
                        Some(known) => settings.venues[known] = venue,
                        None => settings.venues.push(venue),
                    }
                }
            }
        }
        Ok(settings)
    }
}

impl MarketSettings {
    /// Finds every mistake, without opening a market.
    ///
    /// # Errors
    /// [`SettingsError`] with all of them.
    pub fn validate(&self, tokens: &TokenRegistry) -> Result<(), SettingsError> {
        self.open_venues(tokens).map(|_| ())
    }

    /// The venues of a fresh market, and the pools that it has, or will have.
    pub(crate) fn open_venues(&self, tokens: &TokenRegistry) -> Result<PlannedMarket, SettingsError> {
        let mut issues = SettingsError::default();
        let mut names = PoolNames::default();
        let mut planned = PlannedMarket::default();
        for venue in &self.venues {
            let section = &venue.section;
            let id = match venue.id() {
                Ok(id) if planned.venues.iter().all(|(other, _)| *other != id) => id,
                Ok(_) => {
                    issues.add(format!("venues.{section}"), "has the name of another venue");
                    continue;
                }
                Err(error) => {
                    issues.add(format!("venues.{section}"), error);
                    continue;
                }
            };
            planned.venues.push((id, venue.curve));
            for (index, pool) in venue.described(tokens).iter().enumerate() {
                let key = format!("venues.{section}.pools[{index}]");
                let opened = pool.open(id, &key, tokens, &mut names, &mut issues);
                let opens_after = pool.opens_after_blocks();
                planned
                    .pools
                    .extend(opened.map(|pool| PlannedPool { pool, opens_after }));
            }
        }
        if issues.issues.is_empty() {
            Ok(planned)
        } else {
            Err(issues)
        }
    }
}

/// A market that has not opened.
#[derive(Default)]
pub(crate) struct PlannedMarket {
    pub(crate) venues: Vec<(VenueId, CurveKind)>,
    pub(crate) pools: Vec<PlannedPool>,
}

/// A pool, and how many blocks after the market's beginning it opens.
pub(crate) struct PlannedPool {
    pub(crate) pool: ListedPool,
    pub(crate) opens_after: u64,
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
