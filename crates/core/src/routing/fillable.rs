//! How much of an order can be had within a limit, now: what an immediate-or-cancel order takes.

use super::arrival::{ArrivalPrice, arrival};
use super::combine::{Market, Plan, RouteRequest, assemble, route};
use super::paths::{RouteHop, RoutePath, route_hops, usable};
use super::reason::RouteReason;
use super::route::{Alternatives, Route};
use super::rules::RoutingPolicy;
use super::single::no_quotes;
use crate::amm::{Split, SplitLeg, marginal_max, mul_div_ceil};
use crate::amount::Amount;
use crate::failure::{Failure, FailureClass, VenueError};
use crate::floor::Floor;
use crate::spec::Protection;

/// The largest part of the size of which every unit is had at the order's floor or better, and its route; `None` if
/// there is no such part. Where that is the whole size, it is routed as any other.
///
/// Every pool of the pair takes what its marginal price allows, `(√(γxy/least) − x)/γ` of a constant product
/// and all the bins that are good enough; so their marginal prices meet, and no other division gives more for
/// the same amount. Of more pools than the order may have swaps, those that take the most. Ways by another
/// token are left out. The route's minimum is the limit's.
///
/// # Errors
/// [`Failure::NoQuotes`] and the like, when no venue that may be used answers now: what could be had is not
/// known then.
pub fn largest_within(
    ask: &RouteRequest<'_>,
    floor: &Floor<'_>,
    market: &Market,
    policy: &RoutingPolicy,
) -> (Result<Option<Route>, Failure>, Option<ArrivalPrice>) {
    let within = Within {
        ask,
        floor,
        market,
        policy,
    };
    let Some(view) = &market.pools else {
        return (within.whole().map(Result::ok), None);
    };
    let pools = usable(view, |pool| market.is_usable(pool, ask.limits));
    let request = &ask.request;
    let direct = route_hops(&pools, (request.token_in, request.token_out), view.secs);
    let seen = arrival(&direct, &ask.pair, ask.side, request.amount_in, view.secs);
    let parts = within.parts(direct, view.secs);
    let most = parts
        .iter()
        .map(|part| part.amount_in)
        .fold(0, u128::saturating_add);
    if !parts.is_empty() && most < request.amount_in.units() {
        return (Ok(within.take(&parts, view.secs)), Some(seen));
    }
    let route = match within.whole() {
        Ok(Ok(route)) => Ok(Some(route)),
        Ok(Err(_)) => Ok(within.take(&parts, view.secs)),
        Err(failure) => Err(failure),
    };
    (route, Some(seen))
}

/// What one pool takes within the limit.
struct Part<'a> {
    hop: RouteHop<'a>,
    amount_in: u128,
    out: u128,
}

struct Within<'a> {
    ask: &'a RouteRequest<'a>,
    floor: &'a Floor<'a>,
    market: &'a Market,
    policy: &'a RoutingPolicy,
}

impl Within<'_> {
    /// The whole size as it is ordinarily routed, or why that does not meet the limit.
    ///
    /// # Errors
    /// When that cannot be known now.
    fn whole(&self) -> Result<Result<Route, Failure>, Failure> {
        let Some(least) = self.least(self.ask.request.amount_in) else {
            return Ok(Err(Failure::Venue(VenueError::LimitNotMet)));
        };
        let ask = RouteRequest {
            protection: Protection::MinOut(least),
            ..*self.ask
        };
        let failure = match route(&ask, self.market, self.policy).0 {
            Ok(route) => return Ok(Ok(route)),
            Err(failure) => failure,
        };
        let answered = self.market.answers.iter().any(|answer| answer.result.is_ok());
        match failure.class() {
            FailureClass::Retry | FailureClass::Requote if !answered => Err(no_quotes(&self.market.answers)),
            FailureClass::Retry | FailureClass::Requote | FailureClass::Final => Ok(Err(failure)),
        }
    }

    /// What each pool takes, the most first; no more pools than the order may have swaps.
    fn parts<'a>(&self, direct: Vec<RouteHop<'a>>, secs: u64) -> Vec<Part<'a>> {
        let Some(least) = self.floor.ratio() else {
            return Vec::new();
        };
        let part = |hop: RouteHop<'a>| {
            let amount = marginal_max(&hop.pool.state, hop.direction, least, secs).ok()?;
            let amount_in = amount.min(self.ask.request.amount_in.units()).min(hop.most());
            let out = hop.pool.state.quote(hop.direction, amount_in, secs).ok()?.out;
            // Of next to nothing the rounding can cost more than the limit allows.
            let enough = mul_div_ceil(amount_in, least.num, least.den).ok()?;
            (out >= enough).then_some(Part { hop, amount_in, out })
        };
        let mut parts: Vec<_> = direct.into_iter().filter_map(part).collect();
        // The sort is stable: of equal parts the better start stays first.
        parts.sort_by_key(|part| std::cmp::Reverse(part.amount_in));
        parts.truncate(usize::from(self.policy.most_legs(self.ask.limits)));
        parts
    }

    /// Takes the parts one after the other until the size is used up.
    fn take(&self, parts: &[Part<'_>], secs: u64) -> Option<Route> {
        let mut left = self.ask.request.amount_in.units();
        let (mut ways, mut legs, mut total) = (Vec::new(), Vec::new(), 0u128);
        for part in parts {
            let (hop, amount_in) = (&part.hop, left.min(part.amount_in));
            let out = if amount_in == part.amount_in {
                part.out
            } else {
                hop.pool.state.quote(hop.direction, amount_in, secs).ok()?.out
            };
            legs.push(SplitLeg {
                path: ways.len(),
                amount_in,
                out,
            });
            ways.push(RoutePath(vec![*hop]));
            total = total.checked_add(out)?;
            left -= amount_in;
            if left == 0 {
                break;
            }
        }
        let paid = Amount::new(self.ask.request.amount_in.units() - left);
        let min_out = self
            .least(paid)
            .filter(|least| least.units() <= total && total > 0)?;
        let reason = RouteReason::WithinLimit {
            legs: u8::try_from(legs.len()).ok()?,
        };
        let plan = Plan {
            ways,
            split: Split { legs, out: total },
        };
        assemble(self.ask, &plan, secs, reason, min_out, Alternatives::default())
    }

    /// What an amount must give, in raw units.
    fn least(&self, amount: Amount) -> Option<Amount> {
        self.floor.least(amount).ok()?
    }
}
