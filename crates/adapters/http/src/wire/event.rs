//! An event as every stream sends it: flat fields, and the same once more under `meta`.

mod view;

use std::fmt::Display;

use order_application::LiveEvent;
use order_core::amount::Quantity;
use order_core::failure::{Failure, VenueError};
use order_core::id::{ClientOrderId, OrderId};
use order_core::order::{Event, Execution, RecordedEvent, Refusal};
use order_core::price::Price;
use order_core::routing::RouteReason;
use order_core::spec::Terms;
use order_core::trigger::WaitsFor;
use order_core::venue::{QuoteAnswer, TxId, VenueId};
use serde::{Serialize, Serializer};

use super::order::{expiry, prices};
use super::quote::{LegView, QuoteView, UnavailableView};
use super::text::{Decimal, Text, Time};

pub use view::EventView;

/// The event's text on the wire. The same for every endpoint, so that it is encoded once however many watch.
pub fn encode(live: &LiveEvent) -> String {
    // Strings, numbers and maps with string keys: nothing here can fail to become JSON.
    serde_json::to_string(&Wire::from(live)).unwrap_or_default()
}

/// An event that serialises as it is on the wire.
pub struct Wire<'a> {
    /// What happened.
    pub event: &'a RecordedEvent,
    /// The owner's own id of its order, if it has one.
    pub client_order_id: Option<&'a ClientOrderId>,
}

impl<'a> From<&'a LiveEvent> for Wire<'a> {
    fn from(live: &'a LiveEvent) -> Self {
        Self {
            event: live.event(),
            client_order_id: live.client_order_id(),
        }
    }
}

/// Something that serialises as it prints.
struct Credential<T>(T);

impl<T: Display> Serialize for Credential<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.event.event {
            Event::Pending | Event::Cancelled | Event::Expired => {
                self.with((), None::<()>).serialize(serializer)
            }
            Event::Waiting {
                waits_for,
                terms,
                refused,
            } => self.mirrored(Waiting::new(*waits_for, *terms, *refused), serializer),
            Event::Routing {
                attempt,
                quotes,
                arrival: _,
            } => {
                let meta = RoutingMeta::from(quotes.as_slice());
                self.with(Routing::new(*attempt, quotes), Some(meta))
                    .serialize(serializer)
            }
            Event::BestDex {
                venue,
                price,
                reason,
                min_out: _,
                legs,
                weighed: _,
            } => {
                let (price, reason) = (Credential(price), Credential(reason));
                self.mirrored(
                    BestDex {
                        dex: *venue,
                        price,
                        reason,
                        legs: legs.iter().map(LegView::from).collect(),
                    },
                    serializer,
                )
            }
            Event::Building { venue } => self.mirrored(Building { dex: *venue }, serializer),
            Event::Submitted { venue, tx_id } => self.mirrored(
                Submitted {
                    dex: *venue,
                    tx_hash: Credential(tx_id),
                    unknown: None,
                },
                serializer,
            ),
            Event::OutcomeUnknown { venue, tx_id } => {
                let unknown = Some(true);
                self.mirrored(
                    Submitted {
                        dex: *venue,
                        tx_hash: Credential(tx_id),
                        unknown,
                    },
                    serializer,
                )
            }
            Event::Confirmed(execution) => self.mirrored(Confirmed::from(execution), serializer),
            Event::Retrying {
                attempt,
                delay_ms,
                failure,
            } => {
                let (error, code) = (Credential(failure), failure.code());
                self.mirrored(
                    Retrying {
                        attempt: *attempt,
                        delay_ms: *delay_ms,
                        error,
                        code,
                    },
                    serializer,
                )
            }
            Event::Failed { failure } => self.mirrored(
                Failed {
                    error: Credential(failure),
                    code: failure.code(),
                },
                serializer,
            ),
        }
    }
}

/// What all events have, around what only this kind has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, F, M> {
    order_id: Credential<&'a OrderId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_order_id: Option<&'a str>,
    seq: u32,
    status: &'static str,
    timestamp: i64,
    #[serde(flatten)]
    fields: F,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<M>,
}

impl<'a> Wire<'a> {
    fn with<F, M>(&self, fields: F, meta: Option<M>) -> Envelope<'a, F, M> {
        let RecordedEvent {
            order_id,
            seq,
            at,
            event,
        } = self.event;
        let status = event.kind().as_str();
        Envelope {
            order_id: Credential(order_id),
            client_order_id: self.client_order_id.map(ClientOrderId::as_str),
            seq: *seq,
            status,
            timestamp: at.millis(),
            fields,
            meta,
        }
    }

    fn mirrored<S: Serializer>(&self, fields: impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
        self.with(&fields, Some(&fields)).serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    waiting_for: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<Text<Decimal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_price: Option<Text<Decimal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Text<Time>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusals: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest_ms: Option<u64>,
}

impl Waiting {
    fn new(waits_for: WaitsFor, terms: Option<Terms>, refused: Option<Refusal>) -> Self {
        let (limit_price, stop_price) = terms.map_or((None, None), |terms| prices(terms.kind));
        Self {
            waiting_for: waits_for.as_str(),
            limit_price: limit_price.map(Text::of),
            stop_price: stop_price.map(Text::of),
            expires_at: terms.and_then(|terms| expiry(terms.time_in_force)),
            refusals: refused.map(|refused| refused.count),
            rest_ms: refused.map(|refused| refused.rest_ms),
        }
    }
}

#[derive(Serialize)]
struct Routing {
    attempt: u8,
    quotes: Vec<QuoteView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unavailable: Vec<UnavailableView>,
}

impl Routing {
    fn new(attempt: u8, answers: &[QuoteAnswer]) -> Self {
        let (quotes, unavailable) = super::quote::split(answers);
        Self {
            attempt,
            quotes,
            unavailable,
        }
    }
}

#[derive(Serialize)]
struct BestDex<'a> {
    dex: VenueId,
    price: Credential<&'a Price>,
    reason: Credential<&'a RouteReason>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    legs: Vec<LegView>,
}

#[derive(Serialize)]
struct Building {
    dex: VenueId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Submitted<'a> {
    dex: VenueId,
    tx_hash: Credential<&'a TxId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Confirmed<'a> {
    dex: VenueId,
    tx_hash: Credential<&'a TxId>,
    executed_price: Credential<&'a Price>,
    amount_out: Credential<&'a Quantity>,
}

impl<'a> From<&'a Execution> for Confirmed<'a> {
    fn from(execution: &'a Execution) -> Self {
        Self {
            dex: execution.venue,
            tx_hash: Credential(&execution.tx_id),
            executed_price: Credential(&execution.executed_price),
            amount_out: Credential(&execution.amount_out),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Retrying<'a> {
    attempt: u8,
    delay_ms: u64,
    error: Credential<&'a Failure>,
    code: &'static str,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: Credential<&'a Failure>,
    code: &'static str,
}

/// The venues that clients of before `quotes` know, each by a field of its own.
const LEGACY: [VenueId; 2] = [VenueId::literal("Raydium"), VenueId::literal("Meteora")];

/// The prices of those two, quote per base; null for one that gave none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoutingMeta {
    r_quote: Option<Text<Decimal>>,
    m_quote: Option<Text<Decimal>>,
}

impl From<&[QuoteAnswer]> for RoutingMeta {
    fn from(answers: &[QuoteAnswer]) -> Self {
        let price = |venue: VenueId| {
            let mut quotes = answers.iter().filter_map(|answer| answer.result.as_ref().ok());
            quotes
                .find(|quote| quote.venue == venue)
                .map(|quote| Text::of(quote.price))
        };
        let [r_quote, m_quote] = LEGACY.map(price);
        Self { r_quote, m_quote }
    }
}

/// Why a venue gave no quote, for a person and for a program.
pub fn unavailable(venue: VenueId, error: VenueError) -> UnavailableView {
    UnavailableView {
        dex: Text::of(venue),
        error: error.to_string(),
        code: Text::name(error.code()),
    }
}

#[cfg(test)]
pub mod tests;
