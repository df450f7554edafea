//! Sockets of one order's own.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::socket::{Socket, event};
use crate::dialect::Dialect;
use crate::error::Fault;
use crate::orders::{End, Ending, Orders};
use crate::target::Target;

/// Small: one order's history has a handful of events, and there may be thousands of sockets.
const BUFFER: usize = 4_096;

/// Watches an order with so many sockets, until all of them have told its end.
pub(super) async fn watch(target: Arc<Target>, orders: Arc<Orders>, id: String, watchers: NonZeroUsize) {
    let path = Dialect::history(&id);
    let watching = (0..watchers.get()).map(|_| to_the_end(&target, &path));
    match try_join_all(watching).await {
        Ok(endings) => {
            if let Some(ending) = endings.first() {
                let end = End {
                    ending: *ending,
                    at: Instant::now(),
                    lived: None,
                };
                orders.ended(&id, end);
            }
        }
        Err(fault) => {
            orders.fault(&fault);
            orders.unwatched(&id);
        }
    }
}

async fn to_the_end(target: &Target, path: &str) -> Result<Ending, Fault> {
    let mut socket = Socket::open(target, path, BUFFER).await?;
    while let Some(text) = socket.next().await? {
        if let Some(ending) = Ending::of(event(&text)?.status) {
            // The goodbye is not waited for: it is no part of the latency.
            tokio::spawn(socket.close());
            return Ok(ending);
        }
    }
    Err(Fault::Unfinished)
}
