//! The venues: asking for quotes, and getting a transaction executed.

use std::time::Duration;

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::audit::LandedTransaction;
use order_core::failure::VenueError;
use order_core::routing::LiquiditySnapshot;
use order_core::token::Token;
use order_core::venue::{
    Draft, Quote, QuoteRequest, SignedTransaction, TxId, TxStatus, VenueId, VenueListing,
};

/// One venue's prices.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait QuoteSource: Send + Sync {
    /// Which venue this is.
    fn venue(&self) -> VenueId;

    /// What the venue would pay for the whole size, by the best of its pools.
    ///
    /// # Errors
    /// [`VenueError`]: the venue's refusal, or that it did not answer.
    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, VenueError>;

    /// The most of `token_in` that could be paid into the venue's pools of this pair at all, in raw units:
    /// an upper bound to refuse absurd sizes early, not a quote. Asked before every order is accepted, so it must be
    /// cheap: it may be some seconds old, and whoever finds room for `enough` need not count any further; then the
    /// answer is some number that is no less.
    ///
    /// # Errors
    /// [`VenueError`], also when there is no pool of the pair.
    async fn capacity(&self, token_in: Token, token_out: Token, enough: Amount)
    -> Result<Amount, VenueError>;
}

/// The pools themselves, of all venues, for a router that weighs them against each other.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PoolSource: Send + Sync {
    /// Every pool of the pair, and for each token that is traded against both sides of it, every pool of
    /// those two pairs; and those that price the chain's native token in the output, or else in the input. Nothing else,
    /// and no pool twice. Asked before every order that is routed, so it must
    /// be cheap: an answer in this process, one request at most elsewhere.
    ///
    /// # Errors
    /// [`VenueError`], also when one of the tokens is not listed anywhere. A pair that no path connects is no
    /// error: there are no pools then.
    async fn pools(&self, token_in: Token, token_out: Token) -> Result<LiquiditySnapshot, VenueError>;
}

/// Which venues there are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait VenueCatalogue: Send + Sync {
    /// Every venue, by name, with the pools that it has now. Where the venues are out of reach, those that were known last.
    ///
    /// # Errors
    /// [`VenueError`], when they never were within reach.
    async fn venues(&self) -> Result<Vec<VenueListing>, VenueError>;
}

/// Why a transaction was perhaps not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Not a byte left this process.
    #[error("not sent: {0}")]
    NotSent(VenueError),
    /// It may or may not have arrived, and executed.
    #[error("the venue did not answer; the transaction may have executed")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The venue could not be asked what became of a transaction.
#[derive(Debug, thiserror::Error)]
#[error("the venue could not be asked")]
pub struct LookUpError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The chain on which the venues settle.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Settlement: Send + Sync {
    /// Builds and signs a transaction; its id is known from here on. Sends nothing.
    ///
    /// # Errors
    /// [`VenueError`].
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError>;

    /// Sends the bytes and says what is known of them then. Sending the same bytes again is harmless
    /// exactly when [`Settlement::removes_duplicates`].
    ///
    /// # Errors
    /// [`SendError`].
    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError>;

    /// What became of the transaction. Answers at once when it landed or was rejected, else when that
    /// happens or after `wait`. The block height of [`TxStatus::NotFound`] was read before the search, so
    /// that "past its last valid block and not found" is a proof.
    ///
    /// # Errors
    /// [`LookUpError`].
    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError>;

    /// Whether the chain executes the same bytes at most once.
    fn removes_duplicates(&self) -> bool;
}

/// The ledger of what has landed on the chain, for an audit.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait VenueLedger: Send + Sync {
    /// Every transaction with an order's memo that has landed, oldest first.
    ///
    /// # Errors
    /// [`LookUpError`].
    async fn landed(&self) -> Result<Vec<LandedTransaction>, LookUpError>;
}
