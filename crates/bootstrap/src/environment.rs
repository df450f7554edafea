//! The clock on the wall, the system's randomness, and ids made of both: the ports that only a real process
//! can answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::time::Timestamp;
use order_ports::{Clock, Entropy, OrderIds};
use rand::RngCore;
use uuid::{ContextV7, Uuid};

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

/// Order ids as UUIDs of version 7, by the clock that orders go by. Each is greater than the one before, also when many
/// are minted in one millisecond or the clock is set back.
pub struct TimeOrderedIds {
    clock: Arc<dyn Clock>,
    last: Mutex<ContextV7>,
}

impl TimeOrderedIds {
    /// Ids that hold that clock's time.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            last: Mutex::new(ContextV7::new()),
        }
    }
}

impl OrderIds for TimeOrderedIds {
    fn next(&self) -> OrderId {
        let millis = u64::try_from(self.clock.now().millis()).unwrap_or_default();
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (seconds, rest) = (millis / 1_000, millis % 1_000);
        // A thousand at most, so that a million times as much fits.
        let nanoseconds = u32::try_from(rest).unwrap_or_default() * 1_000_000;
        let time = uuid::Timestamp::from_unix(&*last, seconds, nanoseconds);
        OrderId::from_uuid(Uuid::new_v7(time))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn ids_grow_also_when_minted_side_by_side() {
        let ids = TimeOrderedIds::new(Arc::new(SystemClock::new()));
        let mint = || (0..10_000).map(|_| ids.next()).collect::<Vec<_>>();
        let (here, there) = std::thread::scope(|scope| {
            let other = scope.spawn(mint);
            (mint(), other.join().unwrap())
        });
        assert!(here.is_sorted_by(|a, b| a < b) && there.is_sorted_by(|a, b| a < b));
        let all: std::collections::HashSet<_> = here.iter().chain(&there).collect();
        assert_eq!(all.len(), 20_000);
    }

    /// A clock that is set.
    #[derive(Default)]
    struct Set(AtomicI64);

    #[async_trait]
    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }

        async fn sleep(&self, _: Duration) {}
    }

    #[test]
    fn ids_hold_their_clocks_time_and_grow_while_it_is_set_back() {
        let clock = Arc::new(Set::default());
        let ids = TimeOrderedIds::new(Arc::clone(&clock) as _);
        clock.0.store(1_800_000_000_123, Ordering::Relaxed);
        let first = ids.next();
        assert_eq!(first.uuid().as_u128() >> 80, 1_800_000_000_123);
        clock.0.store(1_700_000_000_000, Ordering::Relaxed);
        let rest: Vec<_> = (0..10_000).map(|_| ids.next()).collect();
        assert!(first < rest[0] && rest.is_sorted_by(|a, b| a < b));
        clock.0.store(1_800_000_100_000, Ordering::Relaxed);
        assert_eq!(ids.next().uuid().as_u128() >> 80, 1_800_000_100_000);
    }
}
