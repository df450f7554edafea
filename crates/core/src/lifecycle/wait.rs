//! What is different for orders that wait: for a price, a stop, or a pool.

use std::time::Duration;

use super::decision::{Context, Decision, Release};
use crate::failure::{Failure, VenueError};
use crate::order::{AttemptOutcome, Event, Order, Refusal, State};
use crate::spec::Terms;
use crate::terms::may_rest;
use crate::time::Timestamp;
use crate::trigger::WaitsFor;

/// What an order waits for before it looks at the market at all: a fresh stop order for its stop, a fresh sniper
/// for a pool. Whether that is there already, the watcher finds out.
pub(super) fn before_the_market(order: &Order) -> Option<WaitsFor> {
    let fresh = order.progress().attempt == 0 && *order.state() == State::Pending;
    fresh.then(|| order.terms().kind.waits_first()).flatten()
}

/// What a failure means to an order that does not rest: a price beyond its limit is no slippage, and final.
pub(super) fn verdict(order: &Order, failure: Failure) -> Failure {
    match failure {
        Failure::Venue(VenueError::SlippageExceeded)
            if order.terms().kind.limit_price().is_some() && !may_rest(order) =>
        {
            Failure::Venue(VenueError::LimitNotMet)
        }
        Failure::Venue(_) | Failure::NoQuotes | Failure::OutOfRange => failure,
    }
}

/// Lets the order wait. Says so, unless it has been said already.
///
/// An order that goes on waiting for the same was woken for nothing, and one whose transaction the venue refused has
/// cost a fee: both rest before they may be woken again.
pub(super) fn wait(
    order: &Order,
    waits_for: WaitsFor,
    outcome: Option<AttemptOutcome>,
    context: &Context,
) -> Decision {
    let goes_on = *order.state() == (State::Waiting { waits_for });
    let refused = order.state().tx_id().is_some();
    let rest = if goes_on || refused {
        context.rest.after(context.rested)
    } else {
        Duration::ZERO
    };
    let waiting = Event::Waiting {
        waits_for,
        terms: None,
        refused: refused.then(|| refusal(order, rest)),
    };
    let events = if goes_on { Vec::new() } else { vec![waiting] };
    let longest = max_rest(order.terms(), context.now);
    Decision::stop(events, outcome, Release::Wait { longest, rest })
}

/// How long an order of these terms waits at most.
pub fn max_rest(terms: Terms, now: Timestamp) -> Duration {
    terms
        .time_in_force
        .until()
        .map_or(Duration::MAX, |until| until.since(now))
}

fn refusal(order: &Order, rest: Duration) -> Refusal {
    Refusal {
        count: order.progress().refusals.saturating_add(1),
        // A rest has an end, far below 2⁶⁴ milliseconds.
        rest_ms: u64::try_from(rest.as_millis()).unwrap_or(u64::MAX),
    }
}
