//! Carries notifications from the notifier to the hub, and looks in the store for those that were lost.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use order_ports::Subscriptions;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::setup::Ports;

/// How long to wait before listening again after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// How many versions are read from the store at once.
const CHUNK: usize = 1_000;

/// Feeds the hub of one process.
pub struct Relay {
    ports: Ports,
    hub: Arc<Hub>,
    reconcile_interval: Duration,
}

impl Relay {
    /// A relay from these ports to this hub.
    pub fn new(ports: Ports, hub: Arc<Hub>, reconcile_interval: Duration) -> Self {
        Self {
            ports,
            hub,
            reconcile_interval,
        }
    }

    /// Runs until stopped.
    pub async fn run(&self, stop: CancellationToken) {
        let work = async { tokio::join!(self.listen(), self.reconcile()) };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            _ = work => {}
        }
    }

    async fn listen(&self) {
        let subscriptions = Arc::clone(&self.hub) as Arc<dyn Subscriptions>;
        self.ports.notifier.set_subscriptions(subscriptions);
        loop {
            match self.ports.notifier.listen().await {
                Ok(mut notifications) => {
                    while let Some(batch) = notifications.next().await {
                        self.hub.publish(&batch);
                    }
                }
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot listen for events"
                ),
            }
            self.ports.clock.sleep(PAUSE).await;
        }
    }

    /// A lost last notification is followed by no other that would show the gap; this finds it.
    async fn reconcile(&self) {
        loop {
            self.ports.clock.sleep(self.reconcile_interval).await;
            for chunk in self.hub.watched().chunks(CHUNK) {
                match self.ports.reader.versions(chunk).await {
                    Ok(versions) => {
                        let stored: HashSet<_> = versions.iter().map(|(order, _)| *order).collect();
                        for (order, version) in versions {
                            self.hub.notify_lag(order, version);
                        }
                        for order in chunk.iter().filter(|order| !stored.contains(order)) {
                            self.hub.notify_lag_of_unknown(*order);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "cannot compare versions"
                        );
                    }
                }
            }
        }
    }
}
