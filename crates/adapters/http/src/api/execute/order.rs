//! From the fields of an order to the order itself: what depends on several of them, or on the service's rules.

use http::HeaderMap;
use order_application::SubmitOptions;
use order_core::decimal::Decimal;
use order_core::id::{IdempotencyKey, Name, Owner};
use order_core::order_types::{LimitOrder, OrderKind, OrderType, StopLimitOrder};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::spec::{OrderSpec, Protection};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::Token;
use order_core::trace::TraceParent;

use super::OrderRequest;
use super::quote_binding::{agrees, held_to};
use crate::api::rules::OrderRules;
use crate::quote_id::QuotedTerms;
use crate::request::error::Errors;
use crate::request::fields::{Field, Parsed};
use crate::request::limits::read_limits;
use crate::request::param::Header;
use crate::request::swap::{read_slippage, read_swap, read_tokens, units};
use crate::request::values::Force;
use crate::wire::problem::Problem;

/// An order as it was asked for.
#[derive(Debug)]
pub struct Requested {
    /// The order.
    pub spec: OrderSpec,
    /// What its request says besides.
    pub options: SubmitOptions,
    /// Why it is stale, unless the same request was accepted before.
    pub stale: Option<Problem>,
}

/// Reads an order and the header that belongs to it. Everything is read before anything is given up, so that every
/// error is found.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_order(
    request: OrderRequest<'_>,
    key: Header<IdempotencyKey>,
    rules: OrderRules<'_>,
) -> Result<Requested, Problem> {
    let mut all = Errors::default();
    let errors = &mut all;
    let kind = kind(errors, request.kind, request.limit_price, request.stop_price);
    let tokens = read_tokens(errors, rules.registry, request.token_in, request.token_out);
    let amounts = (request.amount_in, request.amount);
    let swap = read_swap(errors, rules.registry, tokens, amounts, request.side);
    let held = held_to(errors, request.quote_id, rules, kind);
    let slippage = read_slippage(errors, request.slippage_bps, request.slippage);
    let least = request.min_amount_out.read(errors);
    let protection = protection(
        errors,
        slippage,
        least,
        tokens.token_out,
        &held,
        rules.slippage_bps,
    );
    let time_in_force = time_in_force(errors, request.time_in_force, request.expires_at, kind);
    let priority = priority(request.priority.read(errors), kind);
    let route = read_limits(
        errors,
        rules.venues,
        request.venues,
        request.exclude_venues,
        request.max_legs,
    );
    let client_order_id = request.client_order_id.read(errors);
    let owner = owner(errors, request.user_id, rules.owner);
    if let (Some(swap), Some(_), Parsed::Given(terms)) = (&swap, &protection, &held) {
        agrees(errors, terms, swap);
    }
    let spec = || {
        let (swap, (protection, slippage_by_default)) = (swap?, protection?);
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
    };
    let spec = spec();
    let allow_immediate = allow_immediate(errors, request.allow_immediate, spec.as_ref());
    let key = key.0.read(errors);
    request.unknown.refuse_fields(errors);
    match spec {
        Some(spec) if all.are_stale() => Ok(Requested {
            spec,
            options: SubmitOptions { key, allow_immediate },
            stale: (!all.is_empty()).then(|| all.into_problem()),
        }),
        Some(_) | None => Err(all.into_problem()),
    }
}

/// The caller's span, if the caller says so. Anything else is passed over, as W3C Trace Context has it.
pub fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    headers.get("traceparent")?.to_str().ok()?.parse().ok()
}

/// Whose order it is: its caller's, if a key says who that is, or whom it names.
fn owner(errors: &mut Errors, named: Field<'_, Name>, caller: Option<&Owner>) -> Option<Owner> {
    match (named.read(errors), caller) {
        (Parsed::Bad, _) => None,
        (Parsed::Given(named), Some(caller)) if named != *caller => {
            errors.not_theirs("userId");
            None
        }
        (Parsed::Given(named), _) => Some(named),
        (Parsed::Absent, Some(caller)) => Some(caller.clone()),
        (Parsed::Absent, None) => Some(Owner::anonymous()),
    }
}

/// The order's type with its prices.
fn kind(
    errors: &mut Errors,
    kind: Field<'_, OrderType>,
    limit_price: Field<'_, Price>,
    stop_price: Field<'_, Price>,
) -> Option<OrderKind> {
    let kind = kind.read(errors);
    let (limit_price, stop_price) = (limit_price.read(errors), stop_price.read(errors));
    let kind = match kind {
        Parsed::Absent => OrderType::Market,
        Parsed::Bad => return None,
        Parsed::Given(kind) => kind,
    };
    let (with_limit, with_stop) = match kind {
        OrderType::Market | OrderType::Sniper => (false, false),
        OrderType::Limit => (true, false),
        OrderType::StopLimit => (true, true),
    };
    let limit_price = belonging(errors, "limitPrice", limit_price, with_limit);
    let stop_price = belonging(errors, "stopPrice", stop_price, with_stop);
    match kind {
        OrderType::Market => Some(OrderKind::Market),
        OrderType::Limit => Some(OrderKind::Limit(LimitOrder {
            limit_price: limit_price?,
        })),
        OrderType::StopLimit => Some(OrderKind::StopLimit(StopLimitOrder {
            stop_price: stop_price?,
            limit_price: limit_price?,
        })),
        OrderType::Sniper => Some(OrderKind::Sniper),
    }
}

/// A price that an order of this type must have, or must not.
fn belonging(errors: &mut Errors, name: &'static str, price: Parsed<Price>, wanted: bool) -> Option<Price> {
    match (wanted, price.is_given()) {
        (true, false) => errors.missing(name),
        (false, true) => errors.contradiction(name, "not_applicable", "does not apply to this order type"),
        (true, true) | (false, false) => {}
    }
    price.value()
}

/// Whether a stop may trigger at once, which only an order that has one can be told.
fn allow_immediate(errors: &mut Errors, field: Field<'_, bool>, spec: Option<&OrderSpec>) -> bool {
    let allowed = field.read(errors);
    let has_stop = spec.is_none_or(|spec| spec.kind.stop(spec.side).is_some());
    if allowed.is_given() && !has_stop {
        let message = "applies to stop_limit orders alone";
        errors.invalid("allowImmediate", "not_applicable", message);
    }
    allowed.value().unwrap_or(false)
}

/// How the trader is protected, and whether that is only because the request says nothing of it.
fn protection(
    errors: &mut Errors,
    slippage: Parsed<u16>,
    least: Parsed<Decimal>,
    token_out: Option<Token>,
    held: &Parsed<QuotedTerms>,
    default_bps: u16,
) -> Option<(Protection, bool)> {
    if held.is_given() && (slippage.is_given() || least.is_given()) {
        let message = "must not be given together with a slippage or minAmountOut";
        errors.invalid("quoteId", "conflicting_fields", message);
        return None;
    }
    match held {
        Parsed::Given(terms) => return Some((Protection::MinOut(terms.min_out), false)),
        Parsed::Bad => return None,
        Parsed::Absent => {}
    }
    if slippage.is_given() && least.is_given() {
        let message = "must not be given together with a slippage";
        errors.invalid("minAmountOut", "conflicting_fields", message);
        return None;
    }
    match (slippage, least) {
        (Parsed::Bad, _) | (_, Parsed::Bad) => None,
        (Parsed::Given(bps), _) => Some((Protection::Slippage(bps), false)),
        (Parsed::Absent, Parsed::Absent) => Some((Protection::Slippage(default_bps), true)),
        (Parsed::Absent, Parsed::Given(least)) => {
            let least = units(errors, "minAmountOut", least, token_out?)?;
            Some((Protection::MinOut(least), false))
        }
    }
}

fn time_in_force(
    errors: &mut Errors,
    force: Field<'_, Force>,
    expires_at: Field<'_, Timestamp>,
    kind: Option<OrderKind>,
) -> Option<TimeInForce> {
    let force = force.read(errors).and_then(|Force(force)| Some(force));
    if let (Some(OrderKind::Sniper), Parsed::Given(TimeInForce::Ioc | TimeInForce::Fok)) = (kind, force) {
        let message = "must be gtc or gtd for a sniper, which waits for a pool";
        errors.contradiction("timeInForce", "not_applicable", message);
    }
    let until = expires_at.read(errors);
    let force = match force {
        Parsed::Absent => TimeInForce::Gtc,
        Parsed::Bad => return None,
        Parsed::Given(force) => force,
    };
    match force {
        TimeInForce::Gtd(_) => {
            if !until.is_given() {
                errors.missing("expiresAt");
            }
            until.value().map(TimeInForce::Gtd)
        }
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok if until.is_given() => {
            errors.contradiction("expiresAt", "not_applicable", "needs timeInForce gtd");
            None
        }
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => Some(force),
    }
}

fn priority(priority: Parsed<Priority>, kind: Option<OrderKind>) -> Option<Priority> {
    match priority {
        Parsed::Absent if kind == Some(OrderKind::Sniper) => Some(Priority::High),
        Parsed::Absent => Some(Priority::default()),
        Parsed::Bad => None,
        Parsed::Given(priority) => Some(priority),
    }
}
