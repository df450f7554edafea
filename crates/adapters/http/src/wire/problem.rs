//! What is answered when something is wrong: RFC 9457 problems with a stable `code`, over HTTP and on sockets.

use std::borrow::Cow;

use http::header::{self, HeaderName, HeaderValue};
use order_core::access::Scope;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::quote::UnavailableView;
use super::text::{Code, Id, Text};

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What is wrong with one field.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "FieldProblem")]
pub struct FieldProblem {
    /// The field of the body, the parameter, or the header.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// The stable code of that.
    pub code: String,
}

/// What went wrong, as RFC 9457 says it.
#[derive(Object, Serialize)]
#[oai(
    rename = "Problem",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
#[serde(rename_all = "camelCase")]
pub struct ProblemView {
    /// A URI that names the kind of problem.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem, for people.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, for people.
    detail: String,
    /// The kind of problem, for programs; never changes.
    code: Text<Code>,
    /// Every field that is wrong, if it is about fields.
    errors: Vec<FieldProblem>,
    /// The order that already has the key, if it is about a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Text<Id>>,
    /// The venues that gave no quote, if it is about quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<Vec<UnavailableView>>,
}

impl Example for ProblemView {
    fn example() -> Self {
        let errors = vec![FieldProblem {
            field: "amountIn".into(),
            message: "must not be negative".into(),
            code: "negative".into(),
        }];
        Problem::new(StatusCode::BAD_REQUEST, "invalid_request", "Invalid request")
            .detail("amountIn must not be negative")
            .with_errors(errors)
            .into()
    }
}

/// A problem on its way to the client.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldProblem>,
    order_id: Option<OrderId>,
    unavailable: Vec<UnavailableView>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of that kind.
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            title,
            detail: Cow::Borrowed(title),
            errors: Vec::new(),
            order_id: None,
            unavailable: Vec::new(),
            headers: Vec::new(),
        }))
    }

    /// What is wrong this time.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The field that it is about.
    pub fn field(mut self, field: &str, message: impl Into<String>) -> Self {
        self.0.errors.push(FieldProblem {
            field: field.into(),
            message: message.into(),
            code: self.0.code.into(),
        });
        self
    }

    /// The fields that it is about.
    pub fn with_errors(mut self, errors: Vec<FieldProblem>) -> Self {
        self.0.errors = errors;
        self
    }

    /// The order that it is about.
    pub fn with_order(mut self, order_id: OrderId) -> Self {
        self.0.order_id = Some(order_id);
        self
    }

    /// The venues that gave no quote.
    pub fn with_unavailable(mut self, unavailable: Vec<UnavailableView>) -> Self {
        self.0.unavailable = unavailable;
        self
    }

    /// A header of its HTTP response.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    pub fn retry_after(self, seconds: u16) -> Self {
        self.with_header(header::RETRY_AFTER, seconds.into())
    }

    /// There is no such order.
    pub fn order_not_found(id: &str) -> Self {
        let id: String = id.chars().take(64).collect();
        Self::new(StatusCode::NOT_FOUND, "order_not_found", "Unknown order")
            .detail(format!("there is no order {id}"))
    }

    /// No good key or ticket was shown. Always in the same words: why would help who guesses.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized")
            .detail("a valid API key is required, as X-API-Key or as Authorization: Bearer")
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// The key is good, but not for this.
    pub fn missing_scope(scope: Scope) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden")
            .detail(format!("the API key lacks the scope {scope}"))
    }

    /// There are no keys to get a ticket for.
    pub fn keys_off() -> Self {
        Self::new(StatusCode::CONFLICT, "keys_off", "No keys are wanted")
            .detail("this engine wants no API keys, so its streams open without a ticket")
    }

    /// There is nothing at that path.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Unknown path")
    }

    /// The path does not know that method, but others.
    pub fn method_not_allowed(allowed: &HeaderValue) -> Self {
        let detail = format!("use {}", allowed.to_str().unwrap_or_default());
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
        )
        .detail(detail)
        .with_header(header::ALLOW, allowed.clone())
    }

    /// The body is not JSON.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
        )
        .detail("send the body as content-type application/json")
        .with_header(header::ACCEPT, HeaderValue::from_static("application/json"))
    }

    /// The body is too large.
    pub fn body_too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large")
            .detail(format!("the body may have {limit} bytes at most"))
    }

    /// The body did not come in time.
    pub fn body_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "The body did not arrive in time",
        )
    }

    /// The body broke off.
    pub fn body_incomplete() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "body_incomplete",
            "The body is incomplete",
        )
    }

    /// The body is not JSON in spite of its type.
    pub fn malformed_json(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", "Malformed JSON").detail(detail)
    }

    /// The path is a WebSocket endpoint.
    pub fn upgrade_required() -> Self {
        Self::new(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade_required",
            "WebSocket handshake required",
        )
        .detail("this path speaks WebSocket: send a handshake (Upgrade: websocket, version 13)")
        .with_header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .with_header(header::CONNECTION, HeaderValue::from_static("Upgrade"))
        .with_header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))
    }

    /// A WebSocket handshake without its key, or with one that is none.
    pub fn bad_handshake() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_handshake",
            "Incomplete WebSocket handshake",
        )
        .detail("Sec-WebSocket-Key must be given once, as 16 bytes in base64")
    }

    /// The service stops.
    pub fn shutting_down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", "Shutting down")
            .detail("the service is shutting down and takes no new orders")
            .retry_after(5)
    }

    /// The store does not answer.
    pub fn store_unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            "Store unavailable",
        )
        .detail("the store does not answer; a request with an Idempotency-Key may be repeated safely")
        .retry_after(1)
    }

    /// No venue answers.
    pub fn no_quotes(detail: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_quotes", "No quotes")
            .detail(detail)
            .retry_after(1)
    }

    /// The venues never were within reach.
    pub fn venues_unavailable(error: VenueError) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "venues_unavailable",
            "The venues are out of reach",
        )
        .detail(error.to_string())
        .retry_after(1)
    }

    /// The caller asks too often.
    pub fn rate_limited(whose: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests").detail(format!(
            "more requests than this {whose} may make; Retry-After says when to go on"
        ))
    }

    /// The caller holds as many sockets and streams as it may.
    pub fn too_many_streams(most: usize, whose: &str) -> Self {
        let detail =
            format!("one {whose} may hold {most} sockets and event streams at once; close some first");
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_streams",
            "Too many sockets and streams",
        )
        .detail(detail)
        .retry_after(1)
    }

    /// More is asked than can be done in time.
    pub fn overloaded(why: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Overloaded")
            .detail(why)
            .retry_after(1)
    }

    /// It took too long.
    pub fn timed_out() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", "No answer in time")
            .detail("it may have been done all the same; a request with an Idempotency-Key may be repeated safely")
            .retry_after(1)
    }

    /// A page calls that may not.
    pub fn origin_not_allowed() -> Self {
        Self::new(StatusCode::FORBIDDEN, "origin_not_allowed", "Origin not allowed")
            .detail(
                "pages of this origin may not call; server.allowed_origins lists those that may, and behind a proxy \
                 server.trusted_hops lets X-Forwarded-Host say what the origin of its own pages is",
            )
    }

    /// Asked by a name that may not be this service's.
    pub fn host_not_allowed() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "host_not_allowed",
            "Host not allowed",
        )
        .detail(
            "without API keys only local names and addresses are answered; server.allowed_hosts lists further ones",
        )
    }

    /// No host, or several.
    pub fn bad_host() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "Invalid request")
            .detail("a request needs exactly one Host header that names a host")
    }

    /// A compressed body.
    pub fn encoding_not_supported() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
        )
        .detail("bodies are taken as they are, without a Content-Encoding")
        .with_header(
            poem::http::header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        )
    }

    /// Something that should not happen.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Internal error",
        )
    }

    /// As a message on a socket.
    pub fn into_message(self) -> String {
        super::encoded(&ProblemView::from(self))
    }
}

impl From<Problem> for ProblemView {
    fn from(Problem(problem): Problem) -> Self {
        Self {
            kind: format!("urn:order-engine:problem:{}", problem.code),
            title: problem.title.into(),
            status: problem.status.as_u16(),
            detail: problem.detail.into(),
            code: Text::name(problem.code),
            errors: problem.errors,
            order_id: problem.order_id.map(Text::of),
            unavailable: if problem.unavailable.is_empty() {
                None
            } else {
                Some(problem.unavailable)
            },
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let headers = std::mem::take(&mut self.0.headers);
        let mut response = Response::builder()
            .status(self.0.status)
            .content_type(PROBLEM_JSON)
            .body(self.into_message());
        response.headers_mut().extend(headers);
        response
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        Self::from_response(problem.into_response())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_problem_is_the_same_over_http_and_on_a_socket() {
        let problem = || Problem::method_not_allowed(&HeaderValue::from_static("GET, HEAD"));
        let response = problem().into_response();
        assert_eq!(response.status(), 405);
        assert_eq!(response.content_type(), Some(PROBLEM_JSON));
        assert_eq!(response.header("allow"), Some("GET, HEAD"));
        assert_eq!(
            response.into_body().into_string().await.unwrap(),
            problem().into_message()
        );
        let value: serde_json::Value = serde_json::from_str(&problem().into_message()).unwrap();
        assert_eq!(
            value,
            json!({
                "type": "urn:order-engine:problem:method_not_allowed", "title": "Method not allowed", "status": 405,
                "detail": "use GET, HEAD", "code": "method_not_allowed", "errors": [],
            })
        );
    }
}
