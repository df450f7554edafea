//! Handing out leases, and finding who needs one.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use order_core::id::{OrderId, WorkerId};
use order_core::lifecycle::WakeBackoff;
use order_core::order::Attempt;
use order_ports::{Claim, Claimed, Lease, OrderLeases, StoreError, Sweep, WorkItem};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::batch::{Step, column};
use crate::database::Database;
use crate::error::Failure;
use crate::rows;
use crate::sql;
use crate::store::PostgresStore;

pub(crate) struct TakeLease;

pub(crate) struct ClaimRow {
    id: OrderId,
    holder: WorkerId,
    ttl: i64,
}

impl Step for TakeLease {
    const NAME: &str = "claim";

    type Row = ClaimRow;
    type Reply = Claim;
    type Rank = OrderId;

    fn order_id(row: &ClaimRow) -> OrderId {
        row.id
    }

    fn rank(row: &ClaimRow) -> OrderId {
        row.id
    }

    async fn run(database: &Database, wishes: &[ClaimRow]) -> Result<Vec<Claim>, Failure> {
        let statement = sqlx::query(sql::CLAIM)
            .bind(column(wishes, |wish| wish.id.uuid()))
            .bind(column(wishes, |wish| wish.holder.0))
            .bind(column(wishes, |wish| wish.ttl));
        let mut claims: Vec<Option<Claim>> = wishes.iter().map(|_| None).collect();
        let mut interrupted = Vec::new();
        for row in database.run(statement).await? {
            let n = rows::index(&row)?;
            let (Some(claim), Some(wish)) = (claims.get_mut(n), wishes.get(n)) else {
                continue;
            };
            let epoch = rows::to_int(row.try_get::<i64, _>("lease_epoch")?, "lease_epoch")?;
            let lease = Lease {
                order_id: wish.id,
                holder: wish.holder,
                epoch,
            };
            if row.try_get("attempt_open")? {
                interrupted.push(n);
            }
            let order = rows::order(&row)?;
            *claim = Some(Claim::Taken(Box::new(Claimed {
                order,
                lease,
                open_attempt: None,
                rested: rested(&row)?,
            })));
        }
        add_open_attempts(database, &mut claims, &interrupted).await?;
        let left: Vec<_> = wishes
            .iter()
            .zip(&claims)
            .filter(|(_, c)| c.is_none())
            .map(|(w, _)| w.id)
            .collect();
        let reasons = why_not(database, &left).await?;
        let reason = |wish: &ClaimRow| reasons.get(&wish.id).cloned().unwrap_or(Claim::NoSuchOrder);
        Ok(wishes
            .iter()
            .zip(claims)
            .map(|(wish, claim)| claim.unwrap_or_else(|| reason(wish)))
            .collect())
    }
}

/// The rest that the order of this row had last.
fn rested(row: &PgRow) -> Result<WakeBackoff, Failure> {
    let ended_ago: Option<i64> = row.try_get("rested_ago")?;
    Ok(WakeBackoff {
        length: Duration::from_micros(rows::to_int(row.try_get::<i64, _>("rest")?, "rest")?),
        ended_ago: Duration::from_micros(rows::to_int(ended_ago.unwrap_or(0), "rested_ago")?),
    })
}

/// Fetches the transactions that earlier holders left open, in a statement of its own: the claim may have waited
/// for the very write-ahead that left one, and would not have seen it. From here on nobody else can add or
/// close one.
async fn add_open_attempts(
    database: &Database,
    claims: &mut [Option<Claim>],
    interrupted: &[usize],
) -> Result<(), Failure> {
    let claimed = |claim: &Option<Claim>| match claim {
        Some(Claim::Taken(claimed)) => Some(claimed.lease.order_id.uuid()),
        Some(Claim::NotNow | Claim::Finished | Claim::NoSuchOrder) | None => None,
    };
    let ids: Vec<Uuid> = interrupted
        .iter()
        .filter_map(|n| claimed(claims.get(*n)?))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut open: HashMap<OrderId, Attempt> = HashMap::new();
    for row in database.run(sqlx::query(sql::OPEN_ATTEMPTS).bind(ids)).await? {
        open.insert(rows::order_id(&row, "order_id")?, rows::attempt(&row)?);
    }
    for n in interrupted {
        if let Some(Some(Claim::Taken(claimed))) = claims.get_mut(*n) {
            let attempt = open.remove(&claimed.lease.order_id);
            claimed.open_attempt = Some(attempt.ok_or_else(|| Failure::missing("the open attempt"))?);
        }
    }
    Ok(())
}

/// What the orders that could not be claimed are; those that are missing do not exist.
async fn why_not(database: &Database, left: &[OrderId]) -> Result<HashMap<OrderId, Claim>, Failure> {
    if left.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = column(left, |id| id.uuid());
    let rows = database.run(sqlx::query(sql::UNCLAIMED).bind(ids)).await?;
    let reason = |finished: bool| if finished { Claim::Finished } else { Claim::NotNow };
    rows.iter()
        .map(|row| Ok((rows::order_id(row, "id")?, reason(row.try_get("finished")?))))
        .collect()
}

#[async_trait]
impl OrderLeases for PostgresStore {
    async fn claim(&self, id: OrderId, holder: WorkerId, ttl: Duration) -> Result<Claim, StoreError> {
        Ok(self
            .leases
            .run(ClaimRow {
                id,
                holder,
                ttl: rows::micros(ttl),
            })
            .await?)
    }

    async fn due(&self, sweep: Sweep, limit: usize) -> Result<Vec<WorkItem>, StoreError> {
        let age = match sweep {
            Sweep::Overdue(age) => Some(rows::micros(age)),
            Sweep::Everything => None,
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self
            .database
            .run_detached(sqlx::query(sql::DUE).bind(age).bind(limit))
            .await?;
        let items: Result<_, Failure> = found.iter().map(rows::item).collect();
        Ok(items?)
    }
}
