//! What a page of a listed origin is told: what it may ask, and what it may read of the answer.

use http::header::{self, HeaderMap, HeaderValue};
use poem::http::Method;
use poem::{IntoResponse, Request, Response};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE");

/// What a page may set. The last three are set by tracing in browsers, as W3C writes them.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, if-match, idempotency-key, last-event-id, x-api-key, \
     traceparent, tracestate, baggage",
);

/// What a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, location, retry-after, idempotency-replayed, ratelimit, ratelimit-policy",
);

/// For how long a browser may go by what it was told of a path, in seconds.
const REMEMBER: HeaderValue = HeaderValue::from_static("600");

const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// The answer to a browser that asks first, if it does. It is told what is allowed, and compares: what it wanted to
/// know is not whether all of it is.
pub fn preflight(request: &Request) -> Option<Response> {
    let asks = *request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| {
        let mut response = ().into_response();
        response.headers_mut().extend([
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBER),
        ]);
        response
    })
}

/// Lets pages of that origin read the response.
pub fn share(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    // Beside what the response says itself that it varies by.
    headers.append(header::VARY, ORIGIN);
}

/// The origin of the page that asks.
pub fn origin(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ORIGIN).cloned()
}
