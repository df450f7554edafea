//! Pools of liquidity bins as configuration describes them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use order_core::amm::{Bin, BinParams, Bins, Pool, bin_price_q64};
use order_core::token::{Token, TokenRegistry};
use order_core::venue::VenueId;
use serde::Deserialize;

use super::{Exact, SettingsError, amount_of, tokens_of};
use crate::pool::{ListedPool, PoolNames};

/// What a bin holds, in whole tokens, or in raw units under the names ending in `_raw`; nothing if left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinSettings {
    /// Which bin: its price is `(1 + bin_step/10⁴)^id` raw quote per raw base.
    pub id: i32,
    /// Of the base; only at and above the active bin.
    #[serde(default)]
    pub base: Option<Exact>,
    /// The same in raw units.
    #[serde(default, alias = "baseRaw")]
    pub base_raw: Option<Exact>,
    /// Of the quote; only at and below the active bin.
    #[serde(default)]
    pub quote: Option<Exact>,
    /// The same in raw units.
    #[serde(default, alias = "quoteRaw")]
    pub quote_raw: Option<Exact>,
}

/// A pool of bins. What is left out has the customary value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinsPool {
    /// The token that is priced.
    pub base: String,
    /// The token that it is priced in.
    pub quote: String,
    /// How far the prices of two neighbouring bins lie apart, in basis points.
    #[serde(alias = "binStep")]
    pub bin_step: u16,
    /// The bin that trades now.
    #[serde(alias = "activeId")]
    pub active_id: i32,
    /// The base fee is `base_factor·bin_step·10` of 10⁹.
    #[serde(default = "base_factor", alias = "baseFactor")]
    pub base_factor: u32,
    /// Weight of the variable fee.
    #[serde(default, alias = "variableFeeControl")]
    pub variable_fee_control: Option<u32>,
    /// Swaps closer together than so many seconds are one movement.
    #[serde(default, alias = "filterSecs")]
    pub filter_secs: Option<u64>,
    /// After so many quiet seconds earlier movements are forgotten.
    #[serde(default, alias = "decaySecs")]
    pub decay_secs: Option<u64>,
    /// How much of the volatility is kept in between, in basis points.
    #[serde(default, alias = "reductionBps")]
    pub reduction_bps: Option<u32>,
    /// The upper bound of the volatility; 10⁴ of it are one bin.
    #[serde(default, alias = "maxAccumulator")]
    pub max_accumulator: Option<u32>,
    /// The protocol's share of each fee, in basis points.
    #[serde(default, alias = "protocolShareBps")]
    pub protocol_share_bps: Option<u32>,
    /// The bins.
    pub bins: Vec<BinSettings>,
    /// How many blocks after the market's beginning it opens; from the start if absent.
    #[serde(default, alias = "opensAfterBlocks")]
    pub opens_after_blocks: u64,
}

fn base_factor() -> u32 {
    10_000
}

impl BinsPool {
    /// The pool, or what keeps it from opening.
    pub(crate) fn open(
        &self,
        venue: VenueId,
        key: &str,
        tokens: &TokenRegistry,
        names: &mut PoolNames,
        issues: &mut SettingsError,
    ) -> Option<ListedPool> {
        let (base, quote) = tokens_of(key, (&self.base, &self.quote), tokens, issues);
        let before = issues.issues.len();
        let mut bins = BTreeMap::new();
        for (index, bin) in self.bins.iter().enumerate() {
            let key = format!("{key}.bins[{index}]");
            let held = self.bin(&key, bin, (base, quote), issues);
            if bins.insert(bin.id, held).is_some() {
                issues.add(format!("{key}.id"), "is listed twice");
            }
        }
        if bins.values().all(|bin| bin.x == 0 && bin.y == 0) && issues.issues.len() == before {
            issues.add(format!("{key}.bins"), "must hold something");
        }
        let pool = Bins::new(self.params(), self.active_id, bins)
            .map_err(|error| issues.add(key, error))
            .ok()?;
        let (base, quote) = (base?, quote?);
        let terms = format!("{}-{}", self.bin_step, self.base_factor);
        let id = names.name(venue, base, quote, &terms);
        ListedPool::list(id, venue, base, quote, Pool::Bins(pool))
            .map_err(|error| issues.add(key, error))
            .ok()
    }

    fn bin(
        &self,
        key: &str,
        bin: &BinSettings,
        pair: (Option<Token>, Option<Token>),
        issues: &mut SettingsError,
    ) -> Bin {
        if let Err(error) = bin_price_q64(self.bin_step, bin.id) {
            issues.add(format!("{key}.id"), error);
        }
        let x = amount_of(key, "base", (bin.base, bin.base_raw), pair.0, issues).unwrap_or(0);
        let y = amount_of(key, "quote", (bin.quote, bin.quote_raw), pair.1, issues).unwrap_or(0);
        match bin.id.cmp(&self.active_id) {
            Ordering::Less if x > 0 => {
                issues.add(format!("{key}.base"), "a bin below the active one holds none")
            }
            Ordering::Greater if y > 0 => {
                issues.add(format!("{key}.quote"), "a bin above the active one holds none");
            }
            Ordering::Less | Ordering::Equal | Ordering::Greater => {}
        }
        Bin { x, y }
    }

    fn params(&self) -> BinParams {
        let standard = BinParams::standard(self.bin_step, self.base_factor);
        BinParams {
            bin_step: self.bin_step,
            base_factor: self.base_factor,
            variable_fee_control: self.variable_fee_control.unwrap_or(standard.variable_fee_control),
            filter_secs: self.filter_secs.unwrap_or(standard.filter_secs),
            decay_secs: self.decay_secs.unwrap_or(standard.decay_secs),
            reduction_bps: self.reduction_bps.unwrap_or(standard.reduction_bps),
            max_accumulator: self.max_accumulator.unwrap_or(standard.max_accumulator),
            protocol_share_bps: self.protocol_share_bps.unwrap_or(standard.protocol_share_bps),
        }
    }
}
