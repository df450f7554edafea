//! What waits in the store.

use std::time::Duration;

use async_trait::async_trait;
use order_ports::{Backlog, OrderBacklog, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::error::Failure;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

#[async_trait]
impl OrderBacklog for PostgresStore {
    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let found = self.database.run_detached(sqlx::query(sql::BACKLOG)).await?;
        let row = found.first().ok_or_else(|| Failure::missing("the backlog"))?;
        Ok(read(row)?)
    }
}

fn read(row: &PgRow) -> Result<Backlog, Failure> {
    let micros: Option<i64> = row.try_get("oldest_due")?;
    let oldest_due = micros
        .map(|micros| rows::to_int(micros, "oldest_due").map(Duration::from_micros))
        .transpose()?;
    let unknown = rows::to_int(row.try_get::<i64, _>("unknown")?, "unknown")?;
    Ok(Backlog { oldest_due, unknown })
}
