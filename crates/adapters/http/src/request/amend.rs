//! Reading what an owner wants changed: the body of a PATCH with its `If-Match`, or a command on a socket.

use http::HeaderMap;
use http::header::IF_MATCH;
use order_application::Amendment;
use order_core::id::OrderId;
use poem::http::StatusCode;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::error::Errors;
use super::fields::{Fields, Read};
use super::order::{price, time_in_force_given};
use crate::wire::problem::Problem;
use crate::wire::text::{DecimalInput, Force, Text, TimeInput};

/// The longest If-Match that is read; a version is far shorter.
const LONGEST_TAG: usize = 128;

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

/// The version that a change is meant for.
///
/// # Errors
/// A problem when there is none, or it is no version.
pub fn if_match(headers: &HeaderMap) -> Result<u32, Problem> {
    let Some(tag) = headers.get(IF_MATCH) else {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match_required",
            "If-Match required",
        )
        .detail("send the order's ETag as If-Match, so that nobody's change is overwritten unseen")
        .field("If-Match", "is required"));
    };
    let version = tag
        .to_str()
        .ok()
        .filter(|tag| tag.len() <= LONGEST_TAG)
        .and_then(|tag| tag.trim().trim_matches('"').parse().ok());
    version.ok_or_else(|| {
        let mut errors = Errors::default();
        errors.invalid("If-Match", "invalid_value", "must be the ETag of the order");
        errors.into_problem()
    })
}

/// What the client of a socket asks for besides submitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Cancel this order, or the one that the socket is about.
    Cancel {
        /// Which.
        order: Option<OrderId>,
    },
    /// Replace its terms.
    Replace {
        /// Which.
        order: Option<OrderId>,
        /// The version that this is meant for.
        version: u32,
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
        Some(Action::Cancel) => Some(Command::Cancel { order }),
        Some(Action::Replace) => {
            let version = version(&mut fields);
            let amendment = amendment(&mut fields);
            version.map(|version| Command::Replace {
                order,
                version,
                amendment,
            })
        }
    };
    fields.finish();
    match command {
        Some(Command::Replace { amendment, .. }) => sound(amendment, fields.errors).map(|_| command),
        Some(Command::Cancel { .. }) if fields.errors.is_empty() => Ok(command),
        Some(Command::Cancel { .. }) | None => Err(fields.errors.into_problem()),
    }
}

fn version(fields: &mut Fields<'_>) -> Option<u32> {
    let text = fields.scalar("ifMatch", "the order's version");
    if !text.is_given() {
        fields.missing("ifMatch");
    }
    let version = text.and_then(|text| {
        let version = text.trim_matches('"').parse().ok();
        if version.is_none() {
            fields
                .errors
                .invalid("ifMatch", "invalid_value", "must be the order's version");
        }
        version
    });
    version.value()
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
    fn the_version_is_required_and_may_be_quoted() {
        let with = |value| HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(value))]);
        assert_eq!(if_match(&with("\"7\"")).unwrap(), 7);
        assert_eq!(if_match(&with("7")).unwrap(), 7);
        assert!(if_match(&with("*")).is_err());
        assert_eq!(codes(if_match(&HeaderMap::new()).unwrap_err()).len(), 1);
    }

    #[test]
    fn a_command_is_told_from_an_order_by_its_action() {
        assert_eq!(read_command(r#"{"tokenIn":"SOL"}"#).unwrap(), None);
        assert_eq!(
            read_command(r#"{"action":"cancel"}"#).unwrap(),
            Some(Command::Cancel { order: None })
        );
        let replace = read_command(r#"{"action":"replace","ifMatch":2,"limitPrice":"151"}"#).unwrap();
        assert!(matches!(
            replace,
            Some(Command::Replace {
                version: 2,
                amendment,
                ..
            }) if amendment.limit_price == whole(151)
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
