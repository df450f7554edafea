//! The market as a server of its own, which several engines share and which outlives each of them.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use order_mock_dex::{ServeError, ServeOptions};
use order_ports::{Clock, Entropy};
use tokio_util::sync::CancellationToken;

use crate::config::Loaded;
use crate::environment::{OsEntropy, SystemClock};
use crate::error::StartError;
use crate::listeners::{listen, reachable};
use crate::wiring;

/// How to be the market. What it is like, its pools, prices and faults, is the section [venues].
#[derive(Clone, Debug, Args)]
pub struct VenueArgs {
    /// Where to listen.
    #[arg(long, default_value_t = 4000)]
    pub port: u16,
    /// The file that keeps what was executed; without it, and without market.ledger, it is forgotten at exit.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Let every caller change prices, pools, faults and time: for tests.
    #[arg(long)]
    pub admin: bool,
}

/// Why the market is not served, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum VenueServerError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The journal of its executions may not be on the disk.
    #[error("the venue server")]
    Serve(#[from] ServeError),
}

/// Serves the market until `stop` is ready, then ends it in good order.
///
/// # Errors
/// [`VenueServerError`].
pub async fn serve_venue(
    loaded: Loaded,
    args: VenueArgs,
    stop: impl Future<Output = ()>,
) -> Result<(), VenueServerError> {
    let listener = listen(&loaded.config.server.host, args.port).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let ledger = args
        .ledger
        .or_else(|| loaded.config.market.ledger.file().map(Into::into));
    if ledger.is_none() {
        tracing::warn!("the market forgets what it executed when this process ends; set --ledger to keep it");
    }
    let market = wiring::open_market(&loaded, ledger.as_deref(), &clock, &entropy).await?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(
            admin = args.admin,
            height = market.height(),
            "listening on http://{}",
            reachable(address)
        );
    }
    let stopped = CancellationToken::new();
    let serving = order_mock_dex::serve(
        market,
        listener,
        ServeOptions { admin: args.admin },
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
