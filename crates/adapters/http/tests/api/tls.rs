//! Encrypted endpoints, whose certificate is exchanged while they are open.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use order_http::{CertificateError, Certificates};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::test_server::{LONG, TestServer};

/// Writes a certificate for localhost and its key; what a client must trust.
fn issue(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    cert.der().clone()
}

fn read(folder: &Path) -> Result<Certificates, CertificateError> {
    Certificates::read(&folder.join("cert.pem"), &folder.join("key.pem"))
}

/// What somebody is answered who trusts this certificate alone.
async fn ask(server: &TestServer, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = TcpStream::connect(&server.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = TlsConnector::from(Arc::new(config))
        .connect(name, connection)
        .await?;
    connection
        .write_all(b"GET /ping HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = issue(folder.path());
    let certificates = read(folder.path()).unwrap();
    let server = TestServer::with_settings(|settings| settings.certificates = Some(certificates)).await;
    let answer = ask(&server, &first).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");

    // Rubbish changes nothing.
    std::fs::write(folder.path().join("cert.pem"), "no certificate at all").unwrap();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(ask(&server, &first).await.is_ok());

    let second = issue(folder.path());
    let began = Instant::now();
    while ask(&server, &second).await.is_err() {
        assert!(began.elapsed() < LONG, "the new certificate is never served");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(ask(&server, &first).await.is_err());
}

#[tokio::test]
async fn who_does_not_speak_tls_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    issue(folder.path());
    let certificates = read(folder.path()).unwrap();
    let server = TestServer::with_settings(|settings| {
        settings.certificates = Some(certificates);
        settings.limits.handshake_timeout = Duration::from_millis(200);
    })
    .await;
    assert!(
        !server
            .raw(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .contains("HTTP/1.1 200")
    );
    // Nor does one that says nothing at all hold its place.
    assert_eq!(server.raw(b"").await, "");
}

#[test]
fn what_cannot_be_served_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(read(folder.path()), Err(CertificateError::File { .. })));
    issue(folder.path());
    assert!(read(folder.path()).is_ok());
    let other = tempfile::tempdir().unwrap();
    issue(other.path());
    std::fs::copy(other.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
    assert!(matches!(
        read(folder.path()),
        Err(CertificateError::Unusable { .. })
    ));
    std::fs::write(folder.path().join("cert.pem"), "").unwrap();
    assert!(matches!(read(folder.path()), Err(CertificateError::Empty(_))));
}
