//! The newest block that this process has heard of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use order_ports::Clock;
use parking_lot::Mutex;

use super::http::{Http, RemoteError};
use crate::transaction::RecentBlock;
use crate::wire::BlockAnswer;

/// How long a block is recent enough: five blocks of the 150 for which its hash is good.
const RECENT: Duration = Duration::from_secs(2);

pub(super) struct Blocks {
    http: Arc<Http>,
    clock: Arc<dyn Clock>,
    newest: Mutex<Option<(RecentBlock, Duration)>>,
    removes_duplicates: AtomicBool,
}

impl Blocks {
    pub(super) fn new(http: Arc<Http>, clock: Arc<dyn Clock>) -> Self {
        // Until the chain has said so, nobody may rely on it.
        Self {
            http,
            clock,
            newest: Mutex::default(),
            removes_duplicates: AtomicBool::new(false),
        }
    }

    /// A recent block, asked for only when none has come along lately.
    pub(super) async fn recent(&self) -> Result<RecentBlock, RemoteError> {
        let known = *self.newest.lock();
        match known {
            Some((block, heard)) if self.clock.monotonic().saturating_sub(heard) < RECENT => Ok(block),
            Some(_) | None => self.fetch().await,
        }
    }

    pub(super) async fn fetch(&self) -> Result<RecentBlock, RemoteError> {
        let answer: BlockAnswer = self.http.get("blockhash", self.http.timeouts.ask).await?;
        self.hear(&answer).ok_or_else(|| RemoteError::Odd {
            status: 200,
            detail: "the blockhash is none".into(),
        })
    }

    /// Keeps a block that came along with an answer.
    pub(super) fn hear(&self, answer: &BlockAnswer) -> Option<RecentBlock> {
        let block = answer.block()?;
        self.hear_of_duplicates(answer.removes_duplicates);
        *self.newest.lock() = Some((block, self.clock.monotonic()));
        Some(block)
    }

    /// Drops what is known: the chain does not know it.
    pub(super) fn forget(&self) {
        *self.newest.lock() = None;
    }

    pub(super) fn hear_of_duplicates(&self, removes_duplicates: bool) {
        self.removes_duplicates
            .store(removes_duplicates, Ordering::Relaxed);
    }

    pub(super) fn removes_duplicates(&self) -> bool {
        self.removes_duplicates.load(Ordering::Relaxed)
    }
}
