//! Asking all venues at once, for an order or for somebody who only wants to know.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::failure::{Failure, VenueError};
use order_core::order::Protection;
use order_core::routing::{self, Route};
use order_core::venue::{QuoteAnswer, QuoteRequest};

use crate::engine::Engine;
use crate::setup::Ports;

/// What the venues would pay, and the route that an order would take now.
#[derive(Clone, Debug)]
pub struct QuoteReport {
    /// Every venue's answer.
    pub answers: Vec<QuoteAnswer>,
    /// The route, or why there is none.
    pub route: Result<Route, Failure>,
}

impl Engine {
    /// Quotes a size on all venues. Nothing is reserved: the next swap moves the pools.
    pub async fn quote(&self, request: &QuoteRequest, protection: Protection) -> QuoteReport {
        let answers = ask_all(&self.ports, request, self.settings.quote_timeout).await;
        let route = routing::choose(request, protection, &answers);
        QuoteReport { answers, route }
    }
}

/// Every venue's answer, in the order of the venues; one that takes too long has not answered.
pub(crate) async fn ask_all(ports: &Ports, request: &QuoteRequest, timeout: Duration) -> Vec<QuoteAnswer> {
    let ask = |source: &std::sync::Arc<dyn order_ports::QuoteSource>| {
        let source = std::sync::Arc::clone(source);
        async move {
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
    };
    join_all(ports.venues.iter().map(ask)).await
}
