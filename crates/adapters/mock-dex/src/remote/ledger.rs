//! What has landed, and the pools' books, over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use order_core::audit::LandedTransaction;
use order_core::venue::PoolId;
use order_ports::{LookUpError, VenueLedger};

use super::http::{Http, RemoteError};
use crate::pool::Books;
use crate::wire::{LedgerAnswer, LedgerItem, PoolsAnswer};

/// About so many entries come with one answer.
const PAGE: usize = 2_000;

pub(super) struct RemoteLedger {
    http: Arc<Http>,
}

impl RemoteLedger {
    pub(super) const fn new(http: Arc<Http>) -> Self {
        Self { http }
    }

    async fn read(&self) -> Result<Vec<LandedTransaction>, RemoteError> {
        let mut landed = Vec::new();
        let mut after = 0;
        loop {
            let path = format!("transactions?after={after}&limit={PAGE}");
            let page: LedgerAnswer = self.http.get(&path, self.http.timeouts.ask).await?;
            for item in &page.items {
                landed.push(entry(item)?);
            }
            match page.items.last() {
                Some(last) if page.items.len() >= PAGE => after = last.slot,
                Some(_) | None => return Ok(landed),
            }
        }
    }
}

fn entry(item: &LedgerItem) -> Result<LandedTransaction, RemoteError> {
    let order_id = item.memo.parse().map_err(|error| RemoteError::Odd {
        status: 200,
        detail: format!("memo {:?} {error}", item.memo),
    })?;
    Ok(LandedTransaction {
        tx_id: item.tx_hash,
        order_id,
        slot: item.slot,
        amount_in: item.amount_in_raw,
        amount_out: item.amount_out_raw,
    })
}

pub(super) async fn books(http: &Http) -> Result<Vec<(PoolId, Books)>, RemoteError> {
    let answer: PoolsAnswer = http.get("pools", http.timeouts.ask).await?;
    Ok(answer
        .pools
        .into_iter()
        .map(|pool| (pool.id, pool.books.into()))
        .collect())
}

#[async_trait]
impl VenueLedger for RemoteLedger {
    async fn landed(&self) -> Result<Vec<LandedTransaction>, LookUpError> {
        self.read().await.map_err(|error| LookUpError(Box::new(error)))
    }
}
