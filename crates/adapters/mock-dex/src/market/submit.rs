//! Transactions at the endpoint of the chain, and the question what became of them.

use std::collections::HashMap;
use std::time::Duration;

use order_core::failure::VenueError;
use order_core::venue::{TxId, TxStatus};

use super::Market;
use super::mempool::Waiting;
use crate::chain::{BLOCK_MS, JournalError, Known};
use crate::faults::Call;
use crate::latency::{self, Work};
use crate::transaction::{Transaction, TransactionError};

/// Why a transaction got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    /// The venue did not take it, and never saw it.
    #[error("not taken: {0}")]
    NotTaken(VenueError),
    /// The bytes are no transaction, and never will be one.
    #[error(transparent)]
    Invalid(#[from] TransactionError),
    /// It was taken, and the answer is lost.
    #[error("the answer was lost")]
    AnswerLost,
    /// The ledger cannot promise anything.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Why the fate of a transaction cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The venue cannot be reached.
    #[error("the venue is down")]
    Down,
    /// The ledger cannot promise anything.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What the venue knows, as everybody is told.
const fn told(known: Option<Known>, height: u64) -> TxStatus {
    match known {
        Some(Known::Landed { fill, .. }) => TxStatus::Landed(fill),
        Some(Known::Rejected { error, .. }) => TxStatus::Rejected(error),
        Some(Known::Waiting { in_sight: true, .. }) => TxStatus::Pending,
        Some(Known::Waiting { in_sight: false, .. }) | None => TxStatus::NotFound { block_height: height },
    }
}

/// What becomes of a transaction that was taken.
enum Taken {
    /// It has an entry in the ledger.
    Known(Known),
    /// Its time is over; it has no entry, and needs none.
    Expired,
}

impl Market {
    /// Takes a transaction, and says what is known of it then. The same bytes again are the same transaction.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub(crate) async fn submit(&self, id: TxId, bytes: &[u8]) -> Result<TxStatus, SubmitError> {
        if self.faults.down() {
            return Err(SubmitError::NotTaken(VenueError::Down));
        }
        self.pause(Work::Send).await;
        let transaction = if self.verified_signatures.recognise(id, bytes) {
            Transaction::decode(bytes)?
        } else {
            Transaction::verify(id, bytes)?
        };
        let fault = match self.faults.inject(Call::Send) {
            Some(error @ (VenueError::Timeout | VenueError::Down)) => {
                return Err(SubmitError::NotTaken(error));
            }
            fault => fault,
        };
        let taken = self.take(id, transaction, fault);
        let status = match taken {
            Taken::Known(Known::Waiting { .. }) => TxStatus::Pending,
            Taken::Known(known) => {
                self.durable(known).await?;
                told(Some(known), 0)
            }
            Taken::Expired => TxStatus::Rejected(VenueError::Expired),
        };
        if self.faults.loses_the_answer() {
            Err(SubmitError::AnswerLost)
        } else {
            Ok(status)
        }
    }

    fn take(&self, id: TxId, transaction: Transaction, fault: Option<VenueError>) -> Taken {
        let late = self.faults.late_blocks();
        let confirm = latency::draw(self.profile, Work::Confirm, &self.rng);
        self.settle();
        match confirm {
            None if late == 0 => self.take_now(id, &transaction, fault),
            confirm => self.take_later(id, transaction, fault, confirm.unwrap_or_default(), late),
        }
    }

    fn take_now(&self, id: TxId, transaction: &Transaction, fault: Option<VenueError>) -> Taken {
        let shard = self.ledger.shard(id);
        let mut known = shard.lock();
        let height = self.chain.height();
        let taken = match self.refusal(&mut known, id, transaction, fault, height) {
            Some(taken) => taken,
            None => Taken::Known(self.land(&mut known, id, transaction, height)),
        };
        drop(known);
        shard.changed.notify_waiters();
        taken
    }

    fn take_later(
        &self,
        id: TxId,
        transaction: Transaction,
        fault: Option<VenueError>,
        confirm: Duration,
        late: u64,
    ) -> Taken {
        // Both locks until it is in the queue and in the ledger: who finds it in one finds it in the other.
        let mut queue = self.mempool.lock();
        let shard = self.ledger.shard(id);
        let mut known = shard.lock();
        let now_ms = self.chain.now_ms();
        let height = now_ms / BLOCK_MS;
        if let Some(taken) = self.refusal(&mut known, id, &transaction, fault, height) {
            return taken;
        }
        let confirm_ms = u64::try_from(confirm.as_millis()).unwrap_or(u64::MAX);
        let soonest = now_ms
            .saturating_add(confirm_ms)
            .div_ceil(BLOCK_MS)
            .max(height + 1);
        let block = soonest.saturating_add(late);
        let waiting = Known::Waiting {
            block,
            in_sight: late == 0,
        };
        // On a chain that keeps duplicates a landed transaction stays landed while it is on its way again.
        let entry = *known.entry(id).or_insert(waiting);
        self.mempool.push(&mut queue, block, Waiting { id, transaction });
        drop(known);
        shard.changed.notify_waiters();
        Taken::Known(if matches!(entry, Known::Landed { .. }) {
            waiting
        } else {
            entry
        })
    }

    /// Why a transaction is not executed (again) at this height. Refusals are entered; the caller holds the
    /// shard.
    fn refusal(
        &self,
        known: &mut HashMap<TxId, Known>,
        id: TxId,
        transaction: &Transaction,
        fault: Option<VenueError>,
        height: u64,
    ) -> Option<Taken> {
        let before = known.get(&id).copied();
        match before {
            Some(Known::Landed { .. }) if !self.removes_duplicates => {}
            Some(known) => return Some(Taken::Known(known)),
            None => {}
        }
        if height > transaction.last_valid_height() {
            return Some(before.map_or(Taken::Expired, Taken::Known));
        }
        let recent =
            transaction.height <= height && transaction.blockhash == self.chain.blockhash(transaction.height);
        let error = if recent {
            fault
        } else {
            Some(VenueError::BlockhashNotFound)
        };
        error.map(|error| Taken::Known(self.refuse(known, id, error, height)))
    }

    /// What became of a transaction, as soon as it is final, else after `wait`.
    ///
    /// # Errors
    /// [`AskError`].
    pub(crate) async fn ask(&self, id: TxId, wait: Duration) -> Result<TxStatus, AskError> {
        let clock = self.chain.clock();
        let deadline = clock.monotonic().saturating_add(wait);
        let shard = self.ledger.shard(id);
        loop {
            if self.faults.down() {
                return Err(AskError::Down);
            }
            let mut changed = std::pin::pin!(shard.changed.notified());
            changed.as_mut().enable();
            let height = self.settle();
            let known = shard.lock().get(&id).copied();
            let nap = match known {
                Some(known @ (Known::Landed { .. } | Known::Rejected { .. })) => {
                    self.durable(known).await?;
                    return Ok(told(Some(known), height));
                }
                // It arrived between the settling and the look.
                Some(Known::Waiting { block, .. }) if block <= height => continue,
                Some(Known::Waiting { block, .. }) => self.chain.until(block),
                None => Duration::MAX,
            };
            let left = deadline.saturating_sub(clock.monotonic());
            if left.is_zero() {
                return Ok(told(known, height));
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = clock.sleep(nap.min(left)) => {}
            }
        }
    }

    /// Returns when what is known is on the disk, where there is one.
    async fn durable(&self, known: Known) -> Result<(), JournalError> {
        match (&self.journal, known) {
            (Some(journal), Known::Landed { position, .. } | Known::Rejected { position, .. }) => {
                journal.durable(position).await
            }
            (Some(_), Known::Waiting { .. }) | (None, _) => Ok(()),
        }
    }

    /// Takes the time that this work takes.
    pub(super) async fn pause(&self, work: Work) {
        if let Some(duration) = latency::draw(self.profile, work, &self.rng) {
            self.chain.clock().sleep(duration).await;
        }
    }
}
