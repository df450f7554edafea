//! The names of things in Redis, and which shard an order belongs to.

use order_core::id::OrderId;
use order_core::priority::Priority;
use order_ports::Receipt;

use crate::settings::QueueName;

/// The consumer group that all workers belong to.
pub(crate) const GROUP: &str = "workers";
/// The one field of an entry.
pub(crate) const FIELD: &str = "order";

/// The names of one queue's keys and channels.
#[derive(Debug)]
pub(crate) struct Keys {
    /// By shard, then by [`Priority::index`].
    streams: Vec<[String; 3]>,
    /// By shard.
    held: Vec<String>,
    /// By shard.
    probes: Vec<String>,
    events: String,
    dispatched: String,
}

impl Keys {
    pub(crate) fn new(name: &QueueName, shards: u16) -> Self {
        let streams = (0..shards)
            .map(|shard| Priority::ALL.map(|priority| format!("{{{name}:{shard}}}:{}", priority.as_str())))
            .collect();
        let beside = |what: &str| {
            (0..shards)
                .map(|shard| format!("{{{name}:{shard}}}:{what}"))
                .collect()
        };
        Self {
            streams,
            held: beside("held"),
            probes: beside("probe"),
            events: format!("{{{name}}}:events"),
            dispatched: format!("{{{name}}}:dispatched"),
        }
    }

    pub(crate) fn shards(&self) -> usize {
        self.streams.len()
    }

    /// A shard's streams, the most urgent first.
    pub(crate) fn of_shard(&self, shard: usize) -> &[String; 3] {
        &self.streams[shard]
    }

    /// The hash that says which entry each order of a shard is in.
    pub(crate) fn held(&self, shard: usize) -> &str {
        &self.held[shard]
    }

    /// Keys in the slots of all shards, on which it is tried whether writes are taken.
    pub(crate) fn probes(&self) -> &[String] {
        &self.probes
    }

    /// All streams.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.streams.iter().flatten().map(String::as_str)
    }

    /// Where an order's work items go. Every process must agree on it only to spread the load evenly.
    pub(crate) fn shard_of(&self, order_id: OrderId) -> usize {
        // The low half of a version 7 UUID is random.
        let (_, random) = order_id.uuid().as_u64_pair();
        usize::try_from(random % self.streams.len() as u64).unwrap_or(0)
    }

    /// The channel of committed events.
    pub(crate) fn events(&self) -> &str {
        &self.events
    }

    /// The times of the last dispatches.
    pub(crate) fn dispatched(&self) -> &str {
        &self.dispatched
    }
}

/// Which entry a receipt stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) shard: usize,
    pub(crate) priority: Priority,
    /// Its id in the stream.
    pub(crate) id: &'a str,
    /// The order that it names; empty when it names none.
    pub(crate) order: &'a str,
}

impl<'a> Entry<'a> {
    pub(crate) fn receipt(&self) -> Receipt {
        let Self {
            shard,
            priority,
            id,
            order,
        } = self;
        Receipt(format!("{shard}/{}/{id}/{order}", priority.as_str()).into())
    }

    /// `None` when the receipt is not one of these keys' queue.
    pub(crate) fn of(receipt: &'a Receipt, keys: &Keys) -> Option<Self> {
        let mut parts = receipt.0.splitn(4, '/');
        let shard = parts
            .next()?
            .parse()
            .ok()
            .filter(|shard| *shard < keys.shards())?;
        let name = parts.next()?;
        let priority = Priority::ALL
            .into_iter()
            .find(|priority| priority.as_str() == name)?;
        Some(Self {
            shard,
            priority,
            id: parts.next()?,
            order: parts.next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(shards: u16) -> Keys {
        Keys::new(&QueueName::default(), shards)
    }

    #[test]
    fn a_shard_is_one_slot() {
        assert_eq!(
            keys(1).of_shard(0),
            &["{orders:0}:high", "{orders:0}:normal", "{orders:0}:low"]
        );
        assert_eq!(keys(3).all().count(), 9);
        assert_eq!(
            (keys(3).held(2), &*keys(3).probes()[1]),
            ("{orders:2}:held", "{orders:1}:probe")
        );
    }

    #[test]
    fn orders_spread_over_the_shards() {
        let keys = keys(4);
        let mut count = [0; 4];
        for n in 0..400_u128 {
            // Ids minted one after the other: the time in front, the random part behind.
            let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) >> 66;
            count[keys.shard_of(OrderId::from_uuid(uuid::Uuid::from_u128(n << 80 | random)))] += 1;
        }
        assert!(count.iter().all(|orders| *orders > 60), "{count:?}");
    }

    #[test]
    fn a_receipt_finds_its_entry_again() {
        let keys = keys(2);
        let entry = Entry {
            shard: 1,
            priority: Priority::High,
            id: "1700000000000-5",
            order: "018bcfe5-6800-7000-8000-000000000001",
        };
        assert_eq!(Entry::of(&entry.receipt(), &keys), Some(entry));
        for foreign in ["", "7", "0/high/1-0", "2/high/1-0/a", "0/urgent/1-0/a"] {
            assert_eq!(Entry::of(&Receipt(foreign.into()), &keys), None, "{foreign}");
        }
    }
}
