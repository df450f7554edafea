//! Pages of other origins: a browser says whose page it is that calls, and a page may call only where it comes from,
//! or where it is listed.

use http::HeaderValue;
use http::header::{self, HeaderMap, HeaderName};
use poem::http::Method;
use poem::middleware::Cors;
use url::Url;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// For how long a browser may go by what it was told of a door, in seconds.
const REMEMBER: i32 = 600;

/// Any origin, in a list of them.
const ANY: &str = "*";

/// Whose page a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// No other's: of this service, or no page at all.
    Own,
    /// One that is listed.
    Listed,
    /// A stranger's.
    Foreign,
}

/// Whose page it is.
pub fn page(headers: &HeaderMap, listed: &[String]) -> Page {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Page::Own;
    };
    // Pages cannot set this one, and browsers know better than we do, which name a proxy is called by.
    if headers.get(&FETCH_SITE).is_some_and(|site| site == "same-origin") {
        return Page::Own;
    }
    let origin = origin.to_str().unwrap_or_default();
    if listed.iter().any(|listed| listed == ANY || listed == origin) {
        return Page::Listed;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| is_at(origin, host)) {
        Page::Own
    } else {
        Page::Foreign
    }
}

/// Whether the origin is what the request is addressed to. The scheme is not looked at: a proxy may take it away.
fn is_at(origin: &str, host: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let Ok(asked) = Url::parse(&format!("{}://{host}", url.scheme())) else {
        return false;
    };
    matches!(url.scheme(), "http" | "https")
        && url.host() == asked.host()
        && url.port_or_known_default() == asked.port_or_known_default()
}

/// What listed pages may do.
pub fn cors() -> Cors {
    Cors::new()
        .allow_origins_fn(|_listed| true)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-api-key"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotency-replayed"),
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
        ])
        .max_age(REMEMBER)
}

/// Whether that text may stand in a list of origins.
pub fn is_origin(text: &str) -> bool {
    text == ANY
        || (HeaderValue::from_str(text).is_ok()
            && Url::parse(text).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
            }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str, host: &str, listed: &[&str]) -> Page {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        page(
            &headers,
            &listed.iter().map(|&origin| origin.into()).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_page_may_call_where_it_comes_from() {
        assert_eq!(page(&HeaderMap::new(), &[]), Page::Own);
        for (origin, host) in [
            ("http://localhost:3000", "localhost:3000"),
            ("https://desk.example", "desk.example"),
            ("https://desk.example", "desk.example:443"),
            ("http://[::1]:3000", "[::1]:3000"),
            ("http://DESK.example", "desk.example"),
        ] {
            assert_eq!(from(origin, host, &[]), Page::Own, "{origin}");
        }
    }

    #[test]
    fn a_strangers_page_may_not() {
        for origin in [
            "http://evil.example",
            "http://localhost:3001",
            "http://localhost.evil.example:3000",
            "null",
            "",
            "file://localhost:3000",
        ] {
            assert_eq!(from(origin, "localhost:3000", &[]), Page::Foreign, "{origin}");
        }
    }

    #[test]
    fn a_listed_one_may() {
        let listed = ["https://desk.example"];
        assert_eq!(from("https://desk.example", "api.example", &listed), Page::Listed);
        assert_eq!(from("http://desk.example", "api.example", &listed), Page::Foreign);
        assert_eq!(
            from("https://desk.example.evil", "api.example", &listed),
            Page::Foreign
        );
        assert_eq!(from("https://anybody", "api.example", &["*"]), Page::Listed);
    }

    #[test]
    fn what_browsers_never_say_is_no_origin() {
        for good in ["*", "https://desk.example", "http://localhost:5173"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "desk.example",
            "https://desk.example/",
            "https://desk.example:443",
            "ws://x",
            "",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
