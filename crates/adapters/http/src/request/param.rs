//! Parameters of the query and the path, and headers: documented by what they mean, taken as text, so that a bad one is
//! refused in our own words. Times and sequence numbers, as both queries and bodies write them.

use std::borrow::Cow;
use std::marker::PhantomData;

use order_core::time::Timestamp;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::wire::text::{Format, Text};

/// A parameter of the query, if it is there.
pub struct Query<F> {
    text: Option<String>,
    format: PhantomData<fn() -> F>,
}

impl<F> Query<F> {
    /// Its text. A parameter without a value is as good as none.
    pub fn text(&self) -> Option<&str> {
        // Not by `is_empty`: of a reference to a text, `Type` in scope here has one too, which is always false.
        self.text.as_deref().filter(|text| !str::is_empty(text))
    }
}

/// The parameters of a query, unescaped.
pub fn pairs(request: &Request) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
}

impl<'a, F: Format> ApiExtractor<'a> for Query<F> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = Text<F>;
    type ParamRawType = Self;

    fn register(registry: &mut Registry) {
        Text::<F>::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Query)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(Text::<F>::schema_ref())
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<Text<F>>,
    ) -> Result<Self> {
        // One that is repeated means all its values, as if written with commas; those without a value mean nothing.
        let mut values = pairs(request)
            .filter(|(name, value)| name == options.name && !str::is_empty(value))
            .map(|(_, value)| value);
        let first = values.next().map(Cow::into_owned);
        let text = first.map(|first| values.fold(first, |all, value| all + "," + &value));
        Ok(Self {
            text,
            format: PhantomData,
        })
    }
}

/// A part of the path. By this name the macro of the endpoints knows it for one.
pub struct Path(pub String);

impl<'a> ApiExtractor<'a> for Path {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;
    type ParamType = String;
    type ParamRawType = String;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Path)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(String::schema_ref())
    }

    fn param_raw_type(&self) -> Option<&String> {
        Some(&self.0)
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<String>,
    ) -> Result<Self> {
        // The router leaves out what is not UTF-8 once it is unescaped. That is a text as well, though nothing
        // has it for its name.
        let text = request.raw_path_param(options.name).unwrap_or("\u{fffd}");
        Ok(Self(text.to_owned()))
    }
}

/// A header, if it is there. Only documents it: who needs it reads the request.
pub struct Header<F>(PhantomData<fn() -> F>);

impl<'a, F: Format> ApiExtractor<'a> for Header<F> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    type ParamType = Text<F>;
    type ParamRawType = Self;

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(MetaSchemaRef::Inline(Box::new(F::schema())))
    }

    async fn from_request(
        _request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<Text<F>>,
    ) -> Result<Self> {
        Ok(Self(PhantomData))
    }
}

/// What a time that cannot be read must be.
pub const TIMESTAMP: &str = "must be a time up to the year 9999: RFC 3339 or milliseconds since 1970";

/// A time as RFC 3339 or as milliseconds since 1970. Fractions of a millisecond are cut off. Only times that RFC
/// 3339 can write, in the years 0 to 9999, are times: each can be stored, compared and shown.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    if let Ok(millis) = text.parse::<i64>() {
        return writable(millis);
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    writable(i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?)
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
            assert_eq!(timestamp(text), Some(Timestamp::from_millis(millis)), "{text}");
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
            assert_eq!(timestamp(wrong), None, "{wrong}");
        }
    }
}
