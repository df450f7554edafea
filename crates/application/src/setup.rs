//! What the use cases are given: the ports and the settings.

use std::sync::Arc;
use std::time::Duration;

use order_core::lifecycle::WakeBackoffPolicy;
use order_core::retry::RetryPolicy;
use order_core::routing::RoutingPolicy;
use order_ports::{
    Clock, DispatchLimit, Entropy, MarketFeed, Notifier, OrderIds, OrderIntake, OrderJournal, OrderLeases,
    OrderReader, OwnerCommands, PoolSource, QuoteSource, RestingOrders, Settlement, VenueCatalogue,
    WorkQueue,
};

/// Every port, as wired at start.
#[derive(Clone)]
#[expect(
    missing_docs,
    reason = "each field is named after its port, which says what it is"
)]
pub struct Ports {
    pub intake: Arc<dyn OrderIntake>,
    pub leases: Arc<dyn OrderLeases>,
    pub journal: Arc<dyn OrderJournal>,
    pub reader: Arc<dyn OrderReader>,
    pub waiting: Arc<dyn RestingOrders>,
    pub control: Arc<dyn OwnerCommands>,
    pub queue: Arc<dyn WorkQueue>,
    pub notifier: Arc<dyn Notifier>,
    pub venues: Vec<Arc<dyn QuoteSource>>,
    pub catalogue: Arc<dyn VenueCatalogue>,
    /// None when the venues do not show their pools; then every order goes to one venue.
    pub pools: Option<Arc<dyn PoolSource>>,
    pub settlement: Arc<dyn Settlement>,
    pub feed: Arc<dyn MarketFeed>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub ids: Arc<dyn OrderIds>,
    /// None when dispatch is not limited.
    pub dispatch: Option<Arc<dyn DispatchLimit>>,
}

/// How orders are executed and watched.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many orders one worker works on at once.
    pub concurrency: usize,
    /// When a failed attempt is repeated.
    pub retry: RetryPolicy,
    /// When another swap is worth it.
    pub routing: RoutingPolicy,
    /// How long an order rests that was woken for nothing.
    pub rest: WakeBackoffPolicy,
    /// How long a worker may hold an order. It stops by itself after 80 % of this.
    pub lease: Duration,
    /// How long a venue may be silent on a transaction before the order is flagged as unknown.
    pub unknown_after: Duration,
    /// How long a venue may take to quote; then it is left out.
    pub quote_timeout: Duration,
    /// How long a send may take before its outcome counts as unknown.
    pub send_timeout: Duration,
    /// How long one look-up waits for a transaction to land.
    pub look_up_wait: Duration,
    /// How often the store is asked for orders that are due and unannounced.
    pub sweep_interval: Duration,
    /// How old an announcement may be before it counts as lost.
    pub announcement_timeout: Duration,
    /// How often the versions of watched orders are compared with what was heard.
    pub reconcile_interval: Duration,
    /// How many orders one owner may have that are not over; none for any number.
    pub open_orders: Option<usize>,
    /// How many events may wait for one slow watcher.
    pub watch_buffer: usize,
    /// How long running orders may take to finish when the process stops.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            retry: RetryPolicy::default(),
            routing: RoutingPolicy::default(),
            rest: WakeBackoffPolicy::default(),
            lease: Duration::from_secs(30),
            unknown_after: Duration::from_secs(90),
            quote_timeout: Duration::from_secs(5),
            send_timeout: Duration::from_secs(10),
            look_up_wait: Duration::from_secs(2),
            sweep_interval: Duration::from_millis(500),
            announcement_timeout: Duration::from_secs(15),
            reconcile_interval: Duration::from_secs(2),
            open_orders: None,
            watch_buffer: 256,
            drain_timeout: Duration::from_secs(10),
        }
    }
}
