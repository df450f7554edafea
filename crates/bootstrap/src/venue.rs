//! The market as a server of its own, which several engines share and which outlives each of them.

use std::path::PathBuf;
use std::sync::Arc;

use order_mock_dex::ServeOptions;
use order_ports::{Clock, Entropy};
use tokio_util::sync::CancellationToken;

use crate::config::Loaded;
use crate::environment::{OsEntropy, SystemClock};
use crate::error::{RunError, reachable};
use crate::listeners::listen;
use crate::wiring;

/// How the market is served.
#[derive(Clone, Debug)]
pub struct VenueOptions {
    /// Where to listen; 0 takes any free port.
    pub port: u16,
    /// The file that keeps what was executed; without it the market forgets at exit.
    pub ledger: Option<PathBuf>,
    /// Whether anybody may change prices, pools, faults and time.
    pub admin: bool,
}

/// Serves the market until `stop` is ready, then ends it in good order.
///
/// # Errors
/// [`RunError`].
pub async fn serve_venue(
    loaded: Loaded,
    options: VenueOptions,
    stop: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let listener = listen(&loaded.config.server.host, options.port).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let ledger = options
        .ledger
        .or_else(|| loaded.config.market.ledger.file().map(Into::into));
    if ledger.is_none() {
        tracing::warn!("the market forgets what it executed when this process ends; set --ledger to keep it");
    }
    let market = wiring::open_market(&loaded, ledger.as_deref(), &clock, &entropy).await?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(
            admin = options.admin,
            height = market.height(),
            "listening on http://{}",
            reachable(address)
        );
    }
    let stopped = CancellationToken::new();
    let serving = order_mock_dex::serve(
        market,
        listener,
        ServeOptions { admin: options.admin },
        stopped.clone(),
    );
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        () = stop => {}
    }
    stopped.cancel();
    serving.await?;
    tracing::info!("stopped");
    Ok(())
}
