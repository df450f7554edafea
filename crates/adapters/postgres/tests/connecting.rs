//! What waiting cannot mend is refused at once, and says what it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::time::Duration;

use order_postgres::{ConnectError, PostgresSettings, PostgresStore};
use order_test_servers::PostgresOptions;
use rcgen::generate_simple_self_signed;
use support::{Fresh, fresh, fresh_with};

/// Tries with more patience than the test has.
async fn connect(url: &str) -> Result<PostgresStore, ConnectError> {
    let settings = PostgresSettings::new(url);
    let connecting = PostgresStore::connect(&settings, Duration::from_secs(600));
    tokio::time::timeout(Duration::from_secs(60), connecting)
        .await
        .unwrap_or_else(|_| panic!("it waits for {url}"))
}

async fn refused(url: &str) -> ConnectError {
    connect(url).await.err().unwrap()
}

/// A folder with a certificate for `localhost` and its key, which the server's account may read.
fn certificate(server: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let made = generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let account = std::fs::metadata(format!("/proc/{server}")).unwrap();
    for (name, text) in [
        ("server.crt", made.cert.pem()),
        ("server.key", made.signing_key.serialize_pem()),
    ] {
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(account.uid()), Some(account.gid())).unwrap();
    }
    folder
}

async fn encrypt(fresh: &Fresh, folder: &Path) {
    let path = folder.display();
    for statement in [
        format!("alter system set ssl_cert_file = '{path}/server.crt'"),
        format!("alter system set ssl_key_file = '{path}/server.key'"),
        "alter system set ssl = on".to_owned(),
        "select pg_reload_conf()".to_owned(),
    ] {
        fresh.server.tamper("postgres", &statement).await.unwrap();
    }
}

#[tokio::test]
async fn encryption_that_cannot_be_agreed_on_is_refused_at_once() {
    let fresh = fresh_with(PostgresOptions::default().private()).await;
    let Ok(pid) = fresh.server.pid() else {
        // A container has its files to itself; the driver is the same.
        return;
    };
    let none = refused(&format!("{}?sslmode=require", fresh.url)).await;
    assert!(matches!(none, ConnectError::Tls(_)), "{none:?}");
    let folder = certificate(pid);
    encrypt(&fresh, folder.path()).await;
    let own = folder.path().join("server.crt");
    let with = |options: &str| format!("{}?{options}", fresh.url);
    let trusted = with(&format!("sslmode=verify-full&sslrootcert={}", own.display()));
    // The server reads its configuration again in its own time.
    let mut tries = 0;
    while connect(&trusted).await.is_err() {
        tries += 1;
        assert!(tries < 100, "{:?}", connect(&trusted).await.err());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    connect(&with("sslmode=require")).await.unwrap();
    for options in [
        // Signed by nobody who is known.
        "sslmode=verify-full",
        "sslmode=verify-ca",
        "sslmode=verify-ca&sslrootcert=/no/such/file",
    ] {
        let error = refused(&with(options)).await;
        assert!(matches!(error, ConnectError::Tls(_)), "{options}: {error:?}");
    }
}

#[tokio::test]
async fn a_user_or_a_database_that_will_never_do_is_refused_at_once() {
    let fresh = fresh().await;
    let (head, database) = fresh.url.rsplit_once('/').unwrap();
    let (_, address) = head.rsplit_once('@').unwrap();
    let name = format!("outsider_{}", database.rsplit('_').next().unwrap());
    let made = format!("create role {name} nologin password 'sesame-no'");
    fresh.server.tamper("postgres", &made).await.unwrap();
    let outsider = format!("postgres://{name}:sesame-no@{address}/{database}");
    let error = refused(&outsider).await;
    assert!(matches!(error, ConnectError::NotLetIn { .. }), "{error:?}");
    fresh
        .server
        .tamper("postgres", &format!("alter role {name} login"))
        .await
        .unwrap();
    let revoke = format!("revoke connect on database {database} from public");
    fresh.server.tamper("postgres", &revoke).await.unwrap();
    let error = refused(&outsider).await;
    assert!(matches!(error, ConnectError::Refused(_)), "{error:?}");
    let error = refused(&outsider.replace("sesame-no", "wrong")).await;
    assert!(matches!(error, ConnectError::WrongPassword { .. }), "{error:?}");
    let error = refused(&format!("{head}/nowhere")).await;
    assert!(matches!(error, ConnectError::NoSuchDatabase { .. }), "{error:?}");
    fresh
        .server
        .tamper("postgres", &format!("drop role {name}"))
        .await
        .unwrap();
}

/// It may be a proxy on its way up, so it gets the time that a server gets to start.
#[tokio::test]
async fn what_is_no_postgres_is_told_when_the_time_to_start_is_over() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = tokio::spawn(async move {
        loop {
            use tokio::io::AsyncWriteExt;
            let (mut caller, _) = listener.accept().await.unwrap();
            caller
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .await
                .unwrap();
        }
    });
    let settings = PostgresSettings::new(format!("postgres://a:b@127.0.0.1:{port}/c"));
    let error = PostgresStore::connect(&settings, Duration::from_secs(1))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::NotUnderstood { .. }), "{error:?}");
    web.abort();
}
