//! What became of every transaction the chain has seen, in memory.
//!
//! Transactions are found by id in shards, so that many can be looked up and executed at once. Whoever
//! executes a transaction holds its shard's lock from the look at the block height to the entry in the
//! ledger: so a search that began past the last valid height and found nothing proves something.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use order_core::amount::Amount;
use order_core::audit;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use order_core::token::Token;
use order_core::venue::{Fill, PoolId, TxId, VenueId};
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// A transaction that executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LandedTransaction {
    /// The transaction's id.
    pub tx_hash: TxId,
    /// Its memo: the order it executed.
    #[serde(with = "as_written")]
    pub memo: OrderId,
    /// The block it is in.
    pub slot: u64,
    /// What was paid.
    pub token_in: Token,
    /// What was received.
    pub token_out: Token,
    /// How much was paid in all, in raw units.
    pub amount_in: Amount,
    /// How much was received in all, in raw units.
    pub amount_out: Amount,
    /// The swaps, in order.
    pub legs: Vec<LandedLeg>,
}

/// One swap of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LandedLeg {
    /// Where.
    pub venue: VenueId,
    /// In which pool.
    pub pool: PoolId,
    /// What went in.
    pub token_in: Token,
    /// What came out.
    pub token_out: Token,
    /// How much went in, in raw units.
    pub amount_in: Amount,
    /// How much came out, in raw units.
    pub amount_out: Amount,
    /// The fee, part of what went in, in raw units.
    pub fee: Amount,
}

impl LandedTransaction {
    pub(crate) const fn fill(&self) -> Fill {
        Fill {
            amount_in: self.amount_in,
            amount_out: self.amount_out,
            slot: self.slot,
        }
    }

    /// As an audit sees it.
    pub(crate) const fn audited(&self) -> audit::LandedTransaction {
        audit::LandedTransaction {
            tx_id: self.tx_hash,
            order_id: self.memo,
            slot: self.slot,
            amount_in: self.amount_in,
            amount_out: self.amount_out,
        }
    }
}

/// Order ids as people write them.
mod as_written {
    use order_core::id::OrderId;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(id: &OrderId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OrderId, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// What is known of a transaction. Positions are those of the journal, to be awaited before anybody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// On its way into this block.
    Waiting {
        block: u64,
        in_sight: bool,
    },
    Landed {
        fill: Fill,
        position: u64,
    },
    Rejected {
        error: VenueError,
        position: u64,
    },
}

const SHARDS: usize = 64;

#[derive(Default)]
pub(crate) struct Shard {
    known: Mutex<HashMap<TxId, Known>>,
    /// Told when a transaction of this shard arrives, lands or is refused.
    pub(crate) changed: Notify,
}

impl Shard {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<TxId, Known>> {
        self.known.lock()
    }
}

/// The ledger.
pub(crate) struct Ledger {
    shards: Vec<Shard>,
    landed: Mutex<VecDeque<Arc<LandedTransaction>>>,
    /// What is to be forgotten, each once the chain is past a height.
    leaving: Mutex<VecDeque<(u64, TxId)>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            landed: Mutex::default(),
            leaving: Mutex::default(),
        }
    }

    /// Where this transaction's fate is kept.
    pub(crate) fn shard(&self, id: TxId) -> &Shard {
        // Signatures are evenly spread, and so is their first byte.
        &self.shards[usize::from(id.0[0]) % SHARDS]
    }

    pub(crate) fn note_landed(&self, transaction: Arc<LandedTransaction>) {
        self.landed.lock().push_back(transaction);
    }

    /// Everything that landed after a slot, by slot.
    pub(crate) fn landed_after(&self, slot: u64) -> Vec<Arc<LandedTransaction>> {
        let mut landed: Vec<_> = self
            .landed
            .lock()
            .iter()
            .filter(|tx| tx.slot > slot)
            .cloned()
            .collect();
        landed.sort_by_key(|tx| tx.slot);
        landed
    }

    /// Forgets these transactions once the chain is past a height, and now those whose height is passed already. `once` says
    /// that none has landed twice.
    pub(crate) fn forget(&self, ids: &[TxId], past: u64, height: u64, once: bool) {
        let mut leaving = self.leaving.lock();
        leaving.extend(ids.iter().map(|id| (past, *id)));
        // They came in the order of their heights.
        let free = leaving.partition_point(|(past, _)| *past < height);
        let free: Vec<_> = leaving.drain(..free).map(|(_, id)| id).collect();
        drop(leaving);
        for id in free {
            let before = self.shard(id).lock().remove(&id);
            if matches!(before, Some(Known::Landed { .. })) {
                self.forget_landed(id, once);
            }
        }
    }

    /// They leave about in the order in which they landed, so that the search ends near the front, where there is no more
    /// than one of each.
    fn forget_landed(&self, id: TxId, once: bool) {
        let mut landed = self.landed.lock();
        if !once {
            landed.retain(|transaction| transaction.tx_hash != id);
        } else if let Some(place) = landed.iter().position(|transaction| transaction.tx_hash == id) {
            landed.remove(place);
        }
    }

    /// Wakes everybody who waits for a transaction: time has jumped.
    pub(crate) fn wake_all(&self) {
        for shard in &self.shards {
            shard.changed.notify_waiters();
        }
    }
}
