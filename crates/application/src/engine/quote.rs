//! What a swap would pay now, for a caller that only wants to know.

use order_core::failure::Failure;
use order_core::routing::{self, Route, RouteRequest};
use order_core::venue::QuoteAnswer;

use super::Engine;
use crate::quotes::ask_all;

/// What the venues would pay, and the route that an order would take now.
#[derive(Clone, Debug)]
pub struct QuoteReport {
    /// Every asked venue's answer.
    pub answers: Vec<QuoteAnswer>,
    /// The route, or why there is none.
    pub route: Result<Route, Failure>,
}

impl Engine {
    /// Quotes a size on all venues that may be used. Nothing is reserved: the next swap moves the pools.
    pub async fn quote(&self, ask: &RouteRequest<'_>) -> QuoteReport {
        let timeout = self.settings.quote_timeout;
        let market = ask_all(&self.ports, &ask.request, ask.limits, timeout).await;
        let (route, _) = routing::route(ask, &market, &self.settings.routing);
        QuoteReport {
            answers: market.answers,
            route,
        }
    }
}
