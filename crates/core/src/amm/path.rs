//! Ways from one token to another: one pool, or several in a row through common tokens.

use super::marginal::{MarginalRates, Step};
use super::roots::{Rate, Wide};
use super::{AmmError, Direction, Pool, SwapResult};

/// How many steps stand for a path that has no closed form.
const SAMPLES: u128 = 64;

/// One pool on a path, and the way through it.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// The pool.
    pub pool: &'a Pool,
    /// Which of its tokens goes in.
    pub direction: Direction,
}

/// Hops in order; each one's output token is the next one's input token, which the caller sees to.
#[derive(Debug, Clone)]
pub struct Path<'a> {
    first: Hop<'a>,
    rest: Vec<Hop<'a>>,
}

/// What a path gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathQuote {
    /// What goes into the first hop, raw units of its input token.
    pub amount_in: u128,
    /// What comes out of the last hop, raw units of its output token.
    pub out: u128,
    /// Each hop's own result, in order.
    pub hops: Vec<SwapResult>,
}

impl<'a> Path<'a> {
    /// Straight through one pool.
    #[must_use]
    pub const fn direct(pool: &'a Pool, direction: Direction) -> Self {
        Self {
            first: Hop { pool, direction },
            rest: Vec::new(),
        }
    }

    /// Continued through another pool, which must not be on the path already: its price would have moved.
    #[must_use]
    pub fn then(mut self, pool: &'a Pool, direction: Direction) -> Self {
        self.rest.push(Hop { pool, direction });
        self
    }

    /// The hops in order; at least one.
    pub fn hops(&self) -> impl Iterator<Item = Hop<'a>> + '_ {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    /// What exactly `amount_in` raw units give, hop after hop.
    ///
    /// # Errors
    /// That of the first hop that fails; see [`Pool::quote`].
    pub fn quote(&self, amount_in: u128, now_secs: u64) -> Result<PathQuote, AmmError> {
        let mut hops = Vec::with_capacity(1 + self.rest.len());
        let mut amount = amount_in;
        for hop in self.hops() {
            let result = hop.pool.quote(hop.direction, amount, now_secs)?;
            amount = result.out;
            hops.push(result);
        }
        Ok(PathQuote {
            amount_in,
            out: amount,
            hops,
        })
    }

    /// Only the output of [`Self::quote`].
    pub(super) fn out(&self, amount_in: u128, now_secs: u64) -> Result<u128, AmmError> {
        self.hops().try_fold(amount_in, |amount, hop| {
            Ok(hop.pool.quote(hop.direction, amount, now_secs)?.out)
        })
    }

    /// The marginal view of the path, for amounts up to `most`: exact for one hop and for constant products
    /// in a row, which are one virtual pool; sampled otherwise.
    pub(super) fn marginal_rates(&self, most: u128, now_secs: u64) -> Result<MarginalRates, AmmError> {
        let mut rates = self.first.pool.marginal_rates(self.first.direction, now_secs)?;
        for hop in &self.rest {
            rates = match (rates, hop.pool.marginal_rates(hop.direction, now_secs)?) {
                (MarginalRates::Hyperbola(so_far), MarginalRates::Hyperbola(next)) => {
                    MarginalRates::Hyperbola(Box::new(
                        so_far.then(&next).ok_or(AmmError::InsufficientLiquidity)?,
                    ))
                }
                (
                    MarginalRates::Hyperbola(_) | MarginalRates::Steps(_),
                    MarginalRates::Hyperbola(_) | MarginalRates::Steps(_),
                ) => {
                    return Ok(MarginalRates::Steps(self.sampled(most, now_secs)));
                }
            };
        }
        Ok(rates)
    }

    /// Whether [`Self::marginal_rates`] is only an approximation.
    pub(super) fn is_sampled(&self) -> bool {
        !self.rest.is_empty() && self.hops().any(|hop| !hop.pool.curve().is_hyperbola())
    }

    /// Chords of the path's quotes as steps, up to `most` or as far as the liquidity goes.
    fn sampled(&self, most: u128, now_secs: u64) -> Vec<Step> {
        let capacity = self.capacity(most, now_secs);
        let chord = capacity.div_ceil(SAMPLES).max(1);
        let mut steps: Vec<Step> = Vec::new();
        let (mut taken, mut given) = (0u128, 0u128);
        while taken < capacity {
            let end = taken.saturating_add(chord).min(capacity);
            let out = self.out(end, now_secs).unwrap_or(given);
            let (size, more) = (end - taken, out.saturating_sub(given));
            (taken, given) = (end, out);
            // Without an output yet the rate is next to nothing, but never zero: rates are divided by.
            let mut rate = Rate::new(Wide::from(more.max(1)), Wide::from(size));
            if let Some(last) = steps.last().filter(|last| rate.at_least(&last.rate)) {
                rate = last.rate;
            }
            steps.push(Step {
                rate,
                size,
                out: more,
            });
        }
        steps
    }

    /// The largest amount up to `most` that the path's liquidity can take.
    fn capacity(&self, most: u128, now_secs: u64) -> u128 {
        let fits = |amount| matches!(self.out(amount, now_secs), Ok(_) | Err(AmmError::ZeroOutput));
        if fits(most) {
            return most;
        }
        let (mut takes, mut exceeds) = (0, most);
        while exceeds - takes > 1 {
            let middle = takes + (exceeds - takes) / 2;
            if fits(middle) {
                takes = middle;
            } else {
                exceeds = middle;
            }
        }
        takes
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test may fail loudly")]
mod tests {
    use super::super::roots::{FRACTION, whole};
    use super::*;
    use crate::amm::ConstantProduct;

    /// 100 SOL by way of RAY, against numbers that were computed independently with real arithmetic.
    #[test]
    fn two_constant_products_are_one_virtual_pool() {
        let pool = |x: u128, y: u128| {
            Pool::ConstantProduct(ConstantProduct {
                x,
                y,
                fee_rate: 2_500,
            })
        };
        let sol_ray = pool(50_000_000_000_000, 3_000_000_000_000);
        let ray_usdc = pool(2_000_000_000_000, 5_000_000_000_000);
        let path = Path::direct(&sol_ray, Direction::XToY).then(&ray_usdc, Direction::XToY);
        let Ok(MarginalRates::Hyperbola(one)) = path.marginal_rates(0, 0) else {
            panic!("two hyperbolas make one")
        };
        let thousandths = |value: Wide| whole(value * Wide::from(1_000u32) + (Wide::ONE << (FRACTION - 1)));
        assert_eq!(thousandths(one.x), 20_030_045_067_601_402);
        assert_eq!(thousandths(one.y), 2_996_995_493_239_860);
        let net = (Wide::from(100_000_000_000u128) << FRACTION) * one.kept / Wide::from(1_000_000u32);
        assert_eq!(thousandths(one.y * net / (one.x + net)), 14_851_134_820_137);
    }
}
