//! What the log says when a process starts.

use crate::config::{Address, LedgerPlace, Loaded, Role};
use crate::listeners::{Addresses, reachable};
use crate::wiring::{self, FORGETS};

/// Says how the process is set up, and what its operator should know of that.
pub(super) fn starting(loaded: &Loaded, role: Role) {
    let config = &loaded.config;
    let shown = |address: Option<&Address>, otherwise: &str| {
        address.map_or_else(|| otherwise.to_owned(), ToString::to_string)
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        role = role.as_str(),
        store = shown(config.database.url.as_ref(), "memory"),
        queue = shown(config.redis.url.as_ref(), "memory"),
        market = shown(config.market.url.as_ref(), "in this process"),
        "starting"
    );
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if role.takes_orders() {
        wiring::warn_of_access(config);
    }
    if role == Role::Api && config.quotes.key.is_none() {
        tracing::warn!("quotes of this process are unknown to any other; set quotes.key, the same for all");
    }
    if config.database.url.is_none() {
        tracing::warn!("{FORGETS}; set DATABASE_URL to keep them");
    } else if config.market.url.is_none() && role != Role::All {
        tracing::warn!(
            "each process has venues of its own and forgets what they executed when it ends, so an order that \
             outlives its worker may be executed at another's; set VENUE_URL to share one market"
        );
    } else if config.market.url.is_none() && config.market.ledger == LedgerPlace::Off {
        tracing::warn!(
            "orders are kept, but the venues in this process forget what they executed when it ends; \
             an order under way may then be sent again; set VENUE_URL, or leave market.ledger unset"
        );
    }
}

/// Says where the process listens.
pub(super) fn listening(loaded: &Loaded, role: Role, addresses: Addresses) {
    if let Some(address) = addresses.public {
        let scheme = if loaded.config.server.tls_certificate.is_some() {
            "https"
        } else {
            "http"
        };
        let open = reachable(address);
        if role.takes_orders() {
            tracing::info!("listening on {scheme}://{open}, documentation at {scheme}://{open}/docs");
        } else {
            tracing::info!("listening on {scheme}://{open}, for health checks only");
        }
    }
    if let Some(admin) = addresses.admin {
        tracing::info!("health and metrics at http://{}", reachable(admin));
    }
}
