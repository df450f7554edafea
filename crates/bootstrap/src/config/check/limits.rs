//! The ranges of what callers may take, and of how the endpoints are kept.

use std::net::IpAddr;
use std::time::Duration;

use url::Host;

use super::{Check, HOUR, MILLISECOND};
use crate::config::Config;

/// Nothing that is counted by caller needs to be more.
const MANY: u32 = 1_000_000;

impl Check<'_> {
    pub(super) fn limits(&mut self, config: &Config) {
        let limits = &config.limits;
        for (key, value) in [
            ("address_rate", limits.address_rate),
            ("address_burst", limits.address_burst),
            ("owner_rate", limits.owner_rate),
            ("owner_burst", limits.owner_burst),
            ("message_rate", limits.message_rate),
            ("message_burst", limits.message_burst),
        ] {
            if let Some(value) = value {
                self.range(&format!("limits.{key}"), value, 1..=MANY);
            }
        }
        for (key, value) in [
            ("open_orders_per_owner", limits.open_orders_per_owner),
            ("streams_per_owner", limits.streams_per_owner),
            ("streams_per_address", limits.streams_per_address),
            ("connections_per_address", limits.connections_per_address),
            ("connections", Some(limits.connections)),
            ("requests", Some(limits.requests)),
        ] {
            if let Some(value) = value {
                self.range(&format!("limits.{key}"), value, 1..=1_000_000);
            }
        }
        if let Some(depth) = limits.queue_depth {
            self.range("limits.queue_depth", depth, 1..=u64::MAX);
        }
        self.range("limits.body_bytes", limits.body_bytes, 1_024..=1_048_576);
        self.range("limits.message_bytes", limits.message_bytes, 1_024..=1_048_576);
        self.range("limits.head_bytes", limits.head_bytes, 8_192..=1_048_576);
        self.range("limits.head_fields", limits.head_fields, 16..=1_000);
        for (key, value) in [
            ("request_timeout", limits.request_timeout),
            ("header_timeout", limits.header_timeout),
            ("idle_timeout", limits.idle_timeout),
            ("body_timeout", limits.body_timeout),
            ("write_timeout", limits.write_timeout),
            ("handshake_timeout", limits.handshake_timeout),
            ("ping_interval", limits.ping_interval),
            ("ping_timeout", limits.ping_timeout),
        ] {
            self.duration(&format!("limits.{key}"), value, 10 * MILLISECOND..=HOUR);
        }
        if limits.ping_timeout < limits.ping_interval {
            let least: Duration = limits.ping_interval;
            self.wrong(
                "limits.ping_timeout",
                format!("must not be below limits.ping_interval, {least:?}"),
            );
        }
    }

    pub(super) fn server(&mut self, config: &Config) {
        let server = &config.server;
        for (key, host) in [("host", &server.host), ("admin_host", &server.admin_host)] {
            if !is_host(host) {
                self.wrong(&format!("server.{key}"), "must be a host name or an IP address");
            }
        }
        self.range("server.trusted_hops", server.trusted_hops, 0..=10);
        // Not quoted: what stands in the wrong place may be a secret.
        if !server.origins().all(order_http::is_origin) {
            self.wrong(
                "server.allowed_origins",
                "must be origins as browsers write them, with commas between: https://desk.example, without a path; \
                 https://*.desk.example for those below it; or *",
            );
        }
        if !server
            .allowed_hosts()
            .all(|host| order_http::host_entry(host).is_some())
        {
            self.wrong(
                "server.allowed_hosts",
                "must be names of hosts with commas between, without scheme, port or path: desk.example; \
                 *.desk.example for those below it; or *",
            );
        }
        match (&server.tls_certificate, &server.tls_key) {
            (Some(certificate), Some(key)) => {
                if let Err(error) = order_http::Certificates::read(certificate, key) {
                    self.wrong("server.tls_certificate", crate::error::chain(&error));
                }
            }
            (Some(_), None) => self.wrong("server.tls_key", "is missing beside server.tls_certificate"),
            (None, Some(_)) => self.wrong("server.tls_certificate", "is missing beside server.tls_key"),
            (None, None) => {}
        }
    }
}

/// Whether a process may be told to listen there: an address, or a name that may have one.
fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || (!text.contains('%') && Host::parse(text).is_ok())
}
