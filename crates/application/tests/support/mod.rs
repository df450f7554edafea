//! Doubles and fixtures for use-case tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use order_application::{Engine, EventPublisher, Hub, Ports, Relay, Settings};
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::id::OrderId;
use order_core::order::{Event, Order, RecordedEvent};
use order_core::priority::Priority;
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_ports::contract::fixtures::{NoJournal, RAYDIUM, swap};
use order_ports::{
    Clock, Entropy, MockMarketFeed, MockNotifier, MockOrderIntake, MockOrderLeases, MockOrderReader,
    MockOwnerCommands, MockQuoteSource, MockRestingOrders, MockSettlement, MockVenueCatalogue, MockWorkQueue,
    Notifications, Notifier, NotifyError, OrderIds, OrderNotification, QuoteSource,
};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A clock on `tokio::time`.
pub struct TestClock(tokio::time::Instant);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0.elapsed().as_millis()).unwrap())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Counts.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Entropy for Counter {
    fn next(&self) -> u64 {
        0
    }
}

impl OrderIds for Counter {
    fn next(&self) -> OrderId {
        id(u128::from(self.0.fetch_add(1, Ordering::Relaxed)) + 1)
    }
}

/// A notifier whose only listener hears what the test says.
pub struct Wire(Mutex<Option<mpsc::UnboundedReceiver<OrderNotification>>>);

impl Wire {
    pub fn new() -> (Arc<Self>, mpsc::UnboundedSender<OrderNotification>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Arc::new(Self(Mutex::new(Some(receiver)))), sender)
    }
}

struct Hearing(mpsc::UnboundedReceiver<OrderNotification>);

#[async_trait]
impl Notifications for Hearing {
    async fn next(&mut self) -> Option<Arc<[OrderNotification]>> {
        self.0.recv().await.map(|notification| vec![notification].into())
    }
}

#[async_trait]
impl Notifier for Wire {
    async fn publish(&self, _: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        let receiver = self.0.lock().take();
        receiver
            .map(|receiver| Box::new(Hearing(receiver)) as Box<dyn Notifications>)
            .ok_or_else(|| NotifyError::Unavailable("one listener only".into()))
    }
}

pub fn id(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

pub fn spec() -> OrderSpec {
    OrderSpec {
        priority: Priority::High,
        ..swap("SOL", "USDC", 1_000)
    }
}

/// An order's history up to its end: pending, three events of routing, and failed.
pub fn history(number: u128) -> (Order, Vec<RecordedEvent>) {
    let (mut order, first) = Order::accept(id(number), spec(), Timestamp::from_millis(0));
    let mut events = vec![first];
    let failure = order_core::failure::Failure::NoQuotes;
    for event in [
        Event::Routing {
            attempt: 1,
            quotes: Vec::new(),
            arrival: None,
        },
        Event::Building { venue: RAYDIUM },
        Event::Failed { failure },
    ] {
        events.push(order.apply(event, Timestamp::from_millis(1)).unwrap());
    }
    (order, events)
}

pub fn notification(event: &RecordedEvent) -> OrderNotification {
    OrderNotification {
        owner: "desk".parse().unwrap(),
        client_order_id: None,
        event: event.clone(),
    }
}

/// A venue that could take so much.
pub fn venue(capacity: Result<u128, VenueError>) -> Arc<dyn QuoteSource> {
    let mut venue = MockQuoteSource::new();
    venue.expect_venue().return_const(RAYDIUM);
    venue
        .expect_capacity()
        .returning(move |_, _, _| capacity.map(Amount::new));
    Arc::new(venue)
}

/// Doubles that expect no call; tests replace those that matter.
pub fn ports() -> Ports {
    Ports {
        intake: Arc::new(MockOrderIntake::new()),
        leases: Arc::new(MockOrderLeases::new()),
        journal: Arc::new(NoJournal),
        reader: Arc::new(MockOrderReader::new()),
        waiting: Arc::new(MockRestingOrders::new()),
        control: Arc::new(MockOwnerCommands::new()),
        queue: Arc::new(MockWorkQueue::new()),
        notifier: Arc::new(MockNotifier::new()),
        venues: Vec::new(),
        catalogue: Arc::new(MockVenueCatalogue::new()),
        pools: None,
        settlement: Arc::new(MockSettlement::new()),
        feed: Arc::new(MockMarketFeed::new()),
        clock: Arc::new(TestClock(tokio::time::Instant::now())),
        entropy: Arc::new(Counter::default()),
        ids: Arc::new(Counter::default()),
        dispatch: None,
    }
}

/// An engine with its event publisher and relay running.
pub fn engine(ports: Ports, settings: Settings) -> (Arc<Engine>, CancellationToken) {
    let drain = CancellationToken::new();
    let hub = Arc::new(Hub::new(settings.watch_buffer));
    let (publisher, carry) = EventPublisher::new(
        Arc::clone(&ports.queue),
        Arc::clone(&ports.notifier),
        CancellationToken::new(),
    );
    tokio::spawn(carry);
    let relay = Relay::new(ports.clone(), Arc::clone(&hub), settings.reconcile_interval);
    tokio::spawn(async move { relay.run(CancellationToken::new()).await });
    (
        Arc::new(Engine::new(ports, settings, publisher, hub, drain.clone())),
        drain,
    )
}
