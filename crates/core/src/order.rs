//! An order: what was asked for, and how far it has come.

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Quantity};
use crate::id::{ClientOrderId, OrderId, Owner};
use crate::lifecycle::{Event, IllegalTransition, RecordedEvent, Refusal, State, Status};
use crate::price::Price;
use crate::priority::Priority;
use crate::routing::RouteLimits;
use crate::time::Timestamp;
use crate::token::{Pair, Side, Token};
use crate::trace::TraceParent;
use crate::venue::{Fill, TxId, VenueId};

/// What kind of order it is, with what only that kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrderKind {
    /// At the best price there is, now.
    Market,
    /// At this price or better.
    Limit {
        /// Quote per base.
        limit_price: Price,
    },
    /// A limit order from the moment the market touches the stop.
    StopLimit {
        /// Quote per base.
        stop_price: Price,
        /// Quote per base.
        limit_price: Price,
    },
    /// In the block in which a pool of the pair opens.
    Sniper,
}

impl OrderKind {
    /// All names on the wire.
    pub const NAMES: [&'static str; 4] = ["market", "limit", "stop_limit", "sniper"];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit { .. } => "limit",
            Self::StopLimit { .. } => "stop_limit",
            Self::Sniper => "sniper",
        }
    }

    /// The worst price at which it may execute, quote per base, if it names one.
    pub const fn limit_price(&self) -> Option<Price> {
        match *self {
            Self::Limit { limit_price } | Self::StopLimit { limit_price, .. } => Some(limit_price),
            Self::Market | Self::Sniper => None,
        }
    }
}

/// How the trader is protected from a price that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// At most this much less than the quote, in basis points (0 to 10,000).
    Slippage(u16),
    /// At least this much comes out, in raw units.
    MinOut(Amount),
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Good till cancelled.
    #[default]
    Gtc,
    /// Immediate or cancel: what can fill now, the rest not.
    Ioc,
    /// Fill or kill: all of it now, or nothing.
    Fok,
    /// Good till a date.
    Gtd(Timestamp),
}

impl TimeInForce {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
            Self::Gtd(_) => "gtd",
        }
    }

    /// When it ends, by the store's clock, if it has an end.
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Gtd(until) => Some(until),
            Self::Gtc | Self::Ioc | Self::Fok => None,
        }
    }
}

/// What was asked for. Never changes once the order is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSpec {
    /// The owner of the order.
    pub owner: Owner,
    /// The owner's own id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<ClientOrderId>,
    /// What kind, with its prices.
    #[serde(flatten)]
    pub kind: OrderKind,
    /// What is paid.
    pub token_in: Token,
    /// What is wanted.
    pub token_out: Token,
    /// The pair in market order, and so what prices mean.
    pub pair: Pair,
    /// Whether the pair's base is bought or sold.
    pub side: Side,
    /// How much is paid, in raw units of `token_in`; never zero.
    pub amount_in: Amount,
    /// How the trader is protected.
    pub protection: Protection,
    /// Whether that is the slippage of this service, since the request named none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slippage_by_default: bool,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// How urgent it is.
    pub priority: Priority,
    /// Which routes it allows.
    #[serde(default, skip_serializing_if = "RouteLimits::is_none")]
    pub route: RouteLimits,
    /// Where it stands in its caller's trace, if the caller said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceParent>,
}

impl OrderSpec {
    /// The input with its decimals.
    pub const fn quantity_in(&self) -> Quantity {
        self.amount_in.with_decimals(self.token_in.decimals)
    }

    /// Whether this is the same request, sent again. One that leaves the slippage to the service is the same
    /// whatever the service says in the meantime, and each sending has a place of its own in the caller's trace.
    pub fn is_same_request(&self, other: &Self) -> bool {
        let protection = if self.slippage_by_default && other.slippage_by_default {
            other.protection
        } else {
            self.protection
        };
        let as_other = Self {
            protection,
            slippage_by_default: other.slippage_by_default,
            trace: other.trace,
            ..self.clone()
        };
        as_other == *other
    }
}

/// What an order's owner may change while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Its type, which stays what it is, with its prices.
    #[serde(flatten)]
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
}

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
