//! Pools that keep `x·y` from falling.

use ruint::aliases::U256;
use serde::{Deserialize, Serialize};

use super::curve::Curve;
use super::marginal::{Hyperbola, MarginalRates};
use super::roots::{Rate, Wide, fixed};
use super::swap::impact_bps;
use super::wide::product;
use super::{AmmError, Direction, Ratio, StartRate, SwapResult, decimal_string, mul_div_ceil, mul_div_floor};

/// The unit of a constant product's fee rate: 2500 of it are 25 basis points.
pub const FEE_UNIT: u32 = 1_000_000;

/// Shares of the fee that leave the pool, in per cent; the rest stays with the liquidity.
const PROTOCOL_PERCENT: u128 = 12;
const FUND_PERCENT: u128 = 4;

/// A constant product pool as Raydium's CPMM computes it. Reserves in raw units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConstantProduct {
    /// Reserve of token x.
    #[serde(with = "decimal_string")]
    pub x: u128,
    /// Reserve of token y.
    #[serde(with = "decimal_string")]
    pub y: u128,
    /// Fee on the input, of 10⁶ ([`FEE_UNIT`]).
    pub fee_rate: u32,
}

impl ConstantProduct {
    /// A pool with both reserves in raw units and its fee of 10⁶.
    ///
    /// # Errors
    /// [`AmmError::InvalidPool`] if the fee is 100 % or more.
    pub fn new(x: u128, y: u128, fee_rate: u32) -> Result<Self, AmmError> {
        let pool = Self { x, y, fee_rate };
        pool.kept_rate().map(|_| pool)
    }

    /// Raw y per raw x, fees aside.
    #[must_use]
    pub const fn spot_price(&self) -> Ratio {
        Ratio::new(self.y, self.x)
    }

    /// What exactly `amount_in` raw units give: `⌊net·Y/(X+net)⌋` with `net = a − ⌈a·rate/10⁶⌉`.
    ///
    /// # Errors
    /// [`AmmError::ZeroInput`], [`AmmError::ZeroOutput`], [`AmmError::InsufficientLiquidity`] for an
    /// empty pool, [`AmmError::Overflow`] if the reserve could not hold the input,
    /// [`AmmError::InvalidPool`].
    pub fn quote(&self, direction: Direction, amount_in: u128) -> Result<SwapResult, AmmError> {
        self.kept_rate()?;
        if amount_in == 0 {
            return Err(AmmError::ZeroInput);
        }
        let (reserve_in, reserve_out) = self.liquid_reserves(direction)?;
        // What could not be swapped must not be quoted either.
        reserve_in.checked_add(amount_in).ok_or(AmmError::Overflow)?;
        let fee = mul_div_ceil(amount_in, u128::from(self.fee_rate), u128::from(FEE_UNIT))?;
        let net = amount_in - fee;
        let out = mul_div_floor(net, reserve_out, reserve_in + net)?;
        if out == 0 {
            return Err(AmmError::ZeroOutput);
        }
        self.result(direction, amount_in, fee, out)
    }

    /// What buys exactly `out` raw units: `net = ⌈X·o/(Y−o)⌉`, `a = ⌈net·10⁶/(10⁶−rate)⌉`.
    ///
    /// Paying the answer's `amount_in` by [`Self::swap`] gives at least `out`.
    ///
    /// # Errors
    /// [`AmmError::ZeroOutput`] if nothing is asked for, [`AmmError::InsufficientLiquidity`] if the
    /// reserve is not larger than `out`, [`AmmError::Overflow`], [`AmmError::InvalidPool`].
    pub fn quote_out(&self, direction: Direction, out: u128) -> Result<SwapResult, AmmError> {
        let kept = self.kept_rate()?;
        if out == 0 {
            return Err(AmmError::ZeroOutput);
        }
        let (reserve_in, reserve_out) = self.liquid_reserves(direction)?;
        if out >= reserve_out {
            return Err(AmmError::InsufficientLiquidity);
        }
        let net = mul_div_ceil(reserve_in, out, reserve_out - out)?;
        let amount_in = mul_div_ceil(net, u128::from(FEE_UNIT), kept)?;
        reserve_in.checked_add(amount_in).ok_or(AmmError::Overflow)?;
        let fee = mul_div_ceil(amount_in, u128::from(self.fee_rate), u128::from(FEE_UNIT))?;
        self.result(direction, amount_in, fee, out)
    }

    /// Swaps exactly `amount_in` raw units. The protocol's and the fund's share of the fee leave the
    /// pool: `X += a − ⌊fee·0.12⌋ − ⌊fee·0.04⌋`, `Y −= out`.
    ///
    /// # Errors
    /// Those of [`Self::quote`]; the pool is then unchanged.
    pub fn swap(&mut self, direction: Direction, amount_in: u128) -> Result<SwapResult, AmmError> {
        let result = self.quote(direction, amount_in)?;
        let (reserve_in, reserve_out) = direction.in_out(self.x, self.y);
        let stays = amount_in - result.protocol_fee - result.fund_fee;
        let reserve_in = reserve_in.checked_add(stays).ok_or(AmmError::Overflow)?;
        let reserve_out = reserve_out
            .checked_sub(result.out)
            .ok_or(AmmError::InsufficientLiquidity)?;
        (self.x, self.y) = direction.in_out(reserve_in, reserve_out);
        Ok(result)
    }

    /// What is left of [`FEE_UNIT`] after the fee; never zero.
    fn kept_rate(&self) -> Result<u128, AmmError> {
        match FEE_UNIT.checked_sub(self.fee_rate) {
            None | Some(0) => Err(AmmError::InvalidPool("the fee is 100 % or more")),
            Some(kept) => Ok(u128::from(kept)),
        }
    }

    fn hyperbola(&self, direction: Direction) -> Result<Hyperbola, AmmError> {
        let (x, y) = self.liquid_reserves(direction)?;
        Ok(Hyperbola {
            x: fixed(x),
            y: fixed(y),
            kept: Wide::from(self.kept_rate()?),
        })
    }

    fn liquid_reserves(&self, direction: Direction) -> Result<(u128, u128), AmmError> {
        if self.x == 0 || self.y == 0 {
            return Err(AmmError::InsufficientLiquidity);
        }
        Ok(direction.in_out(self.x, self.y))
    }

    fn result(
        &self,
        direction: Direction,
        amount_in: u128,
        fee: u128,
        out: u128,
    ) -> Result<SwapResult, AmmError> {
        let (reserve_in, reserve_out) = self.liquid_reserves(direction)?;
        let ideal = product(amount_in - fee, reserve_out) / U256::from(reserve_in);
        Ok(SwapResult {
            direction,
            amount_in,
            fee,
            protocol_fee: mul_div_floor(fee, PROTOCOL_PERCENT, 100)?,
            fund_fee: mul_div_floor(fee, FUND_PERCENT, 100)?,
            out,
            impact_bps: impact_bps(ideal, out)?,
            steps: Vec::new(),
        })
    }
}

impl Curve for ConstantProduct {
    fn quote(&self, direction: Direction, amount_in: u128, _: u64) -> Result<SwapResult, AmmError> {
        Self::quote(self, direction, amount_in)
    }

    fn swap(&mut self, direction: Direction, amount_in: u128, _: u64) -> Result<SwapResult, AmmError> {
        Self::swap(self, direction, amount_in)
    }

    fn spot_price(&self) -> Result<Ratio, AmmError> {
        self.liquid_reserves(Direction::XToY)?;
        Ok(Self::spot_price(self))
    }

    fn reserves(&self) -> Result<(u128, u128), AmmError> {
        Ok((self.x, self.y))
    }

    fn quotable(&self, direction: Direction) -> u128 {
        direction.in_out(self.x, self.y).0
    }

    fn capacity(&self, direction: Direction, _: u64, _: u128) -> u128 {
        self.quotable(direction)
    }

    fn marginal_rates(&self, direction: Direction, _: u64) -> Result<MarginalRates, AmmError> {
        Ok(MarginalRates::Hyperbola(Box::new(self.hyperbola(direction)?)))
    }

    fn is_hyperbola(&self) -> bool {
        true
    }

    fn start_rate(&self, direction: Direction, _: u64) -> Result<Rate, AmmError> {
        Ok(self.hyperbola(direction)?.start())
    }

    fn ahead_of(&self, direction: Direction, next: StartRate, amount: u128, now_secs: u64) -> (u128, u128) {
        let taken = if next == StartRate::ZERO {
            amount
        } else {
            self.marginal_rates(direction, now_secs)
                .map_or(0, |rates| rates.taken_until(&next.as_rate()).min(amount))
        };
        let out = Self::quote(self, direction, taken).map_or(0, |swap| swap.out);
        (taken, out)
    }

    fn terms(&self) -> Vec<(&'static str, i64)> {
        vec![("feeRate", self.fee_rate.into())]
    }
}
