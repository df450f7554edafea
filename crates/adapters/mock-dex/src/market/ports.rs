//! The market as its own process calls it: directly.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::amm::CurveKind;
use order_core::amount::Amount;
use order_core::audit;
use order_core::failure::VenueError;
use order_core::routing::LiquiditySnapshot;
use order_core::token::{Pair, Token};
use order_core::venue::{
    Draft, PoolListing, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId, VenueListing,
};
use order_ports::{
    LookUpError, MarketFeed, MarketMoves, PoolSource, QuoteSource, SendError, Settlement, VenueCatalogue,
    VenueLedger,
};

use super::{Market, SubmitError};
use crate::faults::Call;
use crate::latency::Work;

/// One venue of the market.
struct LocalVenue {
    market: Arc<Market>,
    venue: VenueId,
}

impl Market {
    /// The venues' prices, to be called in this process.
    pub fn quote_sources(self: &Arc<Self>) -> Vec<Arc<dyn QuoteSource>> {
        let source = |&(venue, _): &(VenueId, CurveKind)| {
            let market = Arc::clone(self);
            Arc::new(LocalVenue { market, venue }) as Arc<dyn QuoteSource>
        };
        self.venues.iter().map(source).collect()
    }

    /// The venues by name, with the pools that are open.
    pub(crate) fn listings(&self) -> Vec<VenueListing> {
        self.settle();
        let listing = |&(name, curve)| VenueListing {
            name,
            curve,
            pools: Vec::new(),
        };
        let mut venues: Vec<_> = self.venues.iter().map(listing).collect();
        for pair_market in self.directory.pair_markets() {
            for pool in &pair_market.lock().pools {
                if let Some(venue) = venues.iter_mut().find(|venue| venue.name == pool.venue) {
                    venue.pools.push(PoolListing {
                        id: pool.id.clone(),
                        base: pool.base.symbol,
                        quote: pool.quote.symbol,
                    });
                }
            }
        }
        venues
    }
}

#[async_trait]
impl QuoteSource for LocalVenue {
    fn venue(&self) -> VenueId {
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

#[async_trait]
impl VenueCatalogue for Market {
    async fn venues(&self) -> Result<Vec<VenueListing>, VenueError> {
        Ok(self.listings())
    }
}

#[async_trait]
impl MarketFeed for Market {
    async fn moves(
        &self,
        pairs: &[Pair],
        after: Option<u64>,
        wait: Duration,
    ) -> Result<MarketMoves, VenueError> {
        let named = (!pairs.is_empty()).then_some(pairs);
        self.moves_of(named, after, wait).await
    }
}

#[async_trait]
impl PoolSource for Market {
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError> {
        self.show(token_in, token_out)
    }
}

#[async_trait]
impl Settlement for Market {
    /// Builds and signs with the market's own sandbox key, after the time it takes.
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        self.pause(Work::Build).await;
        if let Some(error) = self.faults.inject(Call::Build) {
            return Err(error);
        }
        // Only a draft with more swaps than any route has does not fit.
        let signed = self
            .wallet
            .sign(draft, self.recent_block(), self.nonces.next())
            .map_err(|_| VenueError::InsufficientLiquidity)?;
        self.verified_signatures.remember(&signed);
        Ok(signed)
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        match self.submit(transaction.id, &transaction.bytes).await {
            Ok(status) => Ok(status),
            Err(SubmitError::NotTaken(error)) => Err(SendError::NotSent(error)),
            // What is no transaction never executes; the chain's clock will prove it.
            Err(error @ (SubmitError::Invalid(_) | SubmitError::AnswerLost | SubmitError::Journal(_))) => {
                Err(SendError::Unknown(Box::new(error)))
            }
        }
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        self.ask(id, wait)
            .await
            .map_err(|error| LookUpError(Box::new(error)))
    }

    fn removes_duplicates(&self) -> bool {
        self.removes_duplicates
    }
}

#[async_trait]
impl VenueLedger for Market {
    async fn landed(&self) -> Result<Vec<audit::LandedTransaction>, LookUpError> {
        let landed = self.durably_landed_after(0).await;
        let landed = landed.map_err(|error| LookUpError(Box::new(error)))?;
        Ok(landed.iter().map(|landed| landed.audited()).collect())
    }
}
