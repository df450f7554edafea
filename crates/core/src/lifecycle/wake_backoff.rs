//! How long an order rests that was woken for nothing.
//!
//! A watcher that sees a price wakes the order, the worker looks again, and the price may have gone by, or the venue may
//! refuse the transaction. Without a rest the order would be woken at once and again: each time costs a claim, quotes,
//! and on a real chain a fee.

use std::time::Duration;

/// When an order may be woken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakeBackoffPolicy {
    /// The first rest: about the time of a block, before which prices hardly change. It doubles each time.
    pub first: Duration,
    /// No rest is longer than this.
    pub longest: Duration,
}

impl Default for WakeBackoffPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(400),
            longest: Duration::from_secs(60),
        }
    }
}

/// The rest that an order had last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WakeBackoff {
    /// How long it was; zero if there was none since its owner set its terms.
    pub length: Duration,
    /// How long ago it ended, by the store's clock.
    pub ended_ago: Duration,
}

impl WakeBackoffPolicy {
    /// How long the order rests this time.
    ///
    /// Twice as long as last time, unless that is so long ago that the market has become another since.
    pub fn after(&self, last: WakeBackoff) -> Duration {
        if last.length.is_zero() || last.ended_ago >= self.longest {
            return self.first.min(self.longest);
        }
        last.length.saturating_mul(2).clamp(self.first, self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_begins_with_a_block_and_doubles_up_to_the_longest() {
        let policy = WakeBackoffPolicy::default();
        let mut rest = WakeBackoff::default();
        let mut lengths = Vec::new();
        for _ in 0..10 {
            rest.length = policy.after(rest);
            lengths.push(rest.length.as_millis());
        }
        assert_eq!(
            lengths,
            [
                400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000
            ]
        );
    }

    #[test]
    fn after_a_long_calm_it_begins_anew() {
        let policy = WakeBackoffPolicy::default();
        let last = |ended_ago| WakeBackoff {
            length: Duration::from_secs(10),
            ended_ago,
        };
        assert_eq!(
            policy.after(last(Duration::from_secs(59))),
            Duration::from_secs(20)
        );
        assert_eq!(policy.after(last(Duration::from_secs(60))), policy.first);
    }
}
