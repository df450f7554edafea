//! How the watcher reads the resting orders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "the clock of a test is the runtime's, which is paused"
)]

#[allow(dead_code, reason = "shared by several tests, each of which uses a part")]
mod support;

use std::sync::Arc;
use std::time::Duration;

use order_application::{EventPublisher, MarketWatcher, Settings};
use order_ports::{MockRestingOrders, RestingOrder, RestingSince};
use parking_lot::Mutex;
use support::{history, ports};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// When the only newcomer began to wait, as the store counts.
const SINCE: RestingSince = RestingSince(100);

#[tokio::test(start_paused = true)]
async fn the_store_is_looked_back_in_only_while_late_arrivals_may_show_up() {
    let began = Instant::now();
    let looked_back: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let mut room = MockRestingOrders::new();
    let note = Arc::clone(&looked_back);
    room.expect_waiting().returning(move |after, _| {
        let order = history(1).0;
        let behind = after.is_none_or(|place| place < (SINCE, order.id()));
        if behind && after.is_some() {
            note.lock().push(began.elapsed());
        }
        Ok(behind
            .then_some(RestingOrder { order, since: SINCE })
            .into_iter()
            .collect())
    });
    room.expect_overlap().returning(|last| RestingSince(last.0 - 10));
    let mut ports = ports();
    ports.waiting = Arc::new(room);
    let (publisher, _) = EventPublisher::new(
        Arc::clone(&ports.queue),
        Arc::clone(&ports.notifier),
        CancellationToken::new(),
    );

    let mut watcher = MarketWatcher::new(ports, Settings::default(), publisher);
    let stop = CancellationToken::new();
    let minutes = tokio::time::timeout(Duration::from_secs(300), watcher.run(stop));
    assert!(minutes.await.is_err(), "it watches until it is stopped");

    let looked_back = looked_back.lock().clone();
    assert!(
        looked_back.len() >= 4,
        "late arrivals are missed: {looked_back:?}"
    );
    let last = looked_back.last().unwrap();
    assert!(
        *last < Duration::from_secs(40),
        "still looking back: {looked_back:?}"
    );
}
