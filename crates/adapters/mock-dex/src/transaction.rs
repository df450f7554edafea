//! Transactions on the wire: what they carry, how they are signed, and how a signature is checked.
//!
//! The bytes are a version and the content in postcard's compact form. The id is the ed25519 signature over
//! exactly these bytes, so it is known before anything is sent, and covers everything.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use order_core::id::OrderId;
use order_core::token::Symbol;
use order_core::venue::{Draft, SignedTransaction, TxId};
use serde::{Deserialize, Serialize};

use crate::chain::{BLOCKHASH_BLOCKS, Hash};

/// The first byte of every transaction.
const VERSION: u8 = 1;

/// No transaction is longer.
pub(crate) const MAX_BYTES: usize = 1_232;

/// No transaction has more swaps.
pub(crate) const MAX_LEGS: usize = 8;

/// What a transaction carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    /// Whose signature makes it valid.
    pub(crate) signer: [u8; 32],
    /// The hash of a recent block, which ties it to a chain and to a time.
    pub(crate) blockhash: Hash,
    /// That block's height.
    pub(crate) height: u64,
    /// Makes two otherwise equal transactions different ones.
    pub(crate) nonce: u64,
    /// The memo.
    pub(crate) order_id: OrderId,
    /// The least output, in raw units.
    pub(crate) min_out: u128,
    /// The swaps, in order.
    ///
    /// The first one's input token is what the transaction spends, the last one's output what it receives.
    /// A swap whose input is neither spends what the swaps before it brought in: the last such swap all that
    /// is left of it, whatever its own amount says.
    pub(crate) legs: Vec<WireLeg>,
}

/// One swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WireLeg {
    pub(crate) pool: Box<str>,
    pub(crate) token_in: Symbol,
    pub(crate) token_out: Symbol,
    /// In raw units.
    pub(crate) amount_in: u128,
}

/// Bytes that are no valid transaction. They never execute, whoever sends them however often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// Longer than a transaction may be.
    #[error("the transaction is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// They do not read as a transaction.
    #[error("the bytes are no transaction of this version")]
    Malformed,
    /// The id is not the signer's signature over the bytes.
    #[error("the id is not the signature over the bytes")]
    BadSignature,
}

impl Transaction {
    /// The last block in which it may land.
    pub(crate) const fn last_valid_height(&self) -> u64 {
        self.height.saturating_add(BLOCKHASH_BLOCKS)
    }

    fn encode(&self) -> Result<Vec<u8>, TransactionError> {
        let bytes = postcard::to_extend(self, vec![VERSION]).map_err(|_| TransactionError::Malformed)?;
        if bytes.len() > MAX_BYTES {
            Err(TransactionError::TooLong)
        } else {
            Ok(bytes)
        }
    }

    /// Reads bytes and checks that `id` is their signer's signature.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub(crate) fn verify(id: TxId, bytes: &[u8]) -> Result<Self, TransactionError> {
        let transaction = Self::decode(bytes)?;
        let key =
            VerifyingKey::from_bytes(&transaction.signer).map_err(|_| TransactionError::BadSignature)?;
        key.verify_strict(bytes, &Signature::from_bytes(&id.0))
            .map_err(|_| TransactionError::BadSignature)?;
        Ok(transaction)
    }

    /// Reads bytes whose signature is known to be good.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, TransactionError> {
        if bytes.len() > MAX_BYTES {
            return Err(TransactionError::TooLong);
        }
        let content = bytes
            .strip_prefix(&[VERSION])
            .ok_or(TransactionError::Malformed)?;
        match postcard::take_from_bytes::<Self>(content) {
            Ok((transaction, [])) if (1..=MAX_LEGS).contains(&transaction.legs.len()) => Ok(transaction),
            Ok(_) | Err(_) => Err(TransactionError::Malformed),
        }
    }
}

/// A recent block to hang a transaction on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecentBlock {
    pub(crate) height: u64,
    pub(crate) blockhash: Hash,
}

/// A sandbox key. It guards play money only.
#[derive(Clone)]
pub(crate) struct Wallet {
    key: SigningKey,
    public: [u8; 32],
}

impl Wallet {
    pub(crate) fn new(secret: [u8; 32]) -> Self {
        let key = SigningKey::from_bytes(&secret);
        let public = key.verifying_key().to_bytes();
        Self { key, public }
    }

    /// Builds and signs what a draft asks for.
    ///
    /// # Errors
    /// [`TransactionError`] when the draft does not fit a transaction.
    pub(crate) fn sign(
        &self,
        draft: &Draft,
        recent: RecentBlock,
        nonce: u64,
    ) -> Result<SignedTransaction, TransactionError> {
        let legs = draft.legs.iter().map(|leg| WireLeg {
            pool: leg.pool.0.clone(),
            token_in: leg.token_in.symbol,
            token_out: leg.token_out.symbol,
            amount_in: leg.amount_in.units(),
        });
        let transaction = Transaction {
            signer: self.public,
            blockhash: recent.blockhash,
            height: recent.height,
            nonce,
            order_id: draft.order_id,
            min_out: draft.min_out.units(),
            legs: legs.collect(),
        };
        let bytes = transaction.encode()?;
        let id = TxId(self.key.sign(&bytes).to_bytes());
        Ok(SignedTransaction {
            id,
            bytes,
            last_valid_height: transaction.last_valid_height(),
        })
    }
}

#[cfg(test)]
mod tests {
    use order_core::amount::Amount;
    use order_core::token::TokenRegistry;
    use order_core::venue::{Leg, PoolId};
    use order_ports::contract::fixtures::RAYDIUM;
    use uuid::Uuid;

    use super::*;

    fn draft() -> Draft {
        let tokens = TokenRegistry::default();
        let leg = Leg {
            venue: RAYDIUM,
            pool: PoolId("raydium-sol-usdc-2500".into()),
            token_in: tokens.find("SOL").unwrap(),
            token_out: tokens.find("USDC").unwrap(),
            amount_in: Amount::new(u128::MAX),
            amount_out: Amount::new(1),
        };
        Draft {
            order_id: OrderId::from_uuid(Uuid::from_u128(7)),
            legs: vec![leg],
            min_out: Amount::new(u128::MAX - 1),
        }
    }

    const RECENT: RecentBlock = RecentBlock {
        height: 9,
        blockhash: [3; 32],
    };

    #[test]
    fn what_was_signed_can_be_read_by_everybody_and_changed_by_nobody() {
        let signed = Wallet::new([1; 32]).sign(&draft(), RECENT, 5).unwrap();
        assert_eq!(signed.last_valid_height, 159);
        let read = Transaction::verify(signed.id, &signed.bytes).unwrap();
        assert_eq!((read.order_id, read.min_out), (draft().order_id, u128::MAX - 1));
        for index in 0..signed.bytes.len() {
            let mut bytes = signed.bytes.clone();
            bytes[index] ^= 1;
            assert!(
                Transaction::verify(signed.id, &bytes).is_err(),
                "byte {index} was changed unnoticed"
            );
        }
        let forged = Transaction::verify(TxId([7; 64]), &signed.bytes);
        assert_eq!(forged, Err(TransactionError::BadSignature));
    }

    #[test]
    fn a_nonce_makes_another_transaction() {
        let wallet = Wallet::new([1; 32]);
        let [first, again, other] = [1, 1, 2].map(|nonce| wallet.sign(&draft(), RECENT, nonce).unwrap().id);
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn nonsense_is_refused() {
        let wallet = Wallet::new([1; 32]);
        let mut nothing = draft();
        nothing.legs.clear();
        let nothing = wallet.sign(&nothing, RECENT, 0).unwrap();
        assert_eq!(
            Transaction::verify(nothing.id, &nothing.bytes),
            Err(TransactionError::Malformed)
        );
        assert_eq!(
            Transaction::verify(TxId([0; 64]), &[]),
            Err(TransactionError::Malformed)
        );
        assert_eq!(
            Transaction::verify(TxId([0; 64]), &[1; 2_000]),
            Err(TransactionError::TooLong)
        );
        let mut many = draft();
        many.legs = vec![many.legs[0].clone(); 40];
        assert_eq!(wallet.sign(&many, RECENT, 0), Err(TransactionError::TooLong));
    }
}
