//! The clients: they submit orders until they are acknowledged, twice at times, and watch them to the end.

mod change;
mod order;
mod owner;
mod submit;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Failure;
use crate::rng::SeededRng;
use crate::stage::http_client;
use crate::tally::Tally;

pub(crate) use self::order::Kinds;
pub(crate) use self::owner::watch_owner;

/// The owners of the orders.
pub(crate) const USERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a client knows of the engine.
#[derive(Clone)]
pub(crate) struct Endpoints {
    pub(crate) urls: Arc<[String]>,
    pub(crate) http: reqwest::Client,
    pub(crate) tally: Arc<Tally>,
    /// When cancelled, clients give up what they have not achieved.
    pub(crate) give_up: CancellationToken,
    /// Which orders clients have.
    pub(crate) kinds: Kinds,
    /// Whether clients take no pauses but those that they must.
    pub(crate) hurry: bool,
    /// What each client does that is not content yet.
    busy: Arc<Mutex<BTreeSet<String>>>,
}

/// A client is busy with something until this is dropped.
struct Busy {
    with: String,
    all: Arc<Mutex<BTreeSet<String>>>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.all.lock().remove(&self.with);
    }
}

impl Endpoints {
    pub(crate) fn new(
        urls: Vec<String>,
        tally: Arc<Tally>,
        kinds: Kinds,
        give_up: CancellationToken,
    ) -> Result<Self, Failure> {
        Ok(Self {
            urls: urls.into(),
            http: http_client(PATIENCE)?,
            tally,
            give_up,
            kinds,
            hurry: false,
            busy: Arc::default(),
        })
    }

    /// What clients are busy with that are not content yet.
    pub(crate) fn busy(&self) -> Vec<String> {
        self.busy.lock().iter().cloned().collect()
    }

    fn begin(&self, with: String) -> Busy {
        self.busy.lock().insert(with.clone());
        Busy {
            with,
            all: Arc::clone(&self.busy),
        }
    }

    fn any(&self, rng: &SeededRng) -> &str {
        &self.urls[rng.index(self.urls.len())]
    }
}

/// A few clients at once, with these numbers; returns when all are content or have given up.
pub(crate) async fn handful(endpoints: Endpoints, rng: SeededRng, numbers: std::ops::Range<u64>) {
    let endpoints = Endpoints {
        hurry: true,
        ..endpoints
    };
    let (watchers, mut joining) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    for number in numbers {
        clients.spawn(submit::client(
            endpoints.clone(),
            rng.fork(),
            number,
            watchers.clone(),
        ));
    }
    drop(watchers);
    loop {
        tokio::select! {
            Some(watch) = joining.recv() => {
                clients.spawn(watch::watcher(endpoints.clone(), rng.fork(), watch));
            }
            Some(_) = clients.join_next() => {}
            else => return,
        }
    }
}

/// So many new clients a minute until the end; returns when every client is content or has given up.
pub(crate) async fn crowd(
    endpoints: Endpoints,
    rng: SeededRng,
    per_minute: u64,
    until: Instant,
    calm: CancellationToken,
) {
    let (watchers, mut joining) = mpsc::unbounded_channel();
    let mut clients = JoinSet::new();
    let average = 60_000 / per_minute.max(1);
    let mut number = 0;
    while Instant::now() < until && !calm.is_cancelled() {
        // In bursts at times, as clients come.
        let together = if rng.percent(5) { 10 } else { 1 };
        for _ in 0..together {
            number += 1;
            clients.spawn(submit::client(
                endpoints.clone(),
                rng.fork(),
                number,
                watchers.clone(),
            ));
        }
        tokio::time::sleep(rng.millis(0, 2 * average * together)).await;
        while clients.try_join_next().is_some() {}
        while let Ok(watch) = joining.try_recv() {
            clients.spawn(watch::watcher(endpoints.clone(), rng.fork(), watch));
        }
    }
    drop(watchers);
    loop {
        tokio::select! {
            Some(watch) = joining.recv() => {
                clients.spawn(watch::watcher(endpoints.clone(), rng.fork(), watch));
            }
            Some(_) = clients.join_next() => {}
            else => return,
        }
    }
}
