//! The one source of chance in a simulation. Everything random is drawn here, in an order that virtual time
//! and a single thread make the same in every run of a seed.

use std::time::Duration;

use order_core::id::OrderId;
use order_ports::{Entropy, OrderIds};
use parking_lot::Mutex;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::{Builder, Uuid};

/// A seeded source of chance.
pub struct SeededRng(Mutex<ChaCha8Rng>);

impl SeededRng {
    /// The generator of a seed; different streams of one seed are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(Mutex::new(rng))
    }

    /// True so many times in a thousand.
    pub fn strikes(&self, per_mille: u32) -> bool {
        self.strikes_rarely(per_mille * 10)
    }

    /// True so many times in ten thousand.
    pub fn strikes_rarely(&self, per_myriad: u32) -> bool {
        per_myriad > 0 && self.0.lock().random_range(0..10_000) < per_myriad
    }

    /// A number from 0 up to, but not including, `end`.
    pub fn below(&self, end: u32) -> u32 {
        self.0.lock().random_range(0..end.max(1))
    }

    /// One of these.
    pub fn pick<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.0.lock().random_range(0..choices.len())]
    }

    /// A whole number from `-most` to `most`.
    pub fn around_zero(&self, most: i64) -> i64 {
        self.0.lock().random_range(-most..=most)
    }

    /// A duration shorter than `longest`, in whole milliseconds.
    pub fn duration(&self, longest: Duration) -> Duration {
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).max(1);
        Duration::from_millis(self.0.lock().random_range(0..millis))
    }

    /// A fresh random UUID.
    pub fn uuid(&self) -> Uuid {
        Builder::from_random_bytes(self.0.lock().random()).into_uuid()
    }
}

impl Entropy for SeededRng {
    fn next(&self) -> u64 {
        self.0.lock().random()
    }
}

/// Order ids in rising order.
pub struct CountedIds(Mutex<u64>);

impl CountedIds {
    /// Begins to count.
    pub const fn new() -> Self {
        Self(Mutex::new(0))
    }

    fn id(counter: u64) -> OrderId {
        OrderId::from_uuid(Builder::from_unix_timestamp_millis(counter, &[0; 10]).into_uuid())
    }

    /// The newest id; all that are minted from now on are newer.
    pub fn newest(&self) -> OrderId {
        Self::id(*self.0.lock())
    }
}

impl Default for CountedIds {
    fn default() -> Self {
        Self::new()
    }
}

impl OrderIds for CountedIds {
    fn next(&self) -> OrderId {
        let mut counter = self.0.lock();
        *counter += 1;
        Self::id(*counter)
    }
}
