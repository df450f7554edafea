//! Where a stream goes on: `?after=SEQ`, or what a browser's event source remembers.

use http::HeaderMap;

use super::error::Errors;
use super::param::Query;
use crate::wire::problem::Problem;
use crate::wire::text::Seq;

/// The header by which an event source says what it saw last.
pub const LAST_EVENT_ID: &str = "last-event-id";

const SEQ: &str = "must be a sequence number";

const NOT_REPEATABLE: &str = "needs an Idempotency-Key or a clientOrderId, or this would be a second order";

/// The sequence number of the parameter; zero if it is not there.
///
/// # Errors
/// A problem when it is no number.
pub fn after(parameter: &Query<Seq>) -> Result<u32, Problem> {
    Ok(after_if_given(parameter)?.unwrap_or(0))
}

/// The sequence number of the parameter, if it is there.
///
/// # Errors
/// A problem when it is no number.
pub fn after_if_given(parameter: &Query<Seq>) -> Result<Option<u32>, Problem> {
    let number = parameter.text().map(str::parse).transpose();
    number.map_err(|_| refused("after"))
}

/// The sequence number of the header or, without it, of the parameter: an event source that reconnects
/// repeats the address it was given first, so the header is the newer one.
///
/// # Errors
/// A problem when it is no number.
pub fn after_or_last_event(parameter: &Query<Seq>, headers: &HeaderMap) -> Result<u32, Problem> {
    // Wrong is wrong, whether or not it counts.
    let given = after(parameter)?;
    Ok(last_event_id(headers)?.unwrap_or(given))
}

/// What an event source saw last, if it says so.
///
/// # Errors
/// A problem when it is no number.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    let Some(last) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    match last.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(text) => text.parse().map(Some).map_err(|_| refused("Last-Event-ID")),
        Err(_) => Err(refused("Last-Event-ID")),
    }
}

/// Where the events of a submitted order go on: as an event source says it, or by the parameter.
///
/// # Errors
/// A problem when it is no number, or when an event source that reconnects would place a second order, since
/// nothing says that this is the first one again.
pub fn after_submission(
    parameter: &Query<Seq>,
    headers: &HeaderMap,
    repeatable: bool,
) -> Result<u32, Problem> {
    if last_event_id(headers)?.is_some() && !repeatable {
        let mut errors = Errors::default();
        errors.invalid("Last-Event-ID", "not_repeatable", NOT_REPEATABLE);
        return Err(errors.into_problem());
    }
    after_or_last_event(parameter, headers)
}

fn refused(name: &'static str) -> Problem {
    let mut errors = Errors::default();
    errors.invalid(name, "invalid_value", SEQ);
    errors.into_problem()
}
