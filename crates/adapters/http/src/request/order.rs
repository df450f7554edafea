//! Reading an order, from a body or from a message on a socket.

use http::HeaderMap;
use order_application::SubmitOptions;
use order_core::id::{IdempotencyKey, Name, Owner};
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Protection};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::{Token, TokenRegistry};
use order_core::trace::TraceParent;
use order_core::venue::VenueRegistry;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::error::Errors;
use super::fields::{Fields, Read};
use super::limits::read_limits;
use super::param;
use super::quote_binding::{agrees, held_to};
use super::quote_id::{QuoteSigner, QuotedTerms};
use super::swap::{read_slippage, read_swap, read_tokens, units};
use crate::wire::problem::Problem;
use crate::wire::text::{
    Bps, DecimalInput, Dex, Force, Kind, Name as NameFormat, PriorityInput, QuoteId, SideName, Symbol, Text,
    TimeInput,
};

/// The header that makes a repeated request the same one.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header that names the caller's span.
const TRACE_PARENT: &str = "traceparent";

/// An order to be executed. Decimals may be strings or numbers, and are exact either way. Unknown fields are
/// refused, and so are two names of one thing with different values.
#[derive(Object, Serialize)]
#[oai(
    rename = "OrderRequest",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequest {
    /// What kind of order it is; market if absent. A limit order waits until the quote for its whole size meets
    /// its limit; a stop_limit order until that quote has reached its stop, then it is a limit order; a sniper
    /// until there is a pool of its pair, and then it goes first.
    #[oai(rename = "type")]
    kind: Option<Text<Kind>>,
    /// What is paid: a symbol, in any case.
    token_in: Text<Symbol>,
    /// What is wanted: another symbol, in any case.
    token_out: Text<Symbol>,
    /// How much is paid, in tokenIn: greater than zero, with at most the token's decimals. Required, under
    /// this name or as amount.
    amount_in: Option<Text<DecimalInput>>,
    /// Another name of amountIn.
    amount: Option<Text<DecimalInput>>,
    /// Whether the pair's base token is bought or sold. May be left out; must agree with the direction.
    side: Option<Text<SideName>>,
    /// At most this much less than the quote, in basis points; 50 if nothing else is said.
    slippage_bps: Option<Text<Bps>>,
    /// The same in percent: 0.5 is 50 basis points.
    slippage: Option<Text<DecimalInput>>,
    /// At least this much comes out, in tokenOut; instead of a slippage. It binds an order of every type and every
    /// time in force, beside its limit where it has one: whichever is higher counts. Where an ioc order is filled in
    /// part, at least the same part of it comes out, rounded up: minAmountOut · amountInFilled / amountIn.
    min_amount_out: Option<Text<DecimalInput>>,
    /// A quote of `POST /api/quotes` that the order is held to: it gets at least the quote's minAmountOut, or
    /// nothing. Instead of a slippage or minAmountOut; tokens and amountIn must be those of the quote, which
    /// must not have expired. For market orders.
    quote_id: Option<Text<QuoteId>>,
    /// Quote per base; for limit and stop_limit orders.
    limit_price: Option<Text<DecimalInput>>,
    /// Quote per base; for stop_limit orders.
    stop_price: Option<Text<DecimalInput>>,
    /// Of a stop_limit order: whether it may trigger at once. Without it, a stop that the market has passed already
    /// is refused (would_trigger). Of no other type.
    allow_immediate: Option<bool>,
    /// How long it lives; gtc if absent. ioc and fok do not wait for a limit; gtd waits until expiresAt. A market
    /// order is filled whole or not at all, whatever this says. A sniper waits for a pool, so it takes gtc or gtd.
    time_in_force: Option<Text<Force>>,
    /// Until when, for gtd: RFC 3339 or milliseconds since 1970.
    expires_at: Option<Text<TimeInput>>,
    /// Who goes first; normal if absent, high for a sniper. The number 0 is normal, too.
    priority: Option<Text<PriorityInput>>,
    /// The only venues that may be used; all of them if absent.
    venues: Option<Vec<Text<Dex>>>,
    /// Venues that may not be used; instead of venues.
    exclude_venues: Option<Vec<Text<Dex>>>,
    /// How many swaps there may be at most, 1 to 8; 1 asks for one pool. The service may allow fewer.
    max_legs: Option<u8>,
    /// Your own id of the order, unique for you.
    client_order_id: Option<Text<NameFormat>>,
    /// Whose order it is; anonymous if absent.
    user_id: Option<Text<NameFormat>>,
}

impl Example for OrderRequest {
    fn example() -> Self {
        Self {
            kind: Some(Text::name("market")),
            token_in: Text::name("SOL"),
            token_out: Text::name("USDC"),
            amount_in: Some(Text::name("1.5")),
            amount: None,
            side: None,
            slippage_bps: None,
            slippage: None,
            min_amount_out: None,
            quote_id: None,
            limit_price: None,
            stop_price: None,
            allow_immediate: None,
            time_in_force: None,
            expires_at: None,
            priority: None,
            venues: None,
            exclude_venues: None,
            max_legs: None,
            client_order_id: None,
            user_id: None,
        }
    }
}

/// What a reader of orders goes by.
#[derive(Clone, Copy)]
pub struct OrderRules<'a> {
    /// Whose orders and quotes they are; none if the order says so.
    pub owner: Option<&'a Owner>,
    /// The tokens that may be traded.
    pub registry: &'a TokenRegistry,
    /// The venues that orders may be routed to.
    pub venues: &'a VenueRegistry,
    /// The slippage of an order that names none, in basis points.
    pub slippage_bps: u16,
    /// Who knows the quotes that an order may name.
    pub seal: &'a QuoteSigner,
    /// The time, for quotes that have expired.
    pub now: Timestamp,
}

/// An order as it was asked for.
#[derive(Debug)]
pub struct Requested {
    /// The order.
    pub spec: OrderSpec,
    /// What its request says besides.
    pub options: SubmitOptions,
    /// Why it comes too late, unless the same request was accepted before.
    pub late: Option<Problem>,
}

/// Reads an order and the headers that belong to it.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_order(body: &[u8], headers: &HeaderMap, rules: OrderRules<'_>) -> Result<Requested, Problem> {
    let mut fields = Fields::read(body)?;
    let trace = trace_parent(headers);
    let spec = spec(&mut fields, rules).map(|spec| OrderSpec { trace, ..spec });
    let allow_immediate = allow_immediate(&mut fields, spec.as_ref());
    let key = idempotency_key(headers, &mut fields.errors);
    fields.finish();
    match spec {
        Some(spec) if fields.errors.are_late() => Ok(Requested {
            spec,
            options: SubmitOptions { key, allow_immediate },
            late: (!fields.errors.is_empty()).then(|| fields.errors.into_problem()),
        }),
        Some(_) | None => Err(fields.errors.into_problem()),
    }
}

/// The caller's span, if the caller says so. Anything else is passed over, as W3C Trace Context has it.
pub fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get(TRACE_PARENT)?.to_str().ok()?.parse().ok()
}

/// The idempotency key, if there is one.
pub fn idempotency_key(headers: &HeaderMap, errors: &mut Errors) -> Option<IdempotencyKey> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = given.next()?;
    let parsed = key.to_str().ok().and_then(|key| key.parse().ok());
    if parsed.is_none() || given.next().is_some() {
        let message = "must be given once, as 1 to 128 printable ASCII characters";
        errors.invalid("Idempotency-Key", "invalid_value", message);
        return None;
    }
    parsed
}

/// Everything is read before anything is given up, so that every error is found.
fn spec(fields: &mut Fields<'_>, rules: OrderRules<'_>) -> Option<OrderSpec> {
    let kind = kind(fields);
    let tokens = read_tokens(fields, rules.registry);
    let swap = read_swap(fields, rules.registry, tokens);
    let held = held_to(fields, rules, kind);
    let protection = protection(fields, tokens.token_out, rules.slippage_bps, &held);
    let time_in_force = time_in_force(fields, kind);
    let priority = priority(fields, kind);
    let route = read_limits(fields, rules.venues);
    let client_order_id = fields.parsed::<Name>("clientOrderId", "invalid_value");
    let owner = owner(fields, rules.owner);
    let (swap, (protection, slippage_by_default)) = (swap?, protection?);
    if let Read::Given(terms) = &held {
        agrees(fields, terms, &swap);
    }
    Some(OrderSpec {
        owner: owner?,
        client_order_id: client_order_id.value(),
        kind: kind?,
        token_in: swap.token_in,
        token_out: swap.token_out,
        pair: swap.pair,
        side: swap.side,
        amount_in: swap.amount_in,
        protection,
        slippage_by_default,
        time_in_force: time_in_force?,
        priority: priority?,
        route: route?,
        trace: None,
    })
}

/// Whose order it is: its caller's, if a key says who that is, or whom it names.
fn owner(fields: &mut Fields<'_>, caller: Option<&Owner>) -> Option<Owner> {
    match (fields.parsed::<Owner>("userId", "invalid_value"), caller) {
        (Read::Bad, _) => None,
        (Read::Given(named), Some(caller)) if named != *caller => {
            fields.errors.not_theirs("userId");
            None
        }
        (Read::Given(named), _) => Some(named),
        (Read::Absent, Some(caller)) => Some(caller.clone()),
        (Read::Absent, None) => Some(Owner::anonymous()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KindName {
    Market,
    Limit,
    StopLimit,
    Sniper,
}

const KINDS: [(&str, KindName); 4] = [
    ("market", KindName::Market),
    ("limit", KindName::Limit),
    ("stop_limit", KindName::StopLimit),
    ("sniper", KindName::Sniper),
];

/// The order's type with its prices.
fn kind(fields: &mut Fields<'_>) -> Option<OrderKind> {
    let name = fields.one_of("type", &KINDS);
    let (limit_price, stop_price) = (price(fields, "limitPrice"), price(fields, "stopPrice"));
    let name = match name {
        Read::Absent => KindName::Market,
        Read::Bad => return None,
        Read::Given(name) => name,
    };
    let with_limit = matches!(name, KindName::Limit | KindName::StopLimit);
    let limit_price = belonging(fields, "limitPrice", limit_price, with_limit);
    let stop_price = belonging(fields, "stopPrice", stop_price, name == KindName::StopLimit);
    match name {
        KindName::Market => Some(OrderKind::Market),
        KindName::Limit => Some(OrderKind::Limit(LimitOrder {
            limit_price: limit_price?,
        })),
        KindName::StopLimit => Some(OrderKind::StopLimit(StopLimitOrder {
            stop_price: stop_price?,
            limit_price: limit_price?,
        })),
        KindName::Sniper => Some(OrderKind::Sniper),
    }
}

/// A price, which must be greater than zero.
pub fn price(fields: &mut Fields<'_>, name: &'static str) -> Read<Price> {
    let value = fields.decimal(name);
    value.and_then(|value| match Price::from_decimal(value) {
        Ok(price) if price.units() == 0 => {
            fields
                .errors
                .invalid(name, "not_positive", "must be greater than zero");
            None
        }
        Ok(price) => Some(price),
        Err(error) => {
            fields.errors.decimal(name, error);
            None
        }
    })
}

/// A price that an order of this type must have, or must not.
fn belonging(fields: &mut Fields<'_>, name: &'static str, price: Read<Price>, wanted: bool) -> Option<Price> {
    match (wanted, price.is_given()) {
        (true, false) => fields.missing(name),
        (false, true) => {
            fields
                .errors
                .contradiction(name, "not_applicable", "does not apply to this order type")
        }
        (true, true) | (false, false) => {}
    }
    price.value()
}

/// Whether a stop may trigger at once, which only an order that has one can be told.
fn allow_immediate(fields: &mut Fields<'_>, spec: Option<&OrderSpec>) -> bool {
    let allowed = fields.boolean("allowImmediate");
    match spec.map(|spec| spec.kind) {
        Some(OrderKind::Market | OrderKind::Limit(_) | OrderKind::Sniper) if allowed.is_given() => {
            let message = "applies to stop_limit orders alone";
            fields.errors.invalid("allowImmediate", "not_applicable", message);
        }
        Some(OrderKind::Market | OrderKind::Limit(_) | OrderKind::Sniper | OrderKind::StopLimit(_))
        | None => {}
    }
    allowed.value().unwrap_or(false)
}

/// How the trader is protected, and whether that is only because the request says nothing of it.
fn protection(
    fields: &mut Fields<'_>,
    token_out: Option<Token>,
    default_bps: u16,
    held: &Read<QuotedTerms>,
) -> Option<(Protection, bool)> {
    let slippage = read_slippage(fields);
    let least = fields.decimal("minAmountOut");
    if held.is_given() && (slippage.is_given() || least.is_given()) {
        let message = "must not be given together with a slippage or minAmountOut";
        fields.errors.invalid("quoteId", "conflicting_fields", message);
        return None;
    }
    match held {
        Read::Given(terms) => return Some((Protection::MinOut(terms.min_out), false)),
        Read::Bad => return None,
        Read::Absent => {}
    }
    if slippage.is_given() && least.is_given() {
        let message = "must not be given together with a slippage";
        fields
            .errors
            .invalid("minAmountOut", "conflicting_fields", message);
        return None;
    }
    match (slippage, least) {
        (Read::Bad, _) | (_, Read::Bad) => None,
        (Read::Given(bps), _) => Some((Protection::Slippage(bps), false)),
        (Read::Absent, Read::Absent) => Some((Protection::Slippage(default_bps), true)),
        (Read::Absent, Read::Given(least)) => {
            let least = units(fields, "minAmountOut", least, token_out?)?;
            Some((Protection::MinOut(least), false))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ForceName {
    Gtc,
    Ioc,
    Fok,
    Gtd,
}

const FORCES: [(&str, ForceName); 4] = [
    ("gtc", ForceName::Gtc),
    ("ioc", ForceName::Ioc),
    ("fok", ForceName::Fok),
    ("gtd", ForceName::Gtd),
];

fn time_in_force(fields: &mut Fields<'_>, kind: Option<OrderKind>) -> Option<TimeInForce> {
    let name = fields.one_of("timeInForce", &FORCES);
    if let (Some(OrderKind::Sniper), Read::Given(ForceName::Ioc | ForceName::Fok)) = (kind, name) {
        let message = "must be gtc or gtd for a sniper, which waits for a pool";
        fields
            .errors
            .contradiction("timeInForce", "not_applicable", message);
    }
    let until = expires_at(fields);
    let name = match name {
        Read::Absent => ForceName::Gtc,
        Read::Bad => return None,
        Read::Given(name) => name,
    };
    match (name == ForceName::Gtd, until.is_given()) {
        (true, false) => fields.missing("expiresAt"),
        (false, true) => {
            fields
                .errors
                .contradiction("expiresAt", "not_applicable", "needs timeInForce gtd");
            return None;
        }
        (true, true) | (false, false) => {}
    }
    match name {
        ForceName::Gtc => Some(TimeInForce::Gtc),
        ForceName::Ioc => Some(TimeInForce::Ioc),
        ForceName::Fok => Some(TimeInForce::Fok),
        ForceName::Gtd => until.value().map(TimeInForce::Gtd),
    }
}

/// A time in force for an order that waits, if one is given: until a date, or until cancelled.
pub fn time_in_force_given(fields: &mut Fields<'_>) -> Option<TimeInForce> {
    let waiting = [FORCES[0], FORCES[3]];
    let name = fields.one_of("timeInForce", &waiting);
    let until = expires_at(fields);
    match (name, until) {
        (Read::Given(ForceName::Gtd), Read::Absent) => {
            fields.missing("expiresAt");
            None
        }
        (Read::Given(ForceName::Gtc), Read::Given(_)) => {
            let message = "needs timeInForce gtd";
            fields
                .errors
                .contradiction("expiresAt", "not_applicable", message);
            None
        }
        (Read::Given(ForceName::Gtc), Read::Absent) => Some(TimeInForce::Gtc),
        (Read::Absent | Read::Given(_), Read::Given(until)) => Some(TimeInForce::Gtd(until)),
        (Read::Absent | Read::Given(_) | Read::Bad, Read::Absent | Read::Bad)
        | (Read::Bad, Read::Given(_)) => None,
    }
}

fn expires_at(fields: &mut Fields<'_>) -> Read<Timestamp> {
    let text = fields.scalar("expiresAt", "a time as RFC 3339 or milliseconds");
    text.and_then(|text| {
        let time = param::timestamp(&text);
        if time.is_none() {
            fields
                .errors
                .invalid("expiresAt", "invalid_value", param::TIMESTAMP);
        }
        time
    })
}

fn priority(fields: &mut Fields<'_>, kind: Option<OrderKind>) -> Option<Priority> {
    let text = fields.scalar("priority", "low, normal, high or 0");
    let priority = text.and_then(|text| {
        let named = Priority::ALL
            .into_iter()
            .find(|priority| priority.as_str().eq_ignore_ascii_case(&text));
        let found = named.or((text == "0").then_some(Priority::Normal));
        if found.is_none() {
            fields
                .errors
                .invalid("priority", "invalid_value", "must be low, normal, high or 0");
        }
        found
    });
    match priority {
        Read::Absent if kind == Some(OrderKind::Sniper) => Some(Priority::High),
        Read::Absent => Some(Priority::default()),
        Read::Bad => None,
        Read::Given(priority) => Some(priority),
    }
}

#[cfg(test)]
mod tests;
