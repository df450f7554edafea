//! Prices: always units of the quote token per one base token, net of fees, exact to 18 decimals.

use std::fmt;

use ruint::aliases::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::amount::Amount;
use crate::decimal::{Decimal, DecimalError};
use crate::token::{Pair, Side};

/// Fractional digits of a price.
pub const PRICE_SCALE: u8 = 18;

/// A price in units of 10⁻¹⁸ quote per base. Serialised as a decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(u128);

/// A trade whose price cannot be expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Nothing was traded on one side.
    #[error("no price without an amount on both sides")]
    NoTrade,
    /// More than 128 bits of 10⁻¹⁸.
    #[error("price is too large")]
    TooLarge,
}

impl Price {
    /// A price of so many units of 10⁻¹⁸.
    pub const fn new(units: u128) -> Self {
        Self(units)
    }

    /// The price in units of 10⁻¹⁸.
    pub const fn units(self) -> u128 {
        self.0
    }

    /// The price of the pair the other way round, base per quote, to the nearest 10⁻¹⁸; none when nothing is left
    /// of it.
    pub const fn inverse(self) -> Option<Self> {
        const ONE_SQUARED: u128 = 10_u128.pow(36);
        match ONE_SQUARED.saturating_add(self.0 / 2).checked_div(self.0) {
            None | Some(0) => None,
            Some(units) => Some(Self(units)),
        }
    }

    /// Reads a price as people write it.
    ///
    /// # Errors
    /// [`DecimalError`] past 18 decimals or 128 bits.
    pub fn from_decimal(value: Decimal) -> Result<Self, DecimalError> {
        value.to_units(PRICE_SCALE).map(Self)
    }

    /// What `amount_in → amount_out` traded at, rounded against the trader: down for a sell, up for a buy.
    ///
    /// # Errors
    /// [`PriceError`] when one side is nothing, or the ratio does not fit.
    pub fn of_trade(
        pair: &Pair,
        side: Side,
        amount_in: Amount,
        amount_out: Amount,
    ) -> Result<Self, PriceError> {
        let (base, quote) = match side {
            Side::Sell => (amount_in, amount_out),
            Side::Buy => (amount_out, amount_in),
        };
        if base.is_zero() || quote.is_zero() {
            return Err(PriceError::NoTrade);
        }
        let numerator = wide(quote.units()) * wide(scale(pair.base.decimals)?);
        let numerator = numerator
            .checked_mul(wide(scale(PRICE_SCALE)?))
            .ok_or(PriceError::TooLarge)?;
        let denominator = wide(base.units()) * wide(scale(pair.quote.decimals)?);
        let units = match side {
            Side::Sell => numerator / denominator,
            Side::Buy => numerator.div_ceil(denominator),
        };
        u128::try_from(units).map(Self).map_err(|_| PriceError::TooLarge)
    }

    /// The least output for which `amount_in` trades at this price or better, rounded up.
    ///
    /// # Errors
    /// [`PriceError`] when the price is zero on a buy, or the output does not fit.
    pub fn least_output(self, pair: &Pair, side: Side, amount_in: Amount) -> Result<Amount, PriceError> {
        let (base_one, quote_one) = (scale(pair.base.decimals)?, scale(pair.quote.decimals)?);
        let one = scale(PRICE_SCALE)?;
        let (times, by) = match side {
            Side::Sell => ((self.0, quote_one), (base_one, one)),
            Side::Buy => ((one, base_one), (self.0, quote_one)),
        };
        let denominator = wide(by.0) * wide(by.1);
        if denominator.is_zero() {
            return Err(PriceError::NoTrade);
        }
        let numerator = wide(times.0)
            .checked_mul(wide(times.1))
            .and_then(|n| n.checked_mul(wide(amount_in.units())));
        let output = numerator.ok_or(PriceError::TooLarge)?.div_ceil(denominator);
        u128::try_from(output)
            .map(Amount::new)
            .map_err(|_| PriceError::TooLarge)
    }
}

fn wide(value: u128) -> U256 {
    U256::from(value)
}

fn scale(decimals: u8) -> Result<u128, PriceError> {
    10u128
        .checked_pow(u32::from(decimals))
        .ok_or(PriceError::TooLarge)
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.0, PRICE_SCALE).fmt(f)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let value: Decimal = text.parse().map_err(de::Error::custom)?;
        Self::from_decimal(value).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::token::TokenRegistry;

    fn pair() -> Pair {
        let registry = TokenRegistry::default();
        Pair {
            base: registry.find("SOL").unwrap(),
            quote: registry.find("USDC").unwrap(),
        }
    }

    #[test]
    fn the_other_way_round_a_price_is_one_over_it() {
        let price = |text: &str| Price::from_decimal(Decimal::parse_number(text).unwrap()).unwrap();
        for (one, other) in [
            ("4", "0.25"),
            ("3", "0.333333333333333333"),
            ("0.000000000000000001", "1000000000000000000"),
            ("1500000000000000000", "0.000000000000000001"),
        ] {
            assert_eq!(price(one).inverse(), Some(price(other)), "{one}");
        }
        assert_eq!(Price::new(0).inverse(), None);
        assert_eq!(Price::new(u128::MAX).inverse(), None);
    }

    #[test]
    fn a_price_is_quote_per_base_on_both_sides() {
        let sell = Price::of_trade(
            &pair(),
            Side::Sell,
            Amount::new(1_000_000_000),
            Amount::new(149_622_015),
        );
        assert_eq!(sell.unwrap().to_string(), "149.622015");
        let buy = Price::of_trade(
            &pair(),
            Side::Buy,
            Amount::new(150_000_000),
            Amount::new(1_000_000_000),
        );
        assert_eq!(buy.unwrap().to_string(), "150");
    }

    #[test]
    fn rounding_makes_a_sell_lower_and_a_buy_higher() {
        let third = |side, amount_in, amount_out| {
            Price::of_trade(&pair(), side, Amount::new(amount_in), Amount::new(amount_out))
                .unwrap()
                .units()
        };
        assert_eq!(third(Side::Sell, 3_000, 1), 333_333_333_333_333_333);
        assert_eq!(third(Side::Buy, 1, 3_000), 333_333_333_333_333_334);
    }

    proptest! {
        #[test]
        fn the_least_output_meets_the_price_and_one_less_does_not(
            price in 1u128..10u128.pow(26), amount_in in 1u128..10u128.pow(18), buy: bool,
        ) {
            let (pair, side) = (pair(), if buy { Side::Buy } else { Side::Sell });
            let price = Price::new(price);
            let least = price.least_output(&pair, side, Amount::new(amount_in)).unwrap();
            // Compared as fractions, so that no rounding of a printed price blurs the edge.
            let meets = |out: u128| {
                let (base, quote) = if buy { (out, amount_in) } else { (amount_in, out) };
                let asked = wide(price.units()) * wide(base) * wide(10u128.pow(6));
                let got = wide(quote) * wide(10u128.pow(9)) * wide(10u128.pow(18));
                if buy { got <= asked } else { got >= asked }
            };
            prop_assert!(meets(least.units()));
            prop_assert!(least.is_zero() || !meets(least.units() - 1));
        }

        #[test]
        fn no_input_panics(price: u128, amount_in: u128, amount_out: u128, buy: bool) {
            let (pair, side) = (pair(), if buy { Side::Buy } else { Side::Sell });
            let _ = Price::of_trade(&pair, side, Amount::new(amount_in), Amount::new(amount_out));
            let _ = Price::new(price).least_output(&pair, side, Amount::new(amount_in));
        }
    }
}
