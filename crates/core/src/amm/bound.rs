//! What no division of an input can exceed, found without dividing it: so that for most orders, which one
//! pool fills best, no division need be searched for at all.

use super::roots::{Rate, Wide};
use super::{AmmError, Direction, Path, Pool};

/// Fractional bits of a [`StartRate`].
const BITS: usize = 96;

/// What the first unit into a pool gives, net of the fee, in output per input; rounded up.
///
/// The seeds' rule `price·(1 − fee)` is this number: it says which pool is best for next to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StartRate(Wide);

impl StartRate {
    pub(super) const ZERO: Self = Self(Wide::ZERO);

    pub(super) fn of(rate: &Rate) -> Self {
        Self((rate.num << BITS).div_ceil(rate.den))
    }

    /// The rate of two pools in a row.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        Self(((self.0 * next.0) >> BITS) + Wide::ONE)
    }

    /// What `amount` gives at this rate throughout, rounded up; what exceeds 128 bits saturates.
    pub(super) fn of_amount(self, amount: u128) -> u128 {
        let out = (self.0 * Wide::from(amount)) >> BITS;
        u128::try_from(out).unwrap_or(u128::MAX).saturating_add(1)
    }

    pub(super) const fn as_rate(self) -> Rate {
        Rate::new(
            self.0,
            Wide::from_limbs([0, 1 << (BITS - 64), 0, 0, 0, 0, 0, 0, 0, 0]),
        )
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
            let (taken, out) = pool.curve().ahead_of(direction, next, amount_in, now_secs);
            // The pool's fee is rounded up: that can hide what two units of input are worth.
            out.saturating_add(start.of_amount(2))
                .saturating_add(next.of_amount(amount_in - taken))
        }
        Some(_) | None => next.of_amount(amount_in),
    }
}
