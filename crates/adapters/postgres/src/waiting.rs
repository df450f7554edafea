//! Orders that wait, and owners who change their mind.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::venue::VenueId;
use order_ports::{
    JournalError, OwnerCommands, RestingOrder, RestingOrders, RestingSince, StoreError, Transition, Woken,
};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::error::Failure;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

/// How much later than its time a wait can become visible: as long as a statement may take, and twice that to be
/// sure.
const OVERLAP: Duration = Duration::from_secs(10);

#[async_trait]
impl RestingOrders for PostgresStore {
    async fn waiting(
        &self,
        after: Option<(RestingSince, OrderId)>,
        limit: usize,
    ) -> Result<Vec<RestingOrder>, StoreError> {
        let (since, id) = after.map_or((0, Uuid::nil()), |(since, id)| (since.0, id.uuid()));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let statement = sqlx::query(sql::WAITING).bind(since).bind(id).bind(limit);
        let found = self.database.run_detached(statement).await?;
        let waiting = |row| {
            Ok(RestingOrder {
                order: rows::order(row)?,
                since: RestingSince(row.try_get("since")?),
            })
        };
        let waiting: Result<_, Failure> = found.iter().map(waiting).collect();
        Ok(waiting?)
    }

    fn overlap(&self, last: RestingSince) -> RestingSince {
        RestingSince(last.0.saturating_sub(rows::micros(OVERLAP)))
    }

    async fn wake(&self, ids: &[OrderId]) -> Result<Woken, StoreError> {
        let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
        let found = self
            .database
            .run_detached(sqlx::query(sql::WAKE).bind(ids))
            .await?;
        let mut woken = Woken::default();
        for row in &found {
            match rest_left(row)? {
                None => woken.items.push(rows::item(row)?),
                Some(left) => woken.resting.push((rows::order_id(row, "id")?, left)),
            }
        }
        Ok(woken)
    }
}

/// How long the order of this row rests on; `None` if it was woken.
fn rest_left(row: &PgRow) -> Result<Option<Duration>, Failure> {
    let left: Option<i64> = row.try_get("rest_left")?;
    let micros = left.map(|left| rows::to_int(left, "rest_left")).transpose()?;
    Ok(micros.map(Duration::from_micros))
}

#[async_trait]
impl OwnerCommands for PostgresStore {
    async fn apply_owner_command<'a>(
        &self,
        moved: Transition<'a>,
        release: Release,
    ) -> Result<(), JournalError> {
        match self.write_over(moved, release).await.map_err(StoreError::from)? {
            true => Ok(()),
            false => Err(JournalError::Fenced),
        }
    }
}

impl PostgresStore {
    /// Whether it was stored.
    async fn write_over(&self, moved: Transition<'_>, release: Release) -> Result<bool, Failure> {
        let Transition { order, events } = moved;
        let progress = order.progress();
        let version: i32 = rows::to_int(progress.version, "version")?;
        let new: i32 = rows::to_int(events.len(), "the number of events")?;
        let terms = progress.terms.as_ref().map(serde_json::to_string).transpose()?;
        let rows::Released {
            run_again,
            waits,
            rest,
        } = rows::release(release);
        let statement = sqlx::query(sql::APPLY_OWNER_COMMAND)
            .bind(order.id().uuid())
            .bind(version - new)
            .bind(order.status().as_str())
            .bind(order.state().venue().as_ref().map(VenueId::as_str))
            .bind(serde_json::to_string(order.state())?)
            .bind(version)
            .bind(rows::date(progress.updated_at)?)
            .bind(terms)
            .bind(
                (!events.is_empty())
                    .then(|| rows::event_lines(events))
                    .transpose()?,
            )
            .bind(run_again)
            .bind(waits)
            .bind(rest);
        Ok(!self.database.run_detached(statement).await?.is_empty())
    }
}
