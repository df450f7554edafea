//! What the engine relies on and cannot do itself: that the database keeps what it has committed, and what time it is.
//! Both are looked at again and again, and an operator is told when they are not as they should be.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use order_ports::StoreError;
use order_postgres::{Durability, PostgresStore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::environment::SystemClock;
use crate::error::StartError;
use crate::store_clock::StoreClock;

/// How often.
const INTERVAL: Duration = Duration::from_secs(10);
/// A machine's clock that is further from the store's is wrong, and a person should hear of it.
const TOLERABLE: Duration = Duration::from_secs(1);
/// How often a database is asked for the time again that did not tell it at the start.
const PAUSE: Duration = Duration::from_millis(200);

/// The database's state, and the clock that shows its time.
pub(crate) struct Surroundings {
    store: PostgresStore,
    clock: Arc<StoreClock>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    durability: Option<Durability>,
    clock_is_wrong: bool,
}

/// A clock that shows the database's time, once that answers.
pub(super) async fn clock(config: &Config, store: &PostgresStore) -> Result<Arc<StoreClock>, StartError> {
    let deadline = Instant::now() + config.process.start_timeout;
    loop {
        match StoreClock::start(Arc::new(SystemClock::new()), store).await {
            Ok(clock) => return Ok(Arc::new(clock)),
            Err(StoreError::Unavailable(_)) if Instant::now() + PAUSE < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(StartError::StoreTime(error)),
        }
    }
}

impl Surroundings {
    /// Looks for the first time, and tells what is wrong.
    pub(super) async fn open(store: PostgresStore, clock: Arc<StoreClock>) -> Arc<Self> {
        let surroundings = Self {
            store,
            clock,
            seen: Mutex::default(),
        };
        surroundings.look().await;
        Arc::new(surroundings)
    }

    /// Looks again and again until stopped.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            if let Err(error) = self.clock.adjust(&self.store).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the database does not tell the time; it goes on by this machine's monotonic clock"
                );
            }
            self.look().await;
        }
    }

    /// How far this machine's clock is from the store's, either way.
    pub(crate) fn clock_offset(&self) -> Duration {
        self.clock.offset()
    }

    /// How durable the database's commits were when it was last looked at.
    pub(crate) fn durability(&self) -> Option<Durability> {
        self.seen().durability
    }

    async fn look(&self) {
        // Where it cannot be asked or takes no orders, readiness says so.
        if let Ok(now) = self.store.condition().await {
            let before = self.seen().durability.replace(now);
            if before != Some(now) {
                warn_of(now);
            }
        }
        let offset = self.clock.offset();
        let wrong = offset > TOLERABLE;
        let was_wrong = std::mem::replace(&mut self.seen().clock_is_wrong, wrong);
        if wrong && !was_wrong {
            tracing::warn!(
                seconds = offset.as_secs(),
                own_clock_is = if self.clock.is_behind_own() {
                    "ahead"
                } else {
                    "behind"
                },
                "this machine's clock is not the database's; orders go by the database's, logs and traces do not: \
                 set it right"
            );
        } else if was_wrong && !wrong {
            tracing::info!("this machine's clock is the database's again");
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells an operator what the promise "202 means durable" lacks.
fn warn_of(durability: Durability) {
    if !durability.fsync {
        tracing::warn!(
            "ACCEPTED ORDERS CAN BE LOST, and executed ones executed again: fsync is off in the database, so a crash of \
             its machine undoes commits or destroys it; set fsync = on"
        );
    }
    if !durability.full_page_writes {
        tracing::warn!(
            "ORDERS CAN BE DESTROYED: full_page_writes is off in the database, so a crash of its machine can tear pages; \
             set full_page_writes = on"
        );
    }
    if !durability.synchronous_commit {
        tracing::warn!(
            "synchronous_commit is off or local in the database, with which commits are no promise. This engine's \
             sessions wait for the disk and the synchronous standbys all the same; set synchronous_commit = on, for \
             whoever else writes there"
        );
    }
}
