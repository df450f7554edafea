//! Adding entries, and being done with them or putting them back: the scripts that keep the streams and the hash of
//! what is held together.

use order_core::priority::Priority;
use order_ports::{HAND_OVER, Receipt, WorkItem};
use redis::{Script, ScriptInvocation};

use crate::error::RedisUnavailable;
use crate::keys::{Entry, GROUP, Keys};
use crate::link::{Link, RedisRequest};

/// How many entries are asked for at once at most. All of them must be answered within the patience, which is
/// meant for a server that is slow, not for a caller that has much to add.
const PORTION: usize = 500;

/// Writes the streams of all shards.
pub(crate) struct Writer {
    push: Script,
    settle: Script,
}

/// What becomes of entries that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// They are done with.
    Done,
    /// They wait again, at the end of their streams.
    PutBack,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            push: Script::new(include_str!("push.lua")),
            settle: Script::new(include_str!("settle.lua")),
        }
    }

    /// Adds an entry for each order that is not held yet. When it fails, some may have been added.
    pub(crate) async fn push(
        &self,
        link: &Link,
        keys: &Keys,
        items: &[WorkItem],
    ) -> Result<(), RedisUnavailable> {
        for items in items.chunks(PORTION) {
            for invocation in self.additions(keys, items) {
                let _: () = link.ask(RedisRequest::Script(&invocation)).await?;
            }
        }
        Ok(())
    }

    /// What adds these work items, for each shard that any of them belongs to.
    fn additions(&self, keys: &Keys, items: &[WorkItem]) -> Vec<ScriptInvocation<'_>> {
        let mut shards: Vec<Option<ScriptInvocation<'_>>> = Vec::new();
        shards.resize_with(keys.shards(), || None);
        for item in items {
            let shard = keys.shard_of(item.order_id);
            let invocation = shards[shard].get_or_insert_with(|| {
                let mut invocation = on_shard(&self.push, keys, shard);
                invocation.arg(GROUP).arg(HAND_OVER.as_millis().to_string());
                invocation
            });
            invocation
                .arg(stream_number(item.priority))
                .arg(item.order_id.to_string());
        }
        shards.into_iter().flatten().collect()
    }

    /// Acknowledges and deletes these entries, and adds those again that were pushed meanwhile, or all. What is asked
    /// twice is done once.
    pub(crate) async fn settle(
        &self,
        link: &Link,
        keys: &Keys,
        receipts: impl Iterator<Item = &Receipt>,
        settlement: Settlement,
    ) -> Result<(), RedisUnavailable> {
        let mut shards = vec![Vec::new(); keys.shards()];
        for receipt in receipts {
            match Entry::of(receipt, keys) {
                Some(entry) => shards[entry.shard].push(entry),
                None => tracing::warn!(receipt = %receipt.0, "not a receipt of this queue"),
            }
        }
        for (shard, entries) in shards.iter().enumerate() {
            for entries in entries.chunks(PORTION) {
                let mut invocation = on_shard(&self.settle, keys, shard);
                invocation
                    .arg(GROUP)
                    .arg(u8::from(settlement == Settlement::PutBack));
                for entry in entries {
                    invocation
                        .arg(stream_number(entry.priority))
                        .arg(entry.id)
                        .arg(entry.order);
                }
                let _: () = link.ask(RedisRequest::Script(&invocation)).await?;
            }
        }
        Ok(())
    }
}

fn on_shard<'a>(script: &'a Script, keys: &Keys, shard: usize) -> ScriptInvocation<'a> {
    let mut invocation = script.prepare_invoke();
    invocation.key(keys.of_shard(shard)).key(keys.held(shard));
    invocation
}

/// Scripts count from 1.
const fn stream_number(priority: Priority) -> usize {
    priority.index() + 1
}
