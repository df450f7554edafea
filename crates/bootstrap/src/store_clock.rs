//! A clock that shows the store's time.
//!
//! Several processes, each with a clock of its own, share the orders of one store. So the time at which an order ends, was
//! made or moved is the store's in all of them: it is asked for at the start and then now and again, and in between the
//! time goes by as this machine's monotonic clock has it. What this machine takes the time of day to be does not matter,
//! however wrong it is, and when it is set right nothing jumps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use order_core::time::Timestamp;
use order_ports::{Clock, StoreError, StoreTime};

/// How often the store is asked at the start: the quickest answer says most.
const SAMPLES: usize = 3;
/// What the store tells is cut to milliseconds.
const GRAIN: Duration = Duration::from_millis(1);
/// Where the store's clock is less far behind than this, its time is waited for, standing still. Where it is further, it
/// was set back, and is followed.
const HELD: Duration = Duration::from_secs(1);

/// Shows the store's time.
pub(crate) struct StoreClock {
    own: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    /// What the time was at that reading of the monotonic clock.
    base: Timestamp,
    read_at: Duration,
    /// What was shown last.
    shown: Timestamp,
}

/// What one answer of the store proves: the time was between these two when it came.
struct Sample {
    earliest: Timestamp,
    latest: Timestamp,
    came_at: Duration,
}

impl Sample {
    async fn take(own: &dyn Clock, store: &dyn StoreTime) -> Result<Self, StoreError> {
        let asked_at = own.monotonic();
        let earliest = store.time().await?;
        let came_at = own.monotonic();
        let took = came_at.saturating_sub(asked_at);
        Ok(Self {
            earliest,
            latest: earliest.plus(took + GRAIN),
            came_at,
        })
    }

    fn middle(&self) -> Timestamp {
        self.earliest.plus(self.latest.since(self.earliest) / 2)
    }
}

impl StoreClock {
    /// A clock that is set by the store's, and runs by that one.
    ///
    /// # Errors
    /// [`StoreError`], when the store does not tell the time.
    pub(crate) async fn start(own: Arc<dyn Clock>, store: &dyn StoreTime) -> Result<Self, StoreError> {
        let first = Sample::take(&*own, store).await?;
        let state = State {
            base: first.middle(),
            read_at: first.came_at,
            shown: first.earliest,
        };
        let clock = Self {
            own,
            state: Mutex::new(state),
        };
        for _ in 1..SAMPLES {
            clock.adjust(store).await?;
        }
        Ok(clock)
    }

    /// Sets it again, as far as the store's answer proves it wrong: one that took long proves little.
    ///
    /// # Errors
    /// [`StoreError`]; then it goes on by the monotonic clock alone.
    pub(crate) async fn adjust(&self, store: &dyn StoreTime) -> Result<(), StoreError> {
        let sample = Sample::take(&*self.own, store).await?;
        let mut state = self.state();
        let time = state.time(sample.came_at).clamp(sample.earliest, sample.latest);
        if time != state.time(sample.came_at) {
            (state.base, state.read_at) = (time, sample.came_at);
        }
        Ok(())
    }

    /// How far this machine's own clock is from the store's, either way.
    pub(crate) fn offset(&self) -> Duration {
        let (own, store) = (self.own.now(), self.now());
        own.since(store).max(store.since(own))
    }

    /// Whether this machine's own clock is ahead of it.
    pub(crate) fn is_behind_own(&self) -> bool {
        self.now() < self.own.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn time(&self, monotonic: Duration) -> Timestamp {
        self.base.plus(monotonic.saturating_sub(self.read_at))
    }
}

#[async_trait]
impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        let mut state = self.state();
        let time = state.time(self.own.monotonic());
        if time >= state.shown || state.shown.since(time) >= HELD {
            state.shown = time;
        }
        state.shown
    }

    fn monotonic(&self) -> Duration {
        self.own.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.own.sleep(duration).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

    use super::*;

    /// A machine and a store, each with a clock; the way between them takes time.
    #[derive(Default)]
    struct World {
        /// Milliseconds that have gone by.
        passed: AtomicU64,
        own_ahead: AtomicI64,
        store_ahead: AtomicI64,
        way_there: AtomicU64,
        way_back: AtomicU64,
        store_is_gone: AtomicU64,
    }

    impl World {
        fn pass(&self, millis: u64) {
            self.passed.fetch_add(millis, Ordering::Relaxed);
        }

        fn time(&self, ahead: &AtomicI64) -> Timestamp {
            let passed = i64::try_from(self.passed.load(Ordering::Relaxed)).unwrap();
            Timestamp::from_millis(1_800_000_000_000 + passed + ahead.load(Ordering::Relaxed))
        }

        fn store_time(&self) -> Timestamp {
            self.time(&self.store_ahead)
        }
    }

    #[async_trait]
    impl Clock for World {
        fn now(&self) -> Timestamp {
            self.time(&self.own_ahead)
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.passed.load(Ordering::Relaxed))
        }

        async fn sleep(&self, _: Duration) {}
    }

    #[async_trait]
    impl StoreTime for World {
        async fn time(&self) -> Result<Timestamp, StoreError> {
            self.pass(self.way_there.load(Ordering::Relaxed));
            if self.store_is_gone.load(Ordering::Relaxed) > 0 {
                return Err(StoreError::Unavailable("gone".into()));
            }
            let time = self.store_time();
            self.pass(self.way_back.load(Ordering::Relaxed));
            Ok(time)
        }
    }

    const HOUR: i64 = 3_600_000;

    async fn clock(world: &Arc<World>) -> StoreClock {
        StoreClock::start(Arc::clone(world) as _, &**world).await.unwrap()
    }

    #[tokio::test]
    async fn it_shows_the_stores_time_whatever_the_machine_takes_the_time_to_be() {
        for ahead in [HOUR, -HOUR, 0] {
            let world = Arc::new(World::default());
            world.own_ahead.store(ahead, Ordering::Relaxed);
            let clock = clock(&world).await;
            assert_eq!(clock.now(), world.store_time());
            assert_eq!(clock.offset(), Duration::from_millis(ahead.unsigned_abs()));
            // Set right, or wrong, in the middle of it.
            world.own_ahead.store(-ahead / 2, Ordering::Relaxed);
            world.pass(70_000);
            assert_eq!(clock.now(), world.store_time());
        }
    }

    #[tokio::test]
    async fn it_is_wrong_by_no_more_than_the_quickest_answer_took() {
        for (there, back) in [(40, 2), (2, 40), (20, 20), (0, 0)] {
            let world = Arc::new(World::default());
            world.way_there.store(there, Ordering::Relaxed);
            world.way_back.store(back, Ordering::Relaxed);
            let clock = clock(&world).await;
            let off = clock
                .now()
                .since(world.store_time())
                .max(world.store_time().since(clock.now()));
            assert!(off <= Duration::from_millis((there + back) / 2 + 1), "{off:?}");
            // An answer that takes long does not make it worse, one that is quick makes it better.
            world.way_there.store(5_000, Ordering::Relaxed);
            clock.adjust(&*world).await.unwrap();
            let later = clock
                .now()
                .since(world.store_time())
                .max(world.store_time().since(clock.now()));
            assert!(later <= off + GRAIN, "{later:?} after {off:?}");
            world.way_there.store(0, Ordering::Relaxed);
            world.way_back.store(0, Ordering::Relaxed);
            clock.adjust(&*world).await.unwrap();
            world.pass(1_000);
            assert!(world.store_time().since(clock.now()) <= GRAIN);
            assert!(clock.now().since(world.store_time()) <= GRAIN);
        }
    }

    #[tokio::test]
    async fn it_runs_on_while_the_store_is_away() {
        let world = Arc::new(World::default());
        let clock = clock(&world).await;
        world.store_is_gone.store(1, Ordering::Relaxed);
        for _ in 0..100 {
            world.pass(10_000);
            assert!(clock.adjust(&*world).await.is_err());
            assert_eq!(clock.now(), world.store_time());
        }
    }

    #[tokio::test]
    async fn it_never_runs_backwards_and_follows_a_store_whose_clock_was_set() {
        let world = Arc::new(World::default());
        let clock = clock(&world).await;
        let before = clock.now();
        world.store_ahead.store(-300, Ordering::Relaxed);
        clock.adjust(&*world).await.unwrap();
        assert_eq!(clock.now(), before);
        world.pass(299);
        assert_eq!(clock.now(), before);
        world.pass(2);
        assert!(clock.now() >= before && clock.now().since(world.store_time()) <= GRAIN);
        // Set by an hour, in either direction.
        for ahead in [HOUR, 0] {
            world.store_ahead.store(ahead, Ordering::Relaxed);
            clock.adjust(&*world).await.unwrap();
            assert!(clock.now().since(world.store_time()) <= GRAIN);
            assert!(world.store_time().since(clock.now()) <= GRAIN);
        }
    }
}
