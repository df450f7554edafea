//! The bins as the rest of the mathematics sees them: steps of height `p·(1 − r)`.

use super::super::curve::Curve;
use super::super::marginal::{MarginalRates, Step};
use super::super::roots::{Rate, Wide, fixed};
use super::super::{AmmError, BinStep, Direction, Ratio, StartRate, SwapResult};
use super::{Bins, RATE_UNIT};

impl Curve for Bins {
    fn quote(&self, direction: Direction, amount_in: u128, now_secs: u64) -> Result<SwapResult, AmmError> {
        Self::quote(self, direction, amount_in, now_secs)
    }

    fn swap(&mut self, direction: Direction, amount_in: u128, now_secs: u64) -> Result<SwapResult, AmmError> {
        Self::swap(self, direction, amount_in, now_secs)
    }

    fn spot_price(&self) -> Result<Ratio, AmmError> {
        self.mid_price()
    }

    fn reserves(&self) -> Result<(u128, u128), AmmError> {
        Self::reserves(self)
    }

    fn quotable(&self, _: Direction) -> u128 {
        u128::MAX
    }

    fn capacity(&self, direction: Direction, now_secs: u64, enough: u128) -> u128 {
        // A bin that can take more than can be counted takes anything.
        Self::capacity(self, direction, now_secs, enough).unwrap_or(u128::MAX)
    }

    fn marginal_rates(&self, direction: Direction, now_secs: u64) -> Result<MarginalRates, AmmError> {
        let mut steps: Vec<Step> = Vec::new();
        for bin in self.depth(direction, now_secs)? {
            let mut rate = net_rate(direction, &bin);
            // Walking back towards the volatility reference, a fee can fall faster than the price: such a bin
            // cannot be had before the one in front of it, so it counts as no better.
            if let Some(last) = steps.last().filter(|last| rate.at_least(&last.rate)) {
                rate = last.rate;
            }
            steps.push(Step {
                rate,
                size: bin.amount_in,
                out: bin.out,
            });
        }
        Ok(MarginalRates::Steps(steps))
    }

    fn is_hyperbola(&self) -> bool {
        false
    }

    fn start_rate(&self, direction: Direction, now_secs: u64) -> Result<Rate, AmmError> {
        let first = self.steps(direction, now_secs)?.next();
        let first = first.ok_or(AmmError::InsufficientLiquidity)??;
        Ok(net_rate(direction, &first))
    }

    fn ahead_of(&self, direction: Direction, next: StartRate, amount: u128, now_secs: u64) -> (u128, u128) {
        let (mut taken, mut out) = (0u128, 0u128);
        for step in self.steps(direction, now_secs).into_iter().flatten().flatten() {
            let rate = StartRate::of(&net_rate(direction, &step));
            if taken >= amount || rate <= next {
                break;
            }
            let left = amount - taken;
            if step.amount_in >= left {
                return (amount, out.saturating_add(rate.of_amount(left)));
            }
            taken += step.amount_in;
            out = out.saturating_add(step.out);
        }
        (taken, out)
    }

    fn terms(&self) -> Vec<(&'static str, i64)> {
        vec![
            ("binStep", self.params.bin_step.into()),
            ("activeId", self.active.into()),
        ]
    }
}

/// What a bin gives for its input, net of its fee.
fn net_rate(direction: Direction, bin: &BinStep) -> Rate {
    let kept = Wide::from(RATE_UNIT.saturating_sub(bin.rate));
    let unit = Wide::from(RATE_UNIT);
    // The price is y per x, in the 64 fractional bits that `fixed` has too.
    let (x, y) = (fixed(1), Wide::from(bin.price_q64));
    let (paid, got) = direction.in_out(x, y);
    Rate::new(got * kept, paid * unit)
}
