//! Watching all orders of an owner: each order's whole story, in its order, without a gap or a duplicate.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use order_core::id::{OrderId, Owner};
use order_core::lifecycle::Status;
use order_core::order::Order;
use order_core::time::Timestamp;
use order_ports::{OrderFilter, StoreError};

use crate::hub::{Signal, Tap};
use crate::live::LiveEvent;
use crate::setup::Ports;
use crate::watch::WatchError;

/// How many orders are listed at once.
const PAGE: usize = 200;
/// How many events of one order are read at once.
const EVENTS: usize = 256;
/// How far the clocks of two processes may be apart. An order that ended so shortly before the watch began may
/// be told as well; none that ended later is missed.
const CLOCK_SKEW: Duration = Duration::from_secs(1);
/// How many finished orders are remembered, so that a late signal about one does not tell it again.
const REMEMBERED: usize = 10_000;

/// A watcher of many orders.
pub struct OwnerWatch {
    ports: Ports,
    tap: Tap,
    owner: Option<Owner>,
    patrol_interval: Duration,
    /// By the clock's monotonic reading.
    next_patrol: Duration,
    watching_since: Timestamp,
    started: bool,
    delivered: HashMap<OrderId, u32>,
    finished: VecDeque<OrderId>,
    backlog: VecDeque<Arc<LiveEvent>>,
}

impl OwnerWatch {
    pub(crate) fn new(ports: Ports, tap: Tap, owner: Option<Owner>, patrol_interval: Duration) -> Self {
        Self {
            next_patrol: ports.clock.monotonic() + patrol_interval,
            watching_since: ports.clock.now(),
            ports,
            tap,
            owner,
            patrol_interval,
            started: false,
            delivered: HashMap::new(),
            finished: VecDeque::new(),
            backlog: VecDeque::new(),
        }
    }

    /// The next event of any of the orders. Cancel-safe.
    ///
    /// # Errors
    /// [`WatchError`].
    pub async fn next(&mut self) -> Result<Arc<LiveEvent>, WatchError> {
        loop {
            while let Some(live) = self.backlog.pop_front() {
                if self.deliver(&live) {
                    return Ok(live);
                }
            }
            if !self.started {
                self.catch_up(
                    &Status::ALL
                        .into_iter()
                        .filter(|s| !s.is_terminal())
                        .collect::<Vec<_>>(),
                )
                .await?;
                self.started = true;
                continue;
            }
            let until_patrol = self.next_patrol.saturating_sub(self.ports.clock.monotonic());
            let signal = tokio::select! {
                biased;
                signal = self.tap.next() => Some(signal.ok_or(WatchError::Overflow)?),
                () = self.ports.clock.sleep(until_patrol) => None,
            };
            match signal {
                Some(Signal::Event(live)) => self.hear(live).await?,
                Some(Signal::Behind) => {}
                None => self.patrol().await?,
            }
        }
    }

    fn known(&self, order: OrderId) -> u32 {
        self.delivered.get(&order).copied().unwrap_or(0)
    }

    async fn hear(&mut self, live: Arc<LiveEvent>) -> Result<(), StoreError> {
        let (order, seq) = (live.event().order_id, live.event().seq);
        if seq <= self.known(order) + 1 {
            self.backlog.push_back(live);
            return Ok(());
        }
        self.read(order).await
    }

    /// Counts an event as delivered, unless it was before.
    fn deliver(&mut self, live: &LiveEvent) -> bool {
        let event = live.event();
        if event.seq <= self.known(event.order_id) {
            return false;
        }
        self.delivered.insert(event.order_id, event.seq);
        if event.event.kind().is_terminal() {
            self.finished.push_back(event.order_id);
            if self.finished.len() > REMEMBERED
                && let Some(oldest) = self.finished.pop_front()
            {
                self.delivered.remove(&oldest);
            }
        }
        true
    }

    /// Reads the rest of one order's story.
    async fn read(&mut self, order: OrderId) -> Result<(), StoreError> {
        let mut after = self.known(order);
        loop {
            let events = self.ports.reader.events(order, after, EVENTS).await?;
            let full = events.len() == EVENTS;
            after = events.last().map_or(after, |event| event.seq);
            self.backlog
                .extend(events.into_iter().map(|event| Arc::new(LiveEvent::new(event))));
            if !full {
                return Ok(());
            }
        }
    }

    /// Reads the stories of all orders in these states.
    async fn catch_up(&mut self, statuses: &[Status]) -> Result<(), StoreError> {
        let filter = OrderFilter {
            owner: self.owner.clone(),
            statuses: statuses.to_vec(),
            ..OrderFilter::default()
        };
        let mut before = None;
        loop {
            let page = self.ports.reader.list(&filter, before, PAGE).await?;
            for order in page.items.iter().rev() {
                self.read(order.id()).await?;
            }
            before = page.items.last().map(Order::id);
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Looks for orders whose last notice was lost: among those known to be open, and the newest.
    async fn patrol(&mut self) -> Result<(), StoreError> {
        self.next_patrol = self.ports.clock.monotonic() + self.patrol_interval;
        let finished: std::collections::HashSet<_> = self.finished.iter().copied().collect();
        let mut open: Vec<_> = self
            .delivered
            .keys()
            .copied()
            .filter(|id| !finished.contains(id))
            .collect();
        open.sort_unstable();
        let mut versions = self.ports.reader.versions(&open).await?;
        let filter = OrderFilter {
            owner: self.owner.clone(),
            ..OrderFilter::default()
        };
        let newest = self.ports.reader.list(&filter, None, PAGE).await?;
        // Whatever has ended since may have done so unheard, even what began before: it may have ended before
        // this watch first looked for what was open.
        let since = self.watching_since;
        let current = |order: &&Order| {
            let ended = order.progress().updated_at.plus(CLOCK_SKEW);
            !order.status().is_terminal() || ended >= since
        };
        versions.extend(
            newest
                .items
                .iter()
                .filter(current)
                .map(|order| (order.id(), order.version())),
        );
        for (order, version) in versions {
            if version > self.known(order) {
                self.read(order).await?;
            }
        }
        Ok(())
    }
}
