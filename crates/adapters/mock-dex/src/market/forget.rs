//! Forgetting transactions that nobody will ask about, so that a market that runs for long does not grow for ever.

use order_core::venue::TxId;

use super::Market;
use crate::chain::BLOCKHASH_BLOCKS;

impl Market {
    /// Forgets transactions whose orders are over and forgotten themselves. Each is known until no block can take its bytes
    /// any more, whoever may still send them; then a look for it finds what it would find of bytes that never came. The
    /// ledger file, where there is one, keeps all.
    pub fn forget(&self, ids: &[TxId]) {
        let height = self.settle();
        // Whatever was signed by now is valid for so many blocks at the most.
        let past = height.saturating_add(BLOCKHASH_BLOCKS);
        self.ledger.forget(ids, past, height, self.removes_duplicates);
    }
}
