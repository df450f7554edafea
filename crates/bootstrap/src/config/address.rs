//! Addresses of servers. They may hold a password, so they are never shown as they are.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// The address of a server. Shown without its password.
#[derive(Clone)]
pub struct Address {
    secret: SecretString,
    shown: Box<str>,
}

impl Address {
    /// The address with its password, to connect by.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    fn new(url: &Url) -> Self {
        let mut shown = url.clone();
        // Drivers take passwords as parameters too.
        shown.set_query(None);
        shown.set_fragment(None);
        if shown.password().is_some() && shown.set_password(Some("***")).is_err() {
            shown.set_path("");
        }
        Self {
            secret: url.to_string().into(),
            shown: shown.as_str().into(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

/// A Postgres address, or none.
pub(super) fn postgres<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    read(deserializer, |url| match url.scheme() {
        "postgres" | "postgresql" => Ok(()),
        _ => Err("must begin with postgres:// or postgresql://"),
    })
}

/// A Redis address, or none.
pub(super) fn redis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    read(deserializer, |url| match url.scheme() {
        "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix" => Ok(()),
        "http" | "https" => Err(
            "is a REST address; the queue is built on Streams, which need a TCP connection: \
            use the redis:// or rediss:// address of the same database",
        ),
        _ => Err("must begin with redis:// (TCP), rediss:// (TLS) or unix:// (a socket)"),
    })
}

/// A venue server's address, or none.
pub(super) fn venue<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    read(deserializer, |url| match url.scheme() {
        "http" if url.username().is_empty() && url.password().is_none() => Ok(()),
        "http" => Err("must not hold a user or a password"),
        _ => Err("must begin with http://"),
    })
}

/// The address of a collector of traces, or none.
pub(super) fn collector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    read(deserializer, |url| match url.scheme() {
        "http" if url.query().is_none() => Ok(()),
        "http" => Err("must not hold a query"),
        _ => Err("must begin with http://: OTLP over HTTP, to a collector nearby that takes care of TLS"),
    })
}

/// The errors never quote the text: it may hold a password.
fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    scheme: impl Fn(&Url) -> Result<(), &'static str>,
) -> Result<Option<Address>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if has_stray_at(text.trim()) {
        return Err(de::Error::custom(
            "has an @ behind its host: special characters in a user or a password (@ / ? #) must be percent-encoded, \
             as %40 for @",
        ));
    }
    // Several hosts are no address that could be read on.
    if text
        .split("://")
        .next()
        .is_some_and(|scheme| scheme.contains("sentinel"))
    {
        return Err(de::Error::custom(
            "is the address of sentinels, which are not asked here; use a redis:// or rediss:// address that leads to \
             whichever server is the primary",
        ));
    }
    let url = Url::parse(text.trim()).map_err(|error| {
        de::Error::custom(format_args!(
            "is not an address ({error}); special characters in a password must be percent-encoded"
        ))
    })?;
    scheme(&url).map_err(de::Error::custom)?;
    let socket = url.scheme().ends_with("unix") || url.query().is_some();
    if url.host_str().is_none_or(str::is_empty) && !socket {
        return Err(de::Error::custom("names no host"));
    }
    Ok(Some(Address::new(&url)))
}

/// An address that was given on a command line, as it may be shown: without a user and a password.
pub(crate) fn shown(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(mut url) if !has_stray_at(text.trim()) => {
            let bare = url.set_username("").and(url.set_password(None));
            url.set_query(None);
            match bare {
                Ok(()) => url.as_str().trim_end_matches('/').to_owned(),
                Err(()) => "the given address".to_owned(),
            }
        }
        Ok(_) | Err(_) => "the given address".to_owned(),
    }
}

/// Whether there is an @ behind the part with the host. Then it is not known where a password ends: what stands before
/// the first / ? or # may be a piece of one, and would be shown as a user, a host or a port.
fn has_stray_at(text: &str) -> bool {
    let behind_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = behind_scheme.find(['/', '?', '#', '\\']);
    authority.is_some_and(|end| behind_scheme[end..].contains('@'))
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    fn deserializer(text: &str) -> StrDeserializer<'_, Error> {
        text.into_deserializer()
    }

    /// Whatever is shown of an address of each kind.
    fn shown(text: &str) -> Vec<String> {
        let show = |read: Result<Option<Address>, Error>| match read {
            Ok(Some(address)) => format!("{address} {address:?}"),
            Ok(None) => String::new(),
            Err(error) => error.to_string(),
        };
        vec![
            show(postgres(deserializer(text))),
            show(redis(deserializer(text))),
            show(venue(deserializer(text))),
            show(collector(deserializer(text))),
            super::shown(text),
        ]
    }

    #[test]
    fn no_piece_of_a_password_is_shown_however_it_is_written() {
        for scheme in ["postgres", "postgresql", "redis", "rediss", "unix", "http"] {
            for password in [
                "sekcq",
                "se@kcq",
                "se@kcq/x",
                "se@sa/kcq",
                "/sekcq",
                "se/kcq",
                "12/sekcq",
                "12#sekcq",
                "12?sekcq",
                "se#kcq",
                "se?kcq",
                "se:kcq",
                "se%kcq",
                "sekcq/@",
                "se\\kcq",
                "[sekcq",
                "se]kcq",
                "sekcq ",
                "@sekcq",
                "@@/sekcq",
            ] {
                for user in ["user", ""] {
                    for place in ["host", "host:6379", "host/name", "host:5432/name?sslmode=require"] {
                        let text = format!("{scheme}://{user}:{password}@{place}");
                        for shown in shown(&text) {
                            assert!(!shown.contains("kcq") && !shown.contains("12"), "{text}: {shown}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_stray_at_is_told_and_a_proper_one_is_not() {
        let refused = postgres(deserializer("postgres://user:p@ss/w@host/name")).unwrap_err();
        assert!(refused.to_string().contains("%40"), "{refused}");
        for fine in [
            "postgres://user:p%40ss%2Fw@host/name",
            "postgres://user:p@ss@host/name",
            "postgres://host/name?user=a&password=b%40c",
            "postgres:///name?host=/var/run/postgresql",
        ] {
            assert!(postgres(deserializer(fine)).unwrap().is_some(), "{fine}");
        }
    }
}
