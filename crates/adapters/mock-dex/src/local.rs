//! The market as its own process calls it: directly.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::audit;
use order_core::failure::VenueError;
use order_core::routing::LiquiditySnapshot;
use order_core::token::{Pair, Token};
use order_core::venue::{Draft, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, Venue};
use order_ports::{
    LookUpError, MarketFeed, MarketMoves, PoolSource, QuoteSource, SendError, Settlement, VenueLedger,
};

use crate::market::{Market, SubmitError};

/// One venue of the market.
pub(crate) struct LocalVenue {
    market: Arc<Market>,
    venue: Venue,
}

impl LocalVenue {
    pub(crate) const fn new(market: Arc<Market>, venue: Venue) -> Self {
        Self { market, venue }
    }
}

#[async_trait]
impl QuoteSource for LocalVenue {
    fn venue(&self) -> Venue {
        self.venue
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        self.market.quote(self.venue, request).await
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        self.market.capacity(self.venue, token_in, token_out, enough)
    }
}

/// The market's moves.
pub(crate) struct LocalFeed {
    market: Arc<Market>,
}

impl LocalFeed {
    pub(crate) const fn new(market: Arc<Market>) -> Self {
        Self { market }
    }
}

#[async_trait]
impl MarketFeed for LocalFeed {
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        let named = (!pairs.is_empty()).then_some(pairs);
        self.market.moves(named, after, wait).await
    }
}

/// The market's pools.
pub(crate) struct LocalPools {
    market: Arc<Market>,
}

impl LocalPools {
    pub(crate) const fn new(market: Arc<Market>) -> Self {
        Self { market }
    }
}

#[async_trait]
impl PoolSource for LocalPools {
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        self.market.show(token_in, token_out)
    }
}

/// The market's chain.
pub(crate) struct LocalSettlement {
    market: Arc<Market>,
}

impl LocalSettlement {
    pub(crate) const fn new(market: Arc<Market>) -> Self {
        Self { market }
    }
}

#[async_trait]
impl Settlement for LocalSettlement {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        self.market.build(draft).await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        match self.market.submit(transaction.id, &transaction.bytes).await {
            Ok(status) => Ok(status),
            Err(SubmitError::NotTaken(error)) => Err(SendError::NotSent(error)),
            // What is no transaction never executes; the chain's clock will prove it.
            Err(error @ (SubmitError::Invalid(_) | SubmitError::AnswerLost | SubmitError::Journal(_))) => {
                Err(SendError::Unknown(Box::new(error)))
            }
        }
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        self.market
            .ask(id, wait)
            .await
            .map_err(|error| LookUpError(Box::new(error)))
    }

    fn removes_duplicates(&self) -> bool {
        self.market.removes_duplicates()
    }
}

#[async_trait]
impl VenueLedger for LocalSettlement {
    async fn landed(&self) -> Result<Vec<audit::LandedTransaction>, LookUpError> {
        let landed = self.market.durably_landed_after(0).await;
        let landed = landed.map_err(|error| LookUpError(Box::new(error)))?;
        Ok(landed.iter().map(|landed| landed.audited()).collect())
    }
}
