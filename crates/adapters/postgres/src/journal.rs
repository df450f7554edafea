//! Writing what the holder of a lease does. Appends, write-aheads and records are one statement, whose parts do
//! something or nothing for a row: so all steps that wait at the same time share one commit.

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome};
use order_core::venue::VenueId;
use order_ports::{JournalError, Lease, OrderJournal, StoreError, Transition};
use time::OffsetDateTime;

use crate::batch::{Step, column};
use crate::database::Database;
use crate::error::Failure;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

pub(crate) struct Write;

/// A step, as columns.
pub(crate) struct JournalRow {
    lease: Lease,
    epoch: i64,
    base_version: i32,
    status: &'static str,
    venue: Option<VenueId>,
    state: String,
    version: i32,
    attempt: i16,
    updated_at: OffsetDateTime,
    events: Option<String>,
    gives_back: bool,
    /// After so many microseconds.
    run_again: Option<i64>,
    /// For its trigger.
    waits: bool,
    /// For so many microseconds before it may be woken.
    rest: Option<i64>,
    refusals: i32,
    outcome: Option<String>,
    ahead: Option<Ahead>,
}

/// A transaction written ahead, as columns.
struct Ahead {
    tx_id: Vec<u8>,
    number: i16,
    venue: VenueId,
    last_valid_height: String,
    written_at: OffsetDateTime,
    draft: String,
    bytes: Vec<u8>,
}

/// Whether a step was stored.
pub(crate) enum Written {
    Stored,
    Fenced,
}

impl JournalRow {
    fn new(lease: &Lease, moved: Transition<'_>) -> Result<Self, Failure> {
        let Transition { order, events } = moved;
        let progress = order.progress();
        let version: i32 = rows::to_int(progress.version, "version")?;
        let new: i32 = rows::to_int(events.len(), "the number of events")?;
        Ok(Self {
            lease: *lease,
            epoch: rows::to_int(lease.epoch, "epoch")?,
            base_version: version - new,
            status: order.status().as_str(),
            venue: order.state().venue(),
            state: serde_json::to_string(order.state())?,
            version,
            attempt: i16::from(progress.attempt),
            updated_at: rows::date(progress.updated_at)?,
            events: (!events.is_empty())
                .then(|| rows::event_lines(events))
                .transpose()?,
            gives_back: false,
            run_again: None,
            waits: false,
            rest: None,
            refusals: rows::to_int(progress.refusals, "refusals")?,
            outcome: None,
            ahead: None,
        })
    }
}

impl Ahead {
    fn new(attempt: &Attempt) -> Result<Self, Failure> {
        Ok(Self {
            tx_id: attempt.transaction.id.0.to_vec(),
            number: i16::from(attempt.number),
            venue: attempt.venue,
            last_valid_height: attempt.transaction.last_valid_height.to_string(),
            written_at: rows::date(attempt.written_at)?,
            draft: serde_json::to_string(&attempt.draft)?,
            bytes: attempt.transaction.bytes.clone(),
        })
    }
}

impl Step for Write {
    const NAME: &str = "journal";

    type Row = JournalRow;
    type Reply = Written;
    type Rank = OrderId;

    fn order_id(row: &JournalRow) -> OrderId {
        row.lease.order_id
    }

    fn rank(row: &JournalRow) -> OrderId {
        row.lease.order_id
    }

    async fn run(database: &Database, entries: &[JournalRow]) -> Result<Vec<Written>, Failure> {
        let ahead = |value: fn(&Ahead) -> &str| column(entries, |entry| entry.ahead.as_ref().map(value));
        let statement = sqlx::query(sql::JOURNAL)
            .bind(column(entries, |entry| entry.lease.order_id.uuid()))
            .bind(column(entries, |entry| entry.lease.holder.0))
            .bind(column(entries, |entry| entry.epoch))
            .bind(column(entries, |entry| entry.base_version))
            .bind(column(entries, |entry| entry.status))
            .bind(column(entries, |entry| entry.venue.as_ref().map(VenueId::as_str)))
            .bind(column(entries, |entry| entry.state.as_str()))
            .bind(column(entries, |entry| entry.version))
            .bind(column(entries, |entry| entry.attempt))
            .bind(column(entries, |entry| entry.updated_at))
            .bind(column(entries, |entry| entry.events.as_deref()))
            .bind(column(entries, |entry| entry.gives_back))
            .bind(column(entries, |entry| entry.run_again))
            .bind(column(entries, |entry| entry.outcome.as_deref()))
            .bind(column(entries, |entry| {
                entry.ahead.as_ref().map(|ahead| ahead.tx_id.as_slice())
            }))
            .bind(column(entries, |entry| {
                entry.ahead.as_ref().map(|ahead| ahead.number)
            }))
            .bind(ahead(|ahead| ahead.venue.as_str()))
            .bind(ahead(|ahead| &ahead.last_valid_height))
            .bind(column(entries, |entry| {
                entry.ahead.as_ref().map(|ahead| ahead.written_at)
            }))
            .bind(ahead(|ahead| &ahead.draft))
            .bind(column(entries, |entry| {
                entry.ahead.as_ref().map(|ahead| ahead.bytes.as_slice())
            }))
            .bind(column(entries, |entry| entry.waits))
            .bind(column(entries, |entry| entry.rest))
            .bind(column(entries, |entry| entry.refusals));
        let mut written: Vec<_> = entries.iter().map(|_| Written::Fenced).collect();
        for row in database.run(statement).await? {
            if let Some(written) = written.get_mut(rows::index(&row)?) {
                *written = Written::Stored;
            }
        }
        Ok(written)
    }
}

impl PostgresStore {
    async fn write(&self, entry: Result<JournalRow, Failure>) -> Result<(), JournalError> {
        let entry = entry.map_err(StoreError::from)?;
        match self.journal.run(entry).await.map_err(StoreError::from)? {
            Written::Stored => Ok(()),
            Written::Fenced => Err(JournalError::Fenced),
        }
    }
}

#[async_trait]
impl OrderJournal for PostgresStore {
    async fn append(&self, lease: &Lease, moved: Transition<'_>) -> Result<(), JournalError> {
        self.write(JournalRow::new(lease, moved)).await
    }

    async fn write_ahead(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let entry = || {
            Ok(JournalRow {
                ahead: Some(Ahead::new(attempt)?),
                ..JournalRow::new(lease, moved)?
            })
        };
        self.write(entry()).await
    }

    async fn record(
        &self,
        lease: &Lease,
        outcome: Option<AttemptOutcome>,
        release: Release,
        moved: Transition<'_>,
    ) -> Result<(), JournalError> {
        let rows::Released {
            run_again,
            waits,
            rest,
        } = rows::release(release);
        let entry = || {
            let outcome = outcome.as_ref().map(serde_json::to_string).transpose()?;
            Ok(JournalRow {
                gives_back: true,
                run_again,
                waits,
                rest,
                outcome,
                ..JournalRow::new(lease, moved)?
            })
        };
        self.write(entry()).await
    }
}
