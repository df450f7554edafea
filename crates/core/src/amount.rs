//! Amounts of a token, in its raw units, and how they are written for people.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::decimal::{Decimal, DecimalError};

/// A number of a token's raw (smallest) units. Serialised as a decimal string, since JSON numbers are floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many raw units.
    pub const fn new(units: u128) -> Self {
        Self(units)
    }

    /// The raw units.
    pub const fn units(self) -> u128 {
        self.0
    }

    /// Whether this is nothing at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads a decimal number of whole tokens.
    ///
    /// # Errors
    /// [`DecimalError::TooPrecise`] when the token has fewer decimals, [`DecimalError::TooLarge`] past 128 bits.
    pub fn from_decimal(value: Decimal, decimals: u8) -> Result<Self, DecimalError> {
        value.to_units(decimals).map(Self)
    }

    /// This amount of a token that has so many decimals.
    pub const fn with_decimals(self, decimals: u8) -> Quantity {
        Quantity {
            amount: self,
            decimals,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// An amount together with its token's decimals, so that it prints as people write it wherever it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quantity {
    /// Raw units.
    pub amount: Amount,
    /// The token's decimals.
    pub decimals: u8,
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.amount.units(), self.decimals).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn survives_json_beyond_64_bits() {
        let amount = Amount::new(u128::MAX);
        let json = serde_json::to_string(&amount).unwrap();
        assert_eq!(json, "\"340282366920938463463374607431768211455\"");
        assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    }

    proptest! {
        #[test]
        fn printed_and_read_again_is_the_same(units: u128, decimals in 0u8..=38) {
            let printed = Amount::new(units).with_decimals(decimals).to_string();
            prop_assert_eq!(Amount::from_decimal(printed.parse().unwrap(), decimals), Ok(Amount::new(units)));
        }
    }
}
