//! What happens to the servers that the engine stands on.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use order_test_servers::ServerError;

use super::FaultSchedule;

/// How long a server that does not start is tried again.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

impl FaultSchedule {
    /// Kills Redis, which forgets everything, and starts it again.
    pub(super) async fn redis_down(&self, how_long: Duration) -> bool {
        let redis = &self.stage.terrain.redis;
        if self.tally.redis_away.swap(true, Ordering::Relaxed) {
            return false;
        }
        let stopped = redis.stop_immediate().await.is_ok();
        tokio::time::sleep(how_long).await;
        self.bring_back("Redis", || redis.start_again()).await;
        self.tally.redis_away.store(false, Ordering::Relaxed);
        stopped
    }

    /// Stops Redis in its tracks: it takes connections and says nothing. Only a local one has a process.
    pub(super) async fn freeze_redis(&self, how_long: Duration) -> bool {
        if self.tally.redis_away.swap(true, Ordering::Relaxed) {
            return false;
        }
        let pid = self.stage.terrain.redis.pid().ok();
        let pid = pid.and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
        let frozen = pid.is_some_and(|pid| kill(pid, Signal::SIGSTOP).is_ok());
        if let Some(pid) = pid.filter(|_| frozen) {
            tokio::time::sleep(how_long).await;
            // Gone in between: nothing is lost.
            let _ = kill(pid, Signal::SIGCONT);
        }
        self.tally.redis_away.store(false, Ordering::Relaxed);
        frozen
    }

    /// Ends Postgres as a crash would; it recovers from its log.
    pub(super) async fn postgres_down(&self, how_long: Duration) -> bool {
        let Ok(_only_one) = self.postgres.try_lock() else {
            return false;
        };
        let postgres = &self.stage.terrain.postgres;
        let stopped = postgres.stop_immediate().await.is_ok();
        tokio::time::sleep(how_long).await;
        self.bring_back("Postgres", || postgres.start_again()).await;
        stopped
    }

    /// Kills the venue server, and starts it again on its ledger.
    pub(super) async fn kill_venue(&self, how_long: Duration) -> bool {
        let Ok(mut venue) = self.stage.terrain.venue.try_lock() else {
            return false;
        };
        venue.kill().await;
        tokio::time::sleep(how_long).await;
        self.start(&mut venue);
        drop(venue);
        self.venue.tell_again().await;
        true
    }

    pub(super) async fn freeze_venue(&self, how_long: Duration) -> bool {
        let Ok(venue) = self.stage.terrain.venue.try_lock() else {
            return false;
        };
        venue.signal(Signal::SIGSTOP);
        tokio::time::sleep(how_long).await;
        venue.signal(Signal::SIGCONT);
        true
    }

    async fn bring_back<F: Future<Output = Result<(), ServerError>>>(
        &self,
        name: &str,
        start: impl Fn() -> F,
    ) {
        let deadline = tokio::time::Instant::now() + STARTS_WITHIN;
        while let Err(error) = start().await {
            if tokio::time::Instant::now() > deadline {
                self.oddity(format!("{name} does not start again: {error}"));
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}
