//! When a failed attempt is repeated.

use std::time::Duration;

/// Exponential backoff with a cap and upward jitter, so that a delay is never shorter than announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub max_attempts: u8,
    /// The delay before the second attempt; it doubles for each further one.
    pub backoff: Duration,
    /// No delay is longer than this, jitter aside.
    pub cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Duration::from_secs(2),
            cap: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// The delay after the failed attempt of this number (from 1), lengthened by up to a tenth by `entropy`.
    pub fn delay(&self, failed_attempt: u8, entropy: u64) -> Duration {
        let doublings = u32::from(failed_attempt.saturating_sub(1));
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let delay = self.backoff.saturating_mul(factor).min(self.cap);
        let tenth = u64::try_from(delay.as_millis() / 10).unwrap_or(u64::MAX);
        delay.saturating_add(Duration::from_millis(entropy % tenth.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seconds_then_four_then_eight_up_to_the_cap() {
        let policy = RetryPolicy::default();
        let seconds: Vec<_> = (1..=8).map(|n| policy.delay(n, 0).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn jitter_only_lengthens_and_by_a_tenth_at_most() {
        let policy = RetryPolicy::default();
        for entropy in [1, 199, 200, 201, u64::MAX] {
            let delay = policy.delay(1, entropy).as_millis();
            assert!((2_000..=2_200).contains(&delay), "{delay}");
        }
        assert!(policy.delay(255, u64::MAX) <= Duration::from_secs(66));
    }
}
