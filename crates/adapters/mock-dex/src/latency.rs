//! How long the venues take, drawn from their quantiles in integers.

use std::time::Duration;

use crate::rng::SeededRng;
use crate::settings::Profile;

/// A distribution: its quantiles as (parts in a million, milliseconds), straight lines between them.
type Quantiles = [(u64, u64)];

/// Skewed as answers over a network are: most come soon, a few much later.
const QUOTE: &Quantiles = &[
    (0, 90),
    (100_000, 125),
    (500_000, 180),
    (900_000, 255),
    (990_000, 345),
    (1_000_000, 600),
];
const BUILD: &Quantiles = &[(0, 8), (500_000, 15), (900_000, 30), (1_000_000, 80)];
const SEND: &Quantiles = &[(0, 15), (500_000, 30), (900_000, 60), (1_000_000, 150)];
const CONFIRM: &Quantiles = &[
    (0, 600),
    (100_000, 850),
    (500_000, 1_350),
    (900_000, 2_200),
    (990_000, 3_400),
    (1_000_000, 4_500),
];

const SEED_QUOTE: &Quantiles = &[(0, 1_000), (1_000_000, 3_000)];
const SEED_BUILD: &Quantiles = &[(0, 1_000), (1_000_000, 2_000)];
const SEED_CONFIRM: &Quantiles = &[(0, 2_000), (1_000_000, 4_000)];

/// What takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Quote,
    Build,
    /// The way of a transaction to the venue and its first answer.
    Send,
    /// From there into a block.
    Confirm,
}

/// Draws a duration; `None` where nobody waits at all.
pub(crate) fn draw(profile: Profile, work: Work, rng: &SeededRng) -> Option<Duration> {
    let quantiles = match (profile, work) {
        (Profile::Instant, _) => return None,
        (Profile::Realistic, Work::Quote) => QUOTE,
        (Profile::Realistic, Work::Build) => BUILD,
        (Profile::Realistic, Work::Confirm) => CONFIRM,
        (Profile::Realistic | Profile::Seed, Work::Send) => SEND,
        (Profile::Seed, Work::Quote) => SEED_QUOTE,
        (Profile::Seed, Work::Build) => SEED_BUILD,
        (Profile::Seed, Work::Confirm) => SEED_CONFIRM,
    };
    Some(Duration::from_millis(at(quantiles, rng.below(1_000_001))))
}

/// The quantile at so many parts in a million.
fn at(quantiles: &Quantiles, parts: u64) -> u64 {
    for step in quantiles.windows(2) {
        let ((from, low), (to, high)) = (step[0], step[1]);
        if parts <= to {
            return low + (high - low) * (parts - from) / (to - from);
        }
    }
    quantiles.last().map_or(0, |(_, last)| *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realistic_profile_has_the_medians_it_promises() {
        let rng = SeededRng::new(1, "test");
        let draws = |profile, work| {
            let mut all: Vec<_> = (0..2_001).filter_map(|_| draw(profile, work, &rng)).collect();
            all.sort_unstable();
            (all[0].as_millis(), all[1_000].as_millis(), all[2_000].as_millis())
        };
        let (low, median, high) = draws(Profile::Realistic, Work::Quote);
        assert!(low >= 90 && (170..=190).contains(&median) && high <= 600);
        let (low, median, high) = draws(Profile::Realistic, Work::Confirm);
        assert!(low >= 600 && (1_250..=1_450).contains(&median) && high <= 4_500);
        let (low, median, high) = draws(Profile::Seed, Work::Quote);
        assert!(low >= 1_000 && (1_900..=2_100).contains(&median) && high <= 3_000);
    }

    #[test]
    fn instant_waits_for_nothing() {
        assert_eq!(
            draw(Profile::Instant, Work::Confirm, &SeededRng::new(1, "test")),
            None
        );
    }
}
