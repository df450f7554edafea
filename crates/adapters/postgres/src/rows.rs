//! From the domain's types to columns and back. Amounts and prices only ever travel inside core's own JSON, where
//! they are decimal strings.

use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::{Attempt, Event, Order, Progress, RecordedEvent, State};
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Terms};
use order_core::time::Timestamp;
use order_core::venue::{Draft, SignedTransaction, TxId};
use order_ports::WorkItem;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::Failure;

/// An event in `order_events`: its order and number are the row's.
#[derive(Serialize, Deserialize)]
pub(crate) struct EventLine<E> {
    at: Timestamp,
    #[serde(flatten)]
    event: E,
}

/// The events of one row of `order_events`.
pub(crate) type StoredEvents = Vec<EventLine<Event>>;

/// Events as one row of `order_events` holds them.
pub(crate) fn event_lines(events: &[RecordedEvent]) -> Result<String, Failure> {
    let lines: Vec<_> = events
        .iter()
        .map(|event| EventLine {
            at: event.at,
            event: &event.event,
        })
        .collect();
    Ok(serde_json::to_string(&lines)?)
}

/// The events of a row (`seq`, `events`).
pub(crate) fn recorded_events(order_id: OrderId, row: &PgRow) -> Result<Vec<RecordedEvent>, Failure> {
    let last: u32 = from_int(row.try_get::<i32, _>("seq")?, "seq")?;
    let Json(lines) = row.try_get::<Json<StoredEvents>, _>("events")?;
    numbered(order_id, last, lines)
}

/// Events that end with number `last`.
pub(crate) fn numbered(
    order_id: OrderId,
    last: u32,
    lines: StoredEvents,
) -> Result<Vec<RecordedEvent>, Failure> {
    let before = u32::try_from(lines.len())
        .ok()
        .and_then(|count| last.checked_sub(count));
    let before = before.ok_or_else(|| Failure::out_of_range("seq"))?;
    let numbered = (before + 1..).zip(lines);
    Ok(numbered
        .map(|(seq, line)| RecordedEvent {
            order_id,
            seq,
            at: line.at,
            event: line.event,
        })
        .collect())
}

/// The order of a row (`id`, `spec`, `created_at`, `version`, `attempt`, `state`, `updated_at`, `terms`,
/// `refusals`).
pub(crate) fn order(row: &PgRow) -> Result<Order, Failure> {
    let Json(spec) = row.try_get::<Json<OrderSpec>, _>("spec")?;
    let Json(state) = row.try_get::<Json<State>, _>("state")?;
    let progress = Progress {
        version: from_int(row.try_get::<i32, _>("version")?, "version")?,
        attempt: from_int(row.try_get::<i16, _>("attempt")?, "attempt")?,
        state,
        updated_at: timestamp(row.try_get("updated_at")?),
        terms: row
            .try_get::<Option<Json<Terms>>, _>("terms")?
            .map(|Json(terms)| terms),
        refusals: from_int(row.try_get::<i32, _>("refusals")?, "refusals")?,
    };
    Ok(Order::restore(
        order_id(row, "id")?,
        spec,
        timestamp(row.try_get("created_at")?),
        progress,
    ))
}

/// The attempt of a row of `attempts`.
pub(crate) fn attempt(row: &PgRow) -> Result<Attempt, Failure> {
    let Json(draft) = row.try_get::<Json<Draft>, _>("draft")?;
    let id: Vec<u8> = row.try_get("tx_id")?;
    let id = TxId(id.try_into().map_err(|_| Failure::out_of_range("tx_id"))?);
    let height: String = row.try_get("last_valid_height")?;
    Ok(Attempt {
        number: from_int(row.try_get::<i16, _>("number")?, "number")?,
        venue: decode_name(row, "venue")?,
        draft,
        transaction: SignedTransaction {
            id,
            bytes: row.try_get("bytes")?,
            last_valid_height: height
                .parse()
                .map_err(|_| Failure::out_of_range("last_valid_height"))?,
        },
        written_at: timestamp(row.try_get("written_at")?),
    })
}

/// The id in that column.
pub(crate) fn order_id(row: &PgRow, column: &'static str) -> Result<OrderId, Failure> {
    Ok(OrderId::from_uuid(row.try_get::<Uuid, _>(column)?))
}

/// The priority of a row.
fn priority(row: &PgRow) -> Result<Priority, Failure> {
    let index: usize = from_int(row.try_get::<i16, _>("priority")?, "priority")?;
    Priority::ALL
        .get(index)
        .copied()
        .ok_or_else(|| Failure::out_of_range("priority"))
}

/// The work item of a row (`id`, `priority`).
pub(crate) fn item(row: &PgRow) -> Result<WorkItem, Failure> {
    Ok(WorkItem {
        order_id: order_id(row, "id")?,
        priority: priority(row)?,
    })
}

/// What becomes of an order that is given back, as columns.
pub(crate) struct Released {
    /// It is due after so many microseconds, if ever.
    pub(crate) run_again: Option<i64>,
    /// It waits for its trigger until then.
    pub(crate) waits: bool,
    /// It is not woken before so many microseconds; `None` leaves its last rest as it is.
    pub(crate) rest: Option<i64>,
}

/// What becomes of an order that is given back.
pub(crate) fn release(release: Release) -> Released {
    let (run_again, waits, rest) = match release {
        Release::Done => (None, false, None),
        Release::RunAgain(delay) => (Some(micros(delay)), false, None),
        Release::Wait { longest, rest } => (Some(micros(longest)), true, Some(micros(rest))),
    };
    Released {
        run_again,
        waits,
        rest,
    }
}

/// The number in `n`, counted from 1 by `with ordinality`, as an index.
pub(crate) fn index(row: &PgRow) -> Result<usize, Failure> {
    let n: i64 = row.try_get("n")?;
    usize::try_from(n - 1).map_err(|_| Failure::out_of_range("n"))
}

/// The name in that column.
pub(crate) fn decode_name<T: std::str::FromStr>(row: &PgRow, column: &'static str) -> Result<T, Failure> {
    row.try_get::<String, _>(column)?
        .parse()
        .map_err(|_| Failure::out_of_range(column))
}

/// A number out of the database's wider type.
pub(crate) fn from_int<I, T: TryFrom<I>>(value: I, what: &'static str) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| Failure::out_of_range(what))
}

/// A number as the database's narrower type.
pub(crate) fn to_int<I, T: TryFrom<I>>(value: I, what: &'static str) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| Failure::out_of_range(what))
}

/// A point in time; the database and the calendar end with the year 9999.
pub(crate) fn date(timestamp: Timestamp) -> Result<OffsetDateTime, Failure> {
    let nanos = i128::from(timestamp.millis()) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| Failure::out_of_range("a point in time"))
}

pub(crate) fn timestamp(date: OffsetDateTime) -> Timestamp {
    let millis = date.unix_timestamp_nanos().div_euclid(1_000_000);
    // A date of the calendar always fits.
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// A duration in microseconds, rounded up: nothing is due early. Ends at a hundred years.
pub(crate) fn micros(duration: Duration) -> i64 {
    const CENTURY: u128 = 100 * 365 * 24 * 3_600 * 1_000_000;
    let micros = duration.as_nanos().div_ceil(1_000).min(CENTURY);
    i64::try_from(micros).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_up_and_end() {
        assert_eq!(micros(Duration::ZERO), 0);
        assert_eq!(micros(Duration::from_nanos(1)), 1);
        assert_eq!(micros(Duration::from_millis(2)), 2_000);
        assert_eq!(micros(Duration::MAX), 100 * 365 * 24 * 3_600 * 1_000_000);
    }

    #[test]
    fn times_survive_to_the_millisecond_on_both_sides_of_the_epoch() {
        for millis in [0, 1, -1, 1_767_225_600_123, -62_135_596_800_000] {
            let time = Timestamp::from_millis(millis);
            assert_eq!(timestamp(date(time).unwrap()), time);
        }
        assert!(date(Timestamp::from_millis(i64::MAX)).is_err());
    }
}
