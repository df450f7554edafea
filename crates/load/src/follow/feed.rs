//! The one socket that tells of all orders.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::socket::{Socket, event};
use crate::dialect::Dialect;
use crate::error::{Fault, LoadError};
use crate::orders::{End, Ending, Orders};
use crate::target::Target;

/// Large: the events of all orders come through it.
const BUFFER: usize = 256 * 1_024;

/// Before a feed that broke is opened again.
const PAUSE: Duration = Duration::from_millis(50);

/// Opens the feed.
pub(super) async fn open(target: &Target) -> Result<Socket, LoadError> {
    Socket::open(target, Dialect::FEED, BUFFER)
        .await
        .map_err(LoadError::NoFeed)
}

/// Hears the feed until it is stopped. What is missed while it is broken is read in the end.
pub(super) async fn listen(mut feed: Socket, target: Arc<Target>, orders: Arc<Orders>) {
    loop {
        let fault = hear(&mut feed, &orders).await.err().unwrap_or(Fault::Unfinished);
        orders.fault(&fault);
        orders.all_unwatched();
        feed = loop {
            tokio::time::sleep(PAUSE).await;
            match Socket::open(&target, Dialect::FEED, BUFFER).await {
                Ok(feed) => break feed,
                Err(error) => orders.fault(&error.into()),
            }
        };
    }
}

async fn hear(feed: &mut Socket, orders: &Orders) -> Result<(), Fault> {
    while let Some(text) = feed.next().await? {
        let event = event(&text)?;
        if let Some(ending) = Ending::of(event.status) {
            let end = End {
                ending,
                at: Instant::now(),
                lived: None,
            };
            orders.ended(event.order_id, end);
        }
    }
    Ok(())
}
