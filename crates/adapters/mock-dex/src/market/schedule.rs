//! Pools that open later: each at its block, as soon as anybody looks at the market from then on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Market;
use crate::chain::Record;
use crate::pool::ListedPool;

/// Pools by the block in which they open.
pub(super) struct Schedule {
    /// The first of these blocks, so that the many who look find out without a lock.
    next: AtomicU64,
    pools: Mutex<BTreeMap<u64, Vec<ListedPool>>>,
}

impl Schedule {
    pub(super) fn new(pools: impl IntoIterator<Item = (u64, ListedPool)>) -> Self {
        let mut by_block: BTreeMap<u64, Vec<ListedPool>> = BTreeMap::new();
        for (block, pool) in pools {
            by_block.entry(block).or_default().push(pool);
        }
        Self {
            next: AtomicU64::new(first(&by_block)),
            pools: Mutex::new(by_block),
        }
    }

    /// Takes out those that are open at this height, with their blocks.
    fn take_due(&self, height: u64) -> Vec<(u64, ListedPool)> {
        if height < self.next.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut pools = self.pools.lock();
        let later = pools.split_off(&height.saturating_add(1));
        let due = std::mem::replace(&mut *pools, later);
        self.next.store(first(&pools), Ordering::Relaxed);
        due.into_iter()
            .flat_map(|(block, pools)| pools.into_iter().map(move |pool| (block, pool)))
            .collect()
    }
}

fn first(pools: &BTreeMap<u64, Vec<ListedPool>>) -> u64 {
    pools.keys().next().copied().unwrap_or(u64::MAX)
}

impl Market {
    /// Opens what is to be open by now. A pool that an earlier life of the market has opened stays as it is.
    pub(super) fn open_scheduled(&self, height: u64) {
        for (block, pool) in self.schedule.take_due(height) {
            self.list(pool, block);
        }
    }

    /// Lists a pool, unless it is open already.
    pub(super) fn list(&self, pool: ListedPool, height: u64) {
        self.directory.list(pool, height, |pool, height| {
            self.write(|| Record::Opened {
                height,
                pool: pool.opening(),
            });
        });
        self.feed.ring();
    }
}
