//! Which adapter stands behind which port. Everything that is chosen by configuration is chosen here.

mod access;
mod audit;
mod backend;
mod health;
mod ledger;
mod market;
mod metering;
mod patience;
mod spans;
mod surroundings;

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use order_application::{Ports, Settings};
use order_core::id::WorkerId;
use order_core::lifecycle::WakeBackoffPolicy;
use order_core::retry::RetryPolicy;
use order_core::routing::RoutingPolicy;
use order_core::token::Token;
use order_http::HealthReport;
use order_memory::{MemoryDispatchWindow, MemoryNotifier, MemoryQueue, MemoryStore, Retention};
use order_mock_dex::Market;
use order_ports::{Clock, Entropy, OrderBacklog};
use order_postgres::PostgresStore;
use order_redis::{RedisDispatchWindow, RedisNotifier, RedisQueue};

use self::backend::{QueuePorts, StorePorts};
use self::health::Report;
use crate::config::{Config, Loaded, Role};
use crate::environment::{OsEntropy, SystemClock, TimeOrderedIds};
use crate::error::StartError;

pub(crate) use self::access::{authenticator, key_ring, unmanaged_keys, warn as warn_of_access};
pub(crate) use self::audit::{Records, records};
pub(crate) use self::backend::{AccessPorts, migrate};
pub(crate) use self::health::FORGETS;
pub(crate) use self::market::open as open_market;
pub(crate) use self::metering::{Scrape, count, fold, metered};
pub(crate) use self::spans::traced;
pub(crate) use self::surroundings::Surroundings;

/// How much longer than its lease an order's work item is left with a worker before another gets it: by then the
/// order can be claimed.
const AFTER_LEASE: Duration = Duration::from_secs(5);

/// The engine's surroundings, and what has to be done about them at the end.
pub(crate) struct Wired {
    pub(crate) ports: Ports,
    pub(crate) access: AccessPorts,
    pub(crate) backlog: Arc<dyn OrderBacklog>,
    pub(crate) health: Arc<dyn HealthReport>,
    /// What is to be looked at again and again, where there is a database.
    pub(crate) surroundings: Option<Arc<Surroundings>>,
    pub(crate) closing: Closing,
}

/// Connections that are closed politely at the end.
#[derive(Default)]
pub(crate) struct Closing {
    store: Option<PostgresStore>,
    queue: Option<Arc<RedisQueue>>,
}

impl Closing {
    /// Gives back what the queue handed out in advance; the store is still needed.
    pub(crate) async fn close_queue(&self) {
        if let Some(queue) = &self.queue
            && let Err(error) = queue.close().await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the queue was not closed in good order"
            );
        }
    }

    /// The database, if there is one.
    pub(crate) fn database(&self) -> Option<PostgresStore> {
        self.store.clone()
    }

    /// Closes the store's connections.
    pub(crate) async fn close_store(&self) {
        if let Some(store) = &self.store {
            store.close().await;
        }
    }
}

/// Connects to everything that is configured, waiting for servers that are not up yet.
pub(crate) async fn wire(loaded: &Loaded, role: Role, worker: WorkerId) -> Result<Wired, StartError> {
    let config = &loaded.config;
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let mut report = Report::new(config);
    let mut closing = Closing::default();
    let own_market = Arc::new(OnceLock::new());
    let Stored {
        store,
        access,
        clock,
        surroundings,
    } = store(config, &mut report, &mut closing, &own_market).await?;
    let queue = queue(config, worker, &mut report, &mut closing).await?;
    let kept = ledger::place(loaded, role, closing.store.as_ref()).await?;
    let market = market::market(loaded, &kept, &clock, &entropy, &own_market).await?;
    report.watch_market(&market, &loaded.tokens);
    let ports = Ports {
        intake: store.intake,
        leases: store.leases,
        journal: store.journal,
        reader: store.reader,
        waiting: store.waiting,
        control: store.control,
        queue: queue.queue,
        notifier: queue.notifier,
        dispatch: queue.dispatch,
        venues: market.venues,
        catalogue: market.catalogue,
        pools: Some(market.pools),
        settlement: market.settlement,
        feed: market.feed,
        ids: Arc::new(TimeOrderedIds::new(Arc::clone(&clock))),
        clock,
        entropy,
    };
    Ok(Wired {
        ports,
        access,
        backlog: store.backlog,
        health: Arc::new(report),
        surroundings,
        closing,
    })
}

/// What keeps orders and keys, and the clock that both go by.
struct Stored {
    store: StorePorts,
    access: AccessPorts,
    clock: Arc<dyn Clock>,
    surroundings: Option<Arc<Surroundings>>,
}

async fn store(
    config: &Config,
    report: &mut Report,
    closing: &mut Closing,
    own_market: &Arc<OnceLock<Arc<Market>>>,
) -> Result<Stored, StartError> {
    if config.database.url.is_none() {
        report.memory("store");
        let clock = Arc::new(SystemClock::new());
        return Ok(Stored {
            store: StorePorts::of(memory(config, own_market)),
            access: access::configured(config, &*clock),
            clock,
            surroundings: None,
        });
    }
    let store = backend::postgres(config).await?;
    report.watch_postgres(store.clone());
    closing.store = Some(store.clone());
    let clock = surroundings::clock(config, &store).await?;
    let surroundings = Surroundings::open(store.clone(), Arc::clone(&clock)).await;
    Ok(Stored {
        store: StorePorts::of(store.clone()),
        access: AccessPorts::of(store),
        clock,
        surroundings: Some(surroundings),
    })
}

/// A store in this process. A market that runs here too keeps a transaction as long as the store keeps its order.
fn memory(config: &Config, own_market: &Arc<OnceLock<Arc<Market>>>) -> MemoryStore {
    let retention = Retention {
        orders: config.memory.ended_orders,
        age: config.memory.ended_age,
    };
    let own_market = Arc::clone(own_market);
    MemoryStore::forgetting(retention, move |transactions| {
        if let Some(market) = own_market.get() {
            market.forget(transactions);
        }
    })
}

async fn queue(
    config: &Config,
    worker: WorkerId,
    report: &mut Report,
    closing: &mut Closing,
) -> Result<QueuePorts, StartError> {
    let rate = config.queue.rate_per_minute.and_then(NonZeroU32::new);
    let Some(server) = backend::redis(config, worker).await? else {
        report.memory("queue");
        return Ok(QueuePorts {
            queue: Arc::new(MemoryQueue::new(config.queue.lease + AFTER_LEASE)),
            notifier: Arc::new(MemoryNotifier::new(MemoryNotifier::RING)),
            dispatch: rate.map(|rate| Arc::new(MemoryDispatchWindow::per_minute(rate)) as _),
        });
    };
    let queue = Arc::new(RedisQueue::new(&server));
    let notifier = Arc::new(RedisNotifier::new(&server));
    let dispatch = rate.map(|rate| Arc::new(RedisDispatchWindow::per_minute(&server, rate)) as _);
    report.watch_redis(server);
    closing.queue = Some(Arc::clone(&queue));
    Ok(QueuePorts {
        queue,
        notifier,
        dispatch,
    })
}

/// The application's settings, as configured.
pub(crate) fn settings(config: &Config) -> Settings {
    let Config {
        orders,
        routing,
        queue,
        watch,
        process,
        ..
    } = config;
    Settings {
        concurrency: queue.concurrency,
        retry: RetryPolicy {
            max_attempts: queue.max_attempts,
            backoff: queue.backoff,
            cap: queue.backoff_cap,
        },
        routing: RoutingPolicy {
            native: Token::SOL,
            leg_cost: routing.leg_cost,
            max_legs: routing.max_legs,
        },
        rest: WakeBackoffPolicy {
            first: orders.rest,
            longest: orders.longest_rest,
        },
        lease: queue.lease,
        unknown_after: orders.unknown_after,
        quote_timeout: orders.quote_timeout,
        send_timeout: orders.send_timeout,
        look_up_wait: orders.look_up_wait,
        sweep_interval: queue.sweep_interval,
        announcement_timeout: queue.announcement_timeout,
        reconcile_interval: watch.reconcile_interval,
        open_orders: config.limits.open_orders_per_owner,
        watch_buffer: watch.buffer,
        drain_timeout: process.drain_timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Inputs, Purpose, Role};

    /// Two places state defaults; a person reads one, the application's tests use the other.
    #[test]
    fn the_default_file_agrees_with_the_applications_defaults() {
        let loaded = Config::load(&Inputs::default(), Purpose::Serve(Role::All)).unwrap();
        assert_eq!(
            format!("{:?}", settings(&loaded.config)),
            format!("{:?}", Settings::default())
        );
    }
}
