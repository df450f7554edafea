//! By which name this service was asked.
//!
//! A page of another name whose DNS is turned to this machine ("rebinding") is, to the browser, a page of its own origin:
//! it may send anything and read every answer. Only the name in `Host` tells. Where API keys are on, such a page has none;
//! where they are off, the guard answers only to addresses, to names that cannot be registered in the DNS, and to configured
//! names.

use http::header::{self, HeaderMap};
use http::{HeaderValue, Version};
use url::{Host, Url};

use super::names;

/// Why a request is not answered for its `Host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// There is none, or there are several, or it is no host: RFC 9112, 3.2.
    Malformed,
    /// It is a name that this service does not go by.
    Foreign,
}

/// The one host that a request names; `None` in HTTP/1.0, which need not.
///
/// # Errors
/// [`HostError::Malformed`].
pub fn named(headers: &HeaderMap, version: Version) -> Result<Option<Host<String>>, HostError> {
    let mut named = headers.get_all(header::HOST).iter();
    match (named.next(), named.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(None),
        (Some(host), None) => host_of(host).map(Some).ok_or(HostError::Malformed),
        (None | Some(_), _) => Err(HostError::Malformed),
    }
}

fn host_of(value: &HeaderValue) -> Option<Host<String>> {
    let text = value.to_str().ok()?;
    let url = Url::parse(&format!("http://{text}/")).ok()?;
    let bare = url.username().is_empty() && url.path() == "/" && url.query().is_none();
    url.host().filter(|_| bare).map(|host| host.to_owned())
}

/// Whether a host may be answered without a key.
///
/// An address cannot be turned elsewhere, and a name without a dot (a machine's, a container's) cannot be had in public.
/// `allowed` are further ones, as [`names::normal`] writes them.
///
/// # Errors
/// [`HostError::Foreign`].
pub fn check(host: &Host<String>, allowed: &[String]) -> Result<(), HostError> {
    let Host::Domain(name) = host else {
        return Ok(());
    };
    let name = name.trim_end_matches('.');
    let local = !name.contains('.') || name.ends_with(".localhost");
    if local || allowed.iter().any(|entry| names::means(entry, name)) {
        Ok(())
    } else {
        Err(HostError::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(hosts: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_request_names_one_host() {
        let named = |hosts: &[&str], version| named(&headers(hosts), version);
        for good in ["a", "a.example:80", "127.0.0.1:3000", "[::1]:3000"] {
            assert!(named(&[good], Version::HTTP_11).unwrap().is_some(), "{good}");
        }
        assert_eq!(named(&[], Version::HTTP_10), Ok(None));
        for bad in [
            &[][..],
            &["a", "b"],
            &["a", "a"],
            &[""],
            &["a b"],
            &["a/b"],
            &["u@a"],
        ] {
            assert_eq!(named(bad, Version::HTTP_11), Err(HostError::Malformed), "{bad:?}");
        }
        assert_eq!(named(&["a", "b"], Version::HTTP_10), Err(HostError::Malformed));
    }

    #[test]
    fn only_names_that_cannot_be_turned_here_are_answered() {
        let check = |host: &str| {
            let host = host_of(&host.parse().unwrap()).unwrap();
            super::check(&host, &["desk.example".into(), "*.desks.example".into()])
        };
        for good in [
            "localhost:3000",
            "LOCALHOST",
            "app.localhost",
            "api:3000",
            "127.0.0.1",
            "[::1]:3000",
            "192.0.2.7",
            "desk.example:8443",
            "Desk.Example.",
            "eu.desks.example",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "rebound.example",
            "localhost.rebound.example:3000",
            "sub.desk.example",
            "desks.example",
        ] {
            assert_eq!(check(bad), Err(HostError::Foreign), "{bad}");
        }
    }
}
