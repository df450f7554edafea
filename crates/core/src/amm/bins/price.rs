//! Prices of bins, and amounts at such a price.

use ruint::aliases::U256;

use super::super::wide::{div_ceil, product};
use super::super::{AmmError, Direction};

/// One, in Q64.64.
pub(in super::super) const Q64: u128 = 1 << 64;

/// Exponents have at most 19 bits, as on the venue.
const EXPONENT_BITS: u32 = 19;

const NO_PRICE: AmmError = AmmError::InvalidPool("a bin's price does not fit Q64.64");

/// The price of bin `id`, raw y per raw x, in Q64.64: `(1 + step/10⁴)^id`, `step` in basis points.
///
/// Squares downwards from the base's reciprocal, which is below one, and inverts at the end where the
/// power is above one. So all products fit 128 bits, and every digit is the one that the venue's program
/// computes; other orders of rounding differ in the last digits.
///
/// # Errors
/// [`AmmError::InvalidPool`] if the id has more than 19 bits or the price does not fit.
pub fn bin_price_q64(step: u16, id: i32) -> Result<u128, AmmError> {
    if id == 0 {
        return Ok(Q64);
    }
    let exponent = id.unsigned_abs();
    if exponent >> EXPONENT_BITS != 0 {
        return Err(NO_PRICE);
    }
    let mut power = u128::MAX / (Q64 + (u128::from(step) << 64) / 10_000);
    let mut price = Q64;
    for bit in 0..EXPONENT_BITS {
        if exponent >> bit & 1 == 1 {
            price = (price * power) >> 64;
        }
        power = (power * power) >> 64;
    }
    if price == 0 {
        return Err(NO_PRICE);
    }
    Ok(if id > 0 { u128::MAX / price } else { price })
}

/// What `net` raw units buy at `price`, rounded down; `price` must not be zero.
pub(super) fn out_for(direction: Direction, price: u128, net: u128) -> U256 {
    match direction {
        Direction::XToY => product(net, price) >> 64,
        Direction::YToX => (U256::from(net) << 64) / U256::from(price),
    }
}

/// The net input, rounded up, that empties `reserve_out` at `price`.
pub(in super::super) fn max_net_in(
    direction: Direction,
    price: u128,
    reserve_out: u128,
) -> Result<U256, AmmError> {
    match direction {
        Direction::XToY => div_ceil(U256::from(reserve_out) << 64, U256::from(price)),
        Direction::YToX => div_ceil(product(reserve_out, price), U256::from(Q64)),
    }
}
