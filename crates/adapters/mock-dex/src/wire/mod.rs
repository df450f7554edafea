//! What the venue server and its clients say to each other, in JSON. One definition for both ends.
//!
//! Amounts are decimal strings in whole tokens, as everywhere on the engine's wire; fields whose names end in
//! `Raw` are the same amounts in raw units.

mod moves;
mod pools;
mod snapshot;
mod transactions;

use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::Symbol;
use order_core::venue::{PoolId, Quote, VenueId};
use serde::{Deserialize, Serialize};

pub(crate) use moves::{MovesAnswer, MovesRequest};
pub(crate) use pools::{PoolItem, PoolsAnswer, VenuesAnswer};
pub(crate) use snapshot::{SnapshotAnswer, SnapshotItem, SnapshotRequest};
pub(crate) use transactions::{LedgerAnswer, LedgerItem, StatusAnswer, TransactionRequest};

use crate::chain::BLOCKHASH_BLOCKS;
use crate::settings::Exact;
use crate::transaction::RecentBlock;

/// `GET /blockhash`, and part of other answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockAnswer {
    pub(crate) height: u64,
    /// Base58.
    pub(crate) blockhash: String,
    /// The last block in which a transaction with this blockhash can land.
    pub(crate) last_valid_height: u64,
    pub(crate) removes_duplicates: bool,
}

impl BlockAnswer {
    pub(crate) fn new(block: RecentBlock, removes_duplicates: bool) -> Self {
        Self {
            height: block.height,
            blockhash: bs58::encode(block.blockhash).into_string(),
            last_valid_height: block.height.saturating_add(BLOCKHASH_BLOCKS),
            removes_duplicates,
        }
    }

    pub(crate) fn block(&self) -> Option<RecentBlock> {
        let mut blockhash = [0; 32];
        let length = bs58::decode(&self.blockhash).onto(&mut blockhash).ok()?;
        (length == 32).then_some(RecentBlock {
            height: self.height,
            blockhash,
        })
    }
}

/// `POST /quotes`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct QuotesRequest {
    pub(crate) token_in: Symbol,
    pub(crate) token_out: Symbol,
    pub(crate) amount_in: Exact,
    /// One venue; left out, all of them.
    #[serde(default)]
    pub(crate) dex: Option<VenueId>,
}

/// Its answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuotesAnswer {
    pub(crate) block: BlockAnswer,
    pub(crate) quotes: Vec<QuoteItem>,
    pub(crate) refusals: Vec<RefusalItem>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuoteItem {
    pub(crate) dex: VenueId,
    pub(crate) pool: PoolId,
    pub(crate) price: Price,
    pub(crate) amount_in: String,
    pub(crate) amount_out: String,
    pub(crate) fee: String,
    pub(crate) price_impact_bps: u32,
}

impl From<Quote> for QuoteItem {
    fn from(quote: Quote) -> Self {
        Self {
            dex: quote.venue,
            pool: quote.pool,
            price: quote.price,
            amount_in: quote.amount_in.to_string(),
            amount_out: quote.amount_out.to_string(),
            fee: quote.fee.to_string(),
            price_impact_bps: quote.price_impact_bps,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RefusalItem {
    pub(crate) dex: VenueId,
    pub(crate) code: VenueError,
}

/// `POST /admin/price`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceRequest {
    /// `BASE/QUOTE`.
    pub(crate) pair: String,
    pub(crate) price: Exact,
}

/// `POST /admin/blocks`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlocksRequest {
    pub(crate) advance: u32,
}

/// What went wrong, as `application/problem+json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Problem {
    pub(crate) title: String,
    pub(crate) status: u16,
    pub(crate) detail: String,
    /// Stable; for refusals of a venue, the venue's own code.
    pub(crate) code: String,
}
