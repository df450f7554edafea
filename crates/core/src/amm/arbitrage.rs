//! What an arbitrageur does when a pool's price and the market's differ.

use super::limit::marginal_max;
use super::wide::product;
use super::{AmmError, Direction, Pool, Ratio, SwapResult};

/// The swap that takes all there is to gain against a market at `reference` (raw y per raw x); `None` if
/// the price is within the fee of it already.
///
/// It ends where the last unit just pays its fee, so the pool's price stops at the edge of a band around
/// the reference: for a constant product at `reference·γ` when bought up, at `reference/γ` when sold down.
/// Bins that are worth it are emptied, all of them if need be.
///
/// # Errors
/// [`AmmError::InvalidPool`]; an empty pool is no error, there is nothing to gain.
pub fn arbitrage(pool: &Pool, reference: Ratio, now_secs: u64) -> Result<Option<SwapResult>, AmmError> {
    for direction in [Direction::XToY, Direction::YToX] {
        let least = match direction {
            Direction::XToY => reference,
            Direction::YToX => reference.inverted(),
        };
        let swap = marginal_max(pool, direction, least, now_secs)
            .and_then(|amount| pool.quote(direction, amount, now_secs));
        match swap {
            Ok(swap) if product(swap.out, least.den) > product(swap.amount_in, least.num) => {
                return Ok(Some(swap));
            }
            Err(error @ AmmError::InvalidPool(_)) => return Err(error),
            // Too little to buy one unit, or more than the pool's books can hold: nothing to gain here.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(None)
}
