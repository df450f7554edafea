//! Reading everything about many orders at once, for an audit.

use async_trait::async_trait;
use order_core::amount::Amount;
use order_core::audit::{AuditedAttempt, AuditedEvent, AuditedOrder};
use order_core::id::{IdempotencyKey, OrderId};
use order_core::order::AttemptOutcome;
use order_core::venue::TxId;
use order_ports::{OrderAudit, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::error::Failure;
use crate::rows::{self, StoredEvents};
use crate::sql;
use crate::store::PostgresStore;

impl PostgresStore {
    async fn read_audit(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<AuditedOrder>, Failure> {
        // No order has the id of zeros.
        let after = after.map_or(Uuid::nil(), OrderId::uuid);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let page = sqlx::query(sql::AUDIT).bind(after).bind(limit);
        self.database
            .run_detached(page)
            .await?
            .iter()
            .map(audited)
            .collect()
    }
}

fn audited(row: &PgRow) -> Result<AuditedOrder, Failure> {
    let order = rows::order(row)?;
    let key: Option<String> = row.try_get("idempotency_key")?;
    let key = key
        .map(|key| key.parse::<IdempotencyKey>())
        .transpose()
        .map_err(|_| Failure::out_of_range("idempotency_key"))?;
    Ok(AuditedOrder {
        idempotency_key: key,
        events: events(order.id(), row)?,
        attempts: attempts(row)?,
        order,
    })
}

/// A column that an outer join leaves empty where there is nothing.
fn listed<'r, T>(row: &'r PgRow, column: &'static str) -> Result<Vec<T>, Failure>
where
    Option<Vec<T>>: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    Ok(row.try_get::<Option<Vec<T>>, _>(column)?.unwrap_or_default())
}

fn events(order_id: OrderId, row: &PgRow) -> Result<Vec<AuditedEvent>, Failure> {
    let seqs: Vec<i32> = listed(row, "seqs")?;
    let epochs: Vec<i64> = listed(row, "epochs")?;
    let stored: Vec<Json<StoredEvents>> = listed(row, "events")?;
    let mut events = Vec::new();
    for ((seq, epoch), Json(stored)) in seqs.into_iter().zip(epochs).zip(stored) {
        let epoch = rows::from_int(epoch, "epoch")?;
        let numbered = rows::numbered(order_id, rows::from_int(seq, "seq")?, stored)?;
        events.extend(numbered.into_iter().map(|event| AuditedEvent { event, epoch }));
    }
    Ok(events)
}

fn attempts(row: &PgRow) -> Result<Vec<AuditedAttempt>, Failure> {
    let numbers: Vec<i16> = listed(row, "numbers")?;
    let tx_ids: Vec<Vec<u8>> = listed(row, "tx_ids")?;
    let min_outs: Vec<Json<Amount>> = listed(row, "min_outs")?;
    let outcomes: Vec<Option<Json<AttemptOutcome>>> = listed(row, "outcomes")?;
    let columns = numbers.into_iter().zip(tx_ids).zip(min_outs).zip(outcomes);
    columns
        .map(|(((number, tx_id), Json(min_out)), outcome)| {
            Ok(AuditedAttempt {
                number: rows::from_int(number, "number")?,
                tx_id: TxId(tx_id.try_into().map_err(|_| Failure::out_of_range("tx_id"))?),
                min_out,
                outcome: outcome.map(|Json(outcome)| outcome),
            })
        })
        .collect()
}

#[async_trait]
impl OrderAudit for PostgresStore {
    async fn audit(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<AuditedOrder>, StoreError> {
        Ok(self.read_audit(after, limit).await?)
    }
}
