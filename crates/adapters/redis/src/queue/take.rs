//! Taking entries from a shard, and reading what came: by the script that does not wait, by the blocking read
//! that does, and from consumers that are dead.

use std::time::Duration;

use order_core::id::OrderId;
use order_core::priority::Priority;
use order_ports::{Delivery, Receipt, WorkItem};
use redis::aio::ConnectionLike;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use redis::{Cmd, FromRedisValue as _, RedisResult, Script};

use super::buffer::Plan;
use crate::error::RedisUnavailable;
use crate::keys::{Entry, FIELD, GROUP, Keys};
use crate::link::{Link, RedisRequest};

/// How many pages of pending entries one claim looks through; the next one goes on from there.
const CLAIM_PAGES: usize = 16;
/// The cursor of a claim that begins, or has come to the end.
const START: &str = "0-0";

/// How far the claims of a shard have come, by [`Priority::index`].
pub(crate) type Cursors = [String; 3];

/// Cursors at the beginning.
pub(crate) fn from_the_start() -> Cursors {
    [START; 3].map(String::from)
}

/// What came from a shard.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) deliveries: Vec<Delivery>,
    /// Entries that name no order, to be thrown away.
    pub(crate) unreadable: Vec<Receipt>,
    /// Which streams had fewer than was asked of them, by [`Priority::index`].
    pub(crate) short: [bool; 3],
}

impl Taken {
    fn add(&mut self, shard: usize, priority: Priority, id: &str, order: Option<OrderId>) {
        let name = order.map(|order| order.to_string()).unwrap_or_default();
        let receipt = Entry {
            shard,
            priority,
            id,
            order: &name,
        }
        .receipt();
        match order {
            Some(order_id) => self.deliveries.push(Delivery {
                item: WorkItem { order_id, priority },
                receipt,
            }),
            None => self.unreadable.push(receipt),
        }
    }
}

/// Takes as one consumer.
pub(crate) struct Taker {
    script: Script,
    consumer: String,
}

impl Taker {
    pub(crate) fn new(consumer: String) -> Self {
        Self {
            script: Script::new(include_str!("take.lua")),
            consumer,
        }
    }

    /// Takes what there is, up to the plan.
    pub(crate) async fn take(
        &self,
        link: &Link,
        keys: &Keys,
        shard: usize,
        plan: Plan,
    ) -> Result<Taken, RedisUnavailable> {
        let mut invocation = self.script.prepare_invoke();
        invocation
            .key(keys.of_shard(shard))
            .arg(GROUP)
            .arg(&self.consumer)
            .arg(plan.fill)
            .arg(&plan.turns);
        let (short, entries): ([u8; 3], Vec<(usize, String, String)>) =
            link.ask(RedisRequest::Script(&invocation)).await?;
        let mut taken = Taken {
            short: short.map(|flag| flag == 1),
            ..Taken::default()
        };
        for (stream, id, order) in entries {
            // The script counts from 1.
            if let Some(priority) = Priority::ALL.get(stream.wrapping_sub(1)) {
                taken.add(shard, *priority, &id, order.parse().ok());
            }
        }
        Ok(taken)
    }

    /// Waits up to `patience` for one entry; where several priorities have one at once, one of each.
    pub(crate) async fn wait(
        &self,
        connection: &mut (impl ConnectionLike + Send),
        keys: &Keys,
        shard: usize,
        patience: Duration,
    ) -> RedisResult<Taken> {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg(GROUP)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(1);
        read.arg("BLOCK")
            .arg(millis(patience))
            .arg("STREAMS")
            .arg(keys.of_shard(shard))
            .arg(&[">", ">", ">"]);
        let reply: Option<StreamReadReply> = read.query_async(connection).await?;
        let mut taken = Taken::default();
        for stream in reply.into_iter().flat_map(|reply| reply.keys) {
            let priority = Priority::ALL
                .into_iter()
                .find(|priority| keys.of_shard(shard)[priority.index()] == stream.key);
            for (priority, entry) in priority
                .into_iter()
                .flat_map(|p| stream.ids.iter().map(move |id| (p, id)))
            {
                taken.add(shard, priority, &entry.id, order_of(entry));
            }
        }
        Ok(taken)
    }

    /// Takes over up to `count` entries of a shard that no consumer has acknowledged for `min_idle`, going on where
    /// `cursors` (by [`Priority::index`]) point.
    pub(crate) async fn claim(
        &self,
        link: &Link,
        keys: &Keys,
        shard: usize,
        min_idle: Duration,
        count: usize,
        cursors: &mut Cursors,
    ) -> Result<Taken, RedisUnavailable> {
        let mut taken = Taken::default();
        for (priority, cursor) in Priority::ALL.into_iter().zip(cursors) {
            let stream = &keys.of_shard(shard)[priority.index()];
            for _ in 0..CLAIM_PAGES {
                let missing = count.saturating_sub(taken.deliveries.len());
                if missing == 0 {
                    return Ok(taken);
                }
                let claim = self.claim_command(stream, min_idle, cursor, missing);
                // The server leaves entries out that were deleted meanwhile, and forgets them.
                let page: StreamAutoClaimReply = link.ask(RedisRequest::Command(&claim)).await?;
                for entry in &page.claimed {
                    taken.add(shard, priority, &entry.id, order_of(entry));
                }
                let finished = page.next_stream_id == START;
                *cursor = page.next_stream_id;
                if finished {
                    break;
                }
            }
        }
        Ok(taken)
    }

    fn claim_command(&self, stream: &str, min_idle: Duration, cursor: &str, count: usize) -> Cmd {
        let mut claim = redis::cmd("XAUTOCLAIM");
        claim
            .arg(stream)
            .arg(GROUP)
            .arg(&self.consumer)
            .arg(millis(min_idle))
            .arg(cursor);
        claim.arg("COUNT").arg(count);
        claim
    }
}

fn order_of(entry: &StreamId) -> Option<OrderId> {
    let text = String::from_redis_value_ref(entry.map.get(FIELD)?).ok()?;
    text.parse().ok()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
