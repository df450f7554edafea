//! Pools whose liquidity lies in bins of constant price, after Meteora's DLMM.
//!
//! Bin `id` trades at `(1 + step/10⁴)^id` until one of its sides is empty; then the next bin becomes
//! active. Bins below the active one hold only y, those above only x.

mod curve;
mod fees;
mod price;
mod walk;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AmmError, Direction, Ratio, SwapResult, decimal_string};

pub use fees::{BinParams, RATE_UNIT, Volatility};
pub use price::bin_price_q64;
pub(super) use price::{Q64, max_net_in};

/// What one bin holds, in raw units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// Token x.
    #[serde(with = "decimal_string")]
    pub x: u128,
    /// Token y.
    #[serde(with = "decimal_string")]
    pub y: u128,
}

/// Fees of the liquidity providers, held beside the bins until claimed, in raw units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Token x.
    #[serde(with = "decimal_string")]
    pub x: u128,
    /// Token y.
    #[serde(with = "decimal_string")]
    pub y: u128,
}

/// A pool of bins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bins {
    /// What does not change: step and fees.
    pub params: BinParams,
    /// The bin that the next swap starts in.
    pub active: i32,
    /// All bins that were ever filled, by id; an absent one is empty.
    pub bins: BTreeMap<i32, Bin>,
    /// What the variable fee remembers of earlier swaps.
    pub volatility: Volatility,
    /// The liquidity providers' fees: they do not add to the bins' depth.
    #[serde(default)]
    pub lp_fees: Held,
}

impl Bins {
    /// A pool that has not been traded on.
    ///
    /// # Errors
    /// [`AmmError::InvalidPool`] if a share exceeds 100 % or the active bin has no price.
    pub fn new(params: BinParams, active: i32, bins: BTreeMap<i32, Bin>) -> Result<Self, AmmError> {
        params.validate()?;
        bin_price_q64(params.bin_step, active)?;
        let volatility = Volatility {
            id_reference: active,
            ..Volatility::default()
        };
        Ok(Self {
            params,
            active,
            bins,
            volatility,
            lp_fees: Held::default(),
        })
    }

    /// The active bin's price, raw y per raw x, fees aside.
    ///
    /// # Errors
    /// [`AmmError::InvalidPool`] if the active bin has no price in Q64.64.
    pub fn mid_price(&self) -> Result<Ratio, AmmError> {
        Ok(Ratio::new(bin_price_q64(self.params.bin_step, self.active)?, Q64))
    }

    /// The fee rate, of 10⁹, that a swap at `now_secs` pays in the active bin.
    #[must_use]
    pub fn fee_rate(&self, now_secs: u64) -> u32 {
        let volatility = self.volatility.refreshed(&self.params, self.active, now_secs);
        self.params
            .rate(volatility.at(&self.params, self.active).accumulator)
    }

    /// What exactly `amount_in` raw units give at `now_secs`, bin after bin.
    ///
    /// The impact is measured against the active bin's price, for the whole net input.
    ///
    /// # Errors
    /// [`AmmError::ZeroInput`], [`AmmError::ZeroOutput`], [`AmmError::InsufficientLiquidity`] if the bins
    /// cannot take the whole amount, [`AmmError::Overflow`], [`AmmError::InvalidPool`].
    pub fn quote(
        &self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<SwapResult, AmmError> {
        self.walk(direction, amount_in, now_secs).map(|walk| walk.result)
    }

    /// Swaps exactly `amount_in` raw units at `now_secs`.
    ///
    /// The bins take the net input; the fee goes to [`Self::lp_fees`], but for the protocol's share,
    /// which leaves the pool.
    ///
    /// # Errors
    /// Those of [`Self::quote`]; the pool is then unchanged.
    pub fn swap(
        &mut self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<SwapResult, AmmError> {
        let walk = self.walk(direction, amount_in, now_secs)?;
        for (id, bin) in walk.filled {
            self.bins.insert(id, bin);
            self.active = id;
        }
        self.volatility = walk.volatility;
        self.lp_fees = walk.lp_fees;
        Ok(walk.result)
    }

    /// All that the pool holds, (x, y) in raw units: bins and the liquidity providers' fees.
    ///
    /// # Errors
    /// [`AmmError::Overflow`] if a sum does not fit 128 bits.
    pub fn reserves(&self) -> Result<(u128, u128), AmmError> {
        let mut sum = (self.lp_fees.x, self.lp_fees.y);
        for bin in self.bins.values() {
            sum.0 = sum.0.checked_add(bin.x).ok_or(AmmError::Overflow)?;
            sum.1 = sum.1.checked_add(bin.y).ok_or(AmmError::Overflow)?;
        }
        Ok(sum)
    }

    /// The bins that can serve `direction`, from the active one outwards.
    pub(super) fn serving(&self, direction: Direction) -> Box<dyn Iterator<Item = (i32, Bin)> + '_> {
        let copy = |(id, bin): (&i32, &Bin)| (*id, *bin);
        match direction {
            Direction::XToY => Box::new(
                self.bins
                    .range(..=self.active)
                    .rev()
                    .map(copy)
                    .filter(|(_, bin)| bin.y > 0),
            ),
            Direction::YToX => Box::new(
                self.bins
                    .range(self.active..)
                    .map(copy)
                    .filter(|(_, bin)| bin.x > 0),
            ),
        }
    }
}
