//! Which orders spend the grants of a limited dispatch.

#![allow(
    clippy::disallowed_methods,
    reason = "the clock of a test is the runtime's, which is paused"
)]
#![allow(clippy::unwrap_used, reason = "test support")]

#[allow(dead_code, reason = "shared by several tests, each of which uses a part")]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use order_application::{EventPublisher, Settings, Worker};
use order_core::id::{OrderId, WorkerId};
use order_core::order::Order;
use order_core::priority::Priority;
use order_core::time::Timestamp;
use order_ports::{
    Claim, Claimed, Delivery, DispatchLimit, Grant, Lease, MockOrderLeases, QueueDepth, QueueError, Receipt,
    StoreError, WorkItem, WorkQueue,
};
use parking_lot::Mutex;
use support::{id, ports, spec};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A queue that delivers these orders, one by one, and then nothing.
struct Line(Mutex<Vec<OrderId>>);

#[async_trait]
impl WorkQueue for Line {
    async fn push(&self, _: &[WorkItem]) -> Result<(), QueueError> {
        Ok(())
    }

    async fn pull(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        assert_eq!(max, 1, "one that is held back could not be overtaken");
        let next = self.0.lock().pop();
        let Some(order_id) = next else {
            return std::future::pending().await;
        };
        let priority = Priority::Normal;
        Ok(vec![Delivery {
            item: WorkItem { order_id, priority },
            receipt: Receipt("1".into()),
        }])
    }

    async fn acknowledge(&self, _: &[Receipt]) -> Result<(), QueueError> {
        Ok(())
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        Ok(QueueDepth::default())
    }
}

/// Allows one dispatch in all. Its first answer is a failure.
struct One {
    free: Semaphore,
    failures: AtomicU32,
}

#[async_trait]
impl DispatchLimit for One {
    async fn acquire(&self) -> Result<Grant, QueueError> {
        if self.failures.fetch_add(1, Ordering::Relaxed) == 0 {
            return Err(QueueError::Unavailable("restarting".into()));
        }
        self.free.acquire().await.unwrap().forget();
        Ok(Grant(7))
    }

    async fn give_back(&self, grant: Grant) -> Result<(), QueueError> {
        assert_eq!(grant, Grant(7));
        self.free.add_permits(1);
        Ok(())
    }
}

/// The order behind the thousand stale work items of a sweep that went on while no worker was there.
#[tokio::test(start_paused = true)]
async fn only_orders_that_run_count_against_the_limit() {
    let fresh = id(1_001);
    let (claims, mut claimed) = mpsc::unbounded_channel();
    let mut leases = MockOrderLeases::new();
    leases.expect_claim().returning(move |order_id, holder, _| {
        claims.send(order_id).unwrap();
        if order_id == fresh {
            let lease = Lease {
                order_id,
                holder,
                epoch: 1,
            };
            let (order, _) = Order::accept(order_id, spec(), Timestamp::from_millis(0));
            return Ok(Claim::Taken(Box::new(Claimed {
                order,
                lease,
                open_attempt: None,
                rested: Default::default(),
            })));
        }
        match order_id.uuid().as_u128() % 4 {
            0 => Ok(Claim::NotNow),
            1 => Ok(Claim::Finished),
            2 => Ok(Claim::NoSuchOrder),
            _ => Err(StoreError::Unavailable("restarting".into())),
        }
    });
    let limit = Arc::new(One {
        free: Semaphore::new(1),
        failures: AtomicU32::new(0),
    });
    let mut ports = ports();
    ports.leases = Arc::new(leases);
    ports.queue = Arc::new(Line(Mutex::new((1..=1_001).rev().map(id).collect())));
    ports.dispatch = Some(Arc::clone(&limit) as _);
    let stop = CancellationToken::new();
    let (publisher, _carry) = EventPublisher::new(
        Arc::clone(&ports.queue),
        Arc::clone(&ports.notifier),
        stop.clone(),
    );
    let (sweeps, _requests) = mpsc::channel(1);
    let worker = Worker::new(
        ports,
        Settings::default(),
        publisher,
        WorkerId(Uuid::from_u128(9)),
        sweeps,
    );
    let run = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(stop).await }
    });
    for number in 1..=1_001 {
        let next = tokio::time::timeout(Duration::from_secs(60), claimed.recv()).await;
        assert_eq!(next.expect("nothing holds the next one up"), Some(id(number)));
    }
    stop.cancel();
    run.await.unwrap();
    assert_eq!(limit.free.available_permits(), 0, "the one that ran has spent it");
}
