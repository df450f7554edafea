//! What an audit reads: the store's records, the venues' ledger, and the pools' books where they are told.

use std::sync::Arc;

use order_mock_dex::{LedgerFile, RemoteVenues};
use order_ports::{Clock, Entropy, OrderAudit, VenueLedger};
use order_postgres::PostgresStore;

use super::{backend, ledger, market};
use crate::config::{LedgerPlace, Loaded};
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
            Some(market::server(loaded, url, &clock, &entropy).await?.0)
        }
        None => None,
    };
    let ledger = match (&venues, &loaded.config.market.ledger) {
        (Some(venues), _) => venues.venue_ledger(),
        (None, LedgerPlace::File(path)) => Arc::new(LedgerFile::new(path)),
        (None, LedgerPlace::BesideDatabase) => Arc::new(beside(&store).await?),
        (None, LedgerPlace::Off) => return Err(StartError::NoLedger),
    };
    Ok(Records {
        store: Arc::new(store),
        ledger,
        venues,
    })
}

async fn beside(store: &PostgresStore) -> Result<LedgerFile, StartError> {
    let path = ledger::beside(store).await?;
    if path.exists() {
        Ok(LedgerFile::new(path))
    } else {
        Err(StartError::LedgerNotThere(path))
    }
}
