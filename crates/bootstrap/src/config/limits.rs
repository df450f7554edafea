//! What callers may take, as it is configured; the endpoints have it their own way.

use std::num::NonZeroU32;
use std::time::Duration;

use order_http::{LimitSettings, Rate};
use serde::Deserialize;

use super::{AuthMode, Server};

/// What callers may take. What is absent is not limited.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml says what each is for")]
pub struct Limits {
    pub exempt_loopback: bool,
    #[serde(default)]
    pub address_rate: Option<u32>,
    #[serde(default)]
    pub address_burst: Option<u32>,
    #[serde(default)]
    pub owner_rate: Option<u32>,
    #[serde(default)]
    pub owner_burst: Option<u32>,
    #[serde(default)]
    pub message_rate: Option<u32>,
    #[serde(default)]
    pub message_burst: Option<u32>,
    #[serde(default)]
    pub open_orders_per_owner: Option<usize>,
    #[serde(default)]
    pub streams_per_owner: Option<usize>,
    #[serde(default)]
    pub streams_per_address: Option<usize>,
    #[serde(default)]
    pub connections_per_address: Option<usize>,
    pub connections: usize,
    pub requests: usize,
    #[serde(default)]
    pub queue_depth: Option<u64>,
    pub body_bytes: usize,
    pub message_bytes: usize,
    pub head_bytes: usize,
    pub head_fields: usize,
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub header_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub body_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub write_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub handshake_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    #[serde(with = "humantime_serde")]
    pub ping_timeout: Duration,
}

impl Limits {
    /// As the endpoints want it.
    pub fn for_endpoints(&self, server: &Server, auth: AuthMode) -> LimitSettings {
        LimitSettings {
            trusted_hops: server.trusted_hops,
            exempt_loopback: self.exempt_loopback,
            address_rate: rate(self.address_rate, self.address_burst),
            owner_rate: rate(self.owner_rate, self.owner_burst),
            message_rate: rate(self.message_rate, self.message_burst),
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            streams_per_address: self.streams_per_address,
            streams_per_owner: self.streams_per_owner,
            requests: self.requests,
            request_timeout: self.request_timeout,
            handshake_timeout: self.handshake_timeout,
            write_timeout: self.write_timeout,
            head_bytes: self.head_bytes,
            head_fields: self.head_fields,
            origins: server.origins().map(Into::into).collect(),
            hosts: match auth {
                AuthMode::Off => Some(names(server).collect()),
                AuthMode::Keys => None,
            },
        }
    }
}

/// The names by which the service goes: those that are listed, and those of the origins whose pages may call, for whoever
/// trusts such a page trusts its name.
fn names(server: &Server) -> impl Iterator<Item = String> {
    let of_origins = server.origins().filter_map(order_http::host_of_origin);
    let listed = server.hosts().map(str::to_owned);
    listed
        .chain(of_origins)
        .filter_map(|name| order_http::host_entry(&name))
}

/// Without a burst of its own, a rate may be taken for two seconds at once.
fn rate(per_second: Option<u32>, burst: Option<u32>) -> Option<Rate> {
    let per_second = per_second.and_then(NonZeroU32::new)?;
    let burst = burst.and_then(NonZeroU32::new);
    Some(Rate {
        per_second,
        burst: burst.unwrap_or(per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_without_a_burst_of_its_own_has_two_seconds_worth() {
        let burst = |per_second, burst| rate(per_second, burst).map(|rate| rate.burst.get());
        assert_eq!(burst(Some(10), None), Some(20));
        assert_eq!(burst(Some(10), Some(5)), Some(5));
        assert_eq!(burst(None, Some(5)), None);
    }
}
