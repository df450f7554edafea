//! The chain over HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use order_core::failure::VenueError;
use order_core::venue::{Draft, SignedTransaction, TxId, TxStatus};
use order_ports::{Entropy, LookUpError, SendError, Settlement};

use super::blocks::Blocks;
use super::http::{Http, RemoteError};
use crate::transaction::Wallet;
use crate::wire::{StatusAnswer, TransactionRequest};

pub(super) struct RemoteSettlement {
    http: Arc<Http>,
    blocks: Arc<Blocks>,
    wallet: Wallet,
    entropy: Arc<dyn Entropy>,
}

impl RemoteSettlement {
    pub(super) fn new(
        http: Arc<Http>,
        blocks: Arc<Blocks>,
        wallet: Wallet,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            http,
            blocks,
            wallet,
            entropy,
        }
    }

    /// What an answer about this transaction says.
    fn read(&self, id: TxId, answer: &StatusAnswer) -> Result<TxStatus, RemoteError> {
        self.blocks.hear_of_duplicates(answer.removes_duplicates);
        let status = answer.status().filter(|_| answer.tx_hash == id);
        let odd = || RemoteError::Odd {
            status: 200,
            detail: "half an answer, or another's".into(),
        };
        if status == Some(TxStatus::Rejected(VenueError::BlockhashNotFound)) {
            // It is another chain by now: the next transaction must not hang on the old one.
            self.blocks.forget();
        }
        status.ok_or_else(odd)
    }
}

#[async_trait]
impl Settlement for RemoteSettlement {
    async fn build(&self, draft: &Draft) -> Result<SignedTransaction, VenueError> {
        let recent = self.blocks.recent().await.map_err(|error| error.harmless())?;
        // Only a draft with more swaps than any route has does not fit.
        self.wallet
            .sign(draft, recent, self.entropy.next())
            .map_err(|_| VenueError::InsufficientLiquidity)
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<TxStatus, SendError> {
        let request = TransactionRequest {
            tx_hash: transaction.id,
            transaction: STANDARD.encode(&transaction.bytes),
        };
        let answer = self
            .http
            .post("transactions", &request, self.http.timeouts.send)
            .await;
        match answer.and_then(|answer| self.read(transaction.id, &answer)) {
            Ok(status) => Ok(status),
            Err(RemoteError::Refused(error)) => Err(SendError::NotSent(error)),
            Err(RemoteError::Address { .. } | RemoteError::Unreachable(_)) => {
                Err(SendError::NotSent(VenueError::Down))
            }
            Err(error @ (RemoteError::Silent(_) | RemoteError::Odd { .. })) => {
                Err(SendError::Unknown(Box::new(error)))
            }
        }
    }

    async fn look_up(&self, id: TxId, wait: Duration) -> Result<TxStatus, LookUpError> {
        let path = format!("transactions/{id}?waitMs={}", wait.as_millis());
        let answer = self
            .http
            .get(&path, wait.saturating_add(self.http.timeouts.ask))
            .await;
        answer
            .and_then(|answer| self.read(id, &answer))
            .map_err(|error| LookUpError(Box::new(error)))
    }

    fn removes_duplicates(&self) -> bool {
        self.blocks.removes_duplicates()
    }
}
