//! How the API's description shows an event. What is sent is written by the parent module; a test holds it
//! against this.

use poem_openapi::Object;
use poem_openapi::types::Example;

use crate::wire::order::EXAMPLE_TX;
use crate::wire::quote::{LegView, QuoteView, UnavailableView};
use crate::wire::text::{Code, Decimal, Dex, EventName, Id, Name, Text, Time, TxHash, WaitsForName};

/// The fields once more, as some clients look for them. `routing` has rQuote and mQuote here instead.
#[derive(Object)]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
struct EventMeta {
    /// The venue.
    dex: Option<Text<Dex>>,
    /// Quote per base, net of fees.
    price: Option<Text<Decimal>>,
    /// Why this route.
    reason: Option<String>,
    /// The swaps, where there are several.
    legs: Option<Vec<LegView>>,
    /// The transaction, in base58.
    tx_hash: Option<Text<TxHash>>,
    /// The venue has been silent for long.
    unknown: Option<bool>,
    /// Quote per base, net of fees.
    executed_price: Option<Text<Decimal>>,
    /// What was received, in tokenOut.
    amount_out: Option<Text<Decimal>>,
    /// The number of the attempt that follows.
    attempt: Option<u8>,
    /// How long until then, in milliseconds.
    delay_ms: Option<u64>,
    /// What went wrong.
    error: Option<String>,
    /// Its stable code.
    code: Option<Text<Code>>,
    /// For limit, stop or pool.
    waiting_for: Option<Text<WaitsForName>>,
    /// The new limit.
    limit_price: Option<Text<Decimal>>,
    /// The new stop.
    stop_price: Option<Text<Decimal>>,
    /// The new end of its time.
    expires_at: Option<Text<Time>>,
    /// How often the venue has refused the order's transaction because the price had gone by.
    refusals: Option<u32>,
    /// How long the order rests before it may be woken again, in milliseconds.
    rest_ms: Option<u64>,
    /// Raydium's price; null when it gave none.
    #[oai(nullable)]
    r_quote: Option<Text<Decimal>>,
    /// Meteora's price; null when it gave none.
    #[oai(nullable)]
    m_quote: Option<Text<Decimal>>,
}

/// One thing that happened to an order. Which of the optional fields there are depends on `status`.
#[derive(Object)]
#[oai(
    rename = "Event",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
pub struct EventView {
    /// The order of this history.
    order_id: Text<Id>,
    /// Your own id of the order, if it has one.
    client_order_id: Option<Text<Name>>,
    /// Its number there, from 1, without gaps.
    seq: u32,
    /// What happened.
    status: Text<EventName>,
    /// When, in milliseconds since 1970.
    timestamp: i64,
    /// routing: the number of the attempt. retrying: of the attempt that follows.
    attempt: Option<u8>,
    /// routing: every quote.
    quotes: Option<Vec<QuoteView>>,
    /// routing: the venues that gave no quote, if any.
    unavailable: Option<Vec<UnavailableView>>,
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
    /// retrying: how long until the next attempt, in milliseconds.
    delay_ms: Option<u64>,
    /// retrying, failed: what went wrong.
    error: Option<String>,
    /// retrying, failed: its stable code.
    code: Option<Text<Code>>,
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
    /// The fields once more.
    meta: Option<EventMeta>,
}

impl Example for EventView {
    fn example() -> Self {
        let (dex, tx) = (|| Some(Text::name("Meteora")), || Some(Text::name(EXAMPLE_TX)));
        let (price, out) = (|| Some(Text::name("149.85")), || Some(Text::name("224.775")));
        let meta = EventMeta {
            dex: dex(),
            price: None,
            reason: None,
            legs: None,
            tx_hash: tx(),
            unknown: None,
            executed_price: price(),
            amount_out: out(),
            attempt: None,
            delay_ms: None,
            error: None,
            code: None,
            waiting_for: None,
            limit_price: None,
            stop_price: None,
            expires_at: None,
            refusals: None,
            rest_ms: None,
            r_quote: None,
            m_quote: None,
        };
        Self {
            order_id: Text::name("ORD-01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"),
            client_order_id: Some(Text::name("desk-7-000123")),
            seq: 6,
            status: Text::name("confirmed"),
            timestamp: 1_795_176_001_874,
            attempt: None,
            quotes: None,
            unavailable: None,
            dex: dex(),
            price: None,
            reason: None,
            legs: None,
            tx_hash: tx(),
            unknown: None,
            executed_price: price(),
            amount_out: out(),
            delay_ms: None,
            error: None,
            code: None,
            waiting_for: None,
            limit_price: None,
            stop_price: None,
            expires_at: None,
            refusals: None,
            rest_ms: None,
            meta: Some(meta),
        }
    }
}
