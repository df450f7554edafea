//! Acknowledging, gathered: what is asked while one batch is on its way goes out with the next.

use std::sync::Arc;

use order_ports::Receipt;
use tokio::sync::{mpsc, oneshot};

use crate::error::RedisUnavailable;
use crate::keys::Keys;
use crate::link::Link;

use super::push::{Settlement, Writer};

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
    pub(crate) fn new(link: Link, keys: Arc<Keys>, writer: Arc<Writer>) -> Self {
        let (requests, incoming) = mpsc::channel(BATCH);
        tokio::spawn(carry(link, keys, writer, incoming));
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

async fn carry(link: Link, keys: Arc<Keys>, writer: Arc<Writer>, mut incoming: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(BATCH);
    while incoming.recv_many(&mut batch, BATCH).await > 0 {
        let receipts = batch.iter().flat_map(|request| &request.receipts);
        let outcome = writer.settle(&link, &keys, receipts, Settlement::Done).await;
        for request in batch.drain(..) {
            // A caller that has gone does not want to know.
            let _ = request.done.send(outcome.clone());
        }
    }
}
