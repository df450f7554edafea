//! An order: what was asked for, and how far it has come; its states, the events that move it, and the table of legal
//! moves.

mod attempt;
mod event;
mod state;

pub use attempt::{Attempt, AttemptOutcome};
pub use event::{Event, EventKind, RecordedEvent, Refusal};
pub use state::{IllegalTransition, State, Status};

use serde::{Deserialize, Serialize};

use crate::amount::Quantity;
use crate::floor::Floor;
use crate::id::OrderId;
use crate::price::Price;
use crate::spec::{OrderSpec, Terms};
use crate::time::Timestamp;
use crate::venue::{Fill, TxId, VenueId};

/// The result of an execution, as the order shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Where.
    pub venue: VenueId,
    /// By which transaction.
    pub tx_id: TxId,
    /// Quote per base, net of fees.
    pub executed_price: Price,
    /// What was received.
    pub amount_out: Quantity,
    /// The venue's own record.
    pub fill: Fill,
}

/// How far an order has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The sequence number of the last event.
    pub version: u32,
    /// The number of the current attempt, from 1; 0 until the first begins.
    pub attempt: u8,
    /// Where it stands.
    pub state: State,
    /// When the last event happened.
    pub updated_at: Timestamp,
    /// What its owner has put in the place of the terms that it was accepted with.
    pub terms: Option<Terms>,
    /// How often the venue has refused its transaction because the price had gone by, so that it rests again.
    pub refusals: u32,
}

/// An order and how far it has come. Only events move it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    id: OrderId,
    spec: OrderSpec,
    created_at: Timestamp,
    progress: Progress,
}

impl Order {
    /// The least that it accepts, by its terms as they are now.
    pub fn floor(&self) -> Floor<'_> {
        Floor::with(&self.spec, self.terms().kind)
    }

    /// Accepts an order: it is pending, and its history has one event.
    pub fn accept(id: OrderId, spec: OrderSpec, now: Timestamp) -> (Self, RecordedEvent) {
        let progress = Progress {
            version: 1,
            attempt: 0,
            state: State::Pending,
            updated_at: now,
            terms: None,
            refusals: 0,
        };
        let event = RecordedEvent {
            order_id: id,
            seq: 1,
            at: now,
            event: Event::Pending,
        };
        (
            Self {
                id,
                spec,
                created_at: now,
                progress,
            },
            event,
        )
    }

    /// An order as a store kept it.
    pub const fn restore(id: OrderId, spec: OrderSpec, created_at: Timestamp, progress: Progress) -> Self {
        Self {
            id,
            spec,
            created_at,
            progress,
        }
    }

    /// Moves the order by one event and numbers it.
    ///
    /// Time never runs backwards along an order's events, whatever the clocks of its workers say.
    ///
    /// # Errors
    /// [`IllegalTransition`] when this event cannot happen in this state; the order stays as it was.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Result<RecordedEvent, IllegalTransition> {
        let state = self.progress.state.after(&event)?;
        self.progress.attempt = match &event {
            Event::Routing { attempt, .. } | Event::Retrying { attempt, .. } => *attempt,
            Event::Pending
            | Event::Waiting { .. }
            | Event::BestDex { .. }
            | Event::Building { .. }
            | Event::Submitted { .. }
            | Event::OutcomeUnknown { .. }
            | Event::Confirmed { .. }
            | Event::Failed { .. }
            | Event::Cancelled
            | Event::Expired => self.progress.attempt,
        };
        if let Event::Waiting {
            terms: Some(terms), ..
        } = &event
        {
            self.progress.terms = Some(*terms);
        }
        if let Event::Waiting {
            refused: Some(Refusal { count, .. }),
            ..
        } = &event
        {
            self.progress.refusals = *count;
        }
        self.progress.state = state;
        self.progress.version += 1;
        self.progress.updated_at = self.progress.updated_at.max(now);
        Ok(RecordedEvent {
            order_id: self.id,
            seq: self.progress.version,
            at: self.progress.updated_at,
            event,
        })
    }

    /// Its id.
    pub const fn id(&self) -> OrderId {
        self.id
    }

    /// What was asked for.
    pub const fn spec(&self) -> &OrderSpec {
        &self.spec
    }

    /// The terms as they are now: those it was accepted with, unless its owner has replaced them.
    pub fn terms(&self) -> Terms {
        self.progress.terms.unwrap_or(Terms {
            kind: self.spec.kind,
            time_in_force: self.spec.time_in_force,
        })
    }

    /// When it was accepted.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// How far it has come.
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Where it stands.
    pub const fn state(&self) -> &State {
        &self.progress.state
    }

    /// Where it stands, in a word.
    pub const fn status(&self) -> Status {
        self.progress.state.status()
    }

    /// The sequence number of its last event.
    pub const fn version(&self) -> u32 {
        self.progress.version
    }
}
