//! What a trader with a slippage tolerance must at least receive.

/// One hundred per cent in basis points.
const BPS: u32 = 10_000;

/// `⌈quote·(10⁴ − slippage_bps)/10⁴⌉` raw units: the least output that a venue may execute at.
///
/// Rounds up, so the tolerance is never exceeded by a fraction of a unit. A tolerance of 100 % or more
/// accepts anything.
#[must_use]
pub fn min_out(quote: u128, slippage_bps: u32) -> u128 {
    let kept = u128::from(BPS.saturating_sub(slippage_bps));
    let unit = u128::from(BPS);
    // Split so that the product cannot overflow: kept ≤ 10⁴ keeps both terms at or below `quote`.
    (quote / unit) * kept + ((quote % unit) * kept).div_ceil(unit)
}
