//! Venues whose network fails; the market behind them has faults of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::routing::LiquiditySnapshot;
use order_core::token::{Pair, Token};
use order_core::venue::{Draft, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId};
use order_ports::{LookUpError, MarketFeed, MarketMoves, PoolSource, QuoteSource, SendError, Settlement};

use super::{Fault, Injected, Life};

/// Wraps a venue's quotes for one life of a process.
pub struct FaultyQuotes {
    pub(crate) quotes: Arc<dyn QuoteSource>,
    pub(crate) life: Life,
}

#[async_trait]
impl QuoteSource for FaultyQuotes {
    fn venue(&self) -> VenueId {
        self.quotes.venue()
    }

    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError> {
        self.life
            .call("quote", |_| VenueError::Timeout, self.quotes.quote(request))
            .await
    }

    async fn capacity(
        &self,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        let capacity = self.quotes.capacity(token_in, token_out, enough);
        self.life
            .call("capacity", |_| VenueError::Timeout, capacity)
            .await
    }
}

/// Wraps the visible pools for one life of a process.
pub struct FaultyPools {
    pub(crate) pools: Arc<dyn PoolSource>,
    pub(crate) life: Life,
}

#[async_trait]
impl PoolSource for FaultyPools {
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        let seen = self.pools.pools(token_in, token_out);
        self.life.call("pools", |_| VenueError::Timeout, seen).await
    }
}

/// Wraps the settlement for one life of a process.
pub struct FaultySettlement {
    pub(crate) settlement: Arc<dyn Settlement>,
    pub(crate) life: Life,
}

#[async_trait]
impl Settlement for FaultySettlement {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        self.life
            .call("build", |_| VenueError::Timeout, self.settlement.build(draft))
            .await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        self.life.step("send").await;
        if self.life.strikes(Fault::Error, "send") {
            return Err(SendError::NotSent(VenueError::Timeout));
        }
        let sent = self.settlement.send(transaction).await;
        self.life
            .note(format_args!("sent {}: {}", transaction.id, said(&sent)));
        self.life.step("send").await;
        if self.life.strikes(Fault::Ambiguous, "send") {
            return Err(SendError::Unknown(Box::new(Injected("send"))));
        }
        sent
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        let error = |injected| LookUpError(Box::new(injected));
        let seen = self
            .life
            .call("look_up", error, self.settlement.look_up(id, wait))
            .await;
        if let Ok(status) = &seen {
            self.life.note(format_args!("looked up {id}: {status:?}"));
        }
        seen
    }

    fn removes_duplicates(&self) -> bool {
        self.settlement.removes_duplicates()
    }
}

fn said(sent: &Result<TxStatus, SendError>) -> String {
    match sent {
        Ok(status) => format!("{status:?}"),
        Err(error) => error.to_string(),
    }
}

/// Wraps the market's moves for one life of a process.
pub struct FaultyFeed {
    pub(crate) feed: Arc<dyn MarketFeed>,
    pub(crate) life: Life,
}

#[async_trait]
impl MarketFeed for FaultyFeed {
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        self.life
            .call(
                "moves",
                |_| VenueError::Timeout,
                self.feed.moves(pairs, after, wait),
            )
            .await
    }
}
