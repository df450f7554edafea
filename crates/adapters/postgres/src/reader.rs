//! Reading single orders and their stories.

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::lifecycle::RecordedEvent;
use order_core::order::Order;
use order_ports::{OrderFilter, OrderPage, OrderReader, StoreError};
use sqlx::Row;

use crate::error::Failure;
use crate::list;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

impl PostgresStore {
    async fn read_order(&self, id: OrderId) -> Result<Option<Order>, Failure> {
        let found = self
            .database
            .run_detached(sqlx::query(sql::ORDER).bind(id.uuid()))
            .await?;
        found.first().map(rows::order).transpose()
    }

    async fn read_events(
        &self,
        id: OrderId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        // No version is that high.
        let Ok(seq) = i32::try_from(after) else {
            return Ok(Vec::new());
        };
        let pages = i64::try_from(limit).unwrap_or(i64::MAX);
        let statement = sqlx::query(sql::EVENTS).bind(id.uuid()).bind(seq).bind(pages);
        let mut events = Vec::new();
        for row in self.database.run_detached(statement).await? {
            events.extend(
                rows::recorded_events(id, &row)?
                    .into_iter()
                    .filter(|event| event.seq > after),
            );
        }
        events.truncate(limit);
        Ok(events)
    }

    async fn read_versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
        let found = self
            .database
            .run_detached(sqlx::query(sql::VERSIONS).bind(ids))
            .await?;
        let version = |row| {
            Ok((
                rows::order_id(row, "id")?,
                rows::to_int(row.try_get::<i32, _>("version")?, "version")?,
            ))
        };
        found.iter().map(version).collect()
    }
}

#[async_trait]
impl OrderReader for PostgresStore {
    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        Ok(self.read_order(id).await?)
    }

    async fn events(&self, id: OrderId, after: u32, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        Ok(self.read_events(id, after, limit).await?)
    }

    async fn versions(&self, ids: &[OrderId]) -> Result<Vec<(OrderId, u32)>, StoreError> {
        Ok(self.read_versions(ids).await?)
    }

    async fn list(
        &self,
        filter: &OrderFilter,
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<OrderPage, StoreError> {
        Ok(list::page(&self.database, filter, before, limit).await?)
    }
}
