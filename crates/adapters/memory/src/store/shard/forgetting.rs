//! Orders that leave a shard.

use std::sync::Arc;

use order_core::id::{IdempotencyKey, OrderId};
use order_core::spec::OrderSpec;
use order_core::venue::TxId;

use super::Shard;

impl Shard {
    /// What an order was accepted with.
    pub(in crate::store) fn request(&self, id: OrderId) -> Option<(Arc<OrderSpec>, Option<IdempotencyKey>)> {
        let record = self.records.get(&id)?;
        Some((record.spec.clone(), record.idempotency_key().cloned()))
    }

    /// Removes an order that is over, and returns its transactions. A live order stays.
    pub(in crate::store) fn forget(&mut self, id: OrderId) -> Vec<TxId> {
        if !self.records.get(&id).is_some_and(|record| record.is_terminal()) {
            return Vec::new();
        }
        let Some(record) = self.records.remove(&id) else {
            return Vec::new();
        };
        self.newest_last.remove(&id);
        let owner = &record.spec.owner;
        if let Some(orders) = self.by_owner.get_mut(owner) {
            orders.remove(&id);
            if orders.is_empty() {
                self.by_owner.remove(owner);
            }
        }
        record.transactions().collect()
    }

    /// How many entries there are, of every kind.
    #[cfg(test)]
    pub(in crate::store) fn entries(&self) -> [usize; 5] {
        [
            self.records.len(),
            self.newest_last.len(),
            self.by_owner.values().map(std::collections::BTreeSet::len).sum(),
            self.by_owner.len(),
            self.scheduled() + self.waiting.len(),
        ]
    }
}
