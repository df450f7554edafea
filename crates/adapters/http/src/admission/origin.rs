//! Pages of other origins: a browser says whose page it is that calls, and a page may call only where it comes from,
//! or where it is listed.

use http::HeaderValue;
use http::header::{self, HeaderMap, HeaderName};
use url::Url;

use super::forwarded;
use super::names::{self, ANY, means};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What stands between the scheme and the host of an origin.
const SCHEME_END: &str = "://";

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
///
/// Behind trusted proxies the name by which the client knows this service is the one that they hand on.
pub fn page(headers: &HeaderMap, listed: &[String], trusted_hops: usize) -> Page {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Page::Own;
    };
    // Pages cannot set this one, and browsers know better than we do, which name a proxy is called by.
    if headers.get(&FETCH_SITE).is_some_and(|site| site == "same-origin") {
        return Page::Own;
    }
    let origin = origin.to_str().unwrap_or_default();
    if listed.iter().any(|listed| is_listed(listed, origin)) {
        return Page::Listed;
    }
    let is_own = match forwarded::host(headers, trusted_hops) {
        // By that name alone: to the proxy, this service has a name of which other pages may come.
        Some(host) => is_named(origin, &host),
        None => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            host.is_some_and(|host| is_at(origin, host))
        }
    };
    if is_own { Page::Own } else { Page::Foreign }
}

/// Whether the origin has this host. Proxies often leave the port out, and then any goes with it.
fn is_named(origin: &str, host: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let bare = Url::parse(&format!("{}://{host}", url.scheme()));
    let port_left_out = bare.as_ref().is_ok_and(|bare| bare.port().is_none()) && !host.ends_with(':');
    is_at(origin, host) || (port_left_out && bare.is_ok_and(|bare| bare.host() == url.host()))
}

/// Whether an entry of the list is about this origin.
fn is_listed(listed: &str, origin: &str) -> bool {
    let Some((scheme, name)) = listed.split_once(SCHEME_END) else {
        return listed == ANY;
    };
    let Some((asked, host)) = origin.split_once(SCHEME_END) else {
        return false;
    };
    let (below, port) = host.split_once(':').unwrap_or((host, ""));
    let plain = !below.contains(['/', '@']) && !port.contains('.');
    scheme == asked && (name == host || (plain && name != ANY && means(name, host)))
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

/// Whether that text may stand in a list of origins.
pub fn is_origin(text: &str) -> bool {
    // A pattern for names below a domain is an origin, but for the star.
    let origin = text.replacen("://*.", SCHEME_END, 1);
    text == ANY
        || (host_of(text).is_some_and(|name| names::normal(&name).is_some())
            && HeaderValue::from_str(&origin).is_ok()
            && Url::parse(&origin).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == origin
            }))
}

/// The host of an entry of such a list, as it stands in a list of names.
pub fn host_of(entry: &str) -> Option<String> {
    if entry == ANY {
        return Some(entry.to_owned());
    }
    let (scheme, rest) = entry.split_once(SCHEME_END)?;
    let (star, name) = match rest.strip_prefix("*.") {
        Some(name) => ("*.", name),
        None => ("", rest),
    };
    let url = Url::parse(&format!("{scheme}{SCHEME_END}{name}")).ok()?;
    let host = url.host_str().filter(|host| !host.contains('*'))?;
    Some(format!("{star}{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str, host: &str, listed: &[&str]) -> Page {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        let listed: Vec<_> = listed.iter().map(|&origin| origin.into()).collect();
        page(&headers, &listed, 0)
    }

    fn behind_a_proxy(origin: &str, name: &'static str, value: &str, trusted_hops: usize) -> Page {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, "127.0.0.1:3000".parse().unwrap());
        headers.insert(name, value.parse().unwrap());
        page(&headers, &[], trusted_hops)
    }

    #[test]
    fn behind_a_trusted_proxy_its_name_counts() {
        for (name, value) in [
            ("x-forwarded-host", "desk.example"),
            ("x-forwarded-host", "desk.example:8443"),
            ("x-forwarded-host", "inner, desk.example"),
            (
                "forwarded",
                "for=192.0.2.1;host=\"desk.example:8443\";proto=https",
            ),
        ] {
            let page = |hops| behind_a_proxy("https://desk.example:8443", name, value, hops);
            assert_eq!(page(1), Page::Own, "{value}");
            assert_eq!(page(0), Page::Foreign, "{value}: nobody vouches for it");
        }
        let other = |value| behind_a_proxy("https://evil.example", "x-forwarded-host", value, 1);
        assert_eq!(other("desk.example"), Page::Foreign);
        let other_port = behind_a_proxy("https://desk.example:1", "x-forwarded-host", "desk.example:2", 1);
        assert_eq!(other_port, Page::Foreign);
    }

    #[test]
    fn a_pattern_lists_what_is_below_a_domain_and_nothing_else() {
        let listed = ["https://*.desk.example"];
        for good in ["https://eu.desk.example", "https://a.b.desk.example"] {
            assert_eq!(from(good, "api.example", &listed), Page::Listed, "{good}");
        }
        for bad in [
            "https://desk.example",
            "http://eu.desk.example",
            "https://eu.desk.example:8443",
            "https://evildesk.example",
            "https://eu.desk.example.evil",
            "https://evil.example/.desk.example",
            "https://evil.example:1.desk.example",
        ] {
            assert_eq!(from(bad, "api.example", &listed), Page::Foreign, "{bad}");
        }
    }

    #[test]
    fn a_page_may_call_where_it_comes_from() {
        assert_eq!(page(&HeaderMap::new(), &[], 0), Page::Own);
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
        for good in [
            "*",
            "https://desk.example",
            "http://localhost:5173",
            "https://*.desk.example",
            "https://*.desk.example:8443",
            "http://*.localhost:5173",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "desk.example",
            "https://desk.example/",
            "https://desk.example:443",
            "ws://x",
            "",
            "https://*",
            "https://*.127.0.0.1",
            "https://a.*.example",
            "https://*.*.example",
            "https://*.desk.example/",
            "https://*.example",
            "https://*desk.example",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
