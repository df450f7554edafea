//! An event as every stream sends it: flat fields, and the same once more under `meta`.

use order_application::LiveEvent;
use order_core::failure::Failure;
use order_core::id::ClientOrderId;
use order_core::order::{Event, Execution, RecordedEvent, Refusal};
use order_core::spec::Terms;
use order_core::trigger::WaitsFor;
use order_core::venue::{QuoteAnswer, TxId, VenueId};
use poem_openapi::Object;
use poem_openapi::types::{Example, MaybeUndefined};
use serde::Serialize;
use serde_with::skip_serializing_none;

use super::example;
use super::order::{expiry, prices};
use super::quote::{LegView, QuoteView, UnavailableView, split};
use super::text::{Code, Decimal, Dex, EventName, Id, Name, Text, Time, TxHash, WaitsForName};

/// The event's text on the wire. The same for every endpoint, so that it is encoded once however many watch.
pub fn encode(live: &LiveEvent) -> String {
    super::encoded(&EventView::from(live))
}

/// One thing that happened to an order. Which of the optional fields there are depends on `status`.
#[skip_serializing_none]
#[derive(Object, Serialize)]
#[oai(
    rename = "Event",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// Whose history.
    order_id: Text<Id>,
    /// Your own id of the order, if it has one.
    client_order_id: Option<Text<Name>>,
    /// Its number there, from 1, without gaps.
    seq: u32,
    /// What happened.
    status: Text<EventName>,
    /// When, in milliseconds since 1970.
    timestamp: i64,
    #[oai(flatten)]
    #[serde(flatten)]
    data: EventData,
    /// routing: every quote.
    quotes: Option<Vec<QuoteView>>,
    /// routing: the venues that gave no quote, if any.
    unavailable: Option<Vec<UnavailableView>>,
    /// The fields once more.
    meta: Option<EventMeta>,
}

/// What only some kinds of event have.
#[skip_serializing_none]
#[derive(Clone, Default, Object, Serialize)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
#[serde(rename_all = "camelCase")]
struct EventData {
    /// routing: the number of the attempt. retrying: of the attempt that follows.
    attempt: Option<u8>,
    /// retrying: how long until the next attempt, in milliseconds.
    delay_ms: Option<u64>,
    /// waiting: for limit, stop or pool.
    waiting_for: Option<Text<WaitsForName>>,
    /// waiting: the new limit, when its owner has just replaced the order's terms.
    limit_price: Option<Text<Decimal>>,
    /// waiting: the new stop.
    stop_price: Option<Text<Decimal>>,
    /// waiting: the new end of its time.
    expires_at: Option<Text<Time>>,
    /// waiting: how often the venue has refused the order's transaction because the price had gone by.
    refusals: Option<u32>,
    /// waiting: how long the order rests before it may be woken again, in milliseconds.
    rest_ms: Option<u64>,
    /// best_dex, building, submitted, confirmed: the venue.
    dex: Option<Text<Dex>>,
    /// best_dex: quote per base, net of fees.
    price: Option<Text<Decimal>>,
    /// best_dex: why this route.
    reason: Option<String>,
    /// best_dex: the swaps, where there are several; dex is then the venue of the largest part.
    legs: Option<Vec<LegView>>,
    /// submitted, confirmed: the transaction, in base58.
    tx_hash: Option<Text<TxHash>>,
    /// submitted: true when the venue has not said for long what became of the transaction.
    unknown: Option<bool>,
    /// confirmed: quote per base, net of fees.
    executed_price: Option<Text<Decimal>>,
    /// confirmed: what was received, in tokenOut.
    amount_out: Option<Text<Decimal>>,
    /// retrying, failed: what went wrong.
    error: Option<String>,
    /// retrying, failed: its stable code.
    code: Option<Text<Code>>,
}

/// The fields once more, as some clients look for them. `routing` has rQuote and mQuote here instead.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
#[serde(rename_all = "camelCase")]
struct EventMeta {
    #[oai(flatten)]
    #[serde(flatten)]
    data: EventData,
    /// Raydium's price; null when it gave none.
    #[oai(nullable)]
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    r_quote: MaybeUndefined<Text<Decimal>>,
    /// Meteora's price; null when it gave none.
    #[oai(nullable)]
    #[serde(skip_serializing_if = "MaybeUndefined::is_undefined")]
    m_quote: MaybeUndefined<Text<Decimal>>,
}

impl From<&LiveEvent> for EventView {
    fn from(live: &LiveEvent) -> Self {
        Self::new(live.event(), live.client_order_id())
    }
}

impl EventView {
    /// The event of an order that its owner calls so.
    pub fn new(recorded: &RecordedEvent, client_order_id: Option<&ClientOrderId>) -> Self {
        let mut view = Self {
            order_id: Text::of(recorded.order_id),
            client_order_id: client_order_id.map(Text::of),
            seq: recorded.seq,
            status: Text::name(recorded.event.kind().as_str()),
            timestamp: recorded.at.millis(),
            data: EventData::default(),
            quotes: None,
            unavailable: None,
            meta: None,
        };
        match &recorded.event {
            Event::Pending | Event::Cancelled | Event::Expired => {}
            Event::Routing {
                attempt,
                quotes: answers,
                arrival: _,
            } => {
                let (quotes, unavailable) = split(answers);
                view.data.attempt = Some(*attempt);
                view.quotes = Some(quotes);
                view.unavailable = (!unavailable.is_empty()).then_some(unavailable);
                view.meta = Some(EventMeta::of_quotes(answers));
            }
            Event::Waiting {
                waits_for,
                terms,
                refused,
            } => view.mirror(EventData::waiting(*waits_for, *terms, *refused)),
            Event::BestDex {
                venue,
                price,
                reason,
                min_out: _,
                legs,
                weighed: _,
            } => view.mirror(EventData {
                price: Some(Text::of(price)),
                reason: Some(reason.to_string()),
                legs: (!legs.is_empty()).then(|| legs.iter().map(LegView::from).collect()),
                ..EventData::at(*venue)
            }),
            Event::Building { venue } => view.mirror(EventData::at(*venue)),
            Event::Submitted { venue, tx_id } => view.mirror(EventData::sent(*venue, tx_id)),
            Event::OutcomeUnknown { venue, tx_id } => view.mirror(EventData {
                unknown: Some(true),
                ..EventData::sent(*venue, tx_id)
            }),
            Event::Confirmed(execution) => view.mirror(EventData::executed(execution)),
            Event::Retrying {
                attempt,
                delay_ms,
                failure,
            } => view.mirror(EventData {
                attempt: Some(*attempt),
                delay_ms: Some(*delay_ms),
                ..EventData::failed(failure)
            }),
            Event::Failed { failure } => view.mirror(EventData::failed(failure)),
        }
        view
    }

    /// Says this flat, and once more under `meta`.
    fn mirror(&mut self, data: EventData) {
        self.data = data.clone();
        self.meta = Some(EventMeta {
            data,
            r_quote: MaybeUndefined::Undefined,
            m_quote: MaybeUndefined::Undefined,
        });
    }
}

impl EventData {
    fn waiting(waits_for: WaitsFor, terms: Option<Terms>, refused: Option<Refusal>) -> Self {
        let (limit_price, stop_price) = terms.map_or((None, None), |terms| prices(terms.kind));
        Self {
            waiting_for: Some(Text::name(waits_for.as_str())),
            limit_price: limit_price.map(Text::of),
            stop_price: stop_price.map(Text::of),
            expires_at: terms.and_then(|terms| expiry(terms.time_in_force)),
            refusals: refused.map(|refused| refused.count),
            rest_ms: refused.map(|refused| refused.rest_ms),
            ..Self::default()
        }
    }

    fn at(venue: VenueId) -> Self {
        Self {
            dex: Some(Text::of(venue)),
            ..Self::default()
        }
    }

    fn sent(venue: VenueId, tx_id: &TxId) -> Self {
        Self {
            tx_hash: Some(Text::of(tx_id)),
            ..Self::at(venue)
        }
    }

    fn executed(execution: &Execution) -> Self {
        Self {
            executed_price: Some(Text::of(execution.executed_price)),
            amount_out: Some(Text::of(execution.amount_out)),
            ..Self::sent(execution.venue, &execution.tx_id)
        }
    }

    fn failed(failure: &Failure) -> Self {
        Self {
            error: Some(failure.to_string()),
            code: Some(Text::name(failure.code())),
            ..Self::default()
        }
    }
}

/// The venues that clients of before `quotes` know, each by a field of its own.
const LEGACY: [VenueId; 2] = [VenueId::literal("Raydium"), VenueId::literal("Meteora")];

impl EventMeta {
    /// The prices of those two, quote per base; null for one that gave none.
    fn of_quotes(answers: &[QuoteAnswer]) -> Self {
        let price = |venue: VenueId| {
            let mut quotes = answers.iter().filter_map(|answer| answer.result.as_ref().ok());
            let quote = quotes.find(|quote| quote.venue == venue);
            MaybeUndefined::from_opt_null(quote.map(|quote| Text::of(quote.price)))
        };
        let [r_quote, m_quote] = LEGACY.map(price);
        Self {
            data: EventData::default(),
            r_quote,
            m_quote,
        }
    }
}

impl Example for EventView {
    fn example() -> Self {
        let (order, history) = (example::order(), example::history());
        let Some(last) = history.last() else {
            unreachable!("the example has events");
        };
        Self::new(last, order.spec().client_order_id.as_ref())
    }
}

#[cfg(test)]
pub mod tests;
