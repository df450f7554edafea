//! The engine behind the endpoints: a store that is a map, and a notifier that the tests speak through.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use order_application::{Engine, EventPublisher, Hub, Ports, Relay, Settings};
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::id::{IdempotencyKey, OrderId};
use order_core::order::{Event, Execution, Order, RecordedEvent};
use order_core::price::Price;
use order_core::routing::RouteReason;
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_core::token::TokenRegistry;
use order_core::venue::{Fill, PoolId, Quote, QuoteRequest, TxId};
use order_http::{Health, HealthReport, HttpSettings, PartHealth};
use order_ports::contract::fixtures::{METEORA, NoJournal, RAYDIUM};
use order_ports::{
    AcceptError, Acceptance, Accepted, Clock, Entropy, MockMarketFeed, MockOrderLeases, MockOwnerCommands,
    MockQuoteSource, MockRestingOrders, MockSettlement, MockVenueCatalogue, MockWorkQueue, Notifications,
    Notifier, NotifyError, OrderFilter, OrderIds, OrderIntake, OrderNotification, OrderPage, OrderReader,
    QuoteSource, StoreError,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct Kept {
    order: Order,
    events: Vec<RecordedEvent>,
    key: Option<IdempotencyKey>,
}

/// Orders in a map, by age.
struct Book {
    orders: Mutex<BTreeMap<OrderId, Kept>>,
    down: AtomicBool,
    notifications: broadcast::Sender<OrderNotification>,
}

impl Book {
    fn check(&self) -> Result<(), StoreError> {
        if self.down.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("pulled".into()))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl OrderIntake for Book {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        self.check()?;
        let Acceptance {
            order,
            event,
            idempotency_key: key,
        } = acceptance;
        if let Some(first) = self.find_replayed(order.spec(), key.clone()).await? {
            return Ok(Accepted::Replayed(first));
        }
        self.orders.lock().insert(
            order.id(),
            Kept {
                order,
                events: vec![event],
                key,
            },
        );
        Ok(Accepted::New)
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        self.check()?;
        let orders = self.orders.lock();
        let same_key =
            |kept: &&Kept| key.is_some() && kept.key == key && kept.order.spec().owner == spec.owner;
        match orders.values().find(same_key).map(|first| &first.order) {
            None => Ok(None),
            Some(first) if first.spec().is_same_request(spec) => Ok(Some(first.id())),
            Some(first) => Err(AcceptError::KeyReused(first.id())),
        }
    }
}

#[async_trait]
impl OrderReader for Book {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.check()?;
        Ok(self.orders.lock().get(&id).map(|kept| kept.order.clone()))
    }

    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.check()?;
        let orders = self.orders.lock();
        let events = orders.get(&id).into_iter().flat_map(|kept| &kept.events);
        Ok(events
            .filter(|event| event.seq > after)
            .take(limit)
            .cloned()
            .collect())
    }

    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError> {
        self.check()?;
        let orders = self.orders.lock();
        Ok(ids
            .iter()
            .filter_map(|id| Some((*id, orders.get(id)?.order.version())))
            .collect())
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        self.check()?;
        let orders = self.orders.lock();
        let mut found: Vec<_> = orders
            .values()
            .map(|kept| &kept.order)
            .filter(|order| before.is_none_or(|before| order.id() < before))
            .filter(|order| {
                filter
                    .owner
                    .as_ref()
                    .is_none_or(|owner| *owner == order.spec().owner)
            })
            .filter(|order| {
                filter
                    .client_order_id
                    .as_ref()
                    .is_none_or(|id| order.spec().client_order_id.as_ref() == Some(id))
            })
            .filter(|order| filter.statuses.is_empty() || filter.statuses.contains(&order.status()))
            .cloned()
            .collect();
        found.reverse();
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(OrderPage { items: found, more })
    }
}

struct Hearing(broadcast::Receiver<OrderNotification>);

#[async_trait]
impl Notifications for Hearing {
    async fn next(&mut self) -> Option<Arc<[OrderNotification]>> {
        self.0
            .recv()
            .await
            .ok()
            .map(|notification| vec![notification].into())
    }
}

#[async_trait]
impl Notifier for Book {
    async fn publish(&self, notifications: Arc<[OrderNotification]>) -> Result<(), NotifyError> {
        for notification in notifications.iter() {
            let _ = self.notifications.send(notification.clone());
        }
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Notifications>, NotifyError> {
        Ok(Box::new(Hearing(self.notifications.subscribe())))
    }
}

struct Surroundings(AtomicU64);

#[async_trait]
impl Clock for Surroundings {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_763_640_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Entropy for Surroundings {
    fn next(&self) -> u64 {
        0
    }
}

impl OrderIds for Surroundings {
    fn next(&self) -> OrderId {
        OrderId::from_uuid(Uuid::from_u128(
            u128::from(self.0.fetch_add(1, Ordering::SeqCst)) + 1,
        ))
    }
}

/// A health that the test sets.
struct Reported {
    store: AtomicBool,
    queue: AtomicBool,
}

#[async_trait]
impl HealthReport for Reported {
    async fn report(&self) -> Health {
        let [store, queue] = [&self.store, &self.queue].map(|up| up.load(Ordering::SeqCst));
        let part = |name: &str, up| PartHealth {
            name: name.into(),
            up,
            detail: None,
        };
        let parts = vec![part("store", store), part("queue", queue)];
        Health {
            mode: "memory".into(),
            note: Some("forgets at exit".into()),
            parts,
        }
    }
}

/// 150 USDC for a SOL up to 1,000 SOL; Meteora gives nothing.
fn raydium() -> Arc<dyn QuoteSource> {
    let mut venue = MockQuoteSource::new();
    venue.expect_venue().return_const(RAYDIUM);
    venue
        .expect_capacity()
        .returning(|_, _, _| Ok(Amount::new(1_000_000_000_000)));
    venue.expect_quote().returning(|request| Ok(quote(request)));
    Arc::new(venue)
}

fn meteora(error: VenueError) -> Arc<dyn QuoteSource> {
    let mut venue = MockQuoteSource::new();
    venue.expect_venue().return_const(METEORA);
    venue
        .expect_capacity()
        .returning(|_, _, _| Err(VenueError::UnknownToken));
    venue.expect_quote().returning(move |_| Err(error));
    Arc::new(venue)
}

fn quote(request: &QuoteRequest) -> Quote {
    let out = Amount::new(request.amount_in.units() * 150 / 1_000);
    Quote {
        venue: RAYDIUM,
        pool: PoolId("raydium:SOL/USDC".into()),
        amount_in: request.amount_in.with_decimals(request.token_in.decimals),
        amount_out: out.with_decimals(request.token_out.decimals),
        fee: Amount::new(request.amount_in.units() / 400).with_decimals(request.token_in.decimals),
        price: Price::new(150_000_000_000_000_000_000),
        price_impact_bps: 2,
    }
}

/// A served engine.
pub struct TestServer {
    pub address: String,
    pub client: reqwest::Client,
    book: Arc<Book>,
    health: Arc<Reported>,
    pub engine: Arc<Engine>,
    pub drain: CancellationToken,
    pub leaving: CancellationToken,
    pub stop: CancellationToken,
    pub served: JoinHandle<std::io::Result<()>>,
}

pub type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl TestServer {
    pub async fn open() -> Self {
        Self::with(
            |_| {},
            Settings::default(),
            vec![raydium(), meteora(VenueError::Timeout)],
        )
        .await
    }

    pub async fn with_settings(change: impl FnOnce(&mut HttpSettings)) -> Self {
        Self::with(change, Settings::default(), vec![raydium()]).await
    }

    pub async fn without_quotes(error: VenueError) -> Self {
        Self::with(|_| {}, Settings::default(), vec![meteora(error)]).await
    }

    /// Watchers that hold no more than so many events.
    pub async fn with_watch_buffer(watch_buffer: usize) -> Self {
        let settings = Settings {
            watch_buffer,
            ..Settings::default()
        };
        Self::with(|_| {}, settings, vec![raydium()]).await
    }

    /// Owners with no more than so many orders under way.
    pub async fn with_open_orders(most: usize) -> Self {
        let settings = Settings {
            open_orders: Some(most),
            ..Settings::default()
        };
        Self::with(|_| {}, settings, vec![raydium()]).await
    }

    async fn with(
        change: impl FnOnce(&mut HttpSettings),
        settings: Settings,
        venues: Vec<Arc<dyn QuoteSource>>,
    ) -> Self {
        let notifications = broadcast::channel(10_000).0;
        let book = Arc::new(Book {
            orders: Mutex::default(),
            down: AtomicBool::new(false),
            notifications,
        });
        let surroundings = Arc::new(Surroundings(AtomicU64::new(0)));
        let mut queue = MockWorkQueue::new();
        queue.expect_push().returning(|_| Ok(()));
        let ports = Ports {
            intake: book.clone(),
            leases: Arc::new(MockOrderLeases::new()),
            journal: Arc::new(NoJournal),
            reader: book.clone(),
            waiting: Arc::new(MockRestingOrders::new()),
            control: Arc::new(MockOwnerCommands::new()),
            queue: Arc::new(queue),
            notifier: book.clone(),
            venues,
            catalogue: Arc::new(MockVenueCatalogue::new()),
            pools: None,
            settlement: Arc::new(MockSettlement::new()),
            feed: Arc::new(MockMarketFeed::new()),
            clock: surroundings.clone(),
            entropy: surroundings.clone(),
            ids: surroundings,
            dispatch: None,
        };
        let drain = CancellationToken::new();
        let hub = Arc::new(Hub::new(settings.watch_buffer));
        let (publisher, carry) = EventPublisher::new(
            ports.queue.clone(),
            ports.notifier.clone(),
            CancellationToken::new(),
        );
        tokio::spawn(carry);
        let relay = Relay::new(ports.clone(), hub.clone(), settings.reconcile_interval);
        tokio::spawn(async move { relay.run(CancellationToken::new()).await });
        let engine = Arc::new(Engine::new(ports, settings, publisher, hub, drain.clone()));

        let health = Arc::new(Reported {
            store: AtomicBool::new(true),
            queue: AtomicBool::new(true),
        });
        let mut http = HttpSettings::new(Arc::new(TokenRegistry::default()), health.clone());
        change(&mut http);
        let leaving = http.leaving.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let served = tokio::spawn(order_http::serve(listener, engine.clone(), http, stop.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            address,
            client,
            book,
            health,
            engine,
            drain,
            leaving,
            stop,
            served,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: impl Into<String>) -> reqwest::Response {
        let request = self
            .client
            .post(self.url(path))
            .header("content-type", "application/json");
        request.body(body.into()).send().await.unwrap()
    }

    /// Submits the usual order and says its id.
    pub async fn order(&self) -> OrderId {
        let reply = self.post("/api/orders/execute", ORDER).await;
        assert_eq!(reply.status(), 202);
        id(&reply.json().await.unwrap())
    }

    pub async fn socket(&self, path: &str) -> Client {
        tokio_tungstenite::connect_async(format!("ws://{}{path}", self.address))
            .await
            .unwrap()
            .0
    }

    /// Takes the store away, or gives it back.
    pub fn store_is(&self, up: bool) {
        self.book.down.store(!up, Ordering::SeqCst);
    }

    /// Has the health report say that the store and the queue are up, or not.
    pub fn health_is(&self, store: bool, queue: bool) {
        self.health.store.store(store, Ordering::SeqCst);
        self.health.queue.store(queue, Ordering::SeqCst);
    }

    /// Moves an order and tells the watchers.
    pub fn happens(&self, id: OrderId, event: Event) {
        let notification = {
            let mut orders = self.book.orders.lock();
            let kept = orders.get_mut(&id).unwrap();
            let event = kept
                .order
                .apply(event, Timestamp::from_millis(1_763_640_000_500))
                .unwrap();
            kept.events.push(event.clone());
            OrderNotification {
                owner: kept.order.spec().owner.clone(),
                client_order_id: kept.order.spec().client_order_id.clone(),
                event,
            }
        };
        let _ = self.book.notifications.send(notification);
    }

    /// Takes an order through everything to its confirmation.
    pub fn confirm(&self, id: OrderId) {
        for event in life() {
            self.happens(id, event);
        }
    }
}

/// 1.5 SOL for USDC.
pub const ORDER: &str = r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1.5"}"#;

/// The statuses of an order's life, from its acceptance to its confirmation.
pub const LIFE: [&str; 6] = [
    "pending",
    "routing",
    "best_dex",
    "building",
    "submitted",
    "confirmed",
];

/// What happens to an order after its acceptance.
pub fn life() -> [Event; 5] {
    let (venue, tx_id) = (RAYDIUM, TxId([7; 64]));
    let price = Price::new(150_000_000_000_000_000_000);
    let amount_out = Amount::new(225_000_000);
    let fill = Fill {
        amount_in: Amount::new(1_500_000_000),
        amount_out,
        slot: 1,
    };
    let amount_out = amount_out.with_decimals(6);
    [
        Event::Routing {
            attempt: 1,
            quotes: Vec::new(),
            arrival: None,
        },
        Event::BestDex {
            venue,
            price,
            reason: RouteReason::OnlyQuote,
            min_out: Amount::new(1),
            legs: Vec::new(),
            weighed: Default::default(),
        },
        Event::Building { venue },
        Event::Submitted { venue, tx_id },
        Event::Confirmed(Execution {
            venue,
            tx_id,
            executed_price: price,
            amount_out,
            fill,
        }),
    ]
}

pub fn id(reply: &Value) -> OrderId {
    reply["orderId"].as_str().unwrap().parse().unwrap()
}

/// Seconds that nothing on a loopback interface takes.
pub const LONG: Duration = Duration::from_secs(10);

/// The next text message as JSON.
pub async fn next<S>(socket: &mut WebSocketStream<S>) -> Value
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match tokio::time::timeout(LONG, socket.next())
            .await
            .expect("a message")
            .expect("an open socket")
            .unwrap()
        {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?} instead of a text message"),
        }
    }
}

/// The statuses of the next so many events, whose numbers must follow each other.
pub async fn statuses<S>(socket: &mut WebSocketStream<S>, first: u64, count: usize) -> Vec<String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut statuses = Vec::new();
    for seq in (first..).take(count) {
        let event = next(socket).await;
        assert_eq!(event["seq"], seq, "{event}");
        statuses.push(event["status"].as_str().unwrap().to_owned());
    }
    statuses
}

/// The code with which the server closes the socket next.
pub async fn close_code<S>(socket: &mut WebSocketStream<S>) -> u16
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match tokio::time::timeout(LONG, socket.next()).await.expect("an end") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_))) => {}
            other => panic!("{other:?} instead of a close"),
        }
    }
}

pub async fn say(socket: &mut Client, text: impl Into<String>) {
    socket.send(Message::Text(text.into().into())).await.unwrap();
}
