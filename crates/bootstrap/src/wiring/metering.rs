//! Counting around every port worth counting at, and what is read when Prometheus asks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_application::{Hub, Ports};
use order_core::invariant;
use order_http::MetricsReport;
use order_metrics::{Gauges, MeteredQueue, MeteredQuotes, MeteredSettlement, MeteredStore, Recorder};
use order_ports::{OrderBacklog, QuoteSource, WorkQueue};
use order_postgres::{Durability, PostgresStore};
use tokio_util::sync::CancellationToken;

use super::Surroundings;
use crate::config::Role;
use crate::error::StartError;

/// How long a part may take to be read; then its last reading stands.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often observations are folded when no scrape asks for them.
const FOLD: Duration = Duration::from_secs(5);

/// Begins to count in this process.
pub(crate) fn count(role: Role) -> Result<Recorder, StartError> {
    let recorder = Recorder::install(env!("CARGO_PKG_VERSION"), role.as_str())?;
    invariant::report_breaches(|breach| {
        order_metrics::count_breach();
        tracing::error!(what = %breach.what, at = %breach.at, "an invariant is broken: a defect of this program");
    });
    Ok(recorder)
}

/// Folds observations until stopped, so that they do not pile up while no scrape asks.
pub(crate) async fn fold(recorder: Recorder, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(FOLD) => recorder.fold(),
        }
    }
}

/// The same ports, counted.
pub(crate) fn metered(ports: Ports) -> Ports {
    let store = Arc::new(MeteredStore::new(
        ports.intake,
        ports.leases,
        ports.journal,
        ports.control,
    ));
    let quotes = |source| Arc::new(MeteredQuotes::new(source)) as Arc<dyn QuoteSource>;
    Ports {
        intake: store.clone(),
        leases: store.clone(),
        journal: store.clone(),
        control: store,
        queue: Arc::new(MeteredQueue::new(ports.queue, Arc::clone(&ports.clock))),
        venues: ports.venues.into_iter().map(quotes).collect(),
        settlement: Arc::new(MeteredSettlement::new(ports.settlement)),
        ..ports
    }
}

/// Reads the numbers of this process.
pub(crate) struct Scrape {
    pub(crate) recorder: Recorder,
    pub(crate) queue: Arc<dyn WorkQueue>,
    pub(crate) backlog: Arc<dyn OrderBacklog>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) database: Option<PostgresStore>,
    pub(crate) surroundings: Option<Arc<Surroundings>>,
}

#[async_trait]
impl MetricsReport for Scrape {
    async fn scrape(&self) -> String {
        let (depth, backlog) = tokio::join!(
            tokio::time::timeout(PATIENCE, self.queue.depth()),
            tokio::time::timeout(PATIENCE, self.backlog.backlog()),
        );
        Gauges {
            depth: depth.ok().and_then(Result::ok),
            backlog: backlog.ok().and_then(Result::ok),
            subscribers: self.hub.watchers(),
            subscribers_dropped: self.hub.dropped(),
            connections: self.database.as_ref().map(PostgresStore::connections),
            clock_offset: self.surroundings.as_ref().map(|seen| seen.clock_offset()),
            durability: self
                .surroundings
                .as_ref()
                .and_then(|seen| seen.durability())
                .map(Durability::settings),
        }
        .show();
        self.recorder.render()
    }
}
