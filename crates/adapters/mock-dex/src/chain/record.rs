//! What the ledger file keeps, one JSON object a line: everything that moved a pool, in order, so that the
//! pools can be brought back by doing it again; and every transaction that was refused for good.

use order_core::amm::Direction;
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::price::Price;
use order_core::token::Symbol;
use order_core::venue::{PoolId, TxId};
use serde::{Deserialize, Serialize};

use super::ledger::LandedTransaction;
use crate::pool::Opening;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Record {
    /// The first line.
    Genesis(Genesis),
    /// A pool opened.
    Opened {
        height: u64,
        pool: Opening,
    },
    /// Arbitrage moved a pool.
    Arbitrage(ArbitrageRecord),
    /// Somebody changed the world's price of a pair.
    Price {
        height: u64,
        base: Symbol,
        quote: Symbol,
        price: Price,
    },
    /// Somebody let blocks pass.
    Advanced {
        /// The height afterwards.
        height: u64,
        blocks: u64,
    },
    Landed(LandedRecord),
    Rejected(RejectedRecord),
}

/// What makes a chain this chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Genesis {
    /// Of the file's format.
    pub(crate) version: u32,
    pub(crate) seed: u64,
    /// When block 0 began, in milliseconds since 1970.
    pub(crate) born_ms: i64,
}

impl Genesis {
    pub(crate) const VERSION: u32 = 1;
}

/// A swap of the world against a pool.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ArbitrageRecord {
    /// The block whose time the pool reckoned with.
    pub(crate) height: u64,
    pub(crate) pool: PoolId,
    pub(crate) direction: Direction,
    pub(crate) amount_in: Amount,
    pub(crate) amount_out: Amount,
}

/// A transaction that executed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LandedRecord {
    /// The block whose time the pools reckoned with.
    pub(crate) height: u64,
    pub(crate) transaction: LandedTransaction,
}

/// A transaction that was refused for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RejectedRecord {
    pub(crate) height: u64,
    pub(crate) tx_hash: TxId,
    pub(crate) code: VenueError,
}

impl Record {
    /// The height that the chain had reached when this was written.
    pub(crate) const fn height(&self) -> u64 {
        match self {
            Self::Genesis(_) => 0,
            Self::Opened { height, .. } | Self::Price { height, .. } | Self::Advanced { height, .. } => {
                *height
            }
            Self::Arbitrage(record) => record.height,
            Self::Landed(record) => record.height,
            Self::Rejected(record) => record.height,
        }
    }
}
