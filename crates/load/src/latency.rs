//! How long things took.

use std::time::Duration;

use hdrhistogram::{CreationError, Histogram};
use serde::Serialize;

/// Digits that are kept of each time: an error of a thousandth at most.
const DIGITS: u8 = 3;

/// The longest time, in microseconds, that is told from longer ones: an hour.
const LONGEST: u64 = 3_600_000_000;

/// Times, in microseconds.
#[derive(Clone, Debug)]
pub struct Latencies {
    times: Histogram<u64>,
}

/// Latencies in a few numbers, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// How many there are.
    pub count: u64,
    /// The shortest.
    pub min: u64,
    /// Half of them are within.
    pub p50: u64,
    /// Nine tenths are within.
    pub p90: u64,
    /// 99 % are within.
    pub p99: u64,
    /// 99.9 % are within.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// None that could be provoked; the histogram's maker has one.
    pub fn new() -> Result<Self, CreationError> {
        Ok(Self {
            times: Histogram::new_with_bounds(1, LONGEST, DIGITS)?,
        })
    }

    /// Adds one.
    pub fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.times.saturating_record(micros.max(1));
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.times.len()
    }

    /// The latencies of a closed loop, with those that it omitted.
    ///
    /// While one request is stalled, its connection sends none of those that it would have sent meanwhile. Each
    /// time beyond the median is therefore taken as a stall that those would have met as well, one a median
    /// later than the other.
    #[must_use]
    pub fn corrected(&self) -> Self {
        let usual = self.times.value_at_quantile(0.5);
        Self {
            times: self.times.clone_correct(usual),
        }
    }

    /// In a few numbers.
    pub fn percentiles(&self) -> Percentiles {
        if self.times.is_empty() {
            return Percentiles::default();
        }
        let within = |quantile| self.times.value_at_quantile(quantile);
        Percentiles {
            count: self.times.len(),
            min: self.times.min(),
            p50: within(0.5),
            p90: within(0.9),
            p99: within(0.99),
            p999: within(0.999),
            max: self.times.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_millis(times: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::new().unwrap();
        for time in times {
            latencies.record(Duration::from_millis(time));
        }
        latencies
    }

    /// Whether a time is this one, but for the digits that are not kept.
    fn near(micros: u64, millis: u64) -> bool {
        micros.abs_diff(millis * 1_000) <= millis * 1_000 / 500
    }

    #[test]
    fn percentiles_say_how_many_are_within() {
        let told = of_millis(1..=1_000).percentiles();
        assert_eq!(told.count, 1_000);
        for (micros, millis) in [
            (told.min, 1),
            (told.p50, 500),
            (told.p90, 900),
            (told.p99, 990),
            (told.p999, 999),
            (told.max, 1_000),
        ] {
            assert!(near(micros, millis), "{micros} is not {millis} ms");
        }
        assert_eq!(of_millis([]).percentiles(), Percentiles::default());
    }

    #[test]
    fn a_stall_counts_for_the_requests_that_it_kept_from_being_sent() {
        // 99 requests of 10 ms, and one that took a second: in which 99 others would have been sent.
        let raw = of_millis(std::iter::repeat_n(10, 99).chain([1_000]));
        assert!(near(raw.percentiles().p90, 10));
        let corrected = raw.corrected();
        assert!(corrected.count().abs_diff(199) <= 1, "{}", corrected.count());
        let told = corrected.percentiles();
        assert!(near(told.max, 1_000));
        // Of 199 the slowest fifth took more than 600 ms.
        assert!((780_000..=820_000).contains(&told.p90), "{told:?}");
    }

    #[test]
    fn nothing_is_added_to_steady_times() {
        assert_eq!(of_millis([10; 50]).corrected().count(), 50);
    }
}
