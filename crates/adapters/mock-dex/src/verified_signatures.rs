//! Transactions that this process has just signed itself, so that it need not check its own signature.
//!
//! A small table with one place per transaction, by its id; a newcomer takes the place of whoever is there.
//! Forgetting one costs a check, nothing else.

use order_core::venue::{SignedTransaction, TxId};
use parking_lot::Mutex;

const PLACES: usize = 1_024;

type PairSlot = Mutex<Option<(TxId, Box<[u8]>)>>;

pub(crate) struct VerifiedSignatures(Vec<PairSlot>);

impl VerifiedSignatures {
    pub(crate) fn new() -> Self {
        Self((0..PLACES).map(|_| PairSlot::default()).collect())
    }

    fn place(&self, id: TxId) -> &PairSlot {
        // Signatures are evenly spread, and so are their first bytes.
        &self.0[usize::from(u16::from_le_bytes([id.0[0], id.0[1]])) % PLACES]
    }

    pub(crate) fn remember(&self, transaction: &SignedTransaction) {
        *self.place(transaction.id).lock() = Some((transaction.id, transaction.bytes.as_slice().into()));
    }

    /// Whether exactly these bytes were signed here under this id, and not recognised before.
    pub(crate) fn recognise(&self, id: TxId, bytes: &[u8]) -> bool {
        let mut place = self.place(id).lock();
        let known = place
            .as_ref()
            .is_some_and(|(known, signed)| *known == id && **signed == *bytes);
        if known {
            *place = None;
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_bytes_are_recognised_and_only_once() {
        let verified_signatures = VerifiedSignatures::new();
        let transaction = SignedTransaction {
            id: TxId([7; 64]),
            bytes: vec![1, 2],
            last_valid_height: 0,
        };
        verified_signatures.remember(&transaction);
        assert!(!verified_signatures.recognise(TxId([7; 64]), &[1, 3]));
        assert!(!verified_signatures.recognise(TxId([8; 64]), &[1, 2]));
        assert!(verified_signatures.recognise(TxId([7; 64]), &[1, 2]));
        assert!(!verified_signatures.recognise(TxId([7; 64]), &[1, 2]));
    }
}
