//! What no division of an input can exceed, found without dividing it: so that for most orders, which one
//! pool fills best, no division need be searched for at all.

use super::curve::{Curve, Hyperbola, net_rate};
use super::roots::{Rate, Wide};
use super::{AmmError, Bins, Direction, Path, Pool};

/// Fractional bits of a [`StartRate`].
const BITS: usize = 96;

/// What the first unit into a pool gives, net of the fee, in output per input; rounded up.
///
/// The seeds' rule `price·(1 − fee)` is this number: it says which pool is best for next to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartRate(Wide);

impl StartRate {
    const ZERO: Self = Self(Wide::ZERO);

    fn of(rate: &Rate) -> Self {
        Self((rate.num << BITS).div_ceil(rate.den))
    }

    /// The rate of two pools in a row.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self(((self.0 * next.0) >> BITS) + Wide::ONE)
    }

    /// What `amount` gives at this rate throughout, rounded up; what exceeds 128 bits saturates.
    fn of_amount(self, amount: u128) -> u128 {
        let out = (self.0 * Wide::from(amount)) >> BITS;
        u128::try_from(out).unwrap_or(u128::MAX).saturating_add(1)
    }

    const fn as_rate(self) -> Rate {
        Rate::new(
            self.0,
            Wide::from_limbs([0, 1 << (BITS - 64), 0, 0, 0, 0, 0, 0, 0, 0]),
        )
    }
}

impl Pool {
    /// What the first unit gives.
    ///
    /// # Errors
    /// [`AmmError::InsufficientLiquidity`] if there is nothing to be had, [`AmmError::InvalidPool`].
    pub fn start_rate(&self, direction: Direction, now_secs: u64) -> Result<StartRate, AmmError> {
        match self {
            Self::ConstantProduct(pool) => Ok(StartRate::of(&Hyperbola::of(pool, direction)?.start())),
            Self::Bins(pool) => {
                let first = pool.steps(direction, now_secs)?.next();
                let first = first.ok_or(AmmError::InsufficientLiquidity)??;
                Ok(StartRate::of(&net_rate(direction, &first)))
            }
        }
    }
}

impl Path<'_> {
    /// What the first unit gives after all hops.
    ///
    /// # Errors
    /// That of the first hop that has none; see [`Pool::start_rate`].
    pub fn start_rate(&self, now_secs: u64) -> Result<StartRate, AmmError> {
        let rate = |hop: super::Hop<'_>| hop.pool.start_rate(hop.direction, now_secs);
        let mut hops = self.hops();
        let first = hops
            .next()
            .ok_or(AmmError::InsufficientLiquidity)
            .and_then(rate)?;
        hops.try_fold(first, |so_far, hop| Ok(so_far.then(rate(hop)?)))
    }

    /// What further input gives after `taken`, over the next 64th of it; `None` if there is no more.
    pub fn rate_after(&self, taken: u128, now_secs: u64) -> Option<StartRate> {
        let step = (taken / 64).max(1);
        let more = self.out(taken.checked_add(step)?, now_secs).ok()?;
        let gain = more.saturating_sub(self.out(taken, now_secs).ok()?);
        Some(StartRate::of(&Rate::new(Wide::from(gain), Wide::from(step))))
    }
}

/// No division of `amount_in` over single pools and over ways around that begin at these rates gives more,
/// in raw units.
///
/// Of the pool with the best start as much is taken as beats the next best start; the rest is reckoned to
/// trade at that one throughout, as if there were no end to it.
pub fn split_bound(
    pools: &[(&Pool, Direction)],
    around: &[StartRate],
    amount_in: u128,
    now_secs: u64,
) -> u128 {
    let mut best: Option<(StartRate, (&Pool, Direction))> = None;
    let mut next = around.iter().copied().max().unwrap_or(StartRate::ZERO);
    for (pool, direction) in pools {
        let Ok(rate) = pool.start_rate(*direction, now_secs) else {
            continue;
        };
        match best {
            Some((leader, _)) if rate <= leader => next = next.max(rate),
            Some((leader, _)) => {
                next = next.max(leader);
                best = Some((rate, (pool, *direction)));
            }
            None => best = Some((rate, (pool, *direction))),
        }
    }
    match best {
        Some((start, (pool, direction))) if start > next => {
            let (taken, out) = ahead_of(pool, direction, next, amount_in, now_secs);
            // The pool's fee is rounded up: that can hide what two units of input are worth.
            out.saturating_add(start.of_amount(2))
                .saturating_add(next.of_amount(amount_in - taken))
        }
        Some(_) | None => next.of_amount(amount_in),
    }
}

/// How much of `amount` the pool takes at rates better than `next`, and what it gives for that.
fn ahead_of(pool: &Pool, direction: Direction, next: StartRate, amount: u128, now_secs: u64) -> (u128, u128) {
    match pool {
        Pool::ConstantProduct(_) => {
            let taken = if next == StartRate::ZERO {
                amount
            } else {
                match pool.curve(direction, now_secs) {
                    Ok(curve @ Curve::Hyperbola(_)) => curve.taken_until(&next.as_rate()).min(amount),
                    Ok(Curve::Steps(_)) | Err(_) => 0,
                }
            };
            let out = pool.quote(direction, taken, now_secs).map_or(0, |swap| swap.out);
            (taken, out)
        }
        Pool::Bins(bins) => bins_ahead_of(bins, direction, next, amount, now_secs),
    }
}

fn bins_ahead_of(
    bins: &Bins,
    direction: Direction,
    next: StartRate,
    amount: u128,
    now_secs: u64,
) -> (u128, u128) {
    let (mut taken, mut out) = (0u128, 0u128);
    for step in bins.steps(direction, now_secs).into_iter().flatten().flatten() {
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
