//! Products that do not fit 128 bits.

use ruint::aliases::U256;

use super::AmmError;

/// `⌊a·b/c⌋`, exact for all inputs.
///
/// # Errors
/// [`AmmError::Overflow`] if the quotient exceeds 128 bits or `c` is zero.
pub fn mul_div_floor(a: u128, b: u128, c: u128) -> Result<u128, AmmError> {
    narrow(
        product(a, b)
            .checked_div(U256::from(c))
            .ok_or(AmmError::Overflow)?,
    )
}

/// `⌈a·b/c⌉`, exact for all inputs.
///
/// # Errors
/// [`AmmError::Overflow`] if the quotient exceeds 128 bits or `c` is zero.
pub fn mul_div_ceil(a: u128, b: u128, c: u128) -> Result<u128, AmmError> {
    narrow(div_ceil(product(a, b), U256::from(c))?)
}

/// `a·b`; two 128-bit factors always fit.
pub(super) fn product(a: u128, b: u128) -> U256 {
    U256::from(a) * U256::from(b)
}

/// `⌈a/b⌉`.
pub(super) fn div_ceil(a: U256, b: U256) -> Result<U256, AmmError> {
    let floor = a.checked_div(b).ok_or(AmmError::Overflow)?;
    let rest = a.checked_rem(b).ok_or(AmmError::Overflow)?;
    if rest.is_zero() {
        Ok(floor)
    } else {
        floor.checked_add(U256::ONE).ok_or(AmmError::Overflow)
    }
}

/// Back to raw units.
pub(super) fn narrow(value: U256) -> Result<u128, AmmError> {
    u128::try_from(value).map_err(|_| AmmError::Overflow)
}
