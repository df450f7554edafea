//! The market of another process, over HTTP.
//!
//! Transactions are signed here, with a sandbox key of this process; the recent blockhash that this takes
//! comes along with every quote, so building one normally asks nobody.

mod blocks;
mod catalogue;
mod feed;
#[cfg(test)]
mod fuzz;
mod http;
mod ledger;
mod pools;
mod quotes;
mod settlement;

use std::sync::Arc;
use std::time::Duration;

use order_core::token::TokenRegistry;
use order_core::venue::{VenueId, VenueListing};
use order_ports::{
    Clock, Entropy, MarketFeed, PoolSource, QuoteSource, Settlement, VenueCatalogue, VenueLedger,
};

use crate::transaction::Wallet;
use blocks::Blocks;
use catalogue::RemoteCatalogue;
use feed::RemoteFeed;
use http::Http;
pub use http::RemoteError;
use ledger::RemoteLedger;
use pools::RemotePools;
use quotes::RemoteVenue;
use settlement::RemoteSettlement;

/// How long the venue server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteTimeouts {
    /// To take a connection.
    pub connect: Duration,
    /// To quote. The slowest profile takes 3 s.
    pub quote: Duration,
    /// To take a transaction and say what became of it, where it says so at once.
    pub send: Duration,
    /// For anything else, over and above a wait that was asked for.
    pub ask: Duration,
}

impl Default for RemoteTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            quote: Duration::from_secs(4),
            send: Duration::from_secs(5),
            ask: Duration::from_secs(3),
        }
    }
}

/// The venues and their chain, behind one address.
pub struct RemoteVenues {
    http: Arc<Http>,
    blocks: Arc<Blocks>,
    catalogue: Arc<RemoteCatalogue>,
    tokens: Arc<TokenRegistry>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    wallet: Wallet,
}

impl RemoteVenues {
    /// The market at this address, such as `http://localhost:4000`. Asks nothing yet: a server that is down
    /// now may be up when it is needed.
    ///
    /// # Errors
    /// [`RemoteError::Address`] for what is no such address.
    pub fn connect(
        url: &str,
        timeouts: RemoteTimeouts,
        tokens: &TokenRegistry,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RemoteError> {
        let http = Arc::new(Http::new(url, timeouts)?);
        let mut secret = [0; 32];
        for part in secret.chunks_exact_mut(8) {
            part.copy_from_slice(&entropy.next().to_le_bytes());
        }
        let blocks = Arc::new(Blocks::new(http.clone(), clock.clone()));
        let catalogue = Arc::new(RemoteCatalogue::new(http.clone()));
        let tokens = Arc::new(tokens.clone());
        Ok(Self {
            http,
            blocks,
            catalogue,
            tokens,
            clock,
            entropy,
            wallet: Wallet::new(secret),
        })
    }

    /// Whether the server answers, for a readiness check: its block height.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn height(&self) -> Result<u64, RemoteError> {
        Ok(self.blocks.fetch().await?.height)
    }

    /// The venues that the server has, once it answers.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn listed(&self) -> Result<Vec<VenueListing>, RemoteError> {
        self.catalogue.ask().await
    }

    /// Which venues there are.
    pub fn catalogue(&self) -> Arc<dyn VenueCatalogue> {
        Arc::clone(&self.catalogue) as Arc<dyn VenueCatalogue>
    }

    /// The prices of these venues.
    pub fn quote_sources(&self, venues: impl IntoIterator<Item = VenueId>) -> Vec<Arc<dyn QuoteSource>> {
        venues
            .into_iter()
            .map(|venue| {
                Arc::new(RemoteVenue::new(
                    venue,
                    self.http.clone(),
                    self.blocks.clone(),
                    self.tokens.clone(),
                    self.clock.clone(),
                )) as Arc<dyn QuoteSource>
            })
            .collect()
    }

    /// The pools themselves.
    pub fn pool_source(&self) -> Arc<dyn PoolSource> {
        Arc::new(RemotePools::new(self.http.clone(), self.tokens.clone()))
    }

    /// The chain.
    pub fn settlement(&self) -> Arc<dyn Settlement> {
        let (http, blocks) = (self.http.clone(), self.blocks.clone());
        Arc::new(RemoteSettlement::new(
            http,
            blocks,
            self.wallet.clone(),
            self.entropy.clone(),
        ))
    }

    /// What moves on the market.
    pub fn feed(&self) -> Arc<dyn MarketFeed> {
        Arc::new(RemoteFeed::new(self.http.clone(), self.tokens.clone()))
    }

    /// What has landed, for an audit.
    pub fn venue_ledger(&self) -> Arc<dyn VenueLedger> {
        Arc::new(RemoteLedger::new(self.http.clone()))
    }

    /// The books of every pool, as the server reckons them; to be checked by whoever asks.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn books(&self) -> Result<Vec<(order_core::venue::PoolId, crate::pool::Books)>, RemoteError> {
        ledger::books(&self.http).await
    }
}

impl std::fmt::Debug for RemoteVenues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteVenues")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}
