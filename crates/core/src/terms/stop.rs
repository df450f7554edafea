//! The price that a stop is compared with.

use crate::price::Price;
use crate::routing::{Market, RoutingPolicy, best_quote, price_of_all};
use crate::spec::OrderSpec;

/// A stop that a market has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReachedStop {
    /// The stop, quote per base.
    pub stop: Price,
    /// The price that it was compared with.
    pub market: Price,
}

/// Whether a request's stop has been reached before it is an order: it is then on the wrong side of the market.
pub fn reached_stop(spec: &OrderSpec, market: &Market, policy: &RoutingPolicy) -> Option<ReachedStop> {
    let stop = spec.kind.stop(spec.side)?;
    let market = stop_price(spec, market, policy)?;
    stop.is_met(market).then_some(ReachedStop {
        stop: stop.price,
        market,
    })
}

/// The pair's own market for the size: the best quote of the pair's pools, or what they give together where none of
/// them takes the size alone. Only where the pair has no pool at all, the best way by another token counts.
///
/// A way by another token must not hold a stop back: that the pair's market has fallen is what the trader protects
/// against, however much better such a way may still be. `None` if no price is known now.
pub fn stop_price(spec: &OrderSpec, market: &Market, policy: &RoutingPolicy) -> Option<Price> {
    if let Some(quote) = best_quote(&market.answers) {
        return Some(quote.price);
    }
    match market.own_pools(spec) {
        Some(own) => price_of_all(spec, &own, policy),
        None => price_of_all(spec, market, policy),
    }
}
