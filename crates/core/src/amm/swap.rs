//! The words that every kind of pool shares: direction, ratio, result.

use ruint::aliases::U256;
use serde::{Deserialize, Serialize};

use super::wide::{div_ceil, narrow};
use super::{AmmError, decimal_string};

/// Which token goes in. A pool's price is `y` per `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Token x in, token y out: a sell of x.
    XToY,
    /// Token y in, token x out: a buy of x.
    YToX,
}

impl Direction {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::XToY => Self::YToX,
            Self::YToX => Self::XToY,
        }
    }

    /// Orders a pair given as (x, y) into (in, out); applied twice it gives the pair back.
    #[must_use]
    pub fn in_out<T>(self, x: T, y: T) -> (T, T) {
        match self {
            Self::XToY => (x, y),
            Self::YToX => (y, x),
        }
    }
}

/// A price or rate as an exact fraction of raw units. Nothing guarantees that it is in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Numerator.
    #[serde(with = "decimal_string")]
    pub num: u128,
    /// Denominator.
    #[serde(with = "decimal_string")]
    pub den: u128,
}

impl Ratio {
    /// `num / den`.
    #[must_use]
    pub const fn new(num: u128, den: u128) -> Self {
        Self { num, den }
    }

    /// `den / num`: the same price, seen from the other token.
    #[must_use]
    pub const fn inverted(self) -> Self {
        Self {
            num: self.den,
            den: self.num,
        }
    }
}

/// What a swap gives, and where its fee goes. All amounts in raw units, fees in the input token.
///
/// The pool's own books follow from it: `amount_in − protocol_fee − fund_fee` stays in the pool, `out`
/// leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SwapResult {
    /// Which token went in.
    pub direction: Direction,
    /// What the trader pays, fee included.
    #[serde(with = "decimal_string")]
    pub amount_in: u128,
    /// The whole fee, part of `amount_in`.
    #[serde(with = "decimal_string")]
    pub fee: u128,
    /// The part of the fee that leaves the pool for the protocol.
    #[serde(with = "decimal_string")]
    pub protocol_fee: u128,
    /// The part of the fee that leaves the pool for the fund; zero where a pool has no fund.
    #[serde(with = "decimal_string")]
    pub fund_fee: u128,
    /// What the trader receives.
    #[serde(with = "decimal_string")]
    pub out: u128,
    /// How much less than at the starting price the trader receives for the net input, in basis points,
    /// rounded up. Fees are not part of it.
    pub impact_bps: u32,
    /// The bins that were used, in order; empty for a constant product.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<BinStep>,
}

impl SwapResult {
    /// The part of the input that is exchanged: `amount_in − fee`.
    #[must_use]
    pub const fn net(&self) -> u128 {
        self.amount_in.saturating_sub(self.fee)
    }
}

/// What one bin contributed to a swap. Amounts in raw units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BinStep {
    /// The bin's id.
    pub bin: i32,
    /// The fee rate that applied in this bin, of 10⁹.
    pub rate: u32,
    /// What went into the bin, fee included.
    #[serde(with = "decimal_string")]
    pub amount_in: u128,
    /// The fee, part of `amount_in`.
    #[serde(with = "decimal_string")]
    pub fee: u128,
    /// What came out.
    #[serde(with = "decimal_string")]
    pub out: u128,
    /// The bin's price, raw y per raw x, Q64.64.
    #[serde(with = "decimal_string")]
    pub price_q64: u128,
}

/// `⌈(ideal − out)·10⁴/ideal⌉`: basis points lost against the starting price.
///
/// `ideal` is what the net input would give at that price, rounded down, so a loss below one raw unit
/// counts as none.
pub(super) fn impact_bps(ideal: U256, out: u128) -> Result<u32, AmmError> {
    let lost = ideal.saturating_sub(U256::from(out));
    if lost.is_zero() {
        return Ok(0);
    }
    let scaled = lost
        .checked_mul(U256::from(10_000u32))
        .ok_or(AmmError::Overflow)?;
    let bps = narrow(div_ceil(scaled, ideal)?)?;
    u32::try_from(bps).map_err(|_| AmmError::Overflow)
}
