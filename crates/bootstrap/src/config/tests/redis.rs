//! Which addresses of Redis are refused, and which authority vouches for one that is encrypted.

use super::*;

#[test]
fn an_address_of_sentinels_is_explained() {
    for url in [
        "redis+sentinel://a:26379/mymaster",
        "redis+sentinel://a:26379,b:26379/mymaster",
        "sentinel://a:26379",
    ] {
        let message = message(&inputs(&[DATABASE, ("REDIS_URL", url)]));
        assert!(
            message.contains("redis.url: is the address of sentinels"),
            "{message}"
        );
    }
}

const DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://localhost/x");
const CA_FILE: &str = "ORDER_ENGINE__REDIS__CA_FILE";

#[test]
fn an_authority_of_ones_own_may_vouch_for_redis() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    let authority = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(&file, authority.cert.pem()).unwrap();
    let shown = file.to_str().unwrap();
    let inputs = inputs(&[
        DATABASE,
        ("REDIS_URL", "rediss://cache.internal"),
        (CA_FILE, shown),
    ]);
    assert_eq!(loaded(&inputs).redis.ca_file, Some(file));
}

#[test]
fn what_cannot_vouch_for_redis_is_said_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    let shown = file.to_str().unwrap();
    let message_of = |url: &str| message(&inputs(&[DATABASE, ("REDIS_URL", url), (CA_FILE, shown)]));
    let missing = message_of("rediss://cache.internal");
    assert!(
        missing.contains(&format!("redis.ca_file: {shown} cannot be read: No such file")),
        "{missing}"
    );
    std::fs::write(&file, "trust me").unwrap();
    let no_certificate = message_of("rediss://cache.internal");
    assert!(
        no_certificate.contains("holds no certificate (PEM)"),
        "{no_certificate}"
    );
    let plain = message_of("redis://cache.internal");
    assert!(
        plain.contains("redis.ca_file: the address is not encrypted"),
        "{plain}"
    );
    let nothing = message(&inputs(&[(CA_FILE, shown)]));
    assert!(
        nothing.contains("redis.ca_file: is set without redis.url"),
        "{nothing}"
    );
}
