//! What an audit reads: the store's records, the venues' ledger, and the pools' books where they are told.

use std::sync::Arc;

use order_mock_dex::{LedgerFile, RemoteVenues};
use order_ports::{Clock, Entropy, OrderAudit, VenueLedger};

use super::{backend, market};
use crate::config::Loaded;
use crate::environment::{OsEntropy, SystemClock};
use crate::error::StartError;

/// Where the records are.
pub(crate) struct Records {
    pub(crate) store: Arc<dyn OrderAudit>,
    pub(crate) ledger: Arc<dyn VenueLedger>,
    /// The venue server, which also tells the books; a ledger file does not.
    pub(crate) venues: Option<RemoteVenues>,
}

/// Connects to the configured store and ledger, to read and nothing else.
pub(crate) async fn records(loaded: &Loaded) -> Result<Records, StartError> {
    let store = backend::connect(&loaded.config).await?;
    if !store.is_migrated().await? {
        return Err(StartError::NotMigrated);
    }
    let venues = match &loaded.config.market.url {
        Some(url) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
            Some(market::server(loaded, url, &clock, &entropy).await?)
        }
        None => None,
    };
    let ledger = match (&venues, &loaded.config.market.ledger) {
        (Some(venues), _) => venues.venue_ledger(),
        (None, Some(path)) => Arc::new(LedgerFile::new(path)),
        (None, None) => return Err(StartError::NoLedger),
    };
    Ok(Records {
        store: Arc::new(store),
        ledger,
        venues,
    })
}
