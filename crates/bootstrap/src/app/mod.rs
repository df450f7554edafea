//! The engine as a process runs it: its parts, their start, and their orderly end.

mod announce;
mod background;
mod parts;
mod phases;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use order_application::{Engine, KeyRing, Ports};
use order_core::id::WorkerId;
use tokio_util::sync::DropGuard;
use uuid::Uuid;

use self::parts::{Endpoints, Parts};
use self::phases::{Phases, Tasks, ended};
use crate::config::{Loaded, Role};
use crate::error::StartError;
use crate::listeners::{Addresses, Listeners};
use crate::supervise::{Failures, TaskFailed};
use crate::wiring::{self, Closing, Wired};

/// How much longer than its own patience a part is waited for.
const GRACE: Duration = Duration::from_secs(5);
/// How long the last notifications may take to their watchers.
const NOTIFY_GRACE: Duration = Duration::from_millis(100);

/// The engine.
pub struct App;

/// A running engine. Dropping it stops everything at once; [`RunningApp::stop`] does so in good order.
pub struct RunningApp {
    addresses: Addresses,
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

/// Why a running engine stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A part of it could not be kept running.
    #[error(transparent)]
    Task(#[from] TaskFailed),
}

/// Runs the engine until `stop` is ready, then ends it in good order.
///
/// # Errors
/// [`RunError`].
pub async fn run(loaded: Loaded, role: Role, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    run_decorated(loaded, role, |ports| ports, stop).await
}

/// Runs the engine on ports that `decorate` has put something around.
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
        // Asked first, so that signals are listened for before the engine is announced.
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
        // First of all, because a taken port is found out in no time.
        let listeners = Listeners::open(&loaded.config, role).await?;
        let addresses = listeners.addresses();
        announce::starting(&loaded, role);
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
        let keys = KeyRing::new(
            Arc::clone(&access.keys),
            Arc::clone(&ports.clock),
            Arc::clone(&ports.entropy),
        );
        let ports = wiring::traced(wiring::metered(decorate(ports)));
        let mut parts = Parts::new(&loaded, role, ports);
        parts.keep_up(recorder.clone(), surroundings.as_ref());
        parts.execute(worker);
        let engine = parts.engine();
        if listeners.any() {
            let endpoints = Endpoints {
                listeners,
                access: &access,
                health,
                recorder,
                backlog,
                database: closing.database(),
                surroundings,
            };
            parts.serve(&engine, endpoints)?;
        }
        announce::listening(&loaded, role, addresses);
        Ok(RunningApp {
            addresses,
            engine,
            keys,
            failures: parts.failures,
            patience: parts.settings.drain_timeout + GRACE,
            delay: serves_on(role, &loaded),
            _everything: parts.phases.guards(),
            phases: parts.phases,
            tasks: parts.tasks,
            closing,
        })
    }
}

/// For how long a process serves on. One that takes no orders has no balancer before it, and only hands its work on
/// later.
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
        self.addresses.public
    }

    /// Where the endpoints for monitoring are; none if they are among the others.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.addresses.admin
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
