//! What fields may say, each read and documented by itself. What depends on other fields or on the market is checked
//! where these are known.

use order_application::Expected;
use order_core::decimal::{Decimal, DecimalError};
use order_core::id::{Name, OrderId};
use order_core::order_types::OrderType;
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::routing::MOST_LEGS;
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::Side;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Refused;
use super::etag;
use super::fields::{Value, one_of, parsed, scalar, text, texts};
use super::json::Sent;
use crate::wire::text::{self as format, Format, Text};

impl Value for bool {
    type Format = format::Flag;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        match sent {
            Sent::Bool(value) => Ok(*value),
            other => Err(Refused::type_of(other, "true or false")),
        }
    }
}

impl Value for Decimal {
    type Format = format::DecimalInput;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        Ok(Self::parse_number(scalar(
            sent,
            "a decimal as string or number",
        )?)?)
    }
}

impl Value for Price {
    type Format = format::DecimalInput;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let price = Self::from_decimal(Decimal::read(sent)?)?;
        if price.units() == 0 {
            return Err(Refused::new("not_positive", "must be greater than zero"));
        }
        Ok(price)
    }
}

impl Value for Name {
    type Format = format::Name;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        parsed(sent)
    }
}

impl Value for OrderId {
    type Format = format::Id;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        parsed(sent)
    }
}

impl Value for Side {
    type Format = format::SideName;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        one_of(sent, format::SIDES, Self::as_str)
    }
}

impl Value for Priority {
    type Format = format::PriorityInput;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let text = scalar(sent, "low, normal, high or 0")?;
        let mut all = Self::ALL.into_iter();
        let named = all.find(|priority| priority.as_str().eq_ignore_ascii_case(text));
        named
            .or((text == "0").then_some(Self::Normal))
            .ok_or_else(|| Refused::invalid("must be low, normal, high or 0"))
    }
}

impl Value for Timestamp {
    type Format = format::TimeInput;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        timestamp(scalar(sent, "a time as RFC 3339 or milliseconds")?)
    }
}

/// The versions of an order that a command on a socket is meant for.
impl Value for Expected {
    type Format = format::ETags;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let message = "must be the order's version, several with commas between them, or *";
        etag::parse(scalar(sent, "the order's version")?).map_err(|etag::Malformed| Refused::invalid(message))
    }
}

/// A text that is looked up or opened where that is known which it may stand for.
impl<F: Format> Value for Text<F> {
    type Format = F;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        text(sent).map(Self::of)
    }
}

/// Venues, as they are called.
pub struct VenueNames(pub Vec<String>);

impl Value for VenueNames {
    type Format = format::DexList;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        texts(sent).map(Self)
    }
}

/// How many swaps there may be.
pub struct MaxLegs(pub u8);

impl Value for MaxLegs {
    type Format = format::LegCount;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let read = scalar(sent, "a whole number")?.parse().ok();
        let most = read.filter(|most| (1..=MOST_LEGS).contains(most));
        let message = || format!("must be a whole number from 1 to {MOST_LEGS}");
        most.map(Self)
            .ok_or_else(|| Refused::new("out_of_range", message()))
    }
}

/// The most slippage there is, in basis points.
const WHOLE: u128 = 10_000;

/// Basis points.
pub struct SlippageBps(pub u16);

impl Value for SlippageBps {
    type Format = format::Bps;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        basis_points(sent, 0, "10000").map(Self)
    }
}

/// Basis points, said in percent.
pub struct Percent(pub u16);

impl Value for Percent {
    type Format = format::DecimalInput;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        basis_points(sent, 2, "100").map(Self)
    }
}

/// A number of basis points, written in units that have so many digits more.
fn basis_points(sent: &Sent<'_>, digits: u8, most: &str) -> Result<u16, Refused> {
    let bps = match Decimal::read(sent)?.to_units(digits) {
        Ok(bps) => Some(bps)
            .filter(|bps| *bps <= WHOLE)
            .and_then(|bps| u16::try_from(bps).ok()),
        Err(DecimalError::TooPrecise { .. }) => {
            return Err(Refused::new(
                "too_precise",
                "must be a whole number of basis points",
            ));
        }
        Err(DecimalError::TooLarge | DecimalError::Malformed | DecimalError::Negative) => None,
    };
    bps.ok_or_else(|| Refused::new("out_of_range", format!("must be between 0 and {most}")))
}

impl Value for OrderType {
    type Format = format::Kind;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        one_of(sent, Self::ALL.iter().copied(), Self::as_str)
    }
}

/// A time in force, but for its date, which is a field of its own.
pub struct Force(pub TimeInForce);

impl Value for Force {
    type Format = format::Force;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        one_of(sent, format::FORCES, TimeInForce::as_str).map(Self)
    }
}

/// A time as RFC 3339 or as milliseconds since 1970. Fractions of a millisecond are cut off. Only times that RFC
/// 3339 can write, in the years 0 to 9999, are times: each can be stored, compared and shown.
///
/// # Errors
/// When it is neither.
pub fn timestamp(text: &str) -> Result<Timestamp, Refused> {
    let millis = text.parse::<i64>().ok().or_else(|| {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
    });
    let message = "must be a time up to the year 9999: RFC 3339 or milliseconds since 1970";
    millis.and_then(writable).ok_or_else(|| Refused::invalid(message))
}

fn writable(millis: i64) -> Option<Timestamp> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .is_ok_and(|time| (0..=9_999).contains(&time.year()))
        .then(|| Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_rfc_3339_or_milliseconds() {
        for (text, millis) in [
            ("0", 0),
            ("1763640000120", 1_763_640_000_120),
            ("2025-11-20T12:00:00.1209Z", 1_763_640_000_120),
            ("2025-11-20T13:00:00.12+01:00", 1_763_640_000_120),
            ("253402300799999", 253_402_300_799_999),
            ("-62167219200000", -62_167_219_200_000),
        ] {
            assert_eq!(timestamp(text), Ok(Timestamp::from_millis(millis)), "{text}");
        }
        for wrong in [
            "",
            "soon",
            "2025-11-20",
            "1.5",
            "99999999999999999999",
            "253402300800000",
            "-62167219200001",
            "99999999999999999",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert!(timestamp(wrong).is_err(), "{wrong}");
        }
    }
}
