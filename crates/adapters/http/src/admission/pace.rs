//! How fast one client may talk on one connection.

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::settings::Rate;

/// The pace of one client; without a rate, any.
pub struct Pace(Option<Box<RateLimiter<NotKeyed, InMemoryState, DefaultClock>>>);

impl Pace {
    /// A client that has not said anything yet.
    pub fn new(rate: Option<Rate>) -> Self {
        Self(rate.map(|rate| {
            let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
            Box::new(RateLimiter::direct(quota))
        }))
    }

    /// Whether it may say one thing more.
    pub fn allows(&self) -> bool {
        self.0.as_ref().is_none_or(|limiter| limiter.check().is_ok())
    }
}
