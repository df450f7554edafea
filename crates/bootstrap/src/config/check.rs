//! What types cannot say: ranges, and settings that contradict each other.

mod limits;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use order_core::routing::MOST_LEGS;
use order_core::token::{MAX_DECIMALS, Token, TokenRegistry};
use order_redis::RedisAddress;
use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;

use super::decode::Repairs;
use super::issue::ConfigIssue;
use super::layers::{Layers, dotted, steps};
use super::{Config, LedgerPlace, Purpose, Role};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
/// A shorter key could be guessed.
const LEAST_KEY: usize = 32;

/// Checks the whole, and makes a registry of the tokens.
pub(super) fn check(
    config: &Config,
    purpose: Purpose,
    layers: &Layers,
    repairs: &Repairs,
    issues: &mut Vec<ConfigIssue>,
) -> TokenRegistry {
    let mut check = Check {
        layers,
        repairs,
        issues,
    };
    check.ranges(config);
    check.server(config);
    check.limits(config);
    check.addresses(config);
    check.durations(config);
    check.agreement(config);
    check.keys(config);
    check.purpose(config, purpose);
    let tokens = check.tokens(config);
    check.venues(config, &tokens);
    tokens
}

struct Check<'a> {
    layers: &'a Layers,
    repairs: &'a Repairs,
    issues: &'a mut Vec<ConfigIssue>,
}

impl Check<'_> {
    fn wrong(&mut self, key: &str, problem: impl Into<String>) {
        // As it was written, before the decoder left anything out.
        let written = self.repairs.original(&steps(key));
        let issue = ConfigIssue {
            key: dotted(&written),
            problem: problem.into(),
            origin: self.layers.origin(&written),
        };
        self.issues.push(issue);
    }

    fn range<N: PartialOrd + Display>(&mut self, key: &str, value: N, range: RangeInclusive<N>) {
        if !range.contains(&value) {
            self.wrong(
                key,
                format!("must be {} to {}, not {value}", range.start(), range.end()),
            );
        }
    }

    fn duration(&mut self, key: &str, value: Duration, range: RangeInclusive<Duration>) {
        if !range.contains(&value) {
            self.wrong(
                key,
                format!("must be {:?} to {:?}, not {value:?}", range.start(), range.end()),
            );
        }
    }

    fn ranges(&mut self, config: &Config) {
        let Config {
            orders,
            routing,
            queue,
            watch,
            log,
            database,
            redis,
            ..
        } = config;
        self.range("orders.slippage_bps", orders.slippage_bps, 0..=10_000);
        self.range("routing.max_legs", routing.max_legs, 1..=MOST_LEGS);
        let key = config.quotes.key.as_ref().map(|key| key.expose_secret().len());
        if key.is_some_and(|length| length < LEAST_KEY) {
            self.wrong("quotes.key", format!("must be {LEAST_KEY} characters or more"));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        if !(1..=64).contains(&queue.name.len()) || !queue.name.bytes().all(plain) {
            self.wrong(
                "queue.name",
                "must be 1 to 64 letters, digits, '.', '_', '-' or ':'",
            );
        }
        self.range("queue.concurrency", queue.concurrency, 1..=10_000);
        self.range("queue.max_attempts", queue.max_attempts, 1..=100);
        if let Some(rate) = queue.rate_per_minute {
            self.range("queue.rate_per_minute", rate, 1..=1_000_000);
        }
        self.range("watch.buffer", watch.buffer, 1..=100_000);
        let percent = config.telemetry.sample_percent;
        self.range("telemetry.sample_percent", percent, 0..=100);
        self.range("database.pool_size", database.pool_size, 1..=1_000);
        self.range(
            "memory.ended_orders",
            config.memory.ended_orders,
            1..=1_000_000_000,
        );
        self.range("redis.streams", redis.streams, 1..=1_024);
        if let Err(error) = EnvFilter::builder().parse(&log.filter) {
            self.wrong("log.filter", format!("is not a filter: {error}"));
        }
    }

    fn addresses(&mut self, config: &Config) {
        let database = config.database.url.as_ref();
        if let Some(Err(error)) = database.map(|url| order_postgres::check_url(url.expose())) {
            self.wrong("database.url", crate::error::chain(&error));
        }
        let address = config
            .redis
            .url
            .as_ref()
            .map(|url| url.expose().parse::<RedisAddress>());
        match (address, &config.redis.ca_file) {
            (Some(Err(error)), _) => self.wrong("redis.url", error.to_string()),
            (Some(Ok(address)), Some(file)) => {
                if let Err(error) = address.with_authority(file) {
                    self.wrong("redis.ca_file", crate::error::chain(&error));
                }
            }
            (None, Some(_)) if !self.reported("redis.url") => {
                self.wrong(
                    "redis.ca_file",
                    "is set without redis.url: there is nothing to check by it",
                );
            }
            (Some(Ok(_)) | None, None) | (None, Some(_)) => {}
        }
    }

    fn durations(&mut self, config: &Config) {
        let Config {
            orders,
            queue,
            watch,
            process,
            ..
        } = config;
        for (key, value, least) in [
            ("orders.unknown_after", orders.unknown_after, MILLISECOND),
            ("orders.quote_timeout", orders.quote_timeout, MILLISECOND),
            ("orders.send_timeout", orders.send_timeout, MILLISECOND),
            ("orders.look_up_wait", orders.look_up_wait, MILLISECOND),
            ("orders.rest", orders.rest, MILLISECOND),
            ("orders.longest_rest", orders.longest_rest, MILLISECOND),
            ("quotes.ttl", config.quotes.ttl, MILLISECOND),
            ("queue.backoff", queue.backoff, MILLISECOND),
            ("queue.backoff_cap", queue.backoff_cap, MILLISECOND),
            ("queue.lease", queue.lease, 100 * MILLISECOND),
            ("queue.sweep_interval", queue.sweep_interval, 10 * MILLISECOND),
            (
                "queue.announcement_timeout",
                queue.announcement_timeout,
                10 * MILLISECOND,
            ),
            (
                "watch.reconcile_interval",
                watch.reconcile_interval,
                10 * MILLISECOND,
            ),
            ("process.start_timeout", process.start_timeout, Duration::ZERO),
            ("process.drain_timeout", process.drain_timeout, Duration::ZERO),
            ("process.shutdown_delay", process.shutdown_delay, Duration::ZERO),
        ] {
            self.duration(key, value, least..=24 * HOUR);
        }
        let age = config.memory.ended_age;
        self.duration("memory.ended_age", age, MILLISECOND..=100 * YEAR);
    }

    fn agreement(&mut self, config: &Config) {
        let Config { orders, queue, .. } = config;
        if queue.backoff_cap < queue.backoff {
            self.wrong(
                "queue.backoff_cap",
                format!("must not be below queue.backoff, {:?}", queue.backoff),
            );
        }
        if orders.longest_rest < orders.rest {
            self.wrong(
                "orders.longest_rest",
                format!("must not be below orders.rest, {:?}", orders.rest),
            );
        }
        // A worker stops by itself after 80 % of its lease; what it waits for must be over by then.
        let usable = queue.lease * 4 / 5;
        for (key, value) in [
            ("send_timeout", orders.send_timeout),
            ("look_up_wait", orders.look_up_wait),
        ] {
            if value >= usable {
                let problem = format!("{value:?} must fit into 80 % of queue.lease, {usable:?}");
                self.wrong(&format!("orders.{key}"), problem);
            }
        }
        if config.redis.url.is_some() && config.database.url.is_none() && !self.reported("database.url") {
            self.wrong(
                "redis.url",
                "a queue that outlives the process needs a store that does: set DATABASE_URL too, or unset this",
            );
        }
    }

    fn keys(&mut self, config: &Config) {
        for (index, key) in config.auth.keys.iter().enumerate() {
            if config.auth.keys[..index].iter().any(|other| other.id == key.id) {
                self.wrong(&format!("auth.keys[{index}].id"), "is the id of another key, too");
            }
        }
        if !config.auth.keys.is_empty() && config.database.url.is_some() {
            let why =
                "must be empty where there is a database, which keeps the keys: `order-engine keys create`";
            self.wrong("auth.keys", why);
        }
    }

    fn purpose(&mut self, config: &Config, purpose: Purpose) {
        match purpose {
            Purpose::Serve(Role::All) | Purpose::Venue | Purpose::Keys | Purpose::Probe => {}
            Purpose::Serve(role @ (Role::Api | Role::Worker)) => {
                let why = format!("role {} shares its work with other processes", role.as_str());
                self.required("database.url", config.database.url.as_ref(), &why, "DATABASE_URL");
                self.required("redis.url", config.redis.url.as_ref(), &why, "REDIS_URL");
            }
            Purpose::Verify => {
                let why = "orders in the memory of another process cannot be read, and what was executed is read at \
                           VENUE_URL or in the ledger beside the database";
                self.required("database.url", config.database.url.as_ref(), why, "DATABASE_URL");
                if config.market.ledger == LedgerPlace::Off {
                    let why = "market.ledger is off, so what was executed is read there";
                    self.required("market.url", config.market.url.as_ref(), why, "VENUE_URL");
                }
            }
            Purpose::Migrate => {
                self.required(
                    "database.url",
                    config.database.url.as_ref(),
                    "there is nothing to migrate",
                    "DATABASE_URL",
                );
            }
        }
    }

    fn required<T>(&mut self, key: &str, value: Option<&T>, why: &str, name: &str) {
        if value.is_none() && !self.reported(key) {
            self.wrong(key, format!("is missing: {why}; set {name}"));
        }
    }

    /// An address that is there and wrong counts as missing by now, and has been reported.
    fn reported(&self, key: &str) -> bool {
        self.issues.iter().any(|issue| issue.key == key)
    }

    fn tokens(&mut self, config: &Config) -> TokenRegistry {
        let mut registry = TokenRegistry::default();
        for (index, entry) in config.tokens.iter().enumerate() {
            let token = Token {
                symbol: entry.symbol,
                decimals: entry.decimals,
            };
            let Err(error) = registry.add(token) else { continue };
            self.wrong(&format!("tokens[{index}]"), error.to_string());
            // Known all the same, or every pool of it would be wrong, too.
            let decimals = MAX_DECIMALS;
            let _ = registry.add(Token { decimals, ..token });
        }
        registry
    }

    fn venues(&mut self, config: &Config, tokens: &TokenRegistry) {
        let wrong = config.venues.validate(tokens).err();
        for issue in wrong.into_iter().flat_map(|error| error.issues) {
            // A value that the decoder has left out seems to be missing.
            let written = dotted(&self.repairs.original(&steps(&issue.key)));
            if !self.reported(&written) {
                self.wrong(&issue.key, issue.problem);
            }
        }
    }
}
