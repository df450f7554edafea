//! The clock on the wall, the system's randomness, and ids made of both: the ports that only a real process
//! can answer.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::time::Timestamp;
use order_ports::{Clock, Entropy, OrderIds};
use rand::RngCore;
use uuid::Uuid;

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic reading begins now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is broken; the epoch is as wrong as any other answer.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Randomness seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn next(&self) -> u64 {
        rand::rng().next_u64()
    }
}

/// Order ids as UUIDs of version 7. Within a process each is greater than the one before, also when many are
/// minted in one millisecond or the clock is set back.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeOrderedIds;

impl OrderIds for TimeOrderedIds {
    fn next(&self) -> OrderId {
        OrderId::from_uuid(Uuid::now_v7())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_also_when_minted_side_by_side() {
        let mint = || (0..10_000).map(|_| TimeOrderedIds.next()).collect::<Vec<_>>();
        let (here, there) = std::thread::scope(|scope| {
            let other = scope.spawn(mint);
            (mint(), other.join().unwrap())
        });
        assert!(here.is_sorted_by(|a, b| a < b) && there.is_sorted_by(|a, b| a < b));
        let all: std::collections::HashSet<_> = here.iter().chain(&there).collect();
        assert_eq!(all.len(), 20_000);
    }
}
