//! `PATCH /api/orders/{id}`: new terms of an order that waits.

use std::sync::Arc;

use order_application::{Amendment, Expected};
use order_core::price::Price;
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use poem::Request;
use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Chapter;
use super::errors::not_controlled;
use super::get_order::{ETAG, STORE, UNKNOWN, order_id, tagged};
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use crate::access::{Authenticated, Trade};
use crate::context::ApiContext;
use crate::request::body::JsonBody;
use crate::request::error::{Errors, Refused};
use crate::request::fields::{Field, Parsed, Value, fields, one_of};
use crate::request::json::Sent;
use crate::request::param::{Header, Path};
use crate::wire::order::OrderView;
use crate::wire::problem::Problem;
use crate::wire::text::{self, FORCES};

/// The endpoint at `PATCH /api/orders/{id}`.
pub struct ReplaceOrderApi(pub Arc<ApiContext>);

fields! {
    /// New terms of an order that waits. What is absent stays as it is; something must be there.
    pub struct AmendRequest<'a> as "AmendRequest", such as r#"{"limitPrice":"151.5"}"# {
        /// Quote per base; of limit and stop_limit orders.
        limit_price "limitPrice": Field<'a, Price>,
        /// Quote per base; of stop_limit orders whose stop has not been reached.
        stop_price "stopPrice": Field<'a, Price>,
        /// gtc or gtd. May be left out when expiresAt is there.
        time_in_force "timeInForce": Field<'a, RestingForce>,
        /// Until when: RFC 3339 or milliseconds since 1970.
        expires_at "expiresAt": Field<'a, Timestamp>,
    }
}

/// A time in force that lets an order wait, but for its date, which is a field of its own.
pub struct RestingForce(TimeInForce);

impl Value for RestingForce {
    type Format = text::Force;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        let resting = FORCES.into_iter().filter(|force| match force {
            TimeInForce::Gtc | TimeInForce::Gtd(_) => true,
            TimeInForce::Ioc | TimeInForce::Fok => false,
        });
        one_of(sent, resting, TimeInForce::as_str).map(Self)
    }
}

/// What a change of terms may be answered with.
struct ReplaceResponses;

impl Sends for ReplaceResponses {
    type Body = OrderView;
}

impl Responses for ReplaceResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(200, "The order with its new terms, still waiting.")
            .with_headers(&[(ETAG, "Its new version.")]),
        problem(
            400,
            "Fields or the header are wrong; each is named: `invalid_request`.",
        ),
        problem(404, UNKNOWN),
        problem(
            409,
            "It does not wait: `not_waiting`; or it is being worked on: `order_busy`.",
        ),
        problem(412, "It has another version by now: `version_mismatch`."),
        problem(413, "The body is larger than 16 KiB: `body_too_large`."),
        problem(
            415,
            "The body is not sent as application/json, or is compressed: `unsupported_media_type`.",
        ),
        problem(422, "A field does not apply to this order: `not_applicable`."),
        problem(428, "Without If-Match: `if_match_required`."),
        problem(503, STORE),
    ];
}

#[OpenApi]
impl ReplaceOrderApi {
    /// Replace the terms of an order that waits
    ///
    /// `If-Match` says which version the change is meant for: the ETag of the order, as it came, strong or weak.
    /// It may be a list of them, or `*` for whatever version the order has.
    #[oai(
        path = "/api/orders/:id",
        method = "patch",
        operation_id = "replaceOrder",
        tag = "Chapter::Orders"
    )]
    async fn replace(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// The order's version, as its ETag says it. Required.
        #[oai(name = "If-Match")]
        version: Header<Expected>,
        body: JsonBody<AmendRequest<'static>>,
    ) -> Result<ApiResponse<ReplaceResponses>, Problem> {
        let (Self(context), owner) = (self, caller.who.owner());
        let body = body.take(request.headers(), context.body_limits()).await?;
        let order = order_id(&id.0)?;
        let amendment = read_amendment(body.fields()?)?;
        context
            .admission
            .admit(context.admission.caller(request), owner)?;
        let expected = if_match(version)?;
        let order = context.engine.replace(order, owner, expected, amendment).await;
        let order = order.map_err(|error| not_controlled(error, &id.0))?;
        Ok(tagged(&order))
    }
}

/// The versions that a change is meant for.
///
/// # Errors
/// A problem when none are named, or what is named is no tag.
pub fn if_match(version: Header<Expected>) -> Result<Expected, Problem> {
    version.0.value()?.ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match_required",
            "If-Match required",
        )
        .detail("send the order's ETag as If-Match, so that nobody's change is overwritten unseen")
        .field("If-Match", "is required")
    })
}

/// Reads new terms.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_amendment(request: AmendRequest<'_>) -> Result<Amendment, Problem> {
    let mut errors = Errors::default();
    let amendment = amendment(&mut errors, request);
    sound(amendment, errors)
}

/// The new terms, unless something is wrong or nothing would change.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn sound(amendment: Amendment, mut errors: Errors) -> Result<Amendment, Problem> {
    if errors.is_empty() && amendment == Amendment::default() {
        errors.invalid("limitPrice", "required", "or stopPrice or expiresAt is required");
    }
    errors.check().map(|()| amendment)
}

/// Reads all fields of new terms.
pub fn amendment(errors: &mut Errors, request: AmendRequest<'_>) -> Amendment {
    let amendment = Amendment {
        limit_price: request.limit_price.read(errors).value(),
        stop_price: request.stop_price.read(errors).value(),
        time_in_force: time_in_force(errors, request.time_in_force, request.expires_at),
    };
    request.unknown.refuse_fields(errors);
    amendment
}

/// A time in force, if one is given: until a date, or until cancelled.
fn time_in_force(
    errors: &mut Errors,
    force: Field<'_, RestingForce>,
    until: Field<'_, Timestamp>,
) -> Option<TimeInForce> {
    let force = force.read(errors).and_then(|RestingForce(force)| Some(force));
    match (force, until.read(errors)) {
        (Parsed::Given(TimeInForce::Gtd(_)), Parsed::Absent) => {
            errors.missing("expiresAt");
            None
        }
        (Parsed::Given(TimeInForce::Gtc), Parsed::Given(_)) => {
            errors.contradiction("expiresAt", "not_applicable", "needs timeInForce gtd");
            None
        }
        (Parsed::Given(TimeInForce::Gtc), Parsed::Absent) => Some(TimeInForce::Gtc),
        (Parsed::Absent | Parsed::Given(_), Parsed::Given(until)) => Some(TimeInForce::Gtd(until)),
        (Parsed::Absent | Parsed::Given(_) | Parsed::Bad, Parsed::Absent | Parsed::Bad)
        | (Parsed::Bad, Parsed::Given(_)) => None,
    }
}

#[cfg(test)]
pub mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::request::fields::Fields;

    pub fn whole(price: u128) -> Option<Price> {
        Some(Price::new(price * 10u128.pow(18)))
    }

    fn read(body: &[u8]) -> Result<Amendment, Problem> {
        read_amendment(AmendRequest::of(body)?)
    }

    pub fn codes(problem: Problem) -> Vec<(String, String)> {
        let text = problem.into_message();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let errors = value["errors"].as_array().unwrap();
        let text = |error: &serde_json::Value, key: &str| error[key].as_str().unwrap().to_owned();
        errors
            .iter()
            .map(|error| (text(error, "field"), text(error, "code")))
            .collect()
    }

    pub fn pair(field: &str, code: &str) -> (String, String) {
        (field.into(), code.into())
    }

    #[test]
    fn what_is_given_is_changed() {
        let amendment = read(br#"{"limitPrice":"151","stopPrice":150}"#).unwrap();
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
        assert_eq!(codes(read(b"{}").unwrap_err()), [pair("limitPrice", "required")]);
        assert_eq!(
            codes(read(br#"{"limitPrice":"-1","amountIn":"2"}"#).unwrap_err()),
            [pair("limitPrice", "negative"), pair("amountIn", "unknown_field")]
        );
        assert_eq!(
            codes(read(br#"{"timeInForce":"ioc"}"#).unwrap_err()),
            [pair("timeInForce", "invalid_value")]
        );
    }

    #[test]
    fn the_versions_are_required_in_any_form_that_a_tag_has() {
        let with = |value| {
            let headers = HeaderMap::from_iter([(http::header::IF_MATCH, HeaderValue::from_static(value))]);
            Header::of(&headers, "If-Match")
        };
        for (value, expected) in [
            ("\"7\"", Expected::from(7)),
            ("W/\"7\"", Expected::from(7)),
            ("7", Expected::from(7)),
            ("*", Expected::Any),
            ("\"7\", \"8\"", Expected::OneOf(vec![7, 8])),
        ] {
            assert_eq!(if_match(with(value)).unwrap(), expected, "{value}");
        }
        assert_eq!(
            codes(if_match(with("seven")).unwrap_err()),
            [pair("If-Match", "invalid_value")]
        );
        assert_eq!(codes(if_match(Header::absent("If-Match")).unwrap_err()).len(), 1);
    }
}
