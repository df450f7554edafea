//! A swap's way through the bins.

use ruint::aliases::U256;

use super::super::swap::impact_bps;
use super::super::wide::{div_ceil, narrow};
use super::super::{AmmError, BinStep, Direction, SwapResult, mul_div_ceil};
use super::price::out_for;
use super::{Bin, BinParams, Bins, Held, RATE_UNIT, Volatility, bin_price_q64, max_net_in};

/// A swap thought through to its end, with all that it leaves behind.
pub(super) struct Walk {
    pub(super) result: SwapResult,
    /// The bins that were used, as they are afterwards; the last one is active then.
    pub(super) filled: Vec<(i32, Bin)>,
    pub(super) volatility: Volatility,
    pub(super) lp_fees: Held,
}

impl Bins {
    pub(super) fn walk(
        &self,
        direction: Direction,
        amount_in: u128,
        now_secs: u64,
    ) -> Result<Walk, AmmError> {
        self.params.validate()?;
        if amount_in == 0 {
            return Err(AmmError::ZeroInput);
        }
        let mut volatility = self.volatility.refreshed(&self.params, self.active, now_secs);
        let mut steps = Vec::new();
        let mut filled = Vec::new();
        let mut left = amount_in;
        for (id, bin) in self.serving(direction) {
            if left == 0 {
                break;
            }
            volatility = volatility.at(&self.params, id);
            let step = take(&self.params, direction, id, bin, volatility.accumulator, left)?;
            left -= step.amount_in;
            filled.push((id, after(direction, bin, &step)?));
            steps.push(step);
        }
        if left > 0 {
            return Err(AmmError::InsufficientLiquidity);
        }
        // A swap that stays in its bin is no movement: the time since the last one goes on.
        if filled.last().is_some_and(|(id, _)| *id != self.active) {
            volatility.last_update_secs = now_secs;
        }
        let result = self.total(direction, amount_in, steps)?;
        let lp_fees = self.fees_after(&result)?;
        Ok(Walk {
            result,
            filled,
            volatility,
            lp_fees,
        })
    }

    /// Every bin that serves `direction`, in order, as a swap at `now_secs` would use it up: what it takes
    /// at the most, and what it gives for that. Raw units.
    ///
    /// # Errors
    /// [`AmmError::InvalidPool`].
    pub fn depth(&self, direction: Direction, now_secs: u64) -> Result<Vec<BinStep>, AmmError> {
        self.steps(direction, now_secs)?.collect()
    }

    /// The most that all bins together take in, counted bin by bin until it is enough. Raw units.
    ///
    /// # Errors
    /// [`AmmError::InvalidPool`].
    pub fn capacity(&self, direction: Direction, now_secs: u64, enough: u128) -> Result<u128, AmmError> {
        let mut counted: u128 = 0;
        for step in self.steps(direction, now_secs)? {
            if counted >= enough {
                break;
            }
            counted = counted.saturating_add(step?.amount_in);
        }
        Ok(counted)
    }

    /// The same one by one, for a caller that needs only the first of them.
    pub(in super::super) fn steps(
        &self,
        direction: Direction,
        now_secs: u64,
    ) -> Result<impl Iterator<Item = Result<BinStep, AmmError>> + '_, AmmError> {
        self.params.validate()?;
        let volatility = self.volatility.refreshed(&self.params, self.active, now_secs);
        Ok(self.serving(direction).map(move |(id, bin)| {
            let accumulator = volatility.at(&self.params, id).accumulator;
            take(&self.params, direction, id, bin, accumulator, u128::MAX)
        }))
    }

    fn total(
        &self,
        direction: Direction,
        amount_in: u128,
        steps: Vec<BinStep>,
    ) -> Result<SwapResult, AmmError> {
        let (mut fee, mut protocol_fee, mut out) = (0u128, 0u128, 0u128);
        for step in &steps {
            // Fees are parts of `amount_in`, so only the output can overflow.
            fee += step.fee;
            protocol_fee += self.params.protocol_part(step.fee);
            out = out.checked_add(step.out).ok_or(AmmError::Overflow)?;
        }
        if out == 0 {
            return Err(AmmError::ZeroOutput);
        }
        let start = bin_price_q64(self.params.bin_step, self.active)?;
        let impact_bps = impact_bps(out_for(direction, start, amount_in - fee), out)?;
        Ok(SwapResult {
            direction,
            amount_in,
            fee,
            protocol_fee,
            fund_fee: 0,
            out,
            impact_bps,
            steps,
        })
    }

    fn fees_after(&self, result: &SwapResult) -> Result<Held, AmmError> {
        let (held_in, held_out) = result.direction.in_out(self.lp_fees.x, self.lp_fees.y);
        let held_in = held_in
            .checked_add(result.fee - result.protocol_fee)
            .ok_or(AmmError::Overflow)?;
        let (x, y) = result.direction.in_out(held_in, held_out);
        Ok(Held { x, y })
    }
}

/// What bin `id` does with at most `left`: it is drained, or it takes all of it.
fn take(
    params: &BinParams,
    direction: Direction,
    id: i32,
    bin: Bin,
    accumulator: u32,
    left: u128,
) -> Result<BinStep, AmmError> {
    let price_q64 = bin_price_q64(params.bin_step, id)?;
    let rate = params.rate(accumulator);
    let (_, reserve_out) = direction.in_out(bin.x, bin.y);
    let max_net = max_net_in(direction, price_q64, reserve_out)?;
    let max_fee = fee_on_net(max_net, rate)?;
    let max_in = max_net + max_fee;
    if U256::from(left) > max_in {
        let (amount_in, fee) = (narrow(max_in)?, narrow(max_fee)?);
        return Ok(BinStep {
            bin: id,
            rate,
            amount_in,
            fee,
            out: reserve_out,
            price_q64,
        });
    }
    let fee = mul_div_ceil(left, u128::from(rate), u128::from(RATE_UNIT))?;
    // Rounded, a drained bin's net input can be worth a unit more than the bin holds.
    let out = narrow(out_for(direction, price_q64, left - fee).min(U256::from(reserve_out)))?;
    Ok(BinStep {
        bin: id,
        rate,
        amount_in: left,
        fee,
        out,
        price_q64,
    })
}

/// The fee that comes on top of a net input: `⌈net·r/(10⁹ − r)⌉`. Inputs below 2²²⁰ cannot overflow.
pub(in super::super) fn fee_on_net(net: U256, rate: u32) -> Result<U256, AmmError> {
    let kept = RATE_UNIT.checked_sub(rate).ok_or(AmmError::Overflow)?;
    let scaled = net.checked_mul(U256::from(rate)).ok_or(AmmError::Overflow)?;
    div_ceil(scaled, U256::from(kept))
}

fn after(direction: Direction, bin: Bin, step: &BinStep) -> Result<Bin, AmmError> {
    let (reserve_in, reserve_out) = direction.in_out(bin.x, bin.y);
    let reserve_in = reserve_in
        .checked_add(step.amount_in - step.fee)
        .ok_or(AmmError::Overflow)?;
    let (x, y) = direction.in_out(reserve_in, reserve_out - step.out);
    Ok(Bin { x, y })
}
