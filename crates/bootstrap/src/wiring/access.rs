//! Authentication: where keys are kept, what checks them, and what an operator is told about it.

use std::net::IpAddr;
use std::sync::Arc;

use order_application::{Authenticator, KeyRing};
use order_core::access::ApiKey;
use order_memory::{MemoryKeys, MemoryTickets};
use order_ports::{Clock, Entropy};

use super::backend::{self, AccessPorts};
use super::surroundings;
use crate::config::{AuthMode, Config};
use crate::environment::{OsEntropy, SystemClock};
use crate::error::StartError;

/// The keys that the configuration lists, for a process that has no database.
pub(super) fn configured(config: &Config, clock: &dyn Clock) -> AccessPorts {
    let now = clock.now();
    let keys = config.auth.keys.iter().map(|entry| ApiKey {
        id: entry.id.clone(),
        owner: entry.owner.clone(),
        scopes: entry.scopes,
        hash: entry.hash,
        created_at: now,
        revoked_at: None,
    });
    AccessPorts {
        keys: Arc::new(MemoryKeys::new(keys)),
        tickets: Arc::new(MemoryTickets::default()),
    }
}

/// Checks keys, if keys are wanted.
pub(crate) fn authenticator(
    config: &Config,
    access: &AccessPorts,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Option<Arc<Authenticator>> {
    match config.auth.mode {
        AuthMode::Off => None,
        AuthMode::Keys => Some(Arc::new(Authenticator::new(
            Arc::clone(&access.keys),
            Arc::clone(&access.tickets),
            Arc::clone(clock),
            Arc::clone(entropy),
        ))),
    }
}

/// The keys in the configured database, to be managed.
pub(crate) async fn key_ring(config: &Config) -> Result<KeyRing, StartError> {
    let store = backend::postgres(config).await?;
    let clock = surroundings::clock(config, &store).await?;
    let access = AccessPorts::of(store);
    Ok(KeyRing::new(access.keys, clock, Arc::new(OsEntropy)))
}

/// A key ring for keys that the configuration is to list.
pub(crate) fn unmanaged_keys() -> KeyRing {
    let keys = Arc::new(MemoryKeys::default());
    KeyRing::new(keys, Arc::new(SystemClock::new()), Arc::new(OsEntropy))
}

/// Tells an operator when more callers have access than they may think, or none.
pub(crate) fn warn(config: &Config) {
    let auth = &config.auth;
    match auth.mode {
        AuthMode::Off if !is_loopback(&config.server.host) => tracing::warn!(
            host = config.server.host,
            "ANYBODY who reaches this host may place, read and cancel EVERYBODY'S orders: auth.mode is off; \
             set auth.mode = \"keys\", or listen on 127.0.0.1"
        ),
        AuthMode::Off if !auth.keys.is_empty() => {
            tracing::warn!("auth.keys are not asked for: auth.mode is off");
        }
        AuthMode::Keys if auth.keys.is_empty() && config.database.url.is_none() => tracing::warn!(
            "no caller has access: auth.mode is keys, and without a database the keys are those of auth.keys, \
             which is empty; `order-engine keys create --owner NAME` prints an entry for it"
        ),
        AuthMode::Off | AuthMode::Keys => {}
    }
}

/// Whether only this machine reaches it.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for host in ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "engine.example", "localhost.example"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
