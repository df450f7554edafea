//! Reading what an owner wants changed: the body of a PATCH with its `If-Match`, or a command on a socket.

use http::HeaderMap;
use http::header::IF_MATCH;
use order_application::{Amendment, Expected};
use order_core::id::OrderId;
use poem::http::StatusCode;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::error::Errors;
use super::etag;
use super::fields::{Fields, Read};
use super::order::{price, time_in_force_given};
use crate::wire::problem::Problem;
use crate::wire::text::{DecimalInput, Force, Text, TimeInput};

/// New terms of an order that waits. What is absent stays as it is; something must be there.
#[derive(Object, Serialize)]
#[oai(
    rename = "AmendRequest",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
#[serde(rename_all = "camelCase")]
pub struct AmendRequest {
    /// Quote per base; of limit and stop_limit orders.
    limit_price: Option<Text<DecimalInput>>,
    /// Quote per base; of stop_limit orders whose stop has not been reached.
    stop_price: Option<Text<DecimalInput>>,
    /// gtc or gtd. May be left out when expiresAt is there.
    time_in_force: Option<Text<Force>>,
    /// Until when: RFC 3339 or milliseconds since 1970.
    expires_at: Option<Text<TimeInput>>,
}

impl Example for AmendRequest {
    fn example() -> Self {
        Self {
            limit_price: Some(Text::name("151.5")),
            stop_price: None,
            time_in_force: None,
            expires_at: None,
        }
    }
}

/// Reads the body of a PATCH.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_amendment(body: &[u8]) -> Result<Amendment, Problem> {
    let mut fields = Fields::read(body)?;
    let amendment = amendment(&mut fields);
    fields.finish();
    sound(amendment, fields.errors)
}

fn sound(amendment: Amendment, mut errors: Errors) -> Result<Amendment, Problem> {
    if errors.is_empty() && amendment == Amendment::default() {
        errors.invalid("limitPrice", "required", "or stopPrice or expiresAt is required");
    }
    if errors.is_empty() {
        Ok(amendment)
    } else {
        Err(errors.into_problem())
    }
}

fn amendment(fields: &mut Fields<'_>) -> Amendment {
    let limit_price = price(fields, "limitPrice").value();
    let stop_price = price(fields, "stopPrice").value();
    let time_in_force = time_in_force_given(fields);
    Amendment {
        limit_price,
        stop_price,
        time_in_force,
    }
}

/// What a condition must be.
const CONDITION: &str = "must be the ETag of the order, several with commas between them, or *";

/// The versions that a change is meant for.
///
/// # Errors
/// A problem when none are named, or what is named is no tag.
pub fn if_match(headers: &HeaderMap) -> Result<Expected, Problem> {
    if_match_given(headers)?.ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match_required",
            "If-Match required",
        )
        .detail("send the order's ETag as If-Match, so that nobody's change is overwritten unseen")
        .field("If-Match", "is required")
    })
}

/// The versions that a request is meant for, if it names any.
///
/// # Errors
/// A problem when what is named is no tag.
pub fn if_match_given(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    etag::expected(headers, IF_MATCH).map_err(|etag::Malformed| {
        let mut errors = Errors::default();
        errors.invalid("If-Match", "invalid_value", CONDITION);
        errors.into_problem()
    })
}

/// What the client of a socket asks for besides submitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Cancel this order, or the one that the socket is about.
    Cancel {
        /// Which.
        order: Option<OrderId>,
        /// The versions that this is meant for.
        expected: Expected,
    },
    /// Replace its terms.
    Replace {
        /// Which.
        order: Option<OrderId>,
        /// The versions that this is meant for.
        expected: Expected,
        /// The new terms.
        amendment: Amendment,
    },
}

#[derive(Clone, Copy)]
enum Action {
    Cancel,
    Replace,
}

const ACTIONS: [(&str, Action); 2] = [("cancel", Action::Cancel), ("replace", Action::Replace)];

/// Reads a message as a command; `None` when it is none, and so perhaps an order.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_command(text: &str) -> Result<Option<Command>, Problem> {
    let mut fields = Fields::read(text.as_bytes())?;
    let action = match fields.one_of("action", &ACTIONS) {
        Read::Absent => return Ok(None),
        Read::Bad => None,
        Read::Given(action) => Some(action),
    };
    let order = fields.parsed::<OrderId>("orderId", "invalid_value").value();
    let command = match action {
        None => None,
        Some(Action::Cancel) => match expected(&mut fields) {
            Read::Absent => Some(Expected::Any),
            Read::Bad => None,
            Read::Given(expected) => Some(expected),
        }
        .map(|expected| Command::Cancel { order, expected }),
        Some(Action::Replace) => {
            let expected = expected(&mut fields);
            if !expected.is_given() {
                fields.missing("ifMatch");
            }
            let amendment = amendment(&mut fields);
            expected.value().map(|expected| Command::Replace {
                order,
                expected,
                amendment,
            })
        }
    };
    fields.finish();
    match command {
        Some(Command::Replace { ref amendment, .. }) => sound(*amendment, fields.errors).map(|_| command),
        Some(Command::Cancel { .. }) if fields.errors.is_empty() => Ok(command),
        Some(Command::Cancel { .. }) | None => Err(fields.errors.into_problem()),
    }
}

fn expected(fields: &mut Fields<'_>) -> Read<Expected> {
    let text = fields.scalar("ifMatch", "the order's version");
    text.and_then(|text| {
        let expected = etag::parse(&text).ok();
        if expected.is_none() {
            let message = "must be the order's version, several with commas between them, or *";
            fields.errors.invalid("ifMatch", "invalid_value", message);
        }
        expected
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use order_core::price::Price;

    use super::*;

    fn whole(price: u128) -> Option<Price> {
        Some(Price::new(price * 10u128.pow(18)))
    }

    fn codes(problem: Problem) -> Vec<(String, String)> {
        let text = problem.into_message();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let errors = value["errors"].as_array().unwrap();
        let text = |error: &serde_json::Value, key: &str| error[key].as_str().unwrap().to_owned();
        errors
            .iter()
            .map(|error| (text(error, "field"), text(error, "code")))
            .collect()
    }

    fn pair(field: &str, code: &str) -> (String, String) {
        (field.into(), code.into())
    }

    #[test]
    fn what_is_given_is_changed() {
        let amendment = read_amendment(br#"{"limitPrice":"151","stopPrice":150}"#).unwrap();
        assert_eq!(
            amendment,
            Amendment {
                limit_price: whole(151),
                stop_price: whole(150),
                time_in_force: None
            }
        );
    }

    #[test]
    fn a_change_of_nothing_and_of_what_cannot_be_changed_is_refused() {
        assert_eq!(
            codes(read_amendment(b"{}").unwrap_err()),
            [pair("limitPrice", "required")]
        );
        assert_eq!(
            codes(read_amendment(br#"{"limitPrice":"-1","amountIn":"2"}"#).unwrap_err()),
            [pair("limitPrice", "negative"), pair("amountIn", "unknown_field")]
        );
        assert_eq!(
            codes(read_amendment(br#"{"timeInForce":"ioc"}"#).unwrap_err()),
            [pair("timeInForce", "invalid_value")]
        );
    }

    #[test]
    fn the_versions_are_required_in_any_form_that_a_tag_has() {
        let with = |value| HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(value))]);
        for (value, expected) in [
            ("\"7\"", Expected::from(7)),
            ("W/\"7\"", Expected::from(7)),
            ("7", Expected::from(7)),
            ("*", Expected::Any),
            ("\"7\", \"8\"", Expected::OneOf(vec![7, 8])),
        ] {
            assert_eq!(if_match(&with(value)).unwrap(), expected, "{value}");
        }
        assert_eq!(
            codes(if_match(&with("seven")).unwrap_err()),
            [pair("If-Match", "invalid_value")]
        );
        assert_eq!(codes(if_match(&HeaderMap::new()).unwrap_err()).len(), 1);
    }

    #[test]
    fn a_command_is_told_from_an_order_by_its_action() {
        assert_eq!(read_command(r#"{"tokenIn":"SOL"}"#).unwrap(), None);
        assert_eq!(
            read_command(r#"{"action":"cancel"}"#).unwrap(),
            Some(Command::Cancel {
                order: None,
                expected: Expected::Any
            })
        );
        let replace = read_command(r#"{"action":"replace","ifMatch":2,"limitPrice":"151"}"#).unwrap();
        assert!(matches!(
            replace,
            Some(Command::Replace {
                ref expected,
                amendment,
                ..
            }) if *expected == Expected::from(2) && amendment.limit_price == whole(151)
        ));
        assert_eq!(
            codes(read_command(r#"{"action":"replace","limitPrice":"151"}"#).unwrap_err()),
            [pair("ifMatch", "required")]
        );
        assert_eq!(
            codes(read_command(r#"{"action":"pause"}"#).unwrap_err()),
            [pair("action", "invalid_value")]
        );
    }
}
