//! The engine's parts that run by themselves, each until `stop`, and started again when it panics.

use std::sync::Arc;

use order_application::{Authenticator, MarketWatcher, Relay, Sweeper, Worker};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::supervise::{Failures, keep_running};
use crate::wiring::Surroundings;

/// Looks in the store for orders that are due and that no worker was told of.
pub(super) fn sweeper(part: Sweeper, stop: &CancellationToken, failures: &Failures) -> JoinHandle<()> {
    keep_running(
        "the sweeper",
        stop,
        failures,
        Arc::new(Mutex::new(part)),
        |part, stop| async move { part.lock().await.run(stop).await },
    )
}

/// Wakes resting orders whose terms the market meets.
pub(super) fn market_watcher(
    part: MarketWatcher,
    stop: &CancellationToken,
    failures: &Failures,
) -> JoinHandle<()> {
    keep_running(
        "the market watcher",
        stop,
        failures,
        Arc::new(Mutex::new(part)),
        |part, stop| async move { part.lock().await.run(stop).await },
    )
}

/// Executes orders.
pub(super) fn worker(part: Worker, stop: &CancellationToken, failures: &Failures) -> JoinHandle<()> {
    keep_running(
        "the worker",
        stop,
        failures,
        Arc::new(part),
        |part, stop| async move { part.run(stop).await },
    )
}

/// Hands what other processes publish to the streams of this one.
pub(super) fn relay(part: Relay, stop: &CancellationToken, failures: &Failures) -> JoinHandle<()> {
    keep_running(
        "the relay",
        stop,
        failures,
        Arc::new(part),
        |part, stop| async move { part.run(stop).await },
    )
}

/// Asks whether the database is still set as the engine needs it.
pub(super) fn database_condition(
    part: &Arc<Surroundings>,
    stop: &CancellationToken,
    failures: &Failures,
) -> JoinHandle<()> {
    keep_running(
        "the look at the database",
        stop,
        failures,
        Arc::clone(part),
        |part, stop| async move { part.run(stop).await },
    )
}

/// Finds out which keys were revoked.
pub(super) fn keys(
    part: &Arc<Authenticator>,
    stop: &CancellationToken,
    failures: &Failures,
) -> JoinHandle<()> {
    keep_running(
        "the recheck of the keys",
        stop,
        failures,
        Arc::clone(part),
        |part, stop| async move { part.run(stop).await },
    )
}
