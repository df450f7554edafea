//! The engine as a process runs it: its parts, their start, and their orderly end.

mod background;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use order_application::{Engine, EventPublisher, Hub, KeyRing, MarketWatcher, Ports, Relay, Sweeper, Worker};
use order_core::id::WorkerId;
use order_http::LoadShedding;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::config::{LedgerPlace, Loaded, Role};
use crate::error::{RunError, StartError, reachable};
use crate::listeners::{self, Behind, Listeners};
use crate::supervise::{Failures, TaskFailed, run_until_stopped};
use crate::wiring::{self, Closing, FORGETS, Scrape, Wired};

/// How much longer than its own patience a part is waited for.
const GRACE: Duration = Duration::from_secs(5);
/// How long the last notifications may take to their watchers.
const NOTIFY_GRACE: Duration = Duration::from_millis(100);

/// The engine.
pub struct App;

/// A running engine. Dropping it stops everything at once; [`RunningApp::stop`] does so in good order.
pub struct RunningApp {
    address: Option<SocketAddr>,
    admin_address: Option<SocketAddr>,
    engine: Arc<Engine>,
    keys: KeyRing,
    failures: Failures,
    patience: Duration,
    /// For how long it serves on when it is told to stop.
    delay: Duration,
    phases: Phases,
    tasks: Tasks,
    closing: Closing,
    _everything: [DropGuard; 5],
}

/// What is stopped in which order.
#[derive(Clone, Default)]
struct Phases {
    /// Say that clients should go elsewhere, and serve on.
    leave: CancellationToken,
    /// Refuse new orders, take no more work.
    drain: CancellationToken,
    /// Tell what is still to be told.
    announce: CancellationToken,
    /// Close the endpoints.
    listeners: CancellationToken,
    /// Stop listening to other processes.
    relay: CancellationToken,
}

#[derive(Default)]
struct Tasks {
    work: Vec<JoinHandle<()>>,
    announce: Vec<JoinHandle<()>>,
    listeners: Vec<JoinHandle<()>>,
    relay: Vec<JoinHandle<()>>,
}

/// Runs the engine until `stop` is ready, then ends it in good order.
///
/// # Errors
/// [`RunError`].
pub async fn run(loaded: Loaded, role: Role, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    run_decorated(loaded, role, |ports| ports, stop).await
}

/// Runs the engine on ports that somebody has put something around.
///
/// # Errors
/// [`RunError`].
pub async fn run_decorated(
    loaded: Loaded,
    role: Role,
    decorate: impl FnOnce(Ports) -> Ports,
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    tokio::pin!(stop);
    let app = tokio::select! {
        // Asked first, so that signals are listened for before anybody is told that there is an engine.
        biased;
        () = &mut stop => return Ok(()),
        app = App::start_decorated(loaded, role, decorate) => app?,
    };
    let failed = tokio::select! {
        () = stop => None,
        failed = app.failed() => Some(failed),
    };
    app.stop().await;
    failed.map_or(Ok(()), |failed| Err(failed.into()))
}

impl App {
    /// Starts the engine: when this returns, it takes orders, executes them, or both, as its role says.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(loaded: Loaded, role: Role) -> Result<RunningApp, StartError> {
        Self::start_decorated(loaded, role, |ports| ports).await
    }

    async fn start_decorated(
        loaded: Loaded,
        role: Role,
        decorate: impl FnOnce(Ports) -> Ports,
    ) -> Result<RunningApp, StartError> {
        let config = &loaded.config;
        // First of all, because a taken port is found out in no time.
        let listeners = Listeners::open(config, role).await?;
        let at = |listener: &Option<TcpListener>| listener.as_ref()?.local_addr().ok();
        let (address, admin_address) = (at(&listeners.public), at(&listeners.admin));
        say_what_starts(&loaded, role);
        // Before anything that counts is made.
        let recorder = wiring::count(role)?;
        let worker = WorkerId(Uuid::new_v4());
        let Wired {
            ports,
            access,
            backlog,
            health,
            surroundings,
            closing,
        } = wiring::wire(&loaded, role, worker).await?;
        let ports = wiring::traced(wiring::metered(decorate(ports)));
        let settings = wiring::settings(config);
        let (phases, failures) = (Phases::default(), Failures::default());
        let mut tasks = Tasks::default();

        let (publisher, carry) = EventPublisher::new(
            Arc::clone(&ports.queue),
            Arc::clone(&ports.notifier),
            phases.announce.clone(),
        );
        tasks.announce.push(run_until_stopped(
            "the event publisher",
            phases.announce.clone(),
            failures.clone(),
            carry,
        ));
        let hub = Arc::new(Hub::new(settings.watch_buffer));
        tasks.relay.push(run_until_stopped(
            "the meters",
            phases.relay.clone(),
            failures.clone(),
            wiring::fold(recorder.clone(), phases.relay.clone()),
        ));
        if let Some(surroundings) = &surroundings {
            tasks.relay.push(background::database_condition(
                surroundings,
                &phases.relay,
                &failures,
            ));
        }
        let (sweeper, sweeps) = Sweeper::new(ports.clone(), settings);
        tasks
            .work
            .push(background::sweeper(sweeper, &phases.drain, &failures));
        if role.executes_orders() {
            let watcher = MarketWatcher::new(ports.clone(), settings, publisher.clone());
            tasks
                .work
                .push(background::market_watcher(watcher, &phases.drain, &failures));
            let worker = Worker::new(ports.clone(), settings, publisher.clone(), worker, sweeps);
            tasks
                .work
                .push(background::worker(worker, &phases.drain, &failures));
        }
        let engine = Engine::new(
            ports.clone(),
            settings,
            publisher,
            Arc::clone(&hub),
            phases.drain.clone(),
        );
        let engine = Arc::new(engine);
        let keys = KeyRing::new(
            Arc::clone(&access.keys),
            Arc::clone(&ports.clock),
            Arc::clone(&ports.entropy),
        );
        if listeners.any() {
            let auth = wiring::authenticator(config, &access, &ports.clock, &ports.entropy);
            if let Some(auth) = &auth {
                tasks.relay.push(background::keys(auth, &phases.relay, &failures));
            }
            let metrics = Scrape {
                recorder,
                queue: Arc::clone(&ports.queue),
                backlog,
                hub: Arc::clone(&hub),
                database: closing.database(),
                surroundings,
            };
            let behind = Behind {
                health,
                metrics: Arc::new(metrics),
                load_shedding: LoadShedding::default(),
                leaving: phases.leave.clone(),
                auth,
            };
            tasks.relay.push(run_until_stopped(
                "the measuring of what waits",
                phases.relay.clone(),
                failures.clone(),
                listeners::measure(
                    Arc::clone(&ports.queue),
                    config.limits.queue_depth,
                    behind.load_shedding.clone(),
                    phases.relay.clone(),
                ),
            ));
            let relay = Relay::new(ports, hub, settings.reconcile_interval);
            tasks
                .relay
                .push(background::relay(relay, &phases.relay, &failures));
            let mut open = |listener, http| {
                let serve = listeners::serve(listener, Arc::clone(&engine), http, phases.listeners.clone());
                tasks.listeners.push(run_until_stopped(
                    "the HTTP server",
                    phases.listeners.clone(),
                    failures.clone(),
                    serve,
                ));
            };
            if let Some(listener) = listeners.public {
                open(listener, listeners::public(&loaded, role, settings, &behind)?);
            }
            if let Some(listener) = listeners.admin {
                open(listener, listeners::admin(&loaded, settings, &behind));
            }
        }
        say_what_is_open(&loaded, role, address, admin_address);
        Ok(RunningApp {
            address,
            admin_address,
            engine,
            keys,
            failures,
            patience: settings.drain_timeout + GRACE,
            delay: serves_on(role, &loaded),
            _everything: phases.guards(),
            phases,
            tasks,
            closing,
        })
    }
}

/// For how long a process serves on. One that takes no orders has no balancer before it, and only hands its work on later.
fn serves_on(role: Role, loaded: &Loaded) -> Duration {
    if role.takes_orders() {
        loaded.config.process.shutdown_delay
    } else {
        Duration::ZERO
    }
}

impl RunningApp {
    /// Where the endpoints are; none if this process has none.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where the endpoints for whoever watches the process are; none if they are among the others.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// The use cases, for tests and programs that embed the engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The API keys, whether they are asked for or not.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Returns when a part could not be kept running.
    pub async fn failed(&self) -> TaskFailed {
        self.failures.first().await
    }

    /// Ends everything in good order: new orders are refused, running ones finished or handed back, watchers
    /// told and disconnected.
    pub async fn stop(mut self) {
        tracing::info!("stopping");
        self.phases.leave.cancel();
        if !self.delay.is_zero() {
            tracing::info!(delay = ?self.delay, "not ready any more; serving until balancers have noticed");
            tokio::time::sleep(self.delay).await;
        }
        self.phases.drain.cancel();
        ended(&mut self.tasks.work, self.patience).await;
        self.closing.close_queue().await;
        self.phases.announce.cancel();
        ended(&mut self.tasks.announce, GRACE).await;
        if self.engine.watchers() > 0 {
            tokio::time::sleep(NOTIFY_GRACE).await;
        }
        self.phases.listeners.cancel();
        ended(&mut self.tasks.listeners, self.patience).await;
        self.phases.relay.cancel();
        ended(&mut self.tasks.relay, GRACE).await;
        self.closing.close_store().await;
        tracing::info!("stopped");
    }
}

impl Phases {
    fn guards(&self) -> [DropGuard; 5] {
        [
            &self.leave,
            &self.drain,
            &self.announce,
            &self.listeners,
            &self.relay,
        ]
        .map(|phase| phase.clone().drop_guard())
    }
}

async fn ended(tasks: &mut Vec<JoinHandle<()>>, patience: Duration) {
    for mut task in tasks.drain(..) {
        if tokio::time::timeout(patience, &mut task).await.is_err() {
            tracing::warn!("a part did not end in time and is dropped");
            task.abort();
        }
    }
}

fn say_what_starts(loaded: &Loaded, role: Role) {
    let config = &loaded.config;
    let shown = |address: Option<&crate::config::Address>, otherwise: &str| {
        address.map_or_else(|| otherwise.to_owned(), ToString::to_string)
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        role = role.as_str(),
        store = shown(config.database.url.as_ref(), "memory"),
        queue = shown(config.redis.url.as_ref(), "memory"),
        market = shown(config.market.url.as_ref(), "in this process"),
        "starting"
    );
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if role.takes_orders() {
        wiring::warn_of_access(config);
    }
    if role == Role::Api && config.quotes.key.is_none() {
        tracing::warn!("quotes of this process are unknown to any other; set quotes.key, the same for all");
    }
    if config.database.url.is_none() {
        tracing::warn!("{FORGETS}; set DATABASE_URL to keep them");
    } else if config.market.url.is_none() && role != Role::All {
        tracing::warn!(
            "each process has venues of its own and forgets what they executed when it ends, so an order that \
             outlives its worker may be executed at another's; set VENUE_URL to share one market"
        );
    } else if config.market.url.is_none() && config.market.ledger == LedgerPlace::Off {
        tracing::warn!(
            "orders are kept, but the venues in this process forget what they executed when it ends; \
             an order under way may then be sent again; set VENUE_URL, or leave market.ledger unset"
        );
    }
}

fn say_what_is_open(loaded: &Loaded, role: Role, address: Option<SocketAddr>, admin: Option<SocketAddr>) {
    if let Some(address) = address {
        let scheme = if loaded.config.server.tls_certificate.is_some() {
            "https"
        } else {
            "http"
        };
        let open = reachable(address);
        if role.takes_orders() {
            tracing::info!("listening on {scheme}://{open}, documentation at {scheme}://{open}/docs");
        } else {
            tracing::info!("listening on {scheme}://{open}, for health checks only");
        }
    }
    if let Some(admin) = admin {
        tracing::info!("health and metrics at http://{}", reachable(admin));
    }
}
