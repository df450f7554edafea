//! Chance, out of a seed.

use std::time::Duration;

use parking_lot::Mutex;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded source of chance.
pub struct SeededRng(Mutex<ChaCha8Rng>);

impl SeededRng {
    /// The generator of a seed. Streams of one seed are independent, so that what one part of a run draws does not
    /// depend on how far another has come.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(Mutex::new(rng))
    }

    /// A generator of its own for one part of the run.
    pub fn fork(&self) -> Self {
        let mut rng = self.0.lock();
        Self(Mutex::new(ChaCha8Rng::from_rng(&mut *rng)))
    }

    /// True so many times in a hundred.
    pub fn percent(&self, chance: u32) -> bool {
        self.below(100) < u64::from(chance)
    }

    /// A number from 0 up to, but not including, `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.0.lock().random_range(0..end.max(1))
    }

    /// An index into something of this length.
    pub fn index(&self, length: usize) -> usize {
        self.0.lock().random_range(0..length.max(1))
    }

    /// One of these.
    pub fn one_of<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// So many milliseconds.
    pub fn millis(&self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to.saturating_sub(from).saturating_add(1)))
    }

    /// Puts them in any order.
    pub fn shuffle<T>(&self, cards: &mut [T]) {
        cards.shuffle(&mut *self.0.lock());
    }
}
