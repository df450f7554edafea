//! A chain whose answers are misread.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use order_core::failure::VenueError;
use order_core::venue::{Draft, SignedTransaction, TxId, TxStatus};
use order_ports::{LookUpError, SendError, Settlement};

/// What is misread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misread {
    /// No answer, and not found, as a refusal.
    SilenceAsFailure,
    /// Not found as expired.
    NotFoundAsDead,
    /// A chain that executes the same bytes twice as one that does not.
    DuplicatesAsRemoved,
}

/// Misreads what the chain says.
pub struct MisreadSettlement {
    settlement: Arc<dyn Settlement>,
    misread: Misread,
}

impl MisreadSettlement {
    /// Misreads this chain in that way.
    pub fn new(settlement: Arc<dyn Settlement>, misread: Misread) -> Self {
        Self { settlement, misread }
    }
}

#[async_trait]
impl Settlement for MisreadSettlement {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        self.settlement.build(draft).await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        match self.settlement.send(transaction).await {
            Err(SendError::Unknown(_)) if self.misread == Misread::SilenceAsFailure => {
                Err(SendError::NotSent(VenueError::Timeout))
            }
            other => other,
        }
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        match (self.misread, self.settlement.look_up(id, wait).await) {
            (Misread::SilenceAsFailure, Err(_) | Ok(TxStatus::NotFound { .. })) => {
                Ok(TxStatus::Rejected(VenueError::Timeout))
            }
            (Misread::NotFoundAsDead, Ok(TxStatus::NotFound { .. })) => Ok(TxStatus::NotFound {
                block_height: u64::MAX,
            }),
            (_, other) => other,
        }
    }

    fn removes_duplicates(&self) -> bool {
        self.misread == Misread::DuplicatesAsRemoved || self.settlement.removes_duplicates()
    }
}
