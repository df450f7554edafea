//! A server that is encrypted by a certificate of one's own authority.

#![allow(clippy::unwrap_used, reason = "test support")]

mod support;

use std::path::Path;
use std::time::Duration;

use order_core::id::WorkerId;
use order_core::priority::Priority;
use order_ports::{Notifier, WorkQueue};
use order_redis::{
    AuthorityError, CheckError, RedisAddress, RedisNotifier, RedisQueue, RedisServer, RedisSettings,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use support::spawned::{Spawned, free_port};
use support::{PATIENCE, acknowledge, item, pull};
use tokio::time::timeout;
use uuid::Uuid;

/// An authority, and the certificate and the key of a server that it vouches for.
struct Issued {
    authority: String,
    certificate: String,
    key: String,
}

fn issue() -> Issued {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    Issued {
        authority,
        certificate: server.signed_by(&key, &issuer).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

/// A server that speaks TLS alone, and its address.
fn start(issued: &Issued, more: &str) -> (Spawned, String) {
    let port = free_port();
    let configuration = format!(
        "bind 127.0.0.1\nport 0\ntls-port {port}\ntls-cert-file server.crt\ntls-key-file server.key\n\
         tls-ca-cert-file ca.crt\ntls-auth-clients no\nrequirepass hunter2\nsave \"\"\n{more}"
    );
    let files = [
        ("server.crt", issued.certificate.as_str()),
        ("server.key", &issued.key),
        ("ca.crt", &issued.authority),
    ];
    let server = Spawned::start(&configuration, "", &files);
    (server, format!("rediss://:hunter2@localhost:{port}"))
}

fn connect(address: RedisAddress) -> RedisServer {
    let mut settings = RedisSettings::new(address, WorkerId(Uuid::new_v4()));
    settings.startup_patience = PATIENCE;
    settings.patience = PATIENCE / 4;
    RedisServer::connect(settings).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_authority_is_trusted_by_every_connection() {
    let (server, url) = start(&issue(), "");
    let address: RedisAddress = url.parse().unwrap();
    let trusting = address.with_authority(&server.folder().join("ca.crt")).unwrap();
    let redis = connect(trusting);
    redis
        .check()
        .await
        .unwrap_or_else(|error| panic!("{error}: {}", server.log()));
    redis.probe().await.unwrap();
    // The shared connection, one that blocks, and one that listens.
    let queue = RedisQueue::new(&redis);
    queue.push(&[item(1, Priority::Normal)]).await.unwrap();
    acknowledge(&queue, &pull(&queue, 1).await).await;
    assert!(timeout(Duration::from_millis(100), queue.pull(1)).await.is_err());
    queue.push(&[item(2, Priority::Normal)]).await.unwrap();
    acknowledge(&queue, &pull(&queue, 1).await).await;
    let notifier = RedisNotifier::new(&redis);
    let mut listener = notifier.listen().await.unwrap();
    notifier.publish([support::notification(1)].into()).await.unwrap();
    timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_did_not_sign_is_not_trusted() {
    let (server, url) = start(&issue(), "");
    let (mut waited, other) = (PATIENCE, issue());
    std::fs::write(server.folder().join("other.crt"), &other.authority).unwrap();
    for trusting in [
        url.parse::<RedisAddress>().unwrap(),
        url.parse::<RedisAddress>()
            .unwrap()
            .with_authority(&server.folder().join("other.crt"))
            .unwrap(),
    ] {
        let refused = timeout(waited, connect(trusting).check()).await.unwrap();
        assert!(
            matches!(refused, Err(CheckError::Untrusted { .. })),
            "{refused:?}"
        );
        waited = PATIENCE / 2;
    }
}

#[test]
fn a_file_that_is_no_authority_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let refused = |url: &str, file: &Path| {
        let error = url
            .parse::<RedisAddress>()
            .unwrap()
            .with_authority(file)
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        error
    };
    let secure = "rediss://:hunter2@localhost";
    let missing = refused(secure, &folder.path().join("missing.pem"));
    assert!(matches!(missing, AuthorityError::File { .. }), "{missing}");
    assert!(missing.to_string().contains("missing.pem"), "{missing}");
    let no_pem = refused(secure, &write("text", "certificate, honestly"));
    assert!(matches!(no_pem, AuthorityError::Empty(_)), "{no_pem}");
    let key = KeyPair::generate().unwrap().serialize_pem();
    let only_key = refused(secure, &write("key.pem", &key));
    assert!(matches!(only_key, AuthorityError::Empty(_)), "{only_key}");
    let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let broken = refused(secure, &write("broken.pem", broken));
    assert!(matches!(broken, AuthorityError::Unusable { .. }), "{broken}");
    let plain = refused("redis://:hunter2@localhost", &write("ca.pem", &issue().authority));
    assert!(matches!(plain, AuthorityError::NotEncrypted), "{plain}");
}
