//! Which pairs move, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::failure::VenueError;
use order_core::token::{Pair, TokenRegistry};
use order_ports::{MarketFeed, MarketMoves};

use super::http::Http;
use crate::wire::{MovesAnswer, MovesRequest};

pub(super) struct RemoteFeed {
    http: Arc<Http>,
    tokens: Arc<TokenRegistry>,
}

impl RemoteFeed {
    pub(super) const fn new(http: Arc<Http>, tokens: Arc<TokenRegistry>) -> Self {
        Self { http, tokens }
    }
}

#[async_trait]
impl MarketFeed for RemoteFeed {
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        let asked = MovesRequest::new(pairs, after, wait);
        let patience = wait.saturating_add(self.http.timeouts.ask);
        let answer: MovesAnswer = self
            .http
            .post("moves", &asked, patience)
            .await
            .map_err(|error| error.harmless())?;
        Ok(answer.read(&self.tokens))
    }
}
