//! Where a stream goes on: `?after=SEQ`, or what a browser's event source remembers.

use http::HeaderValue;

use super::error::{Errors, Refused};
use super::fields::Value;
use super::json::Sent;
use super::param::{Header, HeaderField, Query};
use crate::wire::problem::Problem;
use crate::wire::text::Seq;

const NOT_REPEATABLE: &str = "needs an Idempotency-Key or a clientOrderId, or this would be a second order";

/// The sequence number of the last event that a client has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After(pub u32);

fn not_a_number() -> Refused {
    Refused::invalid("must be a sequence number")
}

impl After {
    fn parse(text: &str) -> Result<Self, Refused> {
        text.parse().map(Self).map_err(|_| not_a_number())
    }
}

impl Value for After {
    type Format = Seq;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        Self::parse(super::fields::text(sent)?)
    }
}

/// As an event source says it.
impl HeaderField for After {
    type Format = Seq;

    fn read(values: &[&HeaderValue]) -> Result<Option<Self>, Refused> {
        match values.first().map(|value| value.to_str().map(str::trim)) {
            None | Some(Ok("")) => Ok(None),
            Some(Ok(text)) => Self::parse(text).map(Some),
            Some(Err(_)) => Err(not_a_number()),
        }
    }
}

/// The sequence number of the parameter; zero if it is not there.
///
/// # Errors
/// A problem when it is no number.
pub fn after(parameter: Query<After>) -> Result<u32, Problem> {
    Ok(parameter.0.value()?.map_or(0, |after| after.0))
}

/// Where a stream goes on, and whether it is an event source that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The sequence number of the last event that is left out.
    pub after: u32,
    /// Whether an event source has seen that event.
    pub by_event_source: bool,
}

impl Resume {
    /// The sequence number of the header or, without it, of the parameter: an event source that reconnects
    /// repeats the address it was given first, so the header is the newer one.
    ///
    /// # Errors
    /// A problem when one is no number: wrong is wrong, whether or not it counts.
    pub fn of(parameter: Query<After>, header: Header<After>) -> Result<Self, Problem> {
        let given = after(parameter)?;
        Ok(Self::with(given, header.0.value()?))
    }

    /// Where the events of a submitted order go on.
    ///
    /// # Errors
    /// A problem when one is no number, or when an event source that reconnects would place a second order, since
    /// nothing says that this is the first one again.
    pub fn of_submission(
        parameter: Query<After>,
        header: Header<After>,
        repeatable: bool,
    ) -> Result<Self, Problem> {
        let last = header.0.value()?;
        if last.is_some() && !repeatable {
            let mut errors = Errors::default();
            errors.invalid("Last-Event-ID", "not_repeatable", NOT_REPEATABLE);
            return Err(errors.into_problem());
        }
        Ok(Self::with(after(parameter)?, last))
    }

    fn with(given: u32, last: Option<After>) -> Self {
        Self {
            after: last.map_or(given, |last| last.0),
            by_event_source: last.is_some(),
        }
    }
}
