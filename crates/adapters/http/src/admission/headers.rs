//! What every answer tells browsers to refrain from.

use http::header::{self, HeaderName, HeaderValue};
use poem::Response;
use poem::http::StatusCode;

/// An answer of the API is data: nothing in it runs, and nobody shows it in a frame.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Each with its value, unless the endpoint has said something of its own.
const USUAL: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, DATA_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // For browsers that do not know frame-ancestors.
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// A year, in which browsers will not speak to this name without encryption.
const ENCRYPTED: &str = "max-age=31536000";

/// Adds them.
pub fn protect(response: &mut Response, encrypted: bool) {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return;
    }
    let headers = response.headers_mut();
    for (name, value) in USUAL {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if encrypted {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(ENCRYPTED),
        );
    }
}
