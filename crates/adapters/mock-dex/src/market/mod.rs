//! The market: every pool of every venue on one chain.
//!
//! A pair's pools are guarded by one lock (its desk), a transaction's fate by another (its shard of the
//! ledger); no lock is shared by all. Whoever needs several takes them in this order: the mempool, a shard,
//! desks by their numbers, the journal's buffer.

mod admin;
mod directory;
mod execute;
mod feed;
mod forget;
mod mempool;
mod ports;
mod restore;
mod schedule;
mod show;
mod submit;
mod trade;
mod view;

use order_core::amm::CurveKind;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::{Symbol, Token};
use order_core::venue::{Quote, QuoteRequest, VenueId};

pub use admin::AdminError;
pub use restore::OpenError;
pub(crate) use show::Snapshot;
pub(crate) use submit::{AskError, SubmitError};
pub use view::PoolView;

use crate::chain::{Chain, Journal, Ledger};
use crate::faults::{Call, Faults};
use crate::latency::Work;
use crate::rng::SeededRng;
use crate::settings::Profile;
use crate::transaction::{RecentBlock, Wallet};
use crate::verified_signatures::VerifiedSignatures;
use directory::Directory;
use feed::Feed;
use mempool::Mempool;
use schedule::Schedule;

/// The venues, and the chain that they settle on.
pub struct Market {
    /// Those that are configured or that the ledger knows, by name, and how each prices.
    venues: Vec<(VenueId, CurveKind)>,
    chain: Chain,
    directory: Directory,
    ledger: Ledger,
    mempool: Mempool,
    journal: Option<Journal>,
    faults: Faults,
    profile: Profile,
    /// Decides how long things take.
    rng: SeededRng,
    nonces: SeededRng,
    wallet: Wallet,
    verified_signatures: VerifiedSignatures,
    feed: Feed,
    schedule: Schedule,
    removes_duplicates: bool,
    /// Names this life of the market: pools' versions start anew with each.
    instance_id: u64,
}

impl Market {
    /// The newest block's height.
    pub fn height(&self) -> u64 {
        self.chain.height()
    }

    /// Whether the venues cannot be reached.
    pub(crate) fn is_down(&self) -> bool {
        self.faults.down()
    }

    /// The venues by name, and how each prices.
    pub(crate) fn venues(&self) -> &[(VenueId, CurveKind)] {
        &self.venues
    }

    /// The token of that symbol.
    pub(crate) fn token(&self, symbol: Symbol) -> Option<Token> {
        self.directory.tokens().get(symbol)
    }

    pub(crate) fn recent_block(&self) -> RecentBlock {
        let height = self.chain.height();
        RecentBlock {
            height,
            blockhash: self.chain.blockhash(height),
        }
    }

    /// A venue's quote, after the time it takes.
    pub(crate) async fn quote(&self, venue: VenueId, request: &QuoteRequest) -> Result<Quote, VenueError> {
        self.pause(Work::Quote).await;
        match self.faults.inject(Call::Quote) {
            Some(error) => Err(error),
            None => self.quote_now(venue, request),
        }
    }

    fn quote_now(&self, venue: VenueId, request: &QuoteRequest) -> Result<Quote, VenueError> {
        let height = self.settle();
        let (token_in, token_out) = (request.token_in, request.token_out);
        let pair_market = self
            .directory
            .desk_of(token_in, token_out)
            .ok_or(VenueError::UnknownToken)?;
        let pair_market = self.desk_at(&pair_market, height);
        let (pool, swap) = pair_market.best(venue, (token_in, token_out), request.amount_in.units())?;
        let (pair, side) = self.directory.tokens().orient(token_in, token_out);
        let amount_out = Amount::new(swap.out);
        let price = Price::of_trade(&pair, side, request.amount_in, amount_out);
        Ok(Quote {
            venue,
            pool: pool.id.clone(),
            amount_in: request.amount_in.with_decimals(token_in.decimals),
            amount_out: amount_out.with_decimals(token_out.decimals),
            fee: Amount::new(swap.fee).with_decimals(token_in.decimals),
            price: price.map_err(|_| VenueError::InsufficientLiquidity)?,
            price_impact_bps: swap.impact_bps,
        })
    }

    /// The most that a venue's pools could take in, counted until it is enough.
    pub(crate) fn capacity(
        &self,
        venue: VenueId,
        token_in: Token,
        token_out: Token,
        enough: Amount,
    ) -> Result<Amount, VenueError> {
        if self.faults.down() {
            return Err(VenueError::Down);
        }
        let height = self.settle();
        let pair_market = self
            .directory
            .desk_of(token_in, token_out)
            .ok_or(VenueError::UnknownToken)?;
        let pair_market = self.desk_at(&pair_market, height);
        pair_market
            .capacity(venue, token_in, token_out, enough.units())
            .map(Amount::new)
            .ok_or(VenueError::UnknownToken)
    }
}

impl std::fmt::Debug for Market {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Market")
            .field("height", &self.height())
            .finish_non_exhaustive()
    }
}
