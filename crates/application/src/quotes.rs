//! Asking all venues at once what they pay, and what their pools hold.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use order_core::failure::VenueError;
use order_core::routing::{LiquiditySnapshot, Market};
use order_core::spec::RouteLimits;
use order_core::venue::{QuoteAnswer, QuoteRequest};
use order_ports::QuoteSource;
use tracing::Instrument;

use crate::setup::Ports;
use crate::spans;

/// The answers of every venue that may be used, in the order of the venues, and the pools as they stand then.
/// A venue that takes too long has not answered; pools that cannot be seen in time are done without.
pub(crate) async fn ask_all(
    ports: &Ports,
    request: &QuoteRequest,
    limits: &RouteLimits,
    timeout: Duration,
) -> Market {
    let allowed = ports.venues.iter().filter(|source| limits.allows(source.venue()));
    let asked = allowed
        .map(|source| answer(ports, source, request, timeout).instrument(spans::quote(source.venue())));
    let answers = join_all(asked).await;
    // After the quotes, which can take their time: so that the pools are what they are now.
    let pools = look(ports, request, timeout).await;
    Market { answers, pools }
}

async fn answer(
    ports: &Ports,
    source: &Arc<dyn QuoteSource>,
    request: &QuoteRequest,
    timeout: Duration,
) -> QuoteAnswer {
    let result = tokio::select! {
        biased;
        result = source.quote(request) => result,
        () = ports.clock.sleep(timeout) => Err(VenueError::Timeout),
    };
    QuoteAnswer {
        venue: source.venue(),
        result,
    }
}

/// The pools as they stand, if they can be seen in time.
pub(crate) async fn look(
    ports: &Ports,
    request: &QuoteRequest,
    timeout: Duration,
) -> Option<LiquiditySnapshot> {
    let source = ports.pools.as_ref()?;
    let seen = tokio::select! {
        biased;
        seen = source.pools(request.token_in, request.token_out) => seen,
        () = ports.clock.sleep(timeout) => Err(VenueError::Timeout),
    };
    seen.inspect_err(|error| tracing::debug!(%error, "the pools cannot be seen"))
        .ok()
}
