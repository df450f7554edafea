//! What an order would do in a market.

use super::{may_rest, stop_price};
use crate::amount::Amount;
use crate::failure::{Failure, VenueError};
use crate::order::{Order, State};
use crate::order_types::Standing;
use crate::price::Price;
use crate::routing::{self, ArrivalPrice, Market, Route, RouteRequest, RoutingPolicy};
use crate::spec::Protection;
use crate::trigger::WaitsFor;

/// What a market means to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// The terms are met: it executes by this route.
    Execute(Box<Route>),
    /// It takes what can be had within its floor at once, and that is nothing.
    Nothing,
    /// It rests, or goes on resting.
    Wait {
        /// What for.
        waits_for: WaitsFor,
        /// The price now that its trigger was compared with, quote per base; `None` if none is known.
        price: Option<Price>,
    },
    /// The attempt fails.
    Fail(Failure),
}

/// What an order would do in a market, and where that market stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What it would do.
    pub outlook: Outlook,
    /// Where the market stood, if that could be seen.
    pub arrival: Option<ArrivalPrice>,
}

/// What a look at the market says of an order that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It does not have to rest any longer.
    Met,
    /// The price that its trigger is compared with is this now, and does not meet it.
    Short {
        /// Quote per base.
        price: Price,
    },
    /// It cannot be told, or there is nothing to be had: no price is known.
    Unquotable,
}

/// Says whether an order may be woken: whether [`assess`] has it do anything but go on resting as it does.
pub fn check(order: &Order, market: &Market, policy: &RoutingPolicy) -> Check {
    let State::Waiting { waits_for: now } = *order.state() else {
        return Check::Met;
    };
    match assess(order, market, policy).outlook {
        Outlook::Wait { waits_for, price } if waits_for == now => match price {
            Some(price) => Check::Short { price },
            None => Check::Unquotable,
        },
        Outlook::Wait { .. } | Outlook::Execute(_) | Outlook::Nothing | Outlook::Fail(_) => Check::Met,
    }
}

/// Says what an order would do in this market, by its terms as they are now.
pub fn assess(order: &Order, market: &Market, policy: &RoutingPolicy) -> Assessment {
    if let Some(price) = stop_ahead(order, market, policy) {
        return Assessment {
            outlook: Outlook::Wait {
                waits_for: WaitsFor::Stop,
                price,
            },
            arrival: None,
        };
    }
    let terms = order.terms();
    let (found, arrival) = if terms.kind.fills_in_part(terms.time_in_force) {
        let ask = RouteRequest::of(order.spec());
        let (route, arrival) = routing::largest_within(&ask, &order.floor(), market, policy);
        (route.map_err(Short::from), arrival)
    } else {
        let (route, arrival) = whole(order, market, policy);
        (route.map(Some), arrival)
    };
    let outlook = match found {
        Ok(Some(route)) => Outlook::Execute(Box::new(route)),
        Ok(None) => Outlook::Nothing,
        Err(Short { failure, price }) => match rests_on(order, failure) {
            Some(waits_for) => Outlook::Wait { waits_for, price },
            None => Outlook::Fail(failure),
        },
    };
    Assessment { outlook, arrival }
}

/// Whether the order waits for its stop and the market has not reached it; then the price that says so, if any.
#[expect(
    clippy::option_option,
    reason = "ahead or not, and at a price that may not be known"
)]
fn stop_ahead(order: &Order, market: &Market, policy: &RoutingPolicy) -> Option<Option<Price>> {
    let State::Waiting {
        waits_for: WaitsFor::Stop,
    } = order.state()
    else {
        return None;
    };
    let stop = order.terms().kind.stop(order.spec().side)?;
    let price = stop_price(order.spec(), market, policy);
    let reached = price.is_some_and(|price| stop.is_met(price));
    (!reached).then_some(price)
}

/// Why the whole size is not executed, and what it would trade at.
struct Short {
    failure: Failure,
    price: Option<Price>,
}

impl From<Failure> for Short {
    fn from(failure: Failure) -> Self {
        Self { failure, price: None }
    }
}

/// The best route of the whole size, if it keeps to the order's floor.
fn whole(
    order: &Order,
    market: &Market,
    policy: &RoutingPolicy,
) -> (Result<Route, Short>, Option<ArrivalPrice>) {
    let (ask, amount_in) = (RouteRequest::of(order.spec()), order.spec().amount_in);
    let least = match order.floor().least(amount_in) {
        Ok(Some(least)) => least,
        Ok(None) => {
            let (route, arrival) = routing::route(&ask, market, policy);
            return (route.map_err(Short::from), arrival);
        }
        Err(failure) => return (Err(failure.into()), None),
    };
    // However little the best route gives: what it gives is the price that an order that rests is compared with.
    let ask = RouteRequest {
        protection: Protection::MinOut(Amount::ZERO),
        ..ask
    };
    let (route, arrival) = routing::route(&ask, market, policy);
    let kept = match route {
        Ok(route) if route.amount_out.amount >= least => Ok(Route {
            min_out: least,
            ..route
        }),
        Ok(route) => Err(Short {
            failure: Failure::Venue(VenueError::SlippageExceeded),
            price: Some(route.price),
        }),
        Err(failure) => Err(failure.into()),
    };
    (kept, arrival)
}

/// What the order waits for after this failure, instead of failing; `None` if it fails.
pub(crate) fn rests_on(order: &Order, failure: Failure) -> Option<WaitsFor> {
    let waits_for = WaitsFor::Pool;
    let standing = Standing {
        may_rest: may_rest(order),
        submitted: order.state().tx_id().is_some(),
        waits_for_pool: *order.state() == State::Waiting { waits_for },
    };
    order.terms().kind.rests_on(failure, standing)
}
