//! Constant product pools as configuration describes them.

use order_core::amm::{ConstantProduct, FEE_UNIT, Pool};
use order_core::token::TokenRegistry;
use order_core::venue::VenueId;
use serde::Deserialize;

use super::{Exact, SettingsError, amount_of, tokens_of};
use crate::pool::{ListedPool, PoolNames};

/// A constant product pool. Reserves are in whole tokens, or in raw units under the names ending in `_raw`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantProductPool {
    /// The token that is priced.
    pub base: String,
    /// The token that it is priced in.
    pub quote: String,
    /// How much of the base the pool holds.
    #[serde(default, alias = "baseReserve")]
    pub base_reserve: Option<Exact>,
    /// The same in raw units.
    #[serde(default, alias = "baseReserveRaw")]
    pub base_reserve_raw: Option<Exact>,
    /// How much of the quote the pool holds.
    #[serde(default, alias = "quoteReserve")]
    pub quote_reserve: Option<Exact>,
    /// The same in raw units.
    #[serde(default, alias = "quoteReserveRaw")]
    pub quote_reserve_raw: Option<Exact>,
    /// The fee on the input, in units of 10⁻⁶: 2500 are 25 basis points.
    #[serde(alias = "feeRate")]
    pub fee_rate: u32,
    /// How many blocks after the market's beginning it opens; from the start if absent.
    #[serde(default, alias = "opensAfterBlocks")]
    pub opens_after_blocks: u64,
}

impl ConstantProductPool {
    /// The pool, or what keeps it from opening.
    pub(crate) fn open(
        &self,
        venue: VenueId,
        key: &str,
        tokens: &TokenRegistry,
        names: &mut PoolNames,
        issues: &mut SettingsError,
    ) -> Option<ListedPool> {
        if self.fee_rate >= FEE_UNIT {
            issues.add(
                format!("{key}.fee_rate"),
                format_args!("must be below {FEE_UNIT}"),
            );
        }
        let (base, quote) = tokens_of(key, (&self.base, &self.quote), tokens, issues);
        let mut reserve = |field, amount, token| {
            let units = amount_of(key, field, amount, token, issues)?;
            if units == 0 {
                issues.add(format!("{key}.{field}"), "must be above zero");
            }
            Some(units)
        };
        let x = reserve("base_reserve", (self.base_reserve, self.base_reserve_raw), base);
        let y = reserve(
            "quote_reserve",
            (self.quote_reserve, self.quote_reserve_raw),
            quote,
        );
        let (base, quote, x, y) = (base?, quote?, x?, y?);
        let pool = ConstantProduct::new(x, y, self.fee_rate).ok()?;
        let id = names.name(venue, base, quote, &self.fee_rate.to_string());
        ListedPool::list(id, venue, base, quote, Pool::ConstantProduct(pool))
            .map_err(|error| issues.add(key, error))
            .ok()
    }
}
