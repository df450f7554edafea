//! Where marginal rates meet, for real numbers.

use super::super::marginal::{Hyperbola, MarginalRates};
use super::super::roots::{Rate, Wide, fixed, whole};

/// A rate at which another piece of liquidity comes into reach.
struct Level {
    rate: Rate,
    /// Index of the curve.
    of: usize,
    /// What a step takes; `None` where a hyperbola begins.
    size: Option<u128>,
}

/// Divides `amount` over the curves, best rate first. Rounded down, so a few units may be left over; `None`
/// if the curves together cannot take it.
///
/// Walks the levels downwards with the drained steps and the hyperbolas in reach, until these would take
/// more at the next level than is left: then the common rate lies in between, where the closed form gives
/// it, or on a step, which takes what the hyperbolas leave.
pub(super) fn shares(curves: &[&MarginalRates], amount: u128) -> Option<Vec<u128>> {
    let mut shares = vec![0u128; curves.len()];
    let mut reached: Vec<(usize, &Hyperbola)> = Vec::new();
    let mut left = amount;
    for level in levels(curves) {
        let taken: Vec<u128> = reached
            .iter()
            .map(|(_, pool)| whole(pool.taken_until(&level.rate)))
            .collect();
        let sum = taken.iter().fold(0u128, |sum, one| sum.saturating_add(*one));
        if sum >= left {
            break;
        }
        match (level.size, curves[level.of]) {
            (Some(size), _) if sum.saturating_add(size) >= left => {
                shares[level.of] += left - sum;
                for ((of, _), taken) in reached.iter().zip(taken) {
                    shares[*of] += taken;
                }
                return Some(shares);
            }
            (Some(size), _) => {
                shares[level.of] += size;
                left -= size;
            }
            (None, MarginalRates::Hyperbola(pool)) => reached.push((level.of, pool)),
            (None, MarginalRates::Steps(_)) => {}
        }
    }
    if reached.is_empty() {
        return (left == 0).then_some(shares);
    }
    share_by_weight(&reached, left, &mut shares);
    Some(shares)
}

/// All levels, best first; of equal ones the earlier curve's.
fn levels(curves: &[&MarginalRates]) -> Vec<Level> {
    let mut levels = Vec::new();
    for (of, curve) in curves.iter().enumerate() {
        match curve {
            MarginalRates::Hyperbola(pool) => levels.push(Level {
                rate: pool.start(),
                of,
                size: None,
            }),
            MarginalRates::Steps(steps) => {
                levels.extend(steps.iter().map(|step| Level {
                    rate: step.rate,
                    of,
                    size: Some(step.size),
                }));
            }
        }
    }
    levels.sort_by(|a, b| b.rate.compare(&a.rate));
    levels
}

/// `dᵢ = wᵢ·(D + Σx/γ)/Σw − xᵢ/γᵢ` with `w = √(xy/γ)`: the closed form with `1/√λ` put in.
fn share_by_weight(reached: &[(usize, &Hyperbola)], amount: u128, shares: &mut [u128]) {
    let weights: Vec<Wide> = reached.iter().map(|(_, pool)| pool.weight()).collect();
    let sum = weights.iter().fold(Wide::ZERO, |sum, weight| sum + *weight);
    let filled = reached
        .iter()
        .fold(fixed(amount), |sum, (_, pool)| sum + pool.gross(pool.x));
    let mut left = amount;
    for ((of, pool), weight) in reached.iter().zip(weights) {
        let held = (weight * filled).checked_div(sum).unwrap_or(Wide::ZERO);
        // Rounding must not hand out more than there is.
        let share = whole(held.saturating_sub(pool.gross(pool.x))).min(left);
        shares[*of] += share;
        left -= share;
    }
}
