//! The best division of one exact input over several paths.
//!
//! At the optimum all used paths have the same marginal rate. The closed form finds that point for real
//! numbers (`equalise`), then single units are moved while that helps (`climb`).

mod climb;
mod equalise;

use super::marginal::MarginalRates;
use super::wide::product;
use super::{AmmError, Path};
use climb::Climb;

/// When another leg is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitRules {
    /// What each swap beyond the first costs, in raw units of the output token. A path has one swap a hop.
    pub leg_cost: u128,
    /// How many swaps there may be in all; at least one is assumed.
    pub max_legs: usize,
}

/// One path's part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitLeg {
    /// Index into the paths that were given.
    pub path: usize,
    /// What goes into it, raw units; not zero.
    pub amount_in: u128,
    /// What it gives, raw units; not zero.
    pub out: u128,
}

/// A division of the whole input, at least one leg, in the order of the given paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The used paths.
    pub legs: Vec<SplitLeg>,
    /// The sum of the legs' outputs, raw units; their cost is not deducted.
    pub out: u128,
}

/// A path that can answer, with its place among those given.
pub(super) struct Candidate<'a> {
    index: usize,
    path: &'a Path<'a>,
    rates: MarginalRates,
}

/// Divides exactly `amount_in` over `paths`, so that the output after the cost of the legs is greatest.
///
/// Never worse than the best path of one hop; of equal splits the one with the fewest swaps, then the earliest
/// paths. Paths must not share a pool, and all lead from one token to one other. Paths that cannot answer
/// are left out.
///
/// For constant products `1/√λ = (D + Σx/γ)/Σ√(xy/γ)` and `dᵢ = (√(γxy/λ) − x)/γ`; bins are steps of height
/// `p(1 − r)`. Paths are dropped one by one, the least useful first, to see whether its leg paid.
///
/// # Errors
/// [`AmmError::ZeroInput`]; [`AmmError::InsufficientLiquidity`] if the paths together cannot take the
/// amount, or there are none; else the first path's error.
pub fn best_split(
    paths: &[Path<'_>],
    amount_in: u128,
    rules: SplitRules,
    now_secs: u64,
) -> Result<Split, AmmError> {
    if amount_in == 0 {
        return Err(AmmError::ZeroInput);
    }
    let (mut best, mut failure) = best_single(paths, amount_in, rules, now_secs);
    if rules.max_legs > 1 {
        let mut left = candidates(paths, amount_in, now_secs);
        while left.len() > 1 {
            let Some(split) = together(&left, amount_in, now_secs) else {
                break;
            };
            let Some(least) = split.legs.iter().min_by_key(|leg| leg.out).map(|leg| leg.path) else {
                break;
            };
            left.retain(|c| c.index != least && split.legs.iter().any(|leg| leg.path == c.index));
            if swaps(&split, paths) <= rules.max_legs
                && best
                    .as_ref()
                    .is_none_or(|best| pays(&split, best, paths, rules.leg_cost))
            {
                best = Some(split);
            }
        }
    }
    best.ok_or_else(|| failure.take().unwrap_or(AmmError::InsufficientLiquidity))
}

/// The best path for the whole amount, and if there is none, the most telling error.
fn best_single(
    paths: &[Path<'_>],
    amount_in: u128,
    rules: SplitRules,
    now_secs: u64,
) -> (Option<Split>, Option<AmmError>) {
    let (mut best, mut failure): (Option<Split>, Option<AmmError>) = (None, None);
    for (path, candidate) in paths.iter().enumerate() {
        if candidate.hops().count() > rules.max_legs.max(1) {
            continue;
        }
        match candidate.out(amount_in, now_secs) {
            Ok(out) => {
                let leg = SplitLeg { path, amount_in, out };
                let single = Split { legs: vec![leg], out };
                if best
                    .as_ref()
                    .is_none_or(|best| pays(&single, best, paths, rules.leg_cost))
                {
                    best = Some(single);
                }
            }
            Err(error) if failure.is_none() || error == AmmError::InsufficientLiquidity => {
                failure = Some(error);
            }
            Err(_) => {}
        }
    }
    (best, failure)
}

fn candidates<'a>(paths: &'a [Path<'a>], amount_in: u128, now_secs: u64) -> Vec<Candidate<'a>> {
    let candidate = |(index, path): (usize, &'a Path<'a>)| {
        path.marginal_rates(amount_in, now_secs)
            .ok()
            .map(|rates| Candidate { index, path, rates })
    };
    paths.iter().enumerate().filter_map(candidate).collect()
}

/// The best split that may use all of `candidates`; `None` if they cannot take the amount.
fn together(candidates: &[Candidate<'_>], amount_in: u128, now_secs: u64) -> Option<Split> {
    let rates: Vec<&MarginalRates> = candidates.iter().map(|candidate| &candidate.rates).collect();
    let shares = equalise::shares(&rates, amount_in)?;
    let paths: Vec<_> = candidates.iter().map(|candidate| candidate.path).collect();
    let climbed = Climb::from(&paths, shares, amount_in, now_secs)?.into_best();
    let mut legs = Vec::with_capacity(candidates.len());
    let mut total = 0u128;
    for (candidate, (amount_in, out)) in candidates.iter().zip(climbed) {
        if amount_in > 0 {
            legs.push(SplitLeg {
                path: candidate.index,
                amount_in,
                out,
            });
            total = total.checked_add(out)?;
        }
    }
    Some(Split { legs, out: total })
}

/// How many swaps a split has.
fn swaps(split: &Split, paths: &[Path<'_>]) -> usize {
    let hops = |leg: &SplitLeg| paths.get(leg.path).map_or(0, |path| path.hops().count());
    split.legs.iter().map(hops).sum()
}

/// Whether `split` is better than `other` once the swaps are paid for.
fn pays(split: &Split, other: &Split, paths: &[Path<'_>], leg_cost: u128) -> bool {
    let cost = |split: &Split| product(leg_cost, swaps(split, paths) as u128);
    product(split.out, 1) + cost(other) > product(other.out, 1) + cost(split)
}
