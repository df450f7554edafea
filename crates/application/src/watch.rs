//! Watching one order: its whole history after a sequence number, then live, without a gap or a duplicate.

use std::collections::VecDeque;
use std::sync::Arc;

use order_core::id::{ClientOrderId, OrderId};
use order_core::order::{Order, RecordedEvent};
use order_ports::{OrderReader, StoreError};

use crate::hub::{Signal, Subscription};
use crate::live::LiveEvent;

/// How many events are read from the store at once.
const PAGE: usize = 256;

/// Why watching ended early. What was delivered is good; the watcher may resume after it.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The watcher read too slowly; perhaps so slowly that the order has been forgotten since.
    #[error("the watcher fell behind")]
    Overflow,
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A watcher of one order.
pub struct OrderWatch {
    reader: Arc<dyn OrderReader>,
    subscription: Subscription,
    order: OrderId,
    client_order_id: Option<ClientOrderId>,
    delivered: u32,
    /// Events known and not delivered yet, in order.
    backlog: VecDeque<Arc<LiveEvent>>,
    /// The store may hold events past the backlog.
    behind: bool,
    finished: bool,
}

impl OrderWatch {
    /// Watches from behind `after`. The tap must have been opened before the order was looked up.
    pub(crate) fn new(
        reader: Arc<dyn OrderReader>,
        subscription: Subscription,
        order: &Order,
        after: u32,
    ) -> Self {
        Self {
            reader,
            subscription,
            order: order.id(),
            client_order_id: order.spec().client_order_id.clone(),
            delivered: after,
            backlog: VecDeque::new(),
            behind: true,
            finished: false,
        }
    }

    /// The next event; `None` after the terminal one. Cancel-safe.
    ///
    /// # Errors
    /// [`WatchError`].
    pub async fn next(&mut self) -> Result<Option<Arc<LiveEvent>>, WatchError> {
        loop {
            if let Some(live) = self.backlog.pop_front() {
                if let Some(live) = self.deliver(live) {
                    return Ok(Some(live));
                }
                continue;
            }
            if self.finished {
                return Ok(None);
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            match self.subscription.next().await.ok_or(WatchError::Overflow)? {
                Signal::Event(live) if live.event().seq <= self.delivered + 1 => self.backlog.push_back(live),
                Signal::Event(_) => self.behind = true,
                Signal::Lagged => self.behind = true,
            }
        }
    }

    /// Counts an event as delivered, unless it was before.
    fn deliver(&mut self, live: Arc<LiveEvent>) -> Option<Arc<LiveEvent>> {
        let RecordedEvent { seq, ref event, .. } = *live.event();
        self.finished |= event.kind().is_terminal();
        if seq <= self.delivered {
            return None;
        }
        self.delivered = seq;
        Some(live)
    }

    /// Nothing of the watch changes before the last await, so that a dropped future has lost nothing.
    async fn catch_up(&mut self) -> Result<(), WatchError> {
        let events = self.reader.events(self.order, self.delivered, PAGE).await?;
        if events.is_empty() {
            self.finished = self.already_over().await?.ok_or(WatchError::Overflow)?;
        }
        self.behind = events.len() == PAGE;
        self.backlog.extend(
            events
                .into_iter()
                .map(|event| Arc::new(LiveEvent::new(event, self.client_order_id.clone()))),
        );
        Ok(())
    }

    /// Whether a watcher that resumed has had the terminal event before; `None` when the order is over for so long that the
    /// store has forgotten it.
    async fn already_over(&self) -> Result<Option<bool>, StoreError> {
        let order = self.reader.order(self.order).await?;
        Ok(order.map(|order| order.status().is_terminal() && order.version() <= self.delivered))
    }
}
