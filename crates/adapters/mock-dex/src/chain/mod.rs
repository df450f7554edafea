//! The chain under the venues: its blocks, the ledger of what happened, and the file that keeps it.

mod journal;
mod ledger;
mod record;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use order_ports::Clock;
use sha2::{Digest, Sha256};

pub(crate) use journal::Journal;
pub use journal::JournalError;
pub(crate) use ledger::{Known, Ledger};
pub use ledger::{LandedLeg, LandedTransaction};
pub(crate) use record::{ArbitrageRecord, Genesis, LandedRecord, Record, RejectedRecord};

/// How long a block takes, in milliseconds.
pub const BLOCK_MS: u64 = 400;

/// For how many blocks after its own a blockhash is accepted.
pub const BLOCKHASH_BLOCKS: u64 = 150;

/// The venue's clock in whole seconds at a block.
pub(crate) const fn seconds(block: u64) -> u64 {
    block * BLOCK_MS / 1_000
}

/// A hash that names a chain or a block.
pub(crate) type Hash = [u8; 32];

/// The chain's clock and the hashes of its blocks. Idle, it costs nothing: the height is computed from the
/// time that has passed.
pub(crate) struct Chain {
    id: Hash,
    clock: Arc<dyn Clock>,
    started: Duration,
    /// The chain's own time at `started`.
    base_ms: u64,
    advanced_ms: AtomicU64,
}

impl Chain {
    /// A chain that stands at `base_ms` of its own time now.
    pub(crate) fn new(id: Hash, clock: Arc<dyn Clock>, base_ms: u64) -> Self {
        let started = clock.monotonic();
        Self {
            id,
            clock,
            started,
            base_ms,
            advanced_ms: AtomicU64::new(0),
        }
    }

    /// The chain's own time. Never falls.
    pub(crate) fn now_ms(&self) -> u64 {
        let elapsed = self.clock.monotonic().saturating_sub(self.started);
        let elapsed = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.base_ms
            .saturating_add(elapsed)
            .saturating_add(self.advanced_ms.load(Ordering::SeqCst))
    }

    /// The newest block.
    pub(crate) fn height(&self) -> u64 {
        self.now_ms() / BLOCK_MS
    }

    /// How long until this block.
    pub(crate) fn until(&self, block: u64) -> Duration {
        Duration::from_millis(block.saturating_mul(BLOCK_MS).saturating_sub(self.now_ms()))
    }

    /// Lets so many blocks pass at once.
    pub(crate) fn advance(&self, blocks: u64) {
        self.advanced_ms
            .fetch_add(blocks.saturating_mul(BLOCK_MS), Ordering::SeqCst);
    }

    /// The hash of a block, past or future: only the venues can tell which it is.
    pub(crate) fn blockhash(&self, height: u64) -> Hash {
        Sha256::new()
            .chain_update(self.id)
            .chain_update(height.to_le_bytes())
            .finalize()
            .into()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}
