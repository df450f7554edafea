//! Reading what the engine counts, as far as the screen needs it.
#![expect(clippy::float_arithmetic, reason = "latencies and gauges are no money")]

use std::collections::HashMap;
use std::time::Duration;

pub(super) const FINISHED: &str = "order_engine_orders_total";
pub(super) const DURATION: &str = "order_engine_order_duration_seconds";
pub(super) const QUOTES: &str = "order_engine_quote_duration_seconds";

/// The samples of one scrape.
#[derive(Default)]
pub(super) struct Scrape {
    samples: HashMap<String, Vec<Sample>>,
}

struct Sample {
    labels: String,
    value: f64,
}

impl Sample {
    fn has(&self, wanted: &[(&str, &str)]) -> bool {
        wanted
            .iter()
            .all(|(name, value)| self.labels.contains(&format!("{name}=\"{value}\"")))
    }

    /// The bucket's upper bound, in seconds.
    fn bound(&self) -> Option<f64> {
        let (_, rest) = self.labels.split_once("le=\"")?;
        rest.split('"').next()?.parse().ok()
    }
}

impl Scrape {
    pub(super) fn read(text: &str) -> Self {
        let mut samples: HashMap<String, Vec<Sample>> = HashMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let Ok(value) = value.parse() else { continue };
            let (name, labels) = name.split_once('{').unwrap_or((name, ""));
            samples.entry(name.to_owned()).or_default().push(Sample {
                labels: labels.to_owned(),
                value,
            });
        }
        Self { samples }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &Sample> {
        self.samples.get(name).into_iter().flatten()
    }

    /// The sum of a name's samples with these labels, as a whole number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are small and positive"
    )]
    pub(super) fn sum(&self, name: &str, wanted: &[(&str, &str)]) -> u64 {
        let fitting = self.all(name).filter(|sample| sample.has(wanted));
        fitting.map(|sample| sample.value).sum::<f64>() as u64
    }

    /// A gauge in seconds.
    pub(super) fn seconds(&self, name: &str) -> Duration {
        let most = self.all(name).map(|sample| sample.value).fold(0.0, f64::max);
        Duration::try_from_secs_f64(most).unwrap_or(Duration::ZERO)
    }

    /// A quantile of a histogram over all its labels, as Prometheus estimates it.
    pub(super) fn quantile(&self, name: &str, q: f64) -> Option<Duration> {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for sample in self.all(&format!("{name}_bucket")) {
            let bound = sample.bound()?;
            match buckets
                .iter_mut()
                .find(|(known, _)| known.total_cmp(&bound).is_eq())
            {
                Some((_, count)) => *count += sample.value,
                None => buckets.push((bound, sample.value)),
            }
        }
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let rank = buckets.last()?.1 * q;
        let mut before = (0.0, 0.0);
        for (bound, count) in buckets {
            if count > 0.0 && count >= rank {
                let seconds = if bound.is_infinite() {
                    before.0
                } else {
                    before.0 + (bound - before.0) * (rank - before.1) / (count - before.1).max(1e-9)
                };
                return Duration::try_from_secs_f64(seconds).ok();
            }
            before = (bound, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE x counter\nx{a=\"1\"} 3\nx{a=\"2\"} 4\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 10\n\
                        h_bucket{le=\"+Inf\"} 10\nage 1.5\n";

    #[test]
    fn samples_are_summed_by_label() {
        let scrape = Scrape::read(TEXT);
        assert_eq!(scrape.sum("x", &[]), 7);
        assert_eq!(scrape.sum("x", &[("a", "2")]), 4);
        assert_eq!(scrape.sum("y", &[]), 0);
        assert_eq!(scrape.seconds("age"), Duration::from_millis(1500));
    }

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let scrape = Scrape::read(TEXT);
        assert_eq!(scrape.quantile("h", 0.5), Some(Duration::from_secs(1)));
        assert_eq!(scrape.quantile("h", 0.75), Some(Duration::from_millis(1500)));
        assert_eq!(scrape.quantile("none", 0.5), None);
    }
}
