//! The ledger file of a market that runs elsewhere, or not at all: read, and not touched.

use std::path::PathBuf;

use async_trait::async_trait;
use order_core::audit::LandedTransaction;
use order_ports::{LookUpError, VenueLedger};

use crate::chain::{Journal, JournalError, Record};

/// What has landed, by a ledger file. The market that writes it may be running.
#[derive(Clone, Debug)]
pub struct LedgerFile {
    path: PathBuf,
}

impl LedgerFile {
    /// The ledger in this file, which need not be there before it is read.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn read(&self) -> Result<Vec<LandedTransaction>, JournalError> {
        let mut landed = Vec::new();
        Journal::read_only(&self.path, |record| {
            if let Record::Landed(record) = record {
                landed.push(record.transaction.audited());
            }
            Ok(())
        })?;
        landed.sort_by_key(|transaction| transaction.slot);
        Ok(landed)
    }
}

#[async_trait]
impl VenueLedger for LedgerFile {
    async fn landed(&self) -> Result<Vec<LandedTransaction>, LookUpError> {
        let this = self.clone();
        match tokio::task::spawn_blocking(move || this.read()).await {
            Ok(read) => read.map_err(|error| LookUpError(Box::new(error))),
            Err(error) => Err(LookUpError(Box::new(error))),
        }
    }
}
