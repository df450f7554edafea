//! Texts with a meaning, and how the OpenAPI document describes each.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::marker::PhantomData;

use order_core::order::{EventKind, Status};
use order_core::order_types::OrderType;
use order_core::priority::Priority;
use order_core::routing::MOST_LEGS;
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::Side;
use order_core::trigger::WaitsFor;
use order_core::venue::MAX_VENUE_NAME;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde::{Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

/// What a text means.
pub trait Format: Send + Sync + 'static {
    /// The name under which OpenAPI describes it once, for all who refer to it. What has several types needs one: where
    /// it has none, clients that are generated have a type of their own for each field.
    const SHARED: Option<&'static str> = None;
    /// How OpenAPI describes it.
    fn schema() -> MetaSchema;

    /// How OpenAPI refers to it.
    fn schema_ref() -> MetaSchemaRef {
        match Self::SHARED {
            Some(name) => MetaSchemaRef::Reference(name.into()),
            None => MetaSchemaRef::Inline(Box::new(Self::schema())),
        }
    }

    /// Describes it, if it is described once for all, and what it refers to.
    fn register(registry: &mut Registry)
    where
        Self: Sized,
    {
        if let Some(name) = Self::SHARED {
            registry.create_schema::<Self, _>(name.into(), |_| Self::schema());
        }
    }
}

/// A text of that format.
pub struct Text<F> {
    text: Cow<'static, str>,
    format: PhantomData<F>,
}

impl<F: Format> Text<F> {
    /// Whatever prints in that format.
    pub fn of(value: impl Display) -> Self {
        Self {
            text: value.to_string().into(),
            format: PhantomData,
        }
    }

    /// A name that is known beforehand.
    pub const fn name(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            format: PhantomData,
        }
    }
}

impl<F> Text<F> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<F> Clone for Text<F> {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            format: PhantomData,
        }
    }
}

impl<F> fmt::Debug for Text<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<F> Serialize for Text<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<F: Format> Type for Text<F> {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        std::any::type_name::<F>().into()
    }

    fn schema_ref() -> MetaSchemaRef {
        F::schema_ref()
    }

    fn register(registry: &mut Registry) {
        F::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl<F: Format> ToJSON for Text<F> {
    fn to_json(&self) -> Option<Value> {
        Some(Value::String(self.text.to_string()))
    }
}

impl<F: Format> ParseFromJSON for Text<F> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        match value {
            Some(Value::String(text)) => Ok(Self::of(text)),
            Some(Value::Number(number)) => Ok(Self::of(number)),
            other => Err(ParseError::expected_type(other.unwrap_or_default())),
        }
    }
}

fn string(format: &'static str, example: &str) -> MetaSchema {
    MetaSchema {
        example: Some(example.into()),
        ..MetaSchema::new_with_format("string", format)
    }
}

/// A text that is one of these.
pub fn one_of(description: &'static str, names: impl IntoIterator<Item = &'static str>) -> MetaSchema {
    MetaSchema {
        description: Some(description),
        enum_items: names.into_iter().map(Value::from).collect(),
        ..MetaSchema::new("string")
    }
}

fn either(schemas: [MetaSchema; 2], example: Value) -> MetaSchema {
    let one_of = schemas
        .map(|schema| MetaSchemaRef::Inline(Box::new(schema)))
        .into();
    MetaSchema {
        one_of,
        example: Some(example),
        ..MetaSchema::ANY
    }
}

/// A pattern for one or more of these with commas between them.
fn list_of(names: impl IntoIterator<Item = &'static str>) -> String {
    let one = names.into_iter().collect::<Vec<_>>().join("|");
    format!("^({one})(,({one}))*$")
}

fn integer(minimum: u16, maximum: Option<u16>) -> MetaSchema {
    MetaSchema {
        minimum: Some(f64::from(minimum)),
        maximum: maximum.map(f64::from),
        ..MetaSchema::new("integer")
    }
}

/// A transaction's id for examples.
pub const EXAMPLE_TX: &str =
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW";

/// A quote's id for examples.
pub const EXAMPLE_QUOTE: &str = "QUO1-U09MfFVTREN8MTUwMDAwMDAwMHwyMjM2NTExMjV8MTc5NTE3NjAxMTg3NKqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo";

macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident $(as $shared:literal)? => $schema:expr;)*) => {
        $($(#[$doc])* pub struct $name;
        impl Format for $name {
            $(const SHARED: Option<&'static str> = Some($shared);)?

            fn schema() -> MetaSchema {
                $schema
            }
        })*
    };
}

formats! {
    /// An exact decimal that we send.
    Decimal => string("decimal", "150.25");
    /// An exact decimal that we read. A generator of clients that finds a format here makes a number of it.
    DecimalInput as "DecimalInput" => MetaSchema {
        description: Some("A decimal, as a string or a number; exact either way. A string is safe in every language."),
        ..either([MetaSchema::new("string"), MetaSchema::new("number")], "1.5".into())
    };
    /// A point in time that we send.
    Time => string("date-time", "2026-11-20T12:00:00.000Z");
    /// A point in time that we read.
    TimeInput as "TimeInput" => MetaSchema {
        description: Some("A point in time: RFC 3339, or milliseconds since 1970."),
        ..either(
            [MetaSchema::new_with_format("string", "date-time"), MetaSchema::new_with_format("integer", "int64")],
            "2026-11-20T12:00:00Z".into(),
        )
    };
    /// An order's id.
    Id => string("order-id", "ORD-01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e");
    /// A transaction's id.
    TxHash => string("base58", EXAMPLE_TX);
    /// A token's symbol.
    Symbol => MetaSchema { max_length: Some(12), min_length: Some(1), ..string("symbol", "SOL") };
    /// The tags of one or more versions, or a star.
    ETags => MetaSchema {
        pattern: Some(r#"^(\*|([0-9]+|(W/)?"[!#-~]*")(, ?([0-9]+|(W/)?"[!#-~]*"))*)$"#.into()),
        ..string("etag", "\"2\"")
    };
    /// A caller's own name of something.
    Name => MetaSchema { pattern: Some("^[ -~]+$".into()), max_length: Some(128), min_length: Some(1), ..string("printable-ascii", "desk-7") };
    /// An order type.
    Kind as "OrderType" => one_of("A type of order.", OrderType::ALL.iter().copied().map(OrderType::as_str));
    /// A side.
    SideName as "Side" => one_of("A side: of the base token of its pair.", SIDES.map(Side::as_str));
    /// A time in force.
    Force as "TimeInForce" => one_of(
        "How long an order lives: until it is cancelled, not at all (in part or not), or until a date.",
        FORCES.map(TimeInForce::as_str),
    );
    /// A priority that we send.
    PriorityName as "Priority" => one_of("Who goes first.", Priority::ALL.map(Priority::as_str));
    /// A priority that we read.
    PriorityInput as "PriorityInput" => MetaSchema {
        one_of: vec![PriorityName::schema_ref(), MetaSchemaRef::Inline(Box::new(integer(0, Some(0))))],
        description: Some("A priority, or 0 for normal."),
        example: Some("normal".into()),
        ..MetaSchema::ANY
    };
    /// An order's status.
    StatusName as "OrderStatus" => one_of("Where an order stands.", Status::ALL.map(Status::as_str));
    /// One or more statuses, with commas between them.
    StatusList => MetaSchema { pattern: Some(list_of(Status::ALL.map(Status::as_str))), ..string("comma-separated", "confirmed,failed") };
    /// An event's status.
    EventName as "EventStatus" => one_of("What happened to an order.", {
        let mut names = EventKind::ALL.map(EventKind::as_str).to_vec();
        names.dedup();
        names
    });
    /// What an order waits for.
    WaitsForName as "WaitingFor" => one_of(
        "What a resting order waits for.",
        [WaitsFor::Limit, WaitsFor::Stop, WaitsFor::Pool].map(WaitsFor::as_str),
    );
    /// A venue.
    Dex as "Dex" => MetaSchema {
        description: Some("A venue, by its name in any case: `GET /api/venues` lists them."),
        pattern: Some("^[A-Za-z0-9_-]+$".into()),
        max_length: Some(MAX_VENUE_NAME),
        ..string("venue", "Raydium")
    };
    /// Yes or no.
    Flag => MetaSchema::new("boolean");
    /// A list of venues.
    DexList => MetaSchema { items: Some(Box::new(Dex::schema_ref())), ..MetaSchema::new("array") };
    /// How many swaps.
    LegCount => integer(1, Some(MOST_LEGS.into()));
    /// A stable code of an error.
    Code => string("code", "slippage_exceeded");
    /// Basis points.
    Bps => integer(0, Some(10_000));
    /// A sequence number to go on after.
    Seq => MetaSchema { maximum: Some(f64::from(u32::MAX)), ..integer(0, None) };
    /// How many items.
    Limit => MetaSchema { default: Some(50.into()), ..integer(1, Some(200)) };
    /// A quote's id.
    QuoteId => string("opaque", EXAMPLE_QUOTE);
    /// Where to go on.
    Cursor => MetaSchema { pattern: Some("^[0-9a-f]{32}([0-9a-f]{16})?$".into()), ..string("opaque", "01939c3e7a407c5e9d8e0f3b8a1c2d4e") };
}

/// Both sides.
pub const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// One time in force of each name; the date is none that is meant.
pub const FORCES: [TimeInForce; 4] = [
    TimeInForce::Gtc,
    TimeInForce::Ioc,
    TimeInForce::Fok,
    TimeInForce::Gtd(Timestamp::from_millis(0)),
];

const MILLISECONDS: StaticFormatDescription =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

impl Text<Time> {
    /// That point in time; times past the calendar's end are its end.
    pub fn at(timestamp: Timestamp) -> Self {
        let nanos = i128::from(timestamp.millis()) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
        let text = time.and_then(|time| time.format(MILLISECONDS).ok());
        Self {
            text: text.map_or(Cow::Borrowed("9999-12-31T23:59:59.999Z"), Cow::Owned),
            format: PhantomData,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_to_the_millisecond() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_763_640_000_120, "2025-11-20T12:00:00.120Z"),
        ] {
            assert_eq!(Text::at(Timestamp::from_millis(millis)).text, text);
        }
        assert_eq!(
            Text::at(Timestamp::from_millis(i64::MAX)).text,
            "9999-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn the_example_transaction_is_one() {
        assert!(EXAMPLE_TX.parse::<order_core::venue::TxId>().is_ok());
    }
}
