//! What happens to an order, as it is stored and streamed.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::failure::Failure;
use crate::id::OrderId;
use crate::order::Execution;
use crate::price::Price;
use crate::routing::{Alternatives, ArrivalPrice, RouteReason};
use crate::spec::Terms;
use crate::time::Timestamp;
use crate::trigger::WaitsFor;
use crate::venue::{Leg, QuoteAnswer, TxId, VenueId};

/// One thing that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It is accepted, durably.
    Pending,
    /// It waits for its trigger.
    Waiting {
        /// What kind of trigger.
        waits_for: WaitsFor,
        /// Its new terms, if its owner has just replaced them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms: Option<Terms>,
        /// The refusal after which it rests again, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<Refusal>,
    },
    /// The venues have answered.
    Routing {
        /// The attempt's number, from 1.
        attempt: u8,
        /// Every asked venue's answer.
        quotes: Vec<QuoteAnswer>,
        /// Where the market stood, if that could be seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arrival: Option<ArrivalPrice>,
    },
    /// A route was chosen.
    BestDex {
        /// The venue; of several, that of the largest part of the input.
        venue: VenueId,
        /// Its price, quote per base, net of fees.
        price: Price,
        /// Why.
        reason: RouteReason,
        /// The least output that will be accepted, in raw units.
        min_out: Amount,
        /// The swaps; none where there is but one for the whole size, at the venue's own quote.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        legs: Vec<Leg>,
        /// What was weighed against it, besides the venues' quotes.
        #[serde(default, skip_serializing_if = "Alternatives::is_empty")]
        weighed: Alternatives,
    },
    /// The transaction is being built.
    Building {
        /// For this venue.
        venue: VenueId,
    },
    /// Written ahead of the send: the transaction may be at the venue from here on.
    Submitted {
        /// Where.
        venue: VenueId,
        /// The transaction.
        tx_id: TxId,
    },
    /// The venue has been silent too long; the outcome is not guessed, and the order's owner is told so.
    OutcomeUnknown {
        /// Where.
        venue: VenueId,
        /// The transaction that is being looked for.
        tx_id: TxId,
    },
    /// It executed.
    Confirmed(Execution),
    /// The attempt failed, proven not to have executed; another follows.
    Retrying {
        /// The number of the attempt that follows.
        attempt: u8,
        /// How long until then, in milliseconds.
        delay_ms: u64,
        /// Why.
        failure: Failure,
    },
    /// It did not execute and never will.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Its owner took it back before anything was sent.
    Cancelled,
    /// Its time was up before anything was sent.
    Expired,
}

/// A transaction of a resting order that the venue refused because the price had gone by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// How many there have been of this order.
    pub count: u32,
    /// How long the order rests before it may be woken again, in milliseconds.
    pub rest_ms: u64,
}

/// An event's name, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "the variants are those of Event, which says what each means"
)]
pub enum EventKind {
    Pending,
    Waiting,
    Routing,
    BestDex,
    Building,
    Submitted,
    OutcomeUnknown,
    Confirmed,
    Retrying,
    Failed,
    Cancelled,
    Expired,
}

impl EventKind {
    /// All kinds, for tests of the table.
    pub const ALL: [Self; 12] = [
        Self::Pending,
        Self::Waiting,
        Self::Routing,
        Self::BestDex,
        Self::Building,
        Self::Submitted,
        Self::OutcomeUnknown,
        Self::Confirmed,
        Self::Retrying,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The name on the wire. An unknown outcome is still `submitted`: that flag is not a state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Routing => "routing",
            Self::BestDex => "best_dex",
            Self::Building => "building",
            Self::Submitted | Self::OutcomeUnknown => "submitted",
            Self::Confirmed => "confirmed",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing can follow it.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Confirmed | Self::Failed | Self::Cancelled | Self::Expired => true,
            Self::Pending
            | Self::Waiting
            | Self::Routing
            | Self::BestDex
            | Self::Building
            | Self::Submitted
            | Self::OutcomeUnknown
            | Self::Retrying => false,
        }
    }
}

impl Event {
    /// Its name.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Pending => EventKind::Pending,
            Self::Waiting { .. } => EventKind::Waiting,
            Self::Routing { .. } => EventKind::Routing,
            Self::BestDex { .. } => EventKind::BestDex,
            Self::Building { .. } => EventKind::Building,
            Self::Submitted { .. } => EventKind::Submitted,
            Self::OutcomeUnknown { .. } => EventKind::OutcomeUnknown,
            Self::Confirmed(_) => EventKind::Confirmed,
            Self::Retrying { .. } => EventKind::Retrying,
            Self::Failed { .. } => EventKind::Failed,
            Self::Cancelled => EventKind::Cancelled,
            Self::Expired => EventKind::Expired,
        }
    }
}

/// An event in its order's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// The order of this history.
    pub order_id: OrderId,
    /// Its number there, from 1, without gaps.
    pub seq: u32,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
