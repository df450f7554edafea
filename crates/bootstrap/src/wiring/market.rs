//! The market: in this process, or at a venue server.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use order_core::venue::VenueListing;
use order_mock_dex::{JournalError, Market, OpenError, RemoteTimeouts, RemoteVenues};
use order_ports::{Clock, Entropy, MarketFeed, PoolSource, QuoteSource, Settlement, VenueCatalogue};

use super::ledger::Kept;
use super::patience;
use crate::config::{Address, Loaded};
use crate::error::StartError;

/// The ports of one market.
pub(super) struct MarketPorts {
    pub(super) venues: Vec<Arc<dyn QuoteSource>>,
    pub(super) catalogue: Arc<dyn VenueCatalogue>,
    pub(super) pools: Arc<dyn PoolSource>,
    pub(super) settlement: Arc<dyn Settlement>,
    pub(super) feed: Arc<dyn MarketFeed>,
}

/// How long a process that is ending may still hold the ledger that its successor waits for.
const HANDOVER: Duration = Duration::from_secs(5);

/// The market that orders are executed at; `own` gets it if it runs in this process.
pub(super) async fn market(
    loaded: &Loaded,
    kept: &Kept,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    own: &OnceLock<Arc<Market>>,
) -> Result<MarketPorts, StartError> {
    if let Some(url) = &loaded.config.market.url {
        return remote(loaded, url, clock, entropy).await;
    }
    let market = match kept {
        Kept::Nowhere => open(loaded, None, clock, entropy).await?,
        Kept::Configured(path) => open(loaded, Some(path), clock, entropy).await?,
        Kept::BesideDatabase(path) => open_beside(loaded, path, clock, entropy).await?,
    };
    own.get_or_init(|| Arc::clone(&market));
    Ok(MarketPorts {
        venues: market.quote_sources(),
        catalogue: market.clone(),
        pools: market.clone(),
        settlement: market.clone(),
        feed: market,
    })
}

async fn remote(
    loaded: &Loaded,
    url: &Address,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<MarketPorts, StartError> {
    let (venues, listed) = server(loaded, url, clock, entropy).await?;
    Ok(MarketPorts {
        venues: venues.quote_sources(listed.into_iter().map(|venue| venue.name)),
        catalogue: venues.catalogue(),
        pools: venues.pool_source(),
        settlement: venues.settlement(),
        feed: venues.feed(),
    })
}

/// The venue server at that address, once it answers, and the venues that it has.
pub(super) async fn server(
    loaded: &Loaded,
    url: &Address,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<(RemoteVenues, Vec<VenueListing>), StartError> {
    let orders = &loaded.config.orders;
    let timeouts = RemoteTimeouts {
        quote: orders.quote_timeout,
        send: orders.send_timeout,
        ..RemoteTimeouts::default()
    };
    let venues = RemoteVenues::connect(
        url.expose(),
        timeouts,
        &loaded.tokens,
        Arc::clone(clock),
        Arc::clone(entropy),
    )?;
    let patience = loaded.config.process.start_timeout;
    let answers = async || venues.listed().await;
    let listed = patience::until(&format!("the venue server at {url}"), patience, answers, |_| true)
        .await
        .map_err(|source| StartError::VenueServer {
            url: url.to_string(),
            waited: patience,
            source,
        })?;
    Ok((venues, listed))
}

/// A market in this process, out of the ledger beside the database. Another process that works on the same database may
/// hold it: then this one has venues of its own, as processes without a venue server do.
async fn open_beside(
    loaded: &Loaded,
    path: &Path,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<Market>, StartError> {
    let attempt = async || open(loaded, Some(path), clock, entropy).await;
    match patience::until("the ledger of the venues", HANDOVER, attempt, is_held).await {
        Ok(market) => {
            tracing::info!(ledger = %path.display(), "the venues in this process keep what they execute");
            Ok(market)
        }
        Err(error) if is_held(&error) => {
            tracing::warn!(
                ledger = %path.display(),
                "another process on this database keeps its venues' ledger: this one has venues of its own and forgets \
                 what they executed when it ends, so an order that outlives it may be executed at another's; set \
                 VENUE_URL to share one market"
            );
            open(loaded, None, clock, entropy).await
        }
        Err(StartError::Market(OpenError::Journal(error))) => Err(StartError::LedgerBesideDatabase(error)),
        Err(error) => Err(error),
    }
}

/// Whether another process holds the ledger.
fn is_held(error: &StartError) -> bool {
    matches!(
        error,
        StartError::Market(OpenError::Journal(JournalError::InUse { .. }))
    )
}

/// A market in this process, out of its ledger file if there is one.
pub(crate) async fn open(
    loaded: &Loaded,
    ledger: Option<&Path>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Arc<Market>, StartError> {
    let (settings, tokens) = (loaded.config.venues.clone(), loaded.tokens.clone());
    let (clock, entropy) = (Arc::clone(clock), Arc::clone(entropy));
    let Some(path) = ledger else {
        return Ok(Market::new(&settings, &tokens, clock, entropy).map_err(order_mock_dex::OpenError::from)?);
    };
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || Market::open(&settings, &tokens, clock, entropy, &path));
    Ok(opened.await??)
}
