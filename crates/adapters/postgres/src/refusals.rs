//! That the database has refused to write: remembered, so that whoever asks whether orders can be taken is told, without
//! a write for each question.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Failure;

/// How long a refusal stands. After that a write is tried, and stands for as long.
const STANDS: Duration = Duration::from_secs(5);

/// The last refusal, if it has not been followed by a write that was tried and went well. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals(Arc<Mutex<Option<Refusal>>>);

#[derive(Clone, Debug)]
struct Refusal {
    at: Instant,
    failure: Failure,
}

/// What is known about whether the database writes.
pub(crate) enum StatusClass {
    /// It has not refused.
    Fine,
    /// It has just refused.
    Refused(Failure),
    /// It has refused a while ago: try.
    Doubtful,
}

impl Refusals {
    /// Remembers a failure, if it is one of the database and not of a row or a connection.
    pub(crate) fn note(&self, failure: &Failure) {
        if failure.refuses_writes() {
            self.set(Some(Refusal {
                at: Instant::now(),
                failure: failure.clone(),
            }));
        }
    }

    pub(crate) fn standing(&self) -> StatusClass {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            None => StatusClass::Fine,
            Some(refusal) if refusal.at.elapsed() < STANDS => StatusClass::Refused(refusal.failure.clone()),
            Some(_) => StatusClass::Doubtful,
        }
    }

    pub(crate) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, refusal: Option<Refusal>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }
}
