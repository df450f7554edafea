//! Pages of orders over all shards: each shard's newest matches, merged.

use order_core::id::OrderId;
use order_ports::{OrderFilter, OrderPage};
use parking_lot::Mutex;

use super::record::Snapshot;
use super::shard::Shard;

/// How many orders are looked at before the lock is let go for others, when few of them match.
const STRIDE: usize = 512;

/// The newest `limit` matches older than `before`.
pub(super) fn page(
    shards: &[Mutex<Shard>],
    filter: &OrderFilter,
    before: Option<OrderId>,
    limit: usize,
) -> OrderPage {
    // One more than asked for tells whether more follow.
    let wanted = limit.saturating_add(1);
    let mut found: Vec<Snapshot> = Vec::new();
    for shard in shards {
        found.extend(newest(shard, filter, before, wanted));
    }
    found.sort_unstable_by_key(|snapshot| std::cmp::Reverse(snapshot.id));
    let more = found.len() > limit;
    OrderPage {
        items: found.into_iter().take(limit).map(Snapshot::into_order).collect(),
        more,
    }
}

fn newest(
    shard: &Mutex<Shard>,
    filter: &OrderFilter,
    mut before: Option<OrderId>,
    wanted: usize,
) -> Vec<Snapshot> {
    let mut found = Vec::new();
    loop {
        let (matches, next) = shard
            .lock()
            .matching(filter, before, wanted - found.len(), STRIDE);
        found.extend(matches);
        before = next;
        if before.is_none() || found.len() >= wanted {
            return found;
        }
    }
}
