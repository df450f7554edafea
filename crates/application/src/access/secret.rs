//! Secrets: 256 random bits, written as hexadecimal digits, kept as their SHA-256.

use order_core::access::SecretHash;
use order_ports::Entropy;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A fresh secret.
pub(super) fn fresh(entropy: &dyn Entropy) -> SecretString {
    let mut text = String::with_capacity(64);
    for _ in 0..4 {
        let mut digits = format!("{:016x}", entropy.next());
        text.push_str(&digits);
        digits.zeroize();
    }
    text.into()
}

/// What is kept of a secret. One round of SHA-256 is enough for 256 random bits: there is nothing to guess from.
pub(super) fn hash(secret: &SecretString) -> SecretHash {
    SecretHash::new(Sha256::digest(secret.expose_secret().as_bytes()).into())
}

/// Whether two hashes are the same, in a time that says nothing about them.
pub(super) fn same(one: &SecretHash, other: &SecretHash) -> bool {
    one.bytes().ct_eq(other.bytes()).into()
}
