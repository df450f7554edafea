//! Token buckets, one for each caller, and how they are told: `RateLimit-Policy` says what there is, `RateLimit` what
//! is left, `Retry-After` when there is more.

use std::hash::Hash;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::header::{HeaderName, HeaderValue};
use poem::http::HeaderMap;

use super::settings::Rate;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// A bucket for each key.
pub struct Buckets<K: Hash + Eq + Clone> {
    limiter: RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
    name: &'static str,
    rate: Rate,
}

/// How much of a bucket is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    name: &'static str,
    rate: Rate,
    tokens: u32,
    /// When there is a token again; zero while there is one.
    pub wait: Duration,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Full buckets, under that name for those who are told.
    pub fn new(name: &'static str, rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            limiter: RateLimiter::dashmap(quota).with_middleware(),
            clock: DefaultClock::default(),
            name,
            rate,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// There is none now.
    pub fn take(&self, key: &K) -> Result<Left, Left> {
        let left = |tokens, wait| Left {
            name: self.name,
            rate: self.rate,
            tokens,
            wait,
        };
        match self.limiter.check_key(key) {
            Ok(state) => Ok(left(state.remaining_burst_capacity(), Duration::ZERO)),
            Err(until) => Err(left(0, until.wait_time_from(self.clock.now()))),
        }
    }

    /// Forgets the buckets that are full again.
    pub fn tidy(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }

    #[cfg(test)]
    fn kept(&self) -> usize {
        self.limiter.len()
    }
}

impl Left {
    /// Whole seconds until there is a token again.
    pub fn retry_after(self) -> u16 {
        let seconds = self.wait.as_millis().div_ceil(1_000).max(1);
        u16::try_from(seconds).unwrap_or(u16::MAX)
    }

    /// Tells it.
    pub fn tell(self, headers: &mut HeaderMap) {
        let Rate { per_second, burst } = self.rate;
        // A bucket of `burst` tokens is refilled in as many seconds.
        let window = burst.get().div_ceil(per_second.get());
        let (name, tokens) = (self.name, self.tokens);
        let mut policy = format!("\"{name}\";q={burst};w={window}");
        let mut left = format!("\"{name}\";r={tokens}");
        if !self.wait.is_zero() {
            left += &format!(";t={}", self.retry_after());
        }
        for (header, text) in [(POLICY, &mut policy), (LEFT, &mut left)] {
            let before = headers.get(&header).and_then(|value| value.to_str().ok());
            if let Some(before) = before {
                *text = format!("{before}, {text}");
            }
            // Plain ASCII, so that this cannot fail.
            if let Ok(value) = HeaderValue::try_from(text.as_str()) {
                headers.insert(header, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn buckets(per_second: u32, burst: u32) -> Buckets<&'static str> {
        let [per_second, burst] = [per_second, burst].map(|number| NonZeroU32::new(number).unwrap());
        Buckets::new("address", Rate { per_second, burst })
    }

    #[test]
    fn each_caller_has_a_bucket_of_its_own() {
        let buckets = buckets(1, 3);
        for left in [2, 1, 0] {
            assert_eq!(buckets.take(&"a").unwrap().tokens, left);
        }
        let refused = buckets.take(&"a").unwrap_err();
        assert_eq!((refused.tokens, refused.retry_after()), (0, 1));
        assert_eq!(buckets.take(&"b").unwrap().tokens, 2);
    }

    #[test]
    fn what_is_left_is_told_beside_what_was_told_before() {
        let mut headers = HeaderMap::new();
        buckets(2, 5).take(&"a").unwrap().tell(&mut headers);
        assert_eq!(headers[POLICY], "\"address\";q=5;w=3");
        assert_eq!(headers[LEFT], "\"address\";r=4");
        let slow = buckets(1, 1);
        slow.take(&"a").unwrap();
        slow.take(&"a").unwrap_err().tell(&mut headers);
        assert_eq!(headers[POLICY], "\"address\";q=5;w=3, \"address\";q=1;w=1");
        assert_eq!(headers[LEFT], "\"address\";r=4, \"address\";r=0;t=1");
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let buckets = buckets(1_000_000, 1);
        buckets.take(&"a").unwrap();
        assert_eq!(buckets.kept(), 1);
        std::thread::sleep(Duration::from_millis(20));
        buckets.tidy();
        assert_eq!(buckets.kept(), 0);
    }
}
