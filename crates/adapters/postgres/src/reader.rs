//! Reading single orders and their histories. Whoever reads at the same time shares a statement, as whoever writes
//! does: when many begin to watch at once, each would otherwise wait for a connection of its own.

use std::collections::HashMap;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::order::{Order, RecordedEvent};
use order_ports::{OrderFilter, OrderPage, OrderReader, StoreError};
use sqlx::Row;

use crate::batch::{Step, column};
use crate::database::Database;
use crate::error::Failure;
use crate::list;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

/// Reading an order as it stands.
pub(crate) struct ReadOrder;

impl Step for ReadOrder {
    const NAME: &'static str = "read_order";
    const READS: bool = true;

    type Row = OrderId;
    type Reply = Option<Order>;
    type Rank = OrderId;

    fn order_id(id: &OrderId) -> OrderId {
        *id
    }

    fn rank(id: &OrderId) -> OrderId {
        *id
    }

    async fn run(database: &Database, ids: &[OrderId]) -> Result<Vec<Option<Order>>, Failure> {
        let statement = sqlx::query(sql::ORDER).bind(column(ids, |id| id.uuid()));
        let mut found = HashMap::with_capacity(ids.len());
        for row in database.run(statement).await? {
            found.insert(rows::order_id(&row, "id")?, rows::order(&row)?);
        }
        // Several may have asked for the same one.
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }
}

/// Reading what happened to an order after a number.
pub(crate) struct ReadEvents;

/// A question for events.
pub(crate) struct Since {
    id: OrderId,
    after: i32,
}

impl Step for ReadEvents {
    const NAME: &'static str = "read_events";
    const READS: bool = true;

    type Row = Since;
    type Reply = Vec<RecordedEvent>;
    type Rank = OrderId;

    fn order_id(row: &Since) -> OrderId {
        row.id
    }

    fn rank(row: &Since) -> OrderId {
        row.id
    }

    async fn run(database: &Database, wanted: &[Since]) -> Result<Vec<Vec<RecordedEvent>>, Failure> {
        let statement = sqlx::query(sql::EVENTS)
            .bind(column(wanted, |since| since.id.uuid()))
            .bind(column(wanted, |since| since.after));
        let mut replies: Vec<Vec<RecordedEvent>> = wanted.iter().map(|_| Vec::new()).collect();
        for row in database.run(statement).await? {
            let n = rows::index(&row)?;
            if let (Some(reply), Some(since)) = (replies.get_mut(n), wanted.get(n)) {
                // The first row may begin with events that are known already.
                let events = rows::recorded_events(since.id, &row)?.into_iter();
                reply.extend(events.filter(|event| i64::from(event.seq) > i64::from(since.after)));
            }
        }
        for reply in &mut replies {
            reply.sort_unstable_by_key(|event| event.seq);
        }
        Ok(replies)
    }
}

impl PostgresStore {
    async fn read_events(
        &self,
        id: OrderId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, Failure> {
        // No version is that high.
        let Ok(after) = i32::try_from(after) else {
            return Ok(Vec::new());
        };
        let mut events = self.events.run(Since { id, after }).await?;
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
        Ok(self.orders.run(id).await?)
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
