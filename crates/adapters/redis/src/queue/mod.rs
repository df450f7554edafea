//! The work queue.

mod acks;
mod blocking_reader;
mod buffer;
mod coordinator;
pub(crate) mod groups;
mod housekeeping;
mod push;
mod reader;
mod take;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_ports::{Delivery, QueueDepth, QueueError, Receipt, WorkItem, WorkQueue};
use parking_lot::Mutex;
use redis::Script;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::RedisUnavailable;
use crate::keys::GROUP;
use crate::link::RedisRequest;
use crate::server::RedisServer;

use acks::Acks;
use coordinator::PullCoordinator;
use push::{Settlement, Writer};
use reader::Reader;

/// How many entries are waiting in a stream: those that are in it, less those that a consumer has.
const DEPTH: &str = "
local depth = {}
for i, stream in ipairs(KEYS) do
  local pending = redis.pcall('XPENDING', stream, ARGV[1])
  depth[i] = redis.call('XLEN', stream) - (pending.err and 0 or pending[1])
end
return depth";

/// The work queue on Redis Streams. Its tasks end with it.
pub struct RedisQueue {
    server: RedisServer,
    coordinator: Arc<PullCoordinator>,
    writer: Arc<Writer>,
    acks: Acks,
    depth: Script,
    reader: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop: DropGuard,
}

impl RedisQueue {
    /// The queue on this server; to be called in a Tokio runtime.
    pub fn new(server: &RedisServer) -> Self {
        let coordinator = Arc::new(PullCoordinator::default());
        let writer = Arc::new(Writer::new());
        let acks = Acks::new(
            server.link().clone(),
            Arc::clone(server.keys()),
            Arc::clone(&writer),
        );
        let stop = CancellationToken::new();
        let reader = Reader::new(
            server,
            Arc::clone(&coordinator),
            Arc::clone(&writer),
            acks.clone(),
        );
        let reader = tokio::spawn(reader.run(stop.clone()));
        tokio::spawn(housekeeping::run(server.clone(), stop.clone()));
        Self {
            server: server.clone(),
            coordinator,
            writer,
            acks,
            depth: Script::new(DEPTH),
            reader: Mutex::new(Some(reader)),
            _stop: stop.clone().drop_guard(),
            stop,
        }
    }

    /// Stops pulling, and puts back what was taken from Redis and not handed out. Waiting and later pulls
    /// fail; pushing and acknowledging go on. A queue that is dropped without this loses nothing either: what
    /// it had is delivered again after [`crate::RedisSettings::claim_after`].
    ///
    /// # Errors
    /// [`RedisUnavailable`]; then what was in hand is delivered again later.
    pub async fn close(&self) -> Result<(), RedisUnavailable> {
        self.stop.cancel();
        let reader = self.reader.lock().take();
        if let Some(reader) = reader {
            // It can fail only by a panic, and then it has stopped as well.
            let _ = reader.await;
        }
        let (link, keys, left) = (self.server.link(), self.server.keys(), self.coordinator.close());
        let receipts = left.iter().map(|delivery| &delivery.receipt);
        self.writer
            .settle(link, keys, receipts, Settlement::PutBack)
            .await?;
        let consumer = self.server.settings().consumer.to_string();
        housekeeping::forget(&self.server, Duration::ZERO, Some(&consumer)).await
    }
}

#[async_trait]
impl WorkQueue for RedisQueue {
    async fn push(&self, items: &[WorkItem]) -> Result<(), QueueError> {
        let (link, keys) = (self.server.link(), self.server.keys());
        Ok(self.writer.push(link, keys, items).await?)
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.coordinator.pull(max).await
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Result<(), QueueError> {
        Ok(self.acks.acknowledge(receipts.to_vec()).await?)
    }

    /// What no consumer has been given yet: the length of the streams less what is pending there. What this
    /// process has taken and not handed out is counted, what others have so is not; it is a few at most.
    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        let keys = self.server.keys();
        let mut depth = self.coordinator.held().map(|held| held as u64);
        for shard in 0..keys.shards() {
            let mut invocation = self.depth.key(keys.of_shard(shard));
            invocation.arg(GROUP);
            let waiting: [i64; 3] = self.server.ask_rarely(RedisRequest::Script(&invocation)).await?;
            for (total, waiting) in depth.iter_mut().zip(waiting) {
                *total += u64::try_from(waiting).unwrap_or(0);
            }
        }
        Ok(QueueDepth(depth))
    }
}
