//! The id of a quote: what was quoted, signed, so that any process that knows the key can hold an order to it, and no
//! client can make one up. Nothing is stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use order_core::amount::Amount;
use order_core::id::Owner;
use order_core::time::Timestamp;
use order_core::token::Symbol;
use sha2::Sha256;

/// What every id begins with: the version of its form.
const PREFIX: &str = "QUO1-";

/// The length of the signature, in bytes.
const SIGNATURE: usize = 32;

/// What an order that names a quote is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedTerms {
    /// What is paid.
    pub token_in: Symbol,
    /// What is wanted.
    pub token_out: Symbol,
    /// How much is paid, in raw units.
    pub amount_in: Amount,
    /// The least that comes out, in raw units.
    pub min_out: Amount,
    /// Until when an order may name it.
    pub expires_at: Timestamp,
}

/// Signs quotes, and knows its own signatures again.
#[derive(Clone)]
pub struct QuoteSigner(Hmac<Sha256>);

impl QuoteSigner {
    /// With a key that processes share; of any length, though less than 32 random bytes is weak.
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes keys of every length, so that this cannot fail; an impossible failure signs with a key
        // that nobody else has either.
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// With a key of this process alone: its ids are unknown to any other.
    pub fn random() -> Self {
        let key = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes);
        Self::new(key.as_flattened())
    }

    /// The id of a quote for this owner, or for anybody.
    pub fn sign(&self, terms: &QuotedTerms, owner: Option<&Owner>) -> String {
        let mut bytes = written(terms).into_bytes();
        let signature = self.over(&bytes, owner).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What an id stands for; `None` if it was not signed with this key for this owner.
    pub fn verify(&self, id: &str, owner: Option<&Owner>) -> Option<QuotedTerms> {
        let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
        let (content, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        // Compared in constant time, so that an answer's duration tells nothing about the right signature.
        self.over(content, owner).verify_slice(signature).ok()?;
        read(std::str::from_utf8(content).ok()?)
    }

    /// The owner is signed, too, but stands in no id.
    fn over(&self, content: &[u8], owner: Option<&Owner>) -> Hmac<Sha256> {
        let mac = self.0.clone().chain_update(content);
        match owner {
            // No content has a line break, so no owner can pass for a part of one.
            Some(owner) => mac.chain_update(b"\n").chain_update(owner.as_str()),
            None => mac,
        }
    }
}

impl std::fmt::Debug for QuoteSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("QuoteSigner(..)")
    }
}

fn written(terms: &QuotedTerms) -> String {
    let QuotedTerms {
        token_in,
        token_out,
        amount_in,
        min_out,
        expires_at,
    } = terms;
    let until = expires_at.millis();
    format!("{token_in}|{token_out}|{amount_in}|{min_out}|{until}")
}

fn read(content: &str) -> Option<QuotedTerms> {
    let mut parts = content.split('|');
    let mut next = || parts.next();
    let terms = QuotedTerms {
        token_in: next()?.parse().ok()?,
        token_out: next()?.parse().ok()?,
        amount_in: Amount::new(next()?.parse().ok()?),
        min_out: Amount::new(next()?.parse().ok()?),
        expires_at: Timestamp::from_millis(next()?.parse().ok()?),
    };
    parts.next().is_none().then_some(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> QuotedTerms {
        QuotedTerms {
            token_in: "SOL".parse().unwrap(),
            token_out: "USDC".parse().unwrap(),
            amount_in: Amount::new(1_500_000_000),
            min_out: Amount::new(u128::MAX),
            expires_at: Timestamp::from_millis(1_795_176_001_874),
        }
    }

    #[test]
    fn an_id_is_opened_by_whoever_knows_the_key() {
        let id = QuoteSigner::new(b"shared").sign(&terms(), None);
        assert_eq!(QuoteSigner::new(b"shared").verify(&id, None), Some(terms()));
        assert_eq!(QuoteSigner::new(b"other").verify(&id, None), None);
        assert_eq!(QuoteSigner::random().verify(&id, None), None);
    }

    #[test]
    fn an_id_is_good_for_its_owner_alone() {
        let signer = QuoteSigner::new(b"shared");
        let [ann, bob] = ["ann", "bob"].map(|name| name.parse::<Owner>().unwrap());
        let id = signer.sign(&terms(), Some(&ann));
        assert_eq!(signer.verify(&id, Some(&ann)), Some(terms()));
        assert_eq!(signer.verify(&id, Some(&bob)), None);
        assert_eq!(signer.verify(&id, None), None);
        assert_eq!(signer.verify(&signer.sign(&terms(), None), Some(&ann)), None);
    }

    #[test]
    fn a_changed_id_is_none() {
        let signer = QuoteSigner::new(b"shared");
        let id = signer.sign(&terms(), None);
        for at in 0..id.len() {
            let mut changed = id.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            // The last character of a base64 text may say less than six bits.
            assert!(
                signer.verify(&changed, None).is_none() || at + 1 == id.len(),
                "{changed}"
            );
        }
        for none in ["", "QUO1-", "QUO1-AAAA", "quote", "QUO1-ü"] {
            assert_eq!(signer.verify(none, None), None, "{none}");
        }
    }
}
