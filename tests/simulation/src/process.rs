//! A process of the engine: api and worker together, with a life that may end at any call it makes.

use std::sync::Arc;
use std::time::Duration;

use order_application::{
    Engine, EventPublisher, Hub, MarketWatcher, Ports, Relay, Settings, Sweeper, Worker,
};
use order_core::id::WorkerId;
use order_core::retry::RetryPolicy;
use order_memory::{MemoryNotifier, MemoryQueue, MemoryStore};
use order_mock_dex::Market;
use order_ports::{DispatchLimit, QuoteSource};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::broken::{NaiveWorker, Variant};
use crate::clock::{SimClock, SkewedClock};
use crate::faults::{
    FaultyFeed, FaultyNotifier, FaultyPools, FaultyQueue, FaultyQuotes, FaultySettlement, FaultyStore,
    Injector, Life, StorePorts,
};
use crate::rng::{CountedIds, SeededRng};

/// How long a dead process stays dead, at most.
const DOWN_TIME: Duration = Duration::from_secs(5);

/// How far a process's clock is from the world's, at most.
const SKEW_MS: i64 = 400;

/// How far two processes' clocks are from each other, at most.
pub const CLOCK_SKEW: Duration = Duration::from_millis(2 * SKEW_MS.unsigned_abs());

/// What outlives every process.
#[derive(Clone)]
pub struct Ground {
    pub(crate) variant: Variant,
    pub(crate) store: Arc<MemoryStore>,
    /// The store as the engine sees it.
    pub(crate) store_ports: StorePorts,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) notifier: MemoryNotifier,
    pub(crate) market: Arc<Market>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) ids: Arc<CountedIds>,
    pub(crate) dispatch: Option<Arc<dyn DispatchLimit>>,
    pub(crate) rng: Arc<SeededRng>,
    pub(crate) injector: Arc<Injector>,
}

/// A running life of a process.
#[derive(Clone)]
pub struct Running {
    /// Its use cases.
    pub(crate) engine: Arc<Engine>,
    /// Cancelled when it is gone.
    pub(crate) gone: CancellationToken,
}

/// A process that is started again whenever it ends.
pub struct Process {
    ground: Ground,
    settings: Settings,
    number: usize,
    running: Mutex<Option<Running>>,
}

/// The settings of a simulated engine: like the real ones, but quick to notice.
pub fn settings() -> Settings {
    Settings {
        concurrency: 4,
        retry: RetryPolicy {
            backoff: Duration::from_secs(2),
            ..RetryPolicy::default()
        },
        lease: Duration::from_secs(15),
        unknown_after: Duration::from_secs(30),
        announcement_timeout: Duration::from_secs(5),
        watch_buffer: 16,
        drain_timeout: Duration::from_secs(3),
        ..Settings::default()
    }
}

/// The tasks of one life, and the switches that stop them in turn.
struct Tasks {
    /// Takes orders and works on them.
    working: JoinSet<()>,
    /// Carries the announcements of the others, so that it stops last.
    carrying: JoinSet<()>,
    stop_working: CancellationToken,
    stop_carrying: CancellationToken,
}

impl Process {
    /// A process that does not run yet.
    pub fn new(ground: Ground, number: usize) -> Arc<Self> {
        Arc::new(Self {
            ground,
            settings: settings(),
            number,
            running: Mutex::default(),
        })
    }

    /// The life that runs now, if one does.
    pub fn running(&self) -> Option<Running> {
        self.running.lock().clone()
    }

    /// Lives, ends and lives again, until dropped.
    pub async fn run(self: Arc<Self>) {
        for number in 0u64.. {
            let life = Life::new(Arc::clone(&self.ground.injector), self.number);
            let mut tasks = Tasks::new();
            let running = self.start(&life, &mut tasks);
            self.note(format_args!("begins life {number}"));
            *self.running.lock() = Some(running);
            tokio::select! {
                biased;
                () = life.death().cancelled() => {}
                () = self.planned_stop(&mut tasks) => {}
            }
            *self.running.lock() = None;
            life.death().cancel();
            tasks.working.shutdown().await;
            tasks.carrying.shutdown().await;
            self.note("is gone");
            tokio::time::sleep(self.ground.rng.duration(DOWN_TIME)).await;
        }
    }

    /// Some lives end in good order: new orders are refused, running ones finished or handed back.
    async fn planned_stop(&self, tasks: &mut Tasks) {
        let rng = &self.ground.rng;
        if !rng.strikes(300) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(rng.duration(Duration::from_secs(60))).await;
        self.note("stops in good order");
        tasks.stop_working.cancel();
        while tasks.working.join_next().await.is_some() {}
        tasks.stop_carrying.cancel();
        while tasks.carrying.join_next().await.is_some() {}
    }

    fn note(&self, what: impl std::fmt::Display) {
        self.ground
            .injector
            .note(format_args!("process {} {what}", self.number));
    }

    fn start(&self, life: &Life, tasks: &mut Tasks) -> Running {
        let ports = self.ports(life);
        let hub = Arc::new(Hub::new(self.settings.watch_buffer));
        let (publisher, carry) = EventPublisher::new(
            Arc::clone(&ports.queue),
            Arc::clone(&ports.notifier),
            tasks.stop_carrying.clone(),
        );
        tasks.carrying.spawn(carry);
        let relay = Relay::new(ports.clone(), Arc::clone(&hub), self.settings.reconcile_interval);
        let stop = tasks.stop_carrying.clone();
        tasks.carrying.spawn(async move { relay.run(stop).await });
        let (mut sweeper, sweeps) = Sweeper::new(ports.clone(), self.settings);
        let stop = tasks.stop_working.clone();
        tasks.working.spawn(async move { sweeper.run(stop).await });
        let holder = WorkerId(self.ground.rng.uuid());
        let stop = tasks.stop_working.clone();
        if self.ground.variant == Variant::NaiveWorker {
            let worker = NaiveWorker::new(ports.clone(), self.settings, holder);
            tasks.working.spawn(async move { worker.run(stop).await });
        } else {
            let worker = Worker::new(ports.clone(), self.settings, publisher.clone(), holder, sweeps);
            tasks.working.spawn(async move { worker.run(stop).await });
        }
        let mut watcher = MarketWatcher::new(ports.clone(), self.settings, publisher.clone());
        let stop = tasks.stop_working.clone();
        tasks.working.spawn(async move { watcher.run(stop).await });
        let engine = Engine::new(ports, self.settings, publisher, hub, tasks.stop_working.clone());
        Running {
            engine: Arc::new(engine),
            gone: life.death().clone(),
        }
    }

    fn ports(&self, life: &Life) -> Ports {
        let Ground {
            variant,
            store_ports,
            queue,
            notifier,
            market,
            clock,
            ids,
            rng,
            dispatch,
            ..
        } = self.ground.clone();
        let store = variant.store_of_a_life(store_ports);
        let store = StorePorts::of(Arc::new(FaultyStore {
            store,
            life: life.clone(),
        }));
        let quotes = |quotes| {
            Arc::new(FaultyQuotes {
                quotes,
                life: life.clone(),
            }) as Arc<dyn QuoteSource>
        };
        let settlement = Arc::new(FaultySettlement {
            settlement: market.clone(),
            life: life.clone(),
        });
        let skew_ms = rng.around_zero(SKEW_MS);
        Ports {
            intake: store.intake,
            leases: store.leases,
            journal: store.journal,
            reader: store.reader,
            waiting: store.waiting,
            control: store.control,
            queue: Arc::new(FaultyQueue {
                queue,
                life: life.clone(),
            }),
            notifier: Arc::new(FaultyNotifier {
                notifier,
                life: life.clone(),
            }),
            catalogue: market.clone(),
            venues: market.quote_sources().into_iter().map(quotes).collect(),
            pools: Some(Arc::new(FaultyPools {
                pools: market.clone(),
                life: life.clone(),
            })),
            settlement: variant.settlement(settlement),
            feed: Arc::new(FaultyFeed {
                feed: market.clone(),
                life: life.clone(),
            }),
            clock: Arc::new(SkewedClock::new(clock, skew_ms, life.clone())),
            entropy: rng,
            ids,
            dispatch,
        }
    }
}

impl Tasks {
    fn new() -> Self {
        Self {
            working: JoinSet::new(),
            carrying: JoinSet::new(),
            stop_working: CancellationToken::new(),
            stop_carrying: CancellationToken::new(),
        }
    }
}
