//! Watching all orders of an owner: each order's whole history, in its order, without a gap or a duplicate.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use order_core::id::{ClientOrderId, OrderId, Owner};
use order_core::order::{Order, Status};
use order_core::time::Timestamp;
use order_ports::{OrderFilter, StoreError};

use crate::hub::{Signal, Subscription};
use crate::live::LiveEvent;
use crate::setup::Ports;
use crate::watch::WatchError;

/// Of how many of an owner's newest orders, ended ones included, a resumed watch tells what happened meanwhile.
const RESUMED: usize = 500;
/// How many orders are listed at once.
const PAGE: usize = 200;
/// How many events of one order are read at once.
const EVENTS: usize = 256;
/// How far the clocks of two processes may be apart. An order that ended so shortly before the watch began may
/// be told as well; none that ended later is missed.
const CLOCK_SKEW: Duration = Duration::from_secs(1);
/// How many finished orders are remembered, so that a late signal about one does not tell it again.
const REMEMBERED: usize = 10_000;

/// What is known of an order that is told of.
#[derive(Debug, Default)]
struct Told {
    /// The last event that was delivered.
    seq: u32,
    client_order_id: Option<ClientOrderId>,
}

/// A watcher of many orders.
pub struct OwnerWatch {
    ports: Ports,
    subscription: Subscription,
    owner: Option<Owner>,
    reconcile_interval: Duration,
    /// By the clock's monotonic reading.
    next_reconciliation: Duration,
    watching_since: Timestamp,
    started: bool,
    /// Orders from before the watch, whose histories are to be read.
    to_read: VecDeque<OrderId>,
    delivered: HashMap<OrderId, Told>,
    finished: VecDeque<OrderId>,
    backlog: VecDeque<Arc<LiveEvent>>,
}

impl OwnerWatch {
    pub(crate) fn new(
        ports: Ports,
        subscription: Subscription,
        owner: Option<Owner>,
        reconcile_interval: Duration,
    ) -> Self {
        Self {
            next_reconciliation: ports.clock.monotonic() + reconcile_interval,
            watching_since: ports.clock.now(),
            ports,
            subscription,
            owner,
            reconcile_interval,
            started: false,
            to_read: VecDeque::new(),
            delivered: HashMap::new(),
            finished: VecDeque::new(),
            backlog: VecDeque::new(),
        }
    }

    /// Goes on after that number with every order that exists now. No order counts as told further than it has
    /// come: whatever happens from now on is new to every watcher.
    pub(crate) async fn resume(&mut self, after: u32) -> Result<(), StoreError> {
        for order in self.newest(RESUMED).await?.into_iter().chain(self.open().await?) {
            if self.delivered.contains_key(&order.id()) {
                continue;
            }
            self.knows(order.id(), order.spec().client_order_id.as_ref()).seq = after.min(order.version());
            if order.version() > after {
                self.to_read.push_back(order.id());
            } else if order.status().is_terminal() {
                self.finish(order.id());
            }
        }
        // The oldest first, as they were accepted.
        self.to_read.make_contiguous().sort_unstable();
        Ok(())
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
            if let Some(order) = self.to_read.front().copied() {
                self.read(order).await?;
                self.to_read.pop_front();
                continue;
            }
            if !self.started {
                let open = self.open().await?;
                for order in &open {
                    self.knows(order.id(), order.spec().client_order_id.as_ref());
                    self.to_read.push_back(order.id());
                }
                self.started = true;
                continue;
            }
            let until_reconciliation = self
                .next_reconciliation
                .saturating_sub(self.ports.clock.monotonic());
            let signal = tokio::select! {
                biased;
                signal = self.subscription.next() => Some(signal.ok_or(WatchError::Overflow)?),
                () = self.ports.clock.sleep(until_reconciliation) => None,
            };
            match signal {
                Some(Signal::Event(live)) => self.hear(live).await?,
                Some(Signal::Lagged) => {}
                None => self.reconcile().await?,
            }
        }
    }

    /// The last event of that order that was delivered; 0 if none was.
    fn known(&self, order: OrderId) -> u32 {
        self.delivered.get(&order).map_or(0, |told| told.seq)
    }

    /// Notes what the order's owner calls it.
    fn knows(&mut self, order: OrderId, client_order_id: Option<&ClientOrderId>) -> &mut Told {
        self.delivered.entry(order).or_insert_with(|| Told {
            seq: 0,
            client_order_id: client_order_id.cloned(),
        })
    }

    async fn hear(&mut self, live: Arc<LiveEvent>) -> Result<(), StoreError> {
        let (order, seq) = (live.event().order_id, live.event().seq);
        if seq <= self.known(order) + 1 {
            self.backlog.push_back(live);
            return Ok(());
        }
        self.knows(order, live.client_order_id());
        self.read(order).await
    }

    /// Counts an event as delivered, unless it was before.
    fn deliver(&mut self, live: &LiveEvent) -> bool {
        let event = live.event();
        if event.seq <= self.known(event.order_id) {
            return false;
        }
        self.knows(event.order_id, live.client_order_id()).seq = event.seq;
        if event.event.kind().is_terminal() {
            self.finish(event.order_id);
        }
        true
    }

    fn finish(&mut self, order: OrderId) {
        self.finished.push_back(order);
        if self.finished.len() > REMEMBERED
            && let Some(oldest) = self.finished.pop_front()
        {
            self.delivered.remove(&oldest);
        }
    }

    /// Reads the rest of the history of an order that is known.
    async fn read(&mut self, order: OrderId) -> Result<(), StoreError> {
        let mut after = self.known(order);
        loop {
            let events = self.ports.reader.events(order, after, EVENTS).await?;
            let full = events.len() == EVENTS;
            after = events.last().map_or(after, |event| event.seq);
            let told = self.delivered.get(&order);
            let client_order_id = told.and_then(|told| told.client_order_id.as_ref());
            let live = |event| Arc::new(LiveEvent::new(event, client_order_id.cloned()));
            self.backlog.extend(events.into_iter().map(live));
            if !full {
                return Ok(());
            }
        }
    }

    /// All orders that are open, the oldest first.
    async fn open(&self) -> Result<Vec<Order>, StoreError> {
        let open = Status::ALL.into_iter().filter(|status| !status.is_terminal());
        self.listed(open.collect(), usize::MAX).await
    }

    /// The newest orders, whatever became of them.
    async fn newest(&self, most: usize) -> Result<Vec<Order>, StoreError> {
        self.listed(Vec::new(), most).await
    }

    async fn listed(&self, statuses: Vec<Status>, most: usize) -> Result<Vec<Order>, StoreError> {
        let filter = OrderFilter {
            owner: self.owner.clone(),
            statuses,
            ..OrderFilter::default()
        };
        let mut orders: Vec<Order> = Vec::new();
        loop {
            let before = orders.last().map(Order::id);
            let limit = PAGE.min(most - orders.len());
            let page = self.ports.reader.list(&filter, before, limit).await?;
            orders.extend(page.items);
            if !page.more || orders.len() >= most {
                orders.reverse();
                return Ok(orders);
            }
        }
    }

    /// Looks for orders whose last notification was lost: among those known to be open, and the newest.
    async fn reconcile(&mut self) -> Result<(), StoreError> {
        self.next_reconciliation = self.ports.clock.monotonic() + self.reconcile_interval;
        let finished: HashSet<_> = self.finished.iter().copied().collect();
        let mut open: Vec<_> = self
            .delivered
            .keys()
            .copied()
            .filter(|id| !finished.contains(id))
            .collect();
        open.sort_unstable();
        let mut versions = self.ports.reader.versions(&open).await?;
        // What the store has forgotten is over, and nothing of it will be heard any more.
        let known: HashSet<_> = versions.iter().map(|(id, _)| *id).collect();
        for id in open.iter().filter(|id| !known.contains(id)) {
            self.delivered.remove(id);
        }
        let newest = self.newest(PAGE).await?;
        // Whatever has ended since may have done so unheard, even what began before: it may have ended before
        // this watch first looked for what was open.
        let since = self.watching_since;
        let current = |order: &&Order| {
            let ended = order.progress().updated_at.plus(CLOCK_SKEW);
            !order.status().is_terminal() || ended >= since
        };
        for order in newest.iter().filter(current) {
            if order.version() > self.known(order.id()) {
                self.knows(order.id(), order.spec().client_order_id.as_ref());
                versions.push((order.id(), order.version()));
            }
        }
        for (order, version) in versions {
            if version > self.known(order) {
                self.read(order).await?;
            }
        }
        Ok(())
    }
}
