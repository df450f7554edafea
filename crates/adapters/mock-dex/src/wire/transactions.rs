//! Transactions, what became of them, and the ledger.

use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::Symbol;
use order_core::venue::{Fill, PoolId, TxId, TxStatus, VenueId};
use serde::{Deserialize, Serialize};

use crate::chain::LandedTransaction;

/// `POST /transactions`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TransactionRequest {
    pub(crate) tx_hash: TxId,
    /// The bytes in base64.
    pub(crate) transaction: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusName {
    Landed,
    Rejected,
    Pending,
    NotFound,
}

/// The answer to it, and to `GET /transactions/{txHash}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusAnswer {
    pub(crate) tx_hash: TxId,
    pub(crate) status: StatusName,
    /// Where it landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) slot: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount_in_raw: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount_out_raw: Option<Amount>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<VenueError>,
    /// At which height it was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) block_height: Option<u64>,
    pub(crate) removes_duplicates: bool,
}

impl StatusAnswer {
    pub(crate) fn new(tx_hash: TxId, status: &TxStatus, removes_duplicates: bool) -> Self {
        let mut answer = Self {
            tx_hash,
            status: StatusName::Pending,
            slot: None,
            amount_in_raw: None,
            amount_out_raw: None,
            code: None,
            block_height: None,
            removes_duplicates,
        };
        match status {
            TxStatus::Landed(fill) => {
                answer.status = StatusName::Landed;
                answer.slot = Some(fill.slot);
                answer.amount_in_raw = Some(fill.amount_in);
                answer.amount_out_raw = Some(fill.amount_out);
            }
            TxStatus::Rejected(error) => {
                answer.status = StatusName::Rejected;
                answer.code = Some(*error);
            }
            TxStatus::Pending => {}
            TxStatus::NotFound { block_height } => {
                answer.status = StatusName::NotFound;
                answer.block_height = Some(*block_height);
            }
        }
        answer
    }

    /// What it says; `None` if it says only half of it.
    pub(crate) fn status(&self) -> Option<TxStatus> {
        Some(match self.status {
            StatusName::Landed => TxStatus::Landed(Fill {
                amount_in: self.amount_in_raw?,
                amount_out: self.amount_out_raw?,
                slot: self.slot?,
            }),
            StatusName::Rejected => TxStatus::Rejected(self.code?),
            StatusName::Pending => TxStatus::Pending,
            StatusName::NotFound => TxStatus::NotFound {
                block_height: self.block_height?,
            },
        })
    }
}

/// `GET /transactions`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LedgerAnswer {
    pub(crate) items: Vec<LedgerItem>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerItem {
    pub(crate) tx_hash: TxId,
    /// The order's id, `ORD-…`.
    pub(crate) memo: String,
    pub(crate) slot: u64,
    pub(crate) token_in: Symbol,
    pub(crate) token_out: Symbol,
    pub(crate) amount_in: String,
    pub(crate) amount_out: String,
    pub(crate) amount_in_raw: Amount,
    pub(crate) amount_out_raw: Amount,
    pub(crate) legs: Vec<LedgerLeg>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerLeg {
    pub(crate) dex: VenueId,
    pub(crate) pool: PoolId,
    pub(crate) token_in: Symbol,
    pub(crate) token_out: Symbol,
    pub(crate) amount_in: String,
    pub(crate) amount_out: String,
    pub(crate) fee: String,
}

impl From<&LandedTransaction> for LedgerItem {
    fn from(landed: &LandedTransaction) -> Self {
        let legs = landed.legs.iter().map(|leg| LedgerLeg {
            dex: leg.venue,
            pool: leg.pool.clone(),
            token_in: leg.token_in.symbol,
            token_out: leg.token_out.symbol,
            amount_in: leg.amount_in.with_decimals(leg.token_in.decimals).to_string(),
            amount_out: leg.amount_out.with_decimals(leg.token_out.decimals).to_string(),
            fee: leg.fee.with_decimals(leg.token_in.decimals).to_string(),
        });
        Self {
            tx_hash: landed.tx_hash,
            memo: landed.memo.to_string(),
            slot: landed.slot,
            token_in: landed.token_in.symbol,
            token_out: landed.token_out.symbol,
            amount_in: landed
                .amount_in
                .with_decimals(landed.token_in.decimals)
                .to_string(),
            amount_out: landed
                .amount_out
                .with_decimals(landed.token_out.decimals)
                .to_string(),
            amount_in_raw: landed.amount_in,
            amount_out_raw: landed.amount_out,
            legs: legs.collect(),
        }
    }
}
