//! How much of an order a limit lets through.
//!
//! A limit is the least acceptable output per input, both in raw units: for a sell the price itself, for a
//! buy its reciprocal.

use super::marginal::{Hyperbola, MarginalRates, Step};
use super::roots::{Rate, Wide, whole};
use super::{AmmError, Direction, Pool, Ratio, mul_div_floor};

/// Corrections after which the search settles for an amount that need not be the very largest.
const CORRECTIONS: usize = 4_096;

/// The largest input whose marginal rate, net of the fee, is still at least `least`, in raw units rounded
/// down; zero if even the first unit is worse. What an immediate-or-cancel order takes.
///
/// For a constant product `a = (√(γxy/least) − x)/γ`; of bins all that are good enough.
///
/// # Errors
/// [`AmmError::InsufficientLiquidity`] for an empty constant product, [`AmmError::InvalidPool`].
pub fn marginal_max(
    pool: &Pool,
    direction: Direction,
    least: Ratio,
    now_secs: u64,
) -> Result<u128, AmmError> {
    let rates = pool.marginal_rates(direction, now_secs)?;
    let limited = match limits(least) {
        Limits::Nothing => return Ok(0),
        Limits::Everything => u128::MAX,
        Limits::Rate(rate) => rates.taken_until(&rate),
    };
    Ok(limited.min(rates.capacity()))
}

/// The largest input whose quote as a whole is at least `least` per unit, in raw units; zero if there is
/// none. What a fill-or-kill order could be at most.
///
/// Exact: the quote for the result meets the limit, that of every larger amount does not. Only where the
/// limit is within rounding of the first unit's rate may the search stop at a smaller amount that meets it.
///
/// # Errors
/// [`AmmError::InsufficientLiquidity`] for an empty constant product, [`AmmError::Overflow`] if the pool's
/// books cannot hold the amounts in question, [`AmmError::InvalidPool`].
pub fn average_max(pool: &Pool, direction: Direction, least: Ratio, now_secs: u64) -> Result<u128, AmmError> {
    let rates = pool.marginal_rates(direction, now_secs)?;
    let bound = match (limits(least), &rates) {
        (Limits::Nothing, _) => return Ok(0),
        (Limits::Everything, _) => u128::MAX,
        (Limits::Rate(rate), MarginalRates::Hyperbola(pool)) => average_bound(pool, &rate),
        (Limits::Rate(rate), MarginalRates::Steps(steps)) => average_bound_of_steps(steps, &rate),
    };
    let allowed = |amount: u128| match pool.quote(direction, amount, now_secs) {
        // A quotient that does not fit allows every amount, as does a limit of nothing.
        Ok(quote) => Ok(mul_div_floor(quote.out, least.den, least.num).unwrap_or(u128::MAX)),
        Err(AmmError::ZeroOutput | AmmError::ZeroInput) => Ok(0),
        Err(error) => Err(error),
    };
    descend(bound.min(rates.capacity()), allowed)
}

/// The greatest amount at or below `amount` with `amount ≤ allowed(amount)`.
///
/// `allowed` grows with the amount, so an amount that exceeds what it allows can be replaced by that without
/// passing over a solution.
fn descend(mut amount: u128, allowed: impl Fn(u128) -> Result<u128, AmmError>) -> Result<u128, AmmError> {
    for _ in 0..CORRECTIONS {
        let next = allowed(amount)?;
        if next >= amount {
            return Ok(amount);
        }
        amount = next;
    }
    let (mut meets, mut fails) = (0, amount);
    while fails - meets > 1 {
        let middle = meets + (fails - meets) / 2;
        if allowed(middle)? >= middle {
            meets = middle;
        } else {
            fails = middle;
        }
    }
    Ok(meets)
}

/// The real solution of `γy/(x + γa) = rate`: `a = y/rate − x/γ`, rounded up.
fn average_bound(pool: &Hyperbola, rate: &Rate) -> u128 {
    let a = (pool.y * rate.den / rate.num).saturating_sub(pool.gross(pool.x));
    if a.is_zero() {
        0
    } else {
        whole(a).saturating_add(1)
    }
}

/// The last amount at which the steps' average can still be at least `rate`.
fn average_bound_of_steps(steps: &[Step], rate: &Rate) -> u128 {
    let (mut taken, mut given, mut bound) = (0u128, 0u128, 0u128);
    for step in steps {
        let end = taken.saturating_add(step.size);
        if step.rate.at_least(rate) {
            bound = end;
        } else if let Some(a) = meeting_point(taken, given, &step.rate, rate).filter(|a| *a > taken) {
            bound = a.min(end);
        }
        (taken, given) = (end, given.saturating_add(step.out));
    }
    bound
}

/// Where `given + (a − taken)·slope = a·rate`, for a slope below the rate, rounded up; `None` if that lies
/// below zero.
fn meeting_point(taken: u128, given: u128, slope: &Rate, rate: &Rate) -> Option<u128> {
    let ahead = (Wide::from(given) * slope.den).checked_sub(Wide::from(taken) * slope.num)?;
    let closing = (rate.num * slope.den).checked_sub(slope.num * rate.den)?;
    let a = (ahead * rate.den).checked_div(closing)?;
    Some(u128::try_from(a).unwrap_or(u128::MAX).saturating_add(1))
}

/// What a limit says before any pool is looked at.
enum Limits {
    Nothing,
    Everything,
    Rate(Rate),
}

fn limits(least: Ratio) -> Limits {
    match (least.num, least.den) {
        (_, 0) => Limits::Nothing,
        (0, _) => Limits::Everything,
        _ => Limits::Rate(least.into()),
    }
}
