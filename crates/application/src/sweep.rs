//! The sweep: finds orders that are due and that no worker has, and announces them to the queue again.
//!
//! The queue may lose anything; this is what makes that a delay and nothing else. Every process sweeps.

use order_ports::Sweep;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::setup::{Ports, Settings};

/// How many orders one query finds.
const BATCH: usize = 500;

/// Sweeps at an interval, and at once when told that the queue has lost everything.
pub struct Sweeper {
    ports: Ports,
    settings: Settings,
    requests: mpsc::Receiver<Sweep>,
}

impl Sweeper {
    /// A sweeper, and where to ask it for a sweep out of turn.
    pub fn new(ports: Ports, settings: Settings) -> (Self, mpsc::Sender<Sweep>) {
        let (sender, requests) = mpsc::channel(1);
        (
            Self {
                ports,
                settings,
                requests,
            },
            sender,
        )
    }

    /// Runs until stopped.
    pub async fn run(&mut self, stop: CancellationToken) {
        loop {
            let sweep = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(request) = self.requests.recv() => request,
                () = self.ports.clock.sleep(self.settings.sweep_interval) => {
                    Sweep::Overdue(self.settings.announcement_timeout)
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.sweep(sweep) => {}
            }
        }
    }

    async fn sweep(&self, first: Sweep) {
        let began = self.ports.clock.monotonic();
        let mut sweep = first;
        while self.announce_due(sweep).await {
            // What was found counts as announced now; this goes on with what was announced before we began.
            if first == Sweep::Everything {
                sweep = Sweep::Overdue(self.ports.clock.monotonic().saturating_sub(began));
            }
        }
    }

    /// Announces one batch; whether there may be more.
    async fn announce_due(&self, sweep: Sweep) -> bool {
        let due = match self.ports.leases.due(sweep, BATCH).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot look for orders that are due"
                );
                return false;
            }
        };
        if due.is_empty() {
            return false;
        }
        tracing::debug!(orders = due.len(), "announcing orders that are due");
        if let Err(error) = self.ports.queue.push(&due).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot announce orders that are due"
            );
            return false;
        }
        due.len() == BATCH
    }
}
