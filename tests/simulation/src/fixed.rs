//! A fixed list of orders, one after the other and without faults, on whatever store, queue and notifier: what
//! happens to them must not depend on where they are kept.
//!
//! The market stands still in price and in time, so that only the orders themselves move it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_application::{
    Engine, EventPublisher, Hub, Ports, Relay, Settings, SubmitOptions, Sweeper, Worker,
};
use order_core::amount::Amount;
use order_core::id::WorkerId;
use order_core::order::{Event, EventKind};
use order_core::order_types::OrderKind;
use order_core::priority::Priority;
use order_core::retry::RetryPolicy;
use order_core::spec::{OrderSpec, Protection};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::TokenRegistry;
use order_core::venue::VenueId;
use order_memory::{MemoryNotifier, MemoryQueue, MemoryStore};
use order_mock_dex::settings::{PriceMode, Profile};
use order_mock_dex::{Market, MarketSettings};
use order_ports::{Clock, Notifier, WorkQueue};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::SimClock;
use crate::faults::StorePorts;
use crate::rng::{CountedIds, SeededRng};

/// Where orders are kept and how their workers hear of them.
#[derive(Clone)]
#[expect(missing_docs, reason = "each field is named after its port")]
pub struct Backends {
    pub store: StorePorts,
    pub queue: Arc<dyn WorkQueue>,
    pub notifier: Arc<dyn Notifier>,
}

/// One thing that happened to an order, without what differs between two runs: times, delays and signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What.
    pub kind: EventKind,
    /// Where.
    pub venue: Option<VenueId>,
    /// The least output, or the output.
    pub amount: Option<Amount>,
    /// Why it failed.
    pub code: Option<&'static str>,
}

impl Told {
    fn of(event: &Event) -> Self {
        let (venue, amount, code) = match event {
            Event::Pending | Event::Waiting { .. } | Event::Cancelled | Event::Expired => (None, None, None),
            Event::Routing { quotes, .. } => {
                let quotes = quotes.iter().filter_map(|answer| answer.result.as_ref().ok());
                (None, quotes.map(|quote| quote.amount_out.amount).max(), None)
            }
            Event::BestDex { venue, min_out, .. } => (Some(*venue), Some(*min_out), None),
            Event::Building { venue }
            | Event::Submitted { venue, .. }
            | Event::OutcomeUnknown { venue, .. } => (Some(*venue), None, None),
            Event::Confirmed(execution) => (Some(execution.venue), Some(execution.fill.amount_out), None),
            Event::Retrying { failure, .. } | Event::Failed { failure } => (None, None, Some(failure.code())),
        };
        Self {
            kind: event.kind(),
            venue,
            amount,
            code,
        }
    }
}

/// Why the orders could not be brought to their ends.
#[derive(Debug, thiserror::Error)]
#[error("order {order} was not brought to its end")]
pub struct NotTold {
    /// Which of the orders, from 0.
    pub order: usize,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// A market in which no time passes.
struct Standstill;

#[async_trait]
impl Clock for Standstill {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The histories of so many orders of that seed, in memory.
///
/// # Errors
/// [`NotTold`].
pub async fn histories_in_memory(seed: u64, orders: usize) -> Result<Vec<Vec<Told>>, NotTold> {
    let backends = Backends {
        store: StorePorts::of(Arc::new(MemoryStore::new())),
        queue: Arc::new(MemoryQueue::new(Duration::from_secs(30))),
        notifier: Arc::new(MemoryNotifier::default()),
    };
    histories(seed, orders, backends).await
}

/// The histories of so many orders of that seed, on these backends, which must be empty.
///
/// # Errors
/// [`NotTold`].
pub async fn histories(seed: u64, orders: usize, backends: Backends) -> Result<Vec<Vec<Told>>, NotTold> {
    let rng = Arc::new(SeededRng::new(seed, 0));
    let ports = ports(seed, Arc::clone(&rng), backends).map_err(|source| NotTold {
        order: 0,
        source: source.to_string().into(),
    })?;
    let mut tasks = JoinSet::new();
    let engine = start(ports, &rng, &mut tasks);
    let mut histories = Vec::new();
    for order in 0..orders {
        let told = history(&engine, &rng, order).await;
        histories.push(told.map_err(|source| NotTold { order, source })?);
    }
    tasks.shutdown().await;
    Ok(histories)
}

fn ports(seed: u64, rng: Arc<SeededRng>, backends: Backends) -> Result<Ports, order_mock_dex::SettingsError> {
    let Backends {
        store,
        queue,
        notifier,
    } = backends;
    let market = MarketSettings {
        profile: Profile::Instant,
        price: PriceMode::Frozen,
        seed: Some(seed),
        ..MarketSettings::default()
    };
    let entropy = Arc::new(SeededRng::new(seed, 1));
    let market = Market::new(&market, &TokenRegistry::default(), Arc::new(Standstill), entropy)?;
    Ok(Ports {
        intake: store.intake,
        leases: store.leases,
        journal: store.journal,
        reader: store.reader,
        waiting: store.waiting,
        control: store.control,
        queue,
        notifier,
        venues: market.quote_sources(),
        catalogue: market.clone(),
        pools: Some(market.clone()),
        settlement: market.clone(),
        feed: market.clone(),
        clock: Arc::new(SimClock::new()),
        entropy: rng,
        ids: Arc::new(CountedIds::new()),
        dispatch: None,
    })
}

fn start(ports: Ports, rng: &SeededRng, tasks: &mut JoinSet<()>) -> Engine {
    let settings = Settings {
        retry: RetryPolicy {
            backoff: Duration::from_millis(20),
            ..RetryPolicy::default()
        },
        sweep_interval: Duration::from_millis(20),
        ..Settings::default()
    };
    let never = CancellationToken::new();
    let hub = Arc::new(Hub::new(settings.watch_buffer));
    let (queue, notifier) = (Arc::clone(&ports.queue), Arc::clone(&ports.notifier));
    let (publisher, carry) = EventPublisher::new(queue, notifier, never.clone());
    let (mut sweeper, sweeps) = Sweeper::new(ports.clone(), settings);
    let worker = Worker::new(
        ports.clone(),
        settings,
        publisher.clone(),
        WorkerId(rng.uuid()),
        sweeps,
    );
    let relay = Relay::new(ports.clone(), Arc::clone(&hub), settings.reconcile_interval);
    let stop = never.clone();
    tasks.spawn(carry);
    tasks.spawn(async move { sweeper.run(stop).await });
    let stop = never.clone();
    tasks.spawn(async move { worker.run(stop).await });
    let stop = never.clone();
    tasks.spawn(async move { relay.run(stop).await });
    Engine::new(ports, settings, publisher, hub, never)
}

async fn history(
    engine: &Engine,
    rng: &SeededRng,
    number: usize,
) -> Result<Vec<Told>, Box<dyn std::error::Error + Send + Sync>> {
    let spec = spec(rng, number).ok_or("a token of the list is not known")?;
    let id = engine.submit(spec, SubmitOptions::default()).await?.order_id;
    let (_, mut watch) = engine
        .watch(id, None, 0)
        .await?
        .ok_or("an accepted order is not stored")?;
    let mut told = Vec::new();
    while let Some(live) = watch.next().await? {
        told.push(Told::of(&live.event().event));
    }
    Ok(told)
}

/// Mostly orders that execute, at either venue; some that ask for more than any venue pays, which are tried three
/// times, and some that are too small to be worth anything, which fail at once.
fn spec(rng: &SeededRng, number: usize) -> Option<OrderSpec> {
    let tokens = TokenRegistry::default();
    let pairs = [("SOL", "USDC"), ("USDC", "SOL"), ("ETH", "USDC"), ("USDC", "JUP")];
    let (token_in, token_out) = rng.pick(&pairs);
    let (token_in, token_out) = (tokens.find(token_in)?, tokens.find(token_out)?);
    let (pair, side) = tokens.orient(token_in, token_out);
    let whole = 10u128.pow(u32::from(token_in.decimals));
    let amount = whole * u128::from(1 + rng.below(200)) / 10;
    let (amount, protection) = match number % 8 {
        5 => (amount, Protection::MinOut(Amount::new(u128::MAX))),
        7 => (1, Protection::Slippage(50)),
        _ => (amount, Protection::Slippage(rng.pick(&[0, 50, 500]))),
    };
    Some(OrderSpec {
        owner: "desk".parse().ok()?,
        client_order_id: None,
        kind: OrderKind::Market,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::new(amount),
        protection,
        slippage_by_default: false,
        time_in_force: TimeInForce::Gtc,
        priority: rng.pick(&Priority::ALL),
        route: Default::default(),
        trace: None,
    })
}
