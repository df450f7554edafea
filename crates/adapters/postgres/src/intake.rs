//! Accepting orders.

use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{IdempotencyKey, OrderId};
use order_core::spec::OrderSpec;
use order_core::time::Timestamp;
use order_core::venue::VenueId;
use order_ports::{AcceptError, Acceptance, Accepted, OrderIntake, StoreError};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::{Json, Uuid};
use time::OffsetDateTime;

use crate::batch::{Step, column};
use crate::database::Database;
use crate::error::Failure;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

/// How far the time in an id may be from the time of acceptance for lists to find the order by either. Both come
/// from one clock within one request. Lists by time look at so much more than they were asked for.
pub(crate) const ID_DRIFT: Duration = Duration::from_secs(2);

pub(crate) struct Accept;

pub(crate) struct NewOrder {
    id: OrderId,
    spec: OrderSpec,
    idempotency_key: Option<String>,
    priority: i16,
    created_at: OffsetDateTime,
    id_time_skewed: bool,
    spec_json: String,
    state_json: String,
    status: &'static str,
    venue: Option<VenueId>,
    version: i32,
    attempt: i16,
    updated_at: OffsetDateTime,
    events: String,
}

impl NewOrder {
    fn new(acceptance: Acceptance) -> Result<Self, Failure> {
        let Acceptance {
            order,
            event,
            idempotency_key,
        } = acceptance;
        let progress = order.progress();
        Ok(Self {
            id: order.id(),
            idempotency_key: idempotency_key.map(String::from),
            priority: rows::to_int(order.spec().priority.index(), "priority")?,
            created_at: rows::date(order.created_at())?,
            id_time_skewed: is_odd(order.id(), order.created_at()),
            spec_json: serde_json::to_string(order.spec())?,
            state_json: serde_json::to_string(order.state())?,
            status: order.status().as_str(),
            venue: order.state().venue(),
            version: rows::to_int(progress.version, "version")?,
            attempt: i16::from(progress.attempt),
            updated_at: rows::date(progress.updated_at)?,
            events: rows::event_lines(&[event])?,
            spec: order.spec().clone(),
        })
    }

    fn client_order_id(&self) -> Option<&str> {
        self.spec.client_order_id.as_ref().map(|name| name.as_str())
    }
}

/// Whether the id does not tell when the order was accepted.
fn is_odd(id: OrderId, created_at: Timestamp) -> bool {
    let Some(minted_at) = id
        .uuid()
        .get_timestamp()
        .filter(|_| id.uuid().get_version_num() == 7)
    else {
        return true;
    };
    let (seconds, nanos) = minted_at.to_unix();
    let millis = i64::try_from(seconds * 1_000 + u64::from(nanos) / 1_000_000).unwrap_or(i64::MAX);
    u128::from(millis.abs_diff(created_at.millis())) > ID_DRIFT.as_millis()
}

/// By which of its keys an order stands in the way of a new one; the first counts.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Idempotency,
    ClientOrderId,
    Id,
}

/// What came of a new order.
pub(crate) enum AcceptOutcome {
    New,
    Same(OrderId),
    Other(Key, OrderId),
}

impl Step for Accept {
    const NAME: &str = "accept";

    type Row = NewOrder;
    type Reply = AcceptOutcome;
    // Keys are what concurrent inserts wait for each other on.
    type Rank = (String, Option<String>, Option<String>, OrderId);

    fn order_id(row: &NewOrder) -> OrderId {
        row.id
    }

    fn rank(row: &NewOrder) -> Self::Rank {
        let owner = row.spec.owner.as_str().to_owned();
        (
            owner,
            row.idempotency_key.clone(),
            row.client_order_id().map(str::to_owned),
            row.id,
        )
    }

    async fn run(database: &Database, orders: &[NewOrder]) -> Result<Vec<AcceptOutcome>, Failure> {
        let statement = sqlx::query(sql::ACCEPT)
            .bind(column(orders, |row| row.id.uuid()))
            .bind(column(orders, |row| row.spec.owner.as_str()))
            .bind(column(orders, NewOrder::client_order_id))
            .bind(column(orders, |row| row.idempotency_key.as_deref()))
            .bind(column(orders, |row| row.spec.kind.as_str()))
            .bind(column(orders, |row| row.spec.token_in.symbol.as_str()))
            .bind(column(orders, |row| row.spec.token_out.symbol.as_str()))
            .bind(column(orders, |row| row.priority))
            .bind(column(orders, |row| row.created_at))
            .bind(column(orders, |row| row.id_time_skewed))
            .bind(column(orders, |row| row.spec_json.as_str()))
            .bind(column(orders, |row| row.status))
            .bind(column(orders, |row| row.venue.as_ref().map(VenueId::as_str)))
            .bind(column(orders, |row| row.state_json.as_str()))
            .bind(column(orders, |row| row.version))
            .bind(column(orders, |row| row.attempt))
            .bind(column(orders, |row| row.updated_at))
            .bind(column(orders, |row| row.events.as_str()));
        let mut stored = std::collections::HashSet::new();
        for row in database.run(statement).await? {
            stored.insert(rows::order_id(&row, "id")?);
        }
        let refused: Vec<_> = orders
            .iter()
            .filter(|order| !stored.contains(&order.id))
            .collect();
        let mut verdicts = look_up_clashes(database, &refused).await?.into_iter();
        let verdict = |order: &NewOrder| match stored.contains(&order.id) {
            true => Ok(AcceptOutcome::New),
            false => verdicts.next().ok_or_else(|| Failure::missing("a verdict")),
        };
        orders.iter().map(verdict).collect()
    }
}

/// Why these were not stored. Their rivals are committed by now, since the insert waited for them, and orders are
/// never deleted: so a statement of its own, with a fresh view of the data, is sure to find them.
async fn look_up_clashes(database: &Database, refused: &[&NewOrder]) -> Result<Vec<AcceptOutcome>, Failure> {
    if refused.is_empty() {
        return Ok(Vec::new());
    }
    let statement = sqlx::query(sql::CLASHES)
        .bind(column(refused, |row| row.spec.owner.as_str()))
        .bind(column(refused, |row| row.idempotency_key.as_deref()))
        .bind(column(refused, |row| row.client_order_id()))
        .bind(column(refused, |row| row.id.uuid()))
        .persistent(false);
    let mut verdicts: Vec<Option<AcceptOutcome>> = refused.iter().map(|_| None).collect();
    for row in database.run(statement).await? {
        let n = rows::index(&row)?;
        let (Some(verdict), Some(order)) = (verdicts.get_mut(n), refused.get(n)) else {
            continue;
        };
        if verdict.is_some() {
            continue;
        }
        *verdict = Some(compare(&row, &order.spec)?);
    }
    verdicts
        .into_iter()
        .map(|verdict| verdict.ok_or_else(|| Failure::missing("the order in the way")))
        .collect()
}

/// What a stored order with a name of this request makes of it.
fn compare(row: &PgRow, asked: &OrderSpec) -> Result<AcceptOutcome, Failure> {
    let id = rows::order_id(row, "id")?;
    let Json(spec) = row.try_get::<Json<OrderSpec>, _>("spec")?;
    let key = match row.try_get::<i32, _>("by")? {
        0 => Key::Idempotency,
        1 => Key::ClientOrderId,
        _ => Key::Id,
    };
    Ok(if spec.is_same_request(asked) {
        AcceptOutcome::Same(id)
    } else {
        AcceptOutcome::Other(key, id)
    })
}

impl PostgresStore {
    /// The verdict on a request by its names alone; new if they are free.
    async fn look_up(&self, spec: &OrderSpec, key: Option<IdempotencyKey>) -> Result<AcceptOutcome, Failure> {
        let statement = sqlx::query(sql::CLASHES)
            .bind(vec![spec.owner.as_str().to_owned()])
            .bind(vec![key.map(String::from)])
            .bind(vec![spec.client_order_id.clone().map(String::from)])
            .bind(vec![None::<Uuid>])
            .persistent(false);
        match self.database.run_detached(statement).await?.first() {
            None => Ok(AcceptOutcome::New),
            Some(row) => compare(row, spec),
        }
    }
}

/// A verdict as the port says it.
fn answer(verdict: AcceptOutcome) -> Result<Accepted, AcceptError> {
    match verdict {
        AcceptOutcome::New => Ok(Accepted::New),
        AcceptOutcome::Same(id) => Ok(Accepted::Replayed(id)),
        AcceptOutcome::Other(Key::Idempotency, id) => Err(AcceptError::KeyReused(id)),
        AcceptOutcome::Other(Key::ClientOrderId, id) => Err(AcceptError::ClientOrderIdReused(id)),
        AcceptOutcome::Other(Key::Id, _) => Err(StoreError::from(Failure::out_of_range(
            "the id of a new order, which another one has,",
        ))
        .into()),
    }
}

#[async_trait]
impl OrderIntake for PostgresStore {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, AcceptError> {
        let order = NewOrder::new(acceptance).map_err(StoreError::from)?;
        answer(self.intake.run(order).await.map_err(StoreError::from)?)
    }

    async fn find_replayed(
        &self,
        spec: &OrderSpec,
        idempotency_key: Option<IdempotencyKey>,
    ) -> Result<Option<OrderId>, AcceptError> {
        let verdict = self.look_up(spec, idempotency_key).await;
        match answer(verdict.map_err(StoreError::from)?)? {
            Accepted::New => Ok(None),
            Accepted::Replayed(id) => Ok(Some(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_id_is_odd_when_it_tells_another_time() {
        let created_at = Timestamp::from_millis(1_767_225_600_123);
        let minted = |millis: i64| {
            let millis = u128::try_from(millis).unwrap();
            OrderId::from_uuid(Uuid::from_u128(millis << 80 | 0x7 << 76 | 0b10 << 62 | 1))
        };
        assert!(!is_odd(minted(1_767_225_600_123), created_at));
        assert!(!is_odd(minted(1_767_225_600_123 - 2_000), created_at));
        assert!(is_odd(minted(1_767_225_600_123 - 2_001), created_at));
        assert!(is_odd(minted(1_767_225_600_123 + 2_001), created_at));
        assert!(is_odd(OrderId::from_uuid(Uuid::nil()), created_at));
    }
}
