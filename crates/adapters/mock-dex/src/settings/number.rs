//! Numbers as configuration and JSON write them, read exactly: amounts, and probabilities.

use std::fmt;

use order_core::decimal::Decimal;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// An exact decimal: a string, an integer, or a JSON number whose digits are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact(pub Decimal);

/// A probability in units of 10⁻⁶, from 0 to 1,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ppm(u32);

impl Ppm {
    /// What never happens.
    pub const NEVER: Self = Self(0);
    /// What always happens.
    pub const ALWAYS: Self = Self(1_000_000);

    /// So many in a million; more than a million are a million.
    pub const fn new(parts: u32) -> Self {
        if parts > Self::ALWAYS.0 {
            Self::ALWAYS
        } else {
            Self(parts)
        }
    }

    /// How many in a million.
    pub const fn parts(self) -> u32 {
        self.0
    }

    fn from_decimal(value: Decimal) -> Option<Self> {
        let parts = u32::try_from(value.to_units(6).ok()?).ok()?;
        (parts <= Self::ALWAYS.0).then_some(Self(parts))
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NumberVisitor { floats: false })
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for Ppm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(NumberVisitor { floats: true })?;
        Self::from_decimal(value)
            .ok_or_else(|| de::Error::custom("must be from 0 to 1, with at most 6 decimal places"))
    }
}

/// Reads a decimal from whatever the format calls it.
struct NumberVisitor {
    /// Whether a binary float will do: for a probability it will, for money never.
    floats: bool,
}

impl NumberVisitor {
    fn parse<E: de::Error>(text: &str) -> Result<Decimal, E> {
        Decimal::parse_number(text).map_err(|error| E::custom(format_args!("{text:?} {error}")))
    }
}

impl<'de> Visitor<'de> for NumberVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number, best as a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        Self::parse(text)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Decimal, E> {
        Ok(Decimal::new(value.into(), 0))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Decimal, E> {
        Self::parse(&value.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Decimal, E> {
        if !self.floats {
            return Err(E::custom(
                "must be written as a string: a binary float is not exact",
            ));
        }
        // The shortest digits that give this float back, which are those that were written.
        Self::parse(&value.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Decimal, A::Error> {
        // JSON numbers that keep their digits arrive as a map of one private entry.
        let number = serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
        Self::parse(&number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Both {
        amount: Exact,
        chance: Ppm,
    }

    #[test]
    fn toml_and_json_give_the_same_exact_numbers() {
        for text in [
            "amount = \"0.5\"\nchance = \"0.25\"",
            "amount = \"0.50\"\nchance = 0.25",
        ] {
            let both: Both = toml::from_str(text).unwrap();
            assert_eq!(
                (both.amount.0.to_string().as_str(), both.chance.parts()),
                ("0.5", 250_000)
            );
        }
        let both: Both = serde_json::from_str(r#"{"amount": 0.123456789123456789, "chance": 1}"#).unwrap();
        assert_eq!(both.amount.0.to_string(), "0.123456789123456789");
        assert_eq!(both.chance, Ppm::ALWAYS);
    }

    #[test]
    fn a_float_is_no_amount_and_two_is_no_chance() {
        assert!(toml::from_str::<Both>("amount = 0.5\nchance = 0").is_err());
        for chance in ["2", "-0.1", "\"0.0000001\"", "\"half\""] {
            assert!(
                toml::from_str::<Both>(&format!("amount = 1\nchance = {chance}")).is_err(),
                "{chance}"
            );
        }
    }
}
