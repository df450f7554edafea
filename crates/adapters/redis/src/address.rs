//! Where the server is, and with which password: read once, never shown whole.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fmt, fs, io};

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The address of a Redis server, with its credentials. Shows itself without them.
#[derive(Clone)]
pub struct RedisAddress {
    client: Client,
    authority: Option<TlsCertificates>,
}

/// Why a text is no address of a Redis server. Says nothing of the text, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAddress {
    /// It is the address of a REST interface.
    #[error(
        "is the address of a REST interface; Streams need a TCP connection: use the server's redis:// or \
         rediss:// address"
    )]
    WakeBackoff,
    /// It is the address of sentinels.
    #[error(
        "is the address of sentinels, which are not asked here; use a redis:// or rediss:// address that leads to \
         whichever server is the primary"
    )]
    Sentinel,
    /// It is not an address that begins as it should.
    #[error("must begin with redis:// (TCP), rediss:// (TLS) or unix:// (a socket)")]
    Scheme,
    /// It begins well, but cannot be read.
    #[error("is not a Redis address: {0}")]
    Malformed(String),
}

impl FromStr for RedisAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") => return Err(InvalidAddress::WakeBackoff),
            Some(scheme) if scheme.contains("sentinel") => return Err(InvalidAddress::Sentinel),
            Some("redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix") => {}
            _ => return Err(InvalidAddress::Scheme),
        }
        let malformed = |error: redis::RedisError| InvalidAddress::Malformed(error.to_string());
        let info = text.into_connection_info().map_err(malformed)?;
        let client = Client::open(info).map_err(malformed)?;
        Ok(Self {
            client,
            authority: None,
        })
    }
}

/// Why the certificates in a file cannot say which server is trusted.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// There is nothing to check by them.
    #[error("the address is not encrypted; it must begin with rediss://")]
    NotEncrypted,
    /// The file cannot be read.
    #[error("{file} cannot be read")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is a text of another kind.
    #[error("{0} holds no certificate (PEM)")]
    Empty(PathBuf),
    /// What it holds is no authority's certificate.
    #[error("{file} holds a certificate that cannot be used")]
    Unusable {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: redis::RedisError,
    },
}

impl RedisAddress {
    /// The same server, whose TLS certificate is signed by one of the authorities in this file (PEM) rather than by
    /// one of the public ones.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn with_authority(self, file: &Path) -> Result<Self, AuthorityError> {
        if !self.is_encrypted() {
            return Err(AuthorityError::NotEncrypted);
        }
        let certificates = fs::read(file).map_err(|source| AuthorityError::File {
            file: file.to_owned(),
            source,
        })?;
        if CertificateDer::pem_slice_iter(&certificates).next().is_none() {
            return Err(AuthorityError::Empty(file.to_owned()));
        }
        install_crypto();
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(certificates),
        };
        match Client::build_with_tls(self.info().clone(), certificates.clone()) {
            Ok(client) => Ok(Self {
                client,
                authority: Some(certificates),
            }),
            Err(source) => Err(AuthorityError::Unusable {
                file: file.to_owned(),
                source,
            }),
        }
    }

    fn is_encrypted(&self) -> bool {
        matches!(self.info().addr(), ConnectionAddr::TcpTls { .. })
    }

    pub(crate) fn client(&self) -> &Client {
        if self.is_encrypted() {
            install_crypto();
        }
        &self.client
    }

    pub(crate) fn authority(&self) -> Option<&TlsCertificates> {
        self.authority.as_ref()
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        self.client.get_connection_info()
    }
}

/// TLS takes its cryptography from the process; one that is there already is as good.
fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis at {}", self.info().addr())
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_address_is_told_apart_from_a_wrong_one() {
        let rest = "https://eu1-token.example".parse::<RedisAddress>().unwrap_err();
        assert!(rest.to_string().contains("rediss://"), "{rest}");
        assert!(matches!(rest, InvalidAddress::WakeBackoff));
        for sentinels in [
            "redis+sentinel://a:26379,b:26379/mymaster",
            "rediss+sentinel://a/mymaster",
            "sentinel://a",
        ] {
            let refused = sentinels.parse::<RedisAddress>().unwrap_err();
            assert!(matches!(refused, InvalidAddress::Sentinel), "{sentinels}");
        }
        for wrong in ["", "localhost:6379", "amqp://localhost"] {
            assert!(
                matches!(wrong.parse::<RedisAddress>(), Err(InvalidAddress::Scheme)),
                "{wrong}"
            );
        }
        let malformed = "redis://localhost:port".parse::<RedisAddress>().unwrap_err();
        assert!(matches!(malformed, InvalidAddress::Malformed(_)));
    }

    #[test]
    fn the_password_is_never_shown() {
        for text in [
            "redis://user:hunter2@localhost:6379/0",
            "rediss://:hunter2@localhost:6380",
            "redis://:hunter2@localhost:port",
            "redis://:hunter2@localhost:6379/notanumber",
            "hunter2",
        ] {
            let shown = match text.parse::<RedisAddress>() {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
