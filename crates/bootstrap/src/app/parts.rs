//! An engine's parts, and their start one after the other.

use std::sync::Arc;

use order_application::{
    Engine, EventPublisher, Hub, MarketWatcher, Ports, Relay, Settings, Sweeper, Worker,
};
use order_core::id::WorkerId;
use order_http::{HealthReport, HttpSettings, LoadShedding};
use order_metrics::Recorder;
use order_ports::OrderBacklog;
use order_postgres::PostgresStore;
use tokio::net::TcpListener;

use super::background;
use super::phases::{Phases, Tasks};
use crate::config::{Loaded, Role};
use crate::error::StartError;
use crate::listeners::{self, Listeners, SharedByEndpoints};
use crate::supervise::{Failures, run_until_stopped};
use crate::wiring::{self, AccessPorts, Scrape, Surroundings};

/// The parts that were started, and what all of them share.
pub(super) struct Parts<'a> {
    loaded: &'a Loaded,
    role: Role,
    ports: Ports,
    publisher: EventPublisher,
    hub: Arc<Hub>,
    pub(super) settings: Settings,
    pub(super) phases: Phases,
    pub(super) failures: Failures,
    pub(super) tasks: Tasks,
}

/// What the endpoints of a process need besides the use cases.
pub(super) struct Endpoints<'a> {
    pub(super) listeners: Listeners,
    pub(super) access: &'a AccessPorts,
    pub(super) health: Arc<dyn HealthReport>,
    pub(super) recorder: Recorder,
    pub(super) backlog: Arc<dyn OrderBacklog>,
    pub(super) database: Option<PostgresStore>,
    pub(super) surroundings: Option<Arc<Surroundings>>,
}

impl<'a> Parts<'a> {
    /// Starts what every process has: the publisher of events.
    pub(super) fn new(loaded: &'a Loaded, role: Role, ports: Ports) -> Self {
        let settings = wiring::settings(&loaded.config);
        let (phases, failures, mut tasks) = (Phases::default(), Failures::default(), Tasks::default());
        let (publisher, publishing) = EventPublisher::new(
            Arc::clone(&ports.queue),
            Arc::clone(&ports.notifier),
            phases.announce.clone(),
        );
        tasks.announce.push(run_until_stopped(
            "the event publisher",
            phases.announce.clone(),
            failures.clone(),
            publishing,
        ));
        Self {
            loaded,
            role,
            ports,
            publisher,
            hub: Arc::new(Hub::new(settings.watch_buffer)),
            settings,
            phases,
            failures,
            tasks,
        }
    }

    /// Starts what keeps the process itself in order: its meters, and the look at the database's condition.
    pub(super) fn keep_up(&mut self, recorder: Recorder, surroundings: Option<&Arc<Surroundings>>) {
        let relay = &self.phases.relay;
        self.tasks.relay.push(run_until_stopped(
            "the meters",
            relay.clone(),
            self.failures.clone(),
            wiring::fold(recorder, relay.clone()),
        ));
        if let Some(surroundings) = surroundings {
            let task = background::database_condition(surroundings, relay, &self.failures);
            self.tasks.relay.push(task);
        }
    }

    /// Starts the sweeper, and the market watcher and the worker where the process executes orders.
    pub(super) fn execute(&mut self, worker: WorkerId) {
        let (drain, failures) = (&self.phases.drain, &self.failures);
        let (sweeper, sweeps) = Sweeper::new(self.ports.clone(), self.settings);
        self.tasks
            .work
            .push(background::sweeper(sweeper, drain, failures));
        if self.role.executes_orders() {
            let (ports, settings, publisher) = (&self.ports, self.settings, &self.publisher);
            let watcher = MarketWatcher::new(ports.clone(), settings, publisher.clone());
            self.tasks
                .work
                .push(background::market_watcher(watcher, drain, failures));
            let worker = Worker::new(ports.clone(), settings, publisher.clone(), worker, sweeps);
            self.tasks.work.push(background::worker(worker, drain, failures));
        }
    }

    /// The use cases.
    pub(super) fn engine(&self) -> Arc<Engine> {
        Arc::new(Engine::new(
            self.ports.clone(),
            self.settings,
            self.publisher.clone(),
            Arc::clone(&self.hub),
            self.phases.drain.clone(),
        ))
    }

    /// Starts the endpoints, and what they are served with: the recheck of API keys, the measuring of the queue, and
    /// the relay of events from other processes.
    pub(super) fn serve(&mut self, engine: &Arc<Engine>, endpoints: Endpoints<'_>) -> Result<(), StartError> {
        let shared = self.shared(&endpoints);
        let Listeners { public, admin } = endpoints.listeners;
        let (stop, failures) = (&self.phases.relay, &self.failures);
        if let Some(auth) = &shared.auth {
            self.tasks.relay.push(background::keys(auth, stop, failures));
        }
        self.tasks.relay.push(run_until_stopped(
            "the measuring of the queue",
            stop.clone(),
            failures.clone(),
            listeners::measure(
                Arc::clone(&self.ports.queue),
                self.loaded.config.limits.queue_depth,
                shared.load_shedding.clone(),
                stop.clone(),
            ),
        ));
        let relay = Relay::new(
            self.ports.clone(),
            Arc::clone(&self.hub),
            self.settings.reconcile_interval,
        );
        self.tasks.relay.push(background::relay(relay, stop, failures));
        if let Some(listener) = public {
            let http = listeners::public(self.loaded, self.role, self.settings, &shared)?;
            self.listen(listener, engine, http);
        }
        if let Some(listener) = admin {
            let http = listeners::admin(self.loaded, self.settings, &shared);
            self.listen(listener, engine, http);
        }
        Ok(())
    }

    fn shared(&self, endpoints: &Endpoints<'_>) -> SharedByEndpoints {
        let metrics = Scrape {
            recorder: endpoints.recorder.clone(),
            queue: Arc::clone(&self.ports.queue),
            backlog: Arc::clone(&endpoints.backlog),
            hub: Arc::clone(&self.hub),
            database: endpoints.database.clone(),
            surroundings: endpoints.surroundings.clone(),
        };
        let auth = wiring::authenticator(
            &self.loaded.config,
            endpoints.access,
            &self.ports.clock,
            &self.ports.entropy,
        );
        SharedByEndpoints {
            health: Arc::clone(&endpoints.health),
            metrics: Arc::new(metrics),
            load_shedding: LoadShedding::default(),
            leaving: self.phases.leave.clone(),
            auth,
        }
    }

    fn listen(&mut self, listener: TcpListener, engine: &Arc<Engine>, http: HttpSettings) {
        let stop = &self.phases.listeners;
        let serve = listeners::serve(listener, Arc::clone(engine), http, stop.clone());
        self.tasks.listeners.push(run_until_stopped(
            "the HTTP server",
            stop.clone(),
            self.failures.clone(),
            serve,
        ));
    }
}
