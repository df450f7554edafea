//! The server under load.

use std::fmt;
use std::str::FromStr;

use hyper::header::HeaderValue;
use url::Url;

use crate::dialect::Dialect;

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
    pub(crate) dialect: Dialect,
    key: Option<HeaderValue>,
}

/// The key cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the API key is no text that a header can hold")]
pub struct InvalidKey;

/// The address is not one of a server under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// It is no URL.
    #[error("not a URL: {0}")]
    NotAUrl(#[from] url::ParseError),
    /// It is encrypted, or no HTTP at all.
    #[error("only http:// is spoken: encryption would be measured as well")]
    NotHttp,
    /// It says more than where the server is.
    #[error("the URL must end after host and port")]
    HasPath,
}

impl Target {
    /// The same server, taken for the Node peer of `benches/peer`, which names a few things differently.
    #[must_use]
    pub fn peer(self) -> Self {
        Self {
            dialect: Dialect::Peer,
            ..self
        }
    }

    /// The same server, shown this API key with every request.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn with_key(self, key: &str) -> Result<Self, InvalidKey> {
        let mut key = HeaderValue::from_str(key).map_err(|_| InvalidKey)?;
        key.set_sensitive(true);
        Ok(Self {
            key: Some(key),
            ..self
        })
    }

    /// The header of the API key, if there is one.
    pub(crate) fn key(&self) -> Option<(&'static str, HeaderValue)> {
        Some(("x-api-key", self.key.clone()?))
    }

    /// Whether it is taken for the peer.
    pub fn is_peer(&self) -> bool {
        self.dialect == Dialect::Peer
    }

    /// Host and port as a connection wants them.
    pub(crate) fn address(&self) -> (&str, u16) {
        (self.host.trim_matches(['[', ']']), self.port)
    }

    /// Host and port as a header wants them.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let url: Url = text.parse()?;
        if url.scheme() != "http" {
            return Err(InvalidTarget::NotHttp);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidTarget::HasPath);
        }
        Ok(Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port().unwrap_or(80),
            dialect: Dialect::Contract,
            key: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<String, InvalidTarget> {
        text.parse().map(|target: Target| target.to_string())
    }

    #[test]
    fn a_target_is_host_and_port() {
        assert_eq!(
            target("http://localhost:3000"),
            Ok("http://localhost:3000".into())
        );
        assert_eq!(target("http://[::1]:3000/"), Ok("http://[::1]:3000".into()));
        assert_eq!(target("http://engine"), Ok("http://engine:80".into()));
        assert_eq!(target("https://engine"), Err(InvalidTarget::NotHttp));
        assert_eq!(target("http://engine/api"), Err(InvalidTarget::HasPath));
        assert!(matches!(target("engine"), Err(InvalidTarget::NotAUrl(_))));
    }
}
