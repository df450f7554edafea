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

    /// Whether a file that begins with this line, or with so much of it as a crash has left, may be a ledger.
    pub(crate) fn may_begin(line: &[u8]) -> bool {
        // A crash can leave the length of what was written without its content.
        let written = line
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        let mut rest = &line[..written];
        for text in [
            r#"{"genesis":{"version":"#,
            r#","seed":"#,
            r#","bornMs":"#,
            "}}\n",
        ] {
            let Some(after) = rest.strip_prefix(text.as_bytes()) else {
                return text.as_bytes().starts_with(rest);
            };
            let number = after
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || **byte == b'-')
                .count();
            rest = &after[number..];
        }
        rest.is_empty()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_begins_with_a_genesis_or_what_is_left_of_one() {
        let genesis = Genesis {
            version: Genesis::VERSION,
            seed: u64::MAX,
            born_ms: -400,
        };
        let line = serde_json::to_string(&Record::Genesis(genesis)).unwrap() + "\n";
        for length in 0..=line.len() {
            let mut torn = line.as_bytes()[..length].to_vec();
            assert!(Genesis::may_begin(&torn), "{length} bytes of {line}");
            torn.resize(line.len(), 0);
            assert!(Genesis::may_begin(&torn), "{length} bytes of {line}, and nothing");
        }
        for other in [
            "\n",
            "hello",
            "hello\n",
            "{}",
            "{\"genesis\":{}}\n",
            "[1,2]\n",
            "{\"landed\":{\"height\":1",
        ] {
            assert!(!Genesis::may_begin(other.as_bytes()), "{other:?}");
        }
    }
}
