//! What is different for orders that wait: for a price, a stop, or a pool.

use std::time::Duration;

use super::attempt::AttemptOutcome;
use super::decide::{Decision, Release};
use super::event::Event;
use super::state::State;
use crate::failure::{Failure, VenueError};
use crate::order::{Order, OrderKind, Protection, Terms, TimeInForce};
use crate::price::PriceError;
use crate::routing::{self, Market, RoutingPolicy};
use crate::time::Timestamp;
use crate::trigger::{Trigger, WaitsFor};

/// Whether the order's time is up.
pub(super) fn is_over(order: &Order, now: Timestamp) -> bool {
    match order.terms().time_in_force {
        TimeInForce::Gtd(until) => now >= until,
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => false,
    }
}

/// What an order waits for before it looks at the market at all: a fresh stop order for its stop, a fresh sniper
/// for a pool. Whether that is there already, whoever watches the market finds out.
pub(super) fn before_the_market(order: &Order) -> Option<WaitsFor> {
    let fresh = order.progress().attempt == 0 && *order.state() == State::Pending;
    match order.terms().kind {
        OrderKind::StopLimit { .. } if fresh => Some(WaitsFor::Stop),
        OrderKind::Sniper if fresh => Some(WaitsFor::Pool),
        OrderKind::Market | OrderKind::Limit { .. } | OrderKind::StopLimit { .. } | OrderKind::Sniper => None,
    }
}

/// Whether the order waits for its stop, and the price of its whole size has not reached it.
pub(super) fn stop_is_ahead(order: &Order, market: &Market, policy: &RoutingPolicy) -> bool {
    let State::Waiting {
        waits_for: WaitsFor::Stop,
    } = order.state()
    else {
        return false;
    };
    let stop = Trigger::of(order.terms().kind, WaitsFor::Stop, order.spec().side);
    let Some(stop) = stop else { return false };
    let price = routing::price_of_all(order.spec(), market, policy);
    price.is_none_or(|price| !stop.is_met(price))
}

/// How the trader is protected: by the limit, where there is one, and by a minimum of their own that is higher.
///
/// # Errors
/// [`Failure::OutOfRange`] when the limit is a price at which the amount cannot be expressed.
pub(super) fn protection(order: &Order) -> Result<Protection, Failure> {
    let spec = order.spec();
    let Some(limit) = order.terms().kind.limit_price() else {
        return Ok(spec.protection);
    };
    let least = limit.least_output(&spec.pair, spec.side, spec.amount_in);
    let least = least.map_err(|error| match error {
        PriceError::NoTrade | PriceError::TooLarge => Failure::OutOfRange,
    })?;
    Ok(Protection::MinOut(match spec.protection {
        Protection::MinOut(own) => own.max(least),
        Protection::Slippage(_) => least,
    }))
}

/// What the order waits for after this, instead of failing; nothing if it fails.
///
/// A limit that may wait waits for better prices and deeper pools, and outlasts venues that do not answer. Once
/// its transaction is at the venue, only a price that has gone by is a reason to wait again: the rest are
/// failures of the attempt, as for any order.
pub(super) fn after(order: &Order, failure: Failure) -> Option<WaitsFor> {
    let submitted = order.state().tx_id().is_some();
    match (order.terms().kind, failure) {
        (OrderKind::Limit { .. } | OrderKind::StopLimit { .. }, failure) if is_patient(order) => {
            let waits = match failure {
                Failure::Venue(VenueError::SlippageExceeded | VenueError::InsufficientLiquidity) => true,
                Failure::NoQuotes => !submitted,
                Failure::Venue(_) | Failure::OutOfRange => false,
            };
            waits.then_some(WaitsFor::Limit)
        }
        (OrderKind::Sniper, Failure::Venue(VenueError::UnknownToken)) if !submitted => Some(WaitsFor::Pool),
        (
            OrderKind::Market | OrderKind::Limit { .. } | OrderKind::StopLimit { .. } | OrderKind::Sniper,
            Failure::Venue(_) | Failure::NoQuotes | Failure::OutOfRange,
        ) => None,
    }
}

/// What a failure means to an order that does not wait: a price beyond its limit is no slippage, and final.
pub(super) fn verdict(order: &Order, failure: Failure) -> Failure {
    match failure {
        Failure::Venue(VenueError::SlippageExceeded)
            if order.terms().kind.limit_price().is_some() && !is_patient(order) =>
        {
            Failure::Venue(VenueError::LimitNotMet)
        }
        Failure::Venue(_) | Failure::NoQuotes | Failure::OutOfRange => failure,
    }
}

/// Lets the order wait. Says so, unless it has been said already.
pub(super) fn wait(
    order: &Order,
    waits_for: WaitsFor,
    outcome: Option<AttemptOutcome>,
    now: Timestamp,
) -> Decision {
    let waiting = Event::Waiting {
        waits_for,
        terms: None,
    };
    let said = *order.state() == (State::Waiting { waits_for });
    let events = if said { Vec::new() } else { vec![waiting] };
    Decision::stop(events, outcome, Release::Wait(patience(order.terms(), now)))
}

/// How long an order of these terms waits at most.
pub fn patience(terms: Terms, now: Timestamp) -> Duration {
    match terms.time_in_force {
        TimeInForce::Gtd(until) => until.since(now),
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => Duration::MAX,
    }
}

/// Whether the order may wait for its limit.
fn is_patient(order: &Order) -> bool {
    match order.terms().time_in_force {
        TimeInForce::Gtc | TimeInForce::Gtd(_) => true,
        TimeInForce::Ioc | TimeInForce::Fok => false,
    }
}
