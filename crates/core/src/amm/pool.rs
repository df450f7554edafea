//! One face for every kind of pool.

use serde::{Deserialize, Serialize};

use super::{AmmError, Bins, ConstantProduct, Direction, Ratio, SwapResult};

/// A pool of any kind, and all that its price depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pool {
    /// `x·y` never falls.
    ConstantProduct(ConstantProduct),
    /// Liquidity in bins of constant price.
    Bins(Bins),
}

impl Pool {
    /// What exactly `amount_in` raw units give at `now_secs` (whole seconds of the venue's clock, the
    /// same one for every call on this pool; only volatility fees depend on it).
    ///
    /// # Errors
    /// Those of [`ConstantProduct::quote`] and [`Bins::quote`].
    pub fn quote(
        &self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<SwapResult, AmmError> {
        match self {
            Self::ConstantProduct(pool) => pool.quote(direction, amount_in),
            Self::Bins(pool) => pool.quote(direction, amount_in, now_secs),
        }
    }

    /// Swaps exactly `amount_in` raw units at `now_secs`. Gives what [`Self::quote`] gives.
    ///
    /// # Errors
    /// Those of [`Self::quote`]; the pool is then unchanged.
    pub fn swap(
        &mut self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<SwapResult, AmmError> {
        match self {
            Self::ConstantProduct(pool) => pool.swap(direction, amount_in),
            Self::Bins(pool) => pool.swap(direction, amount_in, now_secs),
        }
    }

    /// The marginal price without fees: raw y per raw x.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] for an empty constant product, [`AmmError::InvalidPool`].
    pub fn spot_price(&self) -> Result<Ratio, AmmError> {
        match self {
            Self::ConstantProduct(pool) if pool.x == 0 || pool.y == 0 => Err(AmmError::InsufficientLiquidity),
            Self::ConstantProduct(pool) => Ok(pool.spot_price()),
            Self::Bins(pool) => pool.mid_price(),
        }
    }

    /// All that the pool holds, (x, y) in raw units, fees of its liquidity providers included.
    ///
    /// After a swap the input side has grown by `amount_in − protocol_fee − fund_fee` and the output
    /// side has fallen by `out`, exactly.
    ///
    /// # Errors
    /// [`AmmError::Overflow`] if the bins' sum does not fit 128 bits.
    pub fn reserves(&self) -> Result<(u128, u128), AmmError> {
        match self {
            Self::ConstantProduct(pool) => Ok((pool.x, pool.y)),
            Self::Bins(pool) => pool.reserves(),
        }
    }
}
