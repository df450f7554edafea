//! Seeded randomness that can be shared.

use order_core::token::Symbol;
use parking_lot::Mutex;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::settings::Ppm;

/// One seed of a market, from which everything random in it follows: `label` keeps its uses apart.
pub(crate) fn derive(seed: u64, label: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"order-engine market\0")
        .chain_update(seed.to_le_bytes())
        .chain_update(label)
        .finalize()
        .into()
}

/// The stream that moves one token's price.
pub(crate) fn price_stream(seed: u64, token: Symbol) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(derive(seed, &format!("price of {token}")))
}

/// A generator of numbers that several callers draw from in turn.
#[derive(Debug)]
pub(crate) struct SeededRng(Mutex<ChaCha8Rng>);

impl SeededRng {
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        Self(Mutex::new(ChaCha8Rng::from_seed(derive(seed, label))))
    }

    pub(crate) fn next(&self) -> u64 {
        self.0.lock().next_u64()
    }

    /// Evenly from `0..bound`; 0 when there is nothing to choose from.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        // Multiplying and keeping the high half is even to within bound/2⁶⁴.
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Whether something of this probability happens. A certainty draws no number.
    pub(crate) fn happens(&self, probability: Ppm) -> bool {
        match probability {
            Ppm::NEVER => false,
            Ppm::ALWAYS => true,
            chance => self.below(1_000_000) < u64::from(chance.parts()),
        }
    }
}
