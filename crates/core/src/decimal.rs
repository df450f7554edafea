//! Exact unsigned decimals, as they arrive in requests and configuration.
//!
//! Only parsing, printing and scaling live here. No arithmetic: amounts and prices do that in integers.

use std::fmt;
use std::str::FromStr;

/// The most fractional digits a decimal may carry; more than any token or price of ours uses.
pub const MAX_SCALE: u8 = 38;

/// An exact decimal `mantissa / 10^scale`, without trailing fractional zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    mantissa: u128,
    scale: u8,
}

/// Why a text is not a usable decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Nothing, letters, `NaN`, `Infinity`, two points and the like.
    #[error("is not a decimal number")]
    Malformed,
    /// A minus sign in front of something other than zero.
    #[error("must not be negative")]
    Negative,
    /// More digits than 128 bits hold.
    #[error("is too large")]
    TooLarge,
    /// More fractional digits than allowed.
    #[error("has more than {max} decimal places")]
    TooPrecise {
        /// How many are allowed.
        max: u8,
    },
}

impl Decimal {
    /// `mantissa / 10^scale`, normalised.
    pub fn new(mantissa: u128, scale: u8) -> Self {
        let (mut mantissa, mut scale) = (mantissa, scale);
        while scale > 0 && mantissa.is_multiple_of(10) {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    /// Parses a JSON number: like the plain form, and with an exponent, still exactly.
    ///
    /// # Errors
    /// See [`DecimalError`].
    pub fn parse_number(text: &str) -> Result<Self, DecimalError> {
        let Some((digits, exponent)) = text.split_once(['e', 'E']) else {
            return text.parse();
        };
        let plain: Self = digits.parse()?;
        if plain.mantissa == 0 {
            return Ok(plain);
        }
        let exponent: i64 = match exponent.parse() {
            Ok(exponent) => exponent,
            Err(_) => return Err(exponent_out_of_reach(exponent)),
        };
        plain.scaled(exponent)
    }

    /// This value times `10^exponent`.
    fn scaled(self, exponent: i64) -> Result<Self, DecimalError> {
        let scale = i64::from(self.scale).saturating_sub(exponent);
        if scale > i64::from(MAX_SCALE) {
            return Err(DecimalError::TooPrecise { max: MAX_SCALE });
        }
        if let Ok(scale) = u8::try_from(scale) {
            return Ok(Self::new(self.mantissa, scale));
        }
        let zeros = u32::try_from(-scale).map_err(|_| DecimalError::TooLarge)?;
        let factor = 10u128.checked_pow(zeros).ok_or(DecimalError::TooLarge)?;
        let mantissa = self.mantissa.checked_mul(factor).ok_or(DecimalError::TooLarge)?;
        Ok(Self { mantissa, scale: 0 })
    }

    /// This value in units of `10^-decimals`, exactly.
    ///
    /// # Errors
    /// [`DecimalError::TooPrecise`] when it is no whole number of them, [`DecimalError::TooLarge`] past 128 bits.
    pub fn to_units(self, decimals: u8) -> Result<u128, DecimalError> {
        let zeros = decimals
            .checked_sub(self.scale)
            .ok_or(DecimalError::TooPrecise { max: decimals })?;
        10u128
            .checked_pow(u32::from(zeros))
            .and_then(|factor| self.mantissa.checked_mul(factor))
            .ok_or(DecimalError::TooLarge)
    }
}

/// An exponent that does not fit 64 bits is still either hopelessly large, hopelessly small, or no number.
fn exponent_out_of_reach(exponent: &str) -> DecimalError {
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        DecimalError::Malformed
    } else if exponent.starts_with('-') {
        DecimalError::TooPrecise { max: MAX_SCALE }
    } else {
        DecimalError::TooLarge
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        if let Some(positive) = text.strip_prefix('-') {
            let value: Self = positive.parse()?;
            return if value.mantissa == 0 {
                Ok(value)
            } else {
                Err(DecimalError::Negative)
            };
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if whole.is_empty() || fraction.is_empty() {
            return Err(DecimalError::Malformed);
        }
        if !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
        {
            return Err(DecimalError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        let scale = u8::try_from(fraction.len())
            .ok()
            .filter(|scale| *scale <= MAX_SCALE)
            .ok_or(DecimalError::TooPrecise { max: MAX_SCALE })?;
        let mut mantissa: u128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(u128::from(digit - b'0')))
                .ok_or(DecimalError::TooLarge)?;
        }
        Ok(Self::new(mantissa, scale))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:0>width$}", self.mantissa, width = usize::from(self.scale) + 1);
        let (whole, fraction) = digits.split_at(digits.len() - usize::from(self.scale));
        if fraction.is_empty() {
            f.pad(whole)
        } else {
            f.pad(&format!("{whole}.{fraction}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parsed_without_needless_zeros() {
        for (text, printed) in [
            ("1", "1"),
            ("0.50", "0.5"),
            ("10.000", "10"),
            ("007.1", "7.1"),
            ("-0", "0"),
        ] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn a_number_may_have_an_exponent_and_stays_exact() {
        assert_eq!(Decimal::parse_number("1e-7").unwrap().to_units(9), Ok(100));
        assert_eq!(Decimal::parse_number("1.5E3").unwrap().to_string(), "1500");
        assert_eq!(
            Decimal::parse_number("0e999999999999999999999")
                .unwrap()
                .to_string(),
            "0"
        );
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for (text, error) in [
            ("", DecimalError::Malformed),
            ("NaN", DecimalError::Malformed),
            ("1.", DecimalError::Malformed),
            (".5", DecimalError::Malformed),
            ("+1", DecimalError::Malformed),
            ("1_000", DecimalError::Malformed),
            ("1.2.3", DecimalError::Malformed),
            ("-1", DecimalError::Negative),
            ("1e400", DecimalError::TooLarge),
            ("1e99999999999999999999", DecimalError::TooLarge),
            ("1e-400", DecimalError::TooPrecise { max: MAX_SCALE }),
            ("1ex", DecimalError::Malformed),
        ] {
            assert_eq!(Decimal::parse_number(text), Err(error), "{text}");
        }
    }

    #[test]
    fn units_are_exact_or_refused() {
        let value: Decimal = "4.234567".parse().unwrap();
        assert_eq!(value.to_units(6), Ok(4_234_567));
        assert_eq!(value.to_units(5), Err(DecimalError::TooPrecise { max: 5 }));
        assert_eq!(value.to_units(38), Err(DecimalError::TooLarge));
    }
}
