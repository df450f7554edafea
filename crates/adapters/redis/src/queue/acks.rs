//! Acknowledging, gathered: what is asked while one batch is on its way goes out with the next.

use std::sync::Arc;

use order_core::priority::Priority;
use order_ports::Receipt;
use redis::Pipeline;
use tokio::sync::{mpsc, oneshot};

use crate::error::RedisUnavailable;
use crate::keys::{Entry, GROUP, Keys};
use crate::link::{Ask, Link};

/// How many callers one batch serves at most.
const BATCH: usize = 512;

struct Request {
    receipts: Vec<Receipt>,
    done: oneshot::Sender<Result<(), RedisUnavailable>>,
}

/// Where acknowledgements are left. The task behind it ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Acks {
    requests: mpsc::Sender<Request>,
}

impl Acks {
    pub(crate) fn new(link: Link, keys: Arc<Keys>) -> Self {
        let (requests, incoming) = mpsc::channel(BATCH);
        tokio::spawn(carry(link, keys, incoming));
        Self { requests }
    }

    /// Is done with these deliveries. Goes on when the caller has gone.
    pub(crate) async fn acknowledge(&self, receipts: Vec<Receipt>) -> Result<(), RedisUnavailable> {
        if receipts.is_empty() {
            return Ok(());
        }
        let (done, outcome) = oneshot::channel();
        // Either fails only when the runtime is being shut down.
        self.requests
            .send(Request { receipts, done })
            .await
            .map_err(|_| RedisUnavailable::Closed)?;
        outcome.await.unwrap_or(Err(RedisUnavailable::Closed))
    }
}

async fn carry(link: Link, keys: Arc<Keys>, mut incoming: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while incoming.recv_many(&mut batch, BATCH).await > 0 {
        let outcome = settle(&link, &keys, batch.iter().flat_map(|request| &request.receipts)).await;
        for request in batch.drain(..) {
            // A caller that has gone does not want to know.
            let _ = request.done.send(outcome.clone());
        }
    }
}

/// Acknowledges and deletes, shard by shard.
async fn settle(
    link: &Link,
    keys: &Keys,
    receipts: impl Iterator<Item = &Receipt>,
) -> Result<(), RedisUnavailable> {
    let mut ids = vec![[const { Vec::new() }; 3]; keys.shards()];
    for receipt in receipts {
        match Entry::of(receipt, keys) {
            Some(entry) => ids[entry.shard][entry.priority.index()].push(entry.id),
            None => tracing::warn!(receipt = %receipt.0, "not a receipt of this queue"),
        }
    }
    for (shard, ids) in ids.into_iter().enumerate() {
        if let Some(pipeline) = settlement(keys, shard, &ids) {
            let _: () = link.ask(Ask::Pipeline(&pipeline)).await?;
        }
    }
    Ok(())
}

/// One transaction: an entry that is acknowledged and not deleted would stay in the stream for ever.
fn settlement(keys: &Keys, shard: usize, ids: &[Vec<&str>; 3]) -> Option<Pipeline> {
    let mut pipeline = Pipeline::new();
    pipeline.atomic();
    for priority in Priority::ALL {
        let (stream, ids) = (&keys.of_shard(shard)[priority.index()], &ids[priority.index()]);
        if !ids.is_empty() {
            pipeline.cmd("XACK").arg(stream).arg(GROUP).arg(ids).ignore();
            pipeline.cmd("XDEL").arg(stream).arg(ids).ignore();
        }
    }
    (!pipeline.is_empty()).then_some(pipeline)
}
