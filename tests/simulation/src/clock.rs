//! Virtual time: it passes as fast as nothing happens, and the clocks on the walls do not agree about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use order_core::time::Timestamp;
use order_ports::Clock;
use tokio::time::Instant;

use crate::faults::Life;

/// When the simulated world began.
const EPOCH_MS: i64 = 1_700_000_000_000;

/// A clock on paused `tokio::time`.
pub struct SimClock {
    start: Instant,
    ahead_ms: AtomicI64,
}

impl SimClock {
    /// Starts at a fixed time of day.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// The time of day jumps ahead for every process, as after a correction; a task that waits does not notice.
    pub fn jump(&self, ahead: Duration) {
        self.ahead_ms
            .fetch_add(i64::try_from(ahead.as_millis()).unwrap_or(0), Ordering::Relaxed);
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(EPOCH_MS + elapsed + self.ahead_ms.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The clock of one life of a process: as fast as all others, and some milliseconds ahead of them or behind.
pub struct SkewedClock {
    world: Arc<SimClock>,
    skew_ms: i64,
    life: Life,
}

impl SkewedClock {
    /// A clock that is `skew_ms` ahead of the world's.
    pub const fn new(world: Arc<SimClock>, skew_ms: i64, life: Life) -> Self {
        Self { world, skew_ms, life }
    }
}

#[async_trait]
impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.world.now().millis() + self.skew_ms)
    }

    fn monotonic(&self) -> Duration {
        self.world.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.world.sleep(duration).await;
        // No timer goes off in a process that stands still.
        self.life.thawed().await;
    }
}
