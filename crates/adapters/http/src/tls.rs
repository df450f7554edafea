//! Encryption at the endpoints, by certificate files that may be exchanged while the service runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use parking_lot::RwLock;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or is not PEM.
    #[error("{path} cannot be read as PEM")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// There is no certificate in it.
    #[error("{0} holds no certificate")]
    Empty(PathBuf),
    /// Certificate and key cannot be used, or not together.
    #[error("the certificate in {certificate} cannot be served with this key")]
    Unusable {
        /// Which.
        certificate: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// A certificate and its key, as two PEM files say at the time.
#[derive(Clone, Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    served: Arc<Served>,
}

#[derive(Debug)]
struct Served(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Served {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read()))
    }
}

impl Certificates {
    /// Reads both files.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let served = Arc::new(Served(RwLock::new(Arc::new(load(certificate, key)?))));
        Ok(Self {
            certificate: certificate.into(),
            key: key.into(),
            served,
        })
    }

    /// Encrypts connections with whatever certificate is current.
    ///
    /// # Errors
    /// The cryptography does not know the usual versions of TLS.
    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.served) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again whenever they have changed, until stopped. Files that cannot be used change nothing.
    pub(crate) async fn follow(self, stop: CancellationToken) {
        let mut seen = self.stamp();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = self.stamp();
            if now == seen {
                continue;
            }
            seen = now;
            match load(&self.certificate, &self.key) {
                Ok(key) => {
                    *self.served.0.write() = Arc::new(key);
                    tracing::info!(certificate = %self.certificate.display(), "serving the new certificate");
                }
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the new certificate cannot be used; the old one stays"
                ),
            }
        }
    }

    /// What changes when a file is written or exchanged.
    fn stamp(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}

fn load(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateError::File { path, source }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(at(certificate))?;
    if chain.is_empty() {
        return Err(CertificateError::Empty(certificate.into()));
    }
    let unusable = |source| CertificateError::Unusable {
        certificate: certificate.into(),
        source,
    };
    let key = PrivateKeyDer::from_pem_file(key).map_err(at(key))?;
    let key = CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(unusable)?;
    match key.keys_match() {
        // Some keys do not show their public half; those are taken on trust.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(key),
        Err(source) => Err(unusable(source)),
    }
}
