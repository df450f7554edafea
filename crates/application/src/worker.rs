//! The worker: takes work items from the queue and executes the orders, so many at once.

use std::sync::Arc;
use std::time::Duration;

use order_core::id::WorkerId;
use order_ports::{Delivery, DispatchLimit, Grant, QueueError, Sweep};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::execute::{ExecuteError, Executor};
use crate::publisher::EventPublisher;
use crate::setup::{Ports, Settings};

/// How long to wait before asking a queue again that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// A delivery, and what it takes to work on it.
struct Job {
    delivery: Delivery,
    permit: OwnedSemaphorePermit,
    grant: Option<Grant>,
}

/// Executes orders.
pub struct Worker {
    executor: Arc<Executor>,
    /// Where the sweeper hears that the queue has lost everything.
    sweeps: mpsc::Sender<Sweep>,
}

impl Worker {
    /// A worker under this name, which no other life of any worker may bear.
    pub fn new(
        ports: Ports,
        settings: Settings,
        publisher: EventPublisher,
        holder: WorkerId,
        sweeps: mpsc::Sender<Sweep>,
    ) -> Self {
        let release_leases = CancellationToken::new();
        Self {
            executor: Arc::new(Executor {
                ports,
                publisher,
                settings,
                holder,
                release_leases,
            }),
            sweeps,
        }
    }

    /// Works until stopped; then takes nothing more, lets running orders finish within the drain timeout,
    /// and hands the others back.
    pub async fn run(&self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(self.executor.settings.concurrency));
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                batch = self.next_batch(&permits) => batch,
            };
            for job in batch {
                running.spawn(work(Arc::clone(&self.executor), job));
            }
            while running.try_join_next().is_some() {}
        }
        self.drain(running).await;
    }

    /// As many deliveries as there are free hands, at least one unless the queue failed. Cancel-safe, since
    /// whatever a dropped future had taken is delivered again.
    async fn next_batch(&self, permits: &Arc<Semaphore>) -> Vec<Job> {
        let Ok(first) = Arc::clone(permits).acquire_owned().await else {
            return Vec::new();
        };
        let mut hands = vec![first];
        // Under a dispatch limit orders are taken one by one: one that is held back could not be overtaken. It is
        // claimed only when it may run, so that it waits for that under no lease; if it turns out not to be due, its
        // grant is given back.
        if self.executor.ports.dispatch.is_none() {
            while let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
                hands.push(permit);
            }
        }
        let deliveries = match self.executor.ports.queue.pull(hands.len()).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                self.queue_failed(&error).await;
                return Vec::new();
            }
        };
        let mut batch = Vec::with_capacity(deliveries.len());
        for (delivery, permit) in deliveries.into_iter().zip(hands) {
            let grant = match &self.executor.ports.dispatch {
                Some(dispatch) => Some(self.granted(dispatch.as_ref()).await),
                None => None,
            };
            batch.push(Job {
                delivery,
                permit,
                grant,
            });
        }
        batch
    }

    /// Waits for a grant, as long as it takes: without one nothing may be dispatched.
    async fn granted(&self, dispatch: &dyn DispatchLimit) -> Grant {
        loop {
            match dispatch.acquire().await {
                Ok(grant) => return grant,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no leave to dispatch");
                    self.executor.ports.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    async fn queue_failed(&self, error: &QueueError) {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "cannot pull work items from the queue"
        );
        match error {
            // A full channel means that a sweep is coming anyway.
            QueueError::Lost => drop(self.sweeps.try_send(Sweep::Everything)),
            QueueError::Unavailable(_) => self.executor.ports.clock.sleep(PAUSE).await,
        }
    }

    async fn drain(&self, mut running: JoinSet<()>) {
        if running.is_empty() {
            return;
        }
        let patience = self.executor.settings.drain_timeout;
        tracing::info!(orders = running.len(), "finishing running orders");
        let finish = async { while running.join_next().await.is_some() {} };
        tokio::select! {
            () = finish => return,
            () = self.executor.ports.clock.sleep(patience) => {}
        }
        tracing::info!(orders = running.len(), "handing the rest back");
        self.executor.release_leases.cancel();
        while running.join_next().await.is_some() {}
    }
}

async fn work(executor: Arc<Executor>, job: Job) {
    let Job {
        delivery,
        permit,
        grant,
    } = job;
    let order_id = delivery.item.order_id;
    let span = tracing::info_span!("order", %order_id);
    async {
        match executor.execute(order_id, grant).await {
            Ok(()) => {}
            Err(ExecuteError::Fenced) => tracing::info!("another worker has taken the order over"),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "order dropped; it is due again later"
                );
            }
        }
        drop(permit);
        // Also after an error: the store knows the order, and the sweep finds it when its lease is over.
        if let Err(error) = executor
            .ports
            .queue
            .acknowledge(std::slice::from_ref(&delivery.receipt))
            .await
        {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "delivery not acknowledged"
            );
        }
    }
    .instrument(span)
    .await;
}
