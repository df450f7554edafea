//! Several swaps where they bring in more than they cost.

use super::arrival::{ArrivalPrice, arrival};
use super::leg_cost::leg_cost;
use super::liquidity::{LiquiditySnapshot, PoolSnapshot};
use super::paths::{RouteHop, RoutePath, around, route_hops, usable};
use super::reason::{RouteReason, gain_ppm};
use super::route::{Alternatives, Combination, Route, RouteLeg};
use super::rules::RoutingPolicy;
use super::single::{best, minimum_out, no_quotes};
use crate::amm::{Path, Split, SplitRules, best_split, mul_div_ceil, split_bound};
use crate::amount::Amount;
use crate::failure::{Failure, FailureClass};
use crate::invariant::impossible;
use crate::price::Price;
use crate::spec::{OrderSpec, Protection, RouteLimits};
use crate::token::{Pair, Side};
use crate::venue::{Quote, QuoteAnswer, QuoteRequest};

/// So many ways around are weighed at most; each costs computing, and the fourth-best hardly pays.
const MOST_AROUND: usize = 4;

/// What is to be routed.
#[derive(Clone, Copy, Debug)]
pub struct RouteRequest<'a> {
    /// The size.
    pub request: QuoteRequest,
    /// The pair, and so what prices mean.
    pub pair: Pair,
    /// Which side of it the swap is.
    pub side: Side,
    /// How the trader is protected.
    pub protection: Protection,
    /// Which routes the trader allows.
    pub limits: &'a RouteLimits,
}

impl<'a> RouteRequest<'a> {
    /// What an order asks for.
    pub const fn of(spec: &'a OrderSpec) -> Self {
        Self {
            request: QuoteRequest {
                token_in: spec.token_in,
                token_out: spec.token_out,
                amount_in: spec.amount_in,
            },
            pair: spec.pair,
            side: spec.side,
            protection: spec.protection,
            limits: &spec.route,
        }
    }
}

/// What the venues have said and shown.
#[derive(Clone, Debug, Default)]
pub struct Market {
    /// Every asked venue's answer.
    pub answers: Vec<QuoteAnswer>,
    /// The pools, if they can be seen; without them there is only the best venue alone.
    pub pools: Option<LiquiditySnapshot>,
}

impl From<Vec<QuoteAnswer>> for Market {
    fn from(answers: Vec<QuoteAnswer>) -> Self {
        Self { answers, pools: None }
    }
}

impl Market {
    /// Whether a pool may be used. A venue that is silent now will hardly execute; one that refused the size
    /// for good may still take a part of it.
    pub(super) fn is_usable(&self, pool: &PoolSnapshot, limits: &RouteLimits) -> bool {
        let silent = self.answers.iter().any(|answer| {
            answer.venue == pool.venue
                && match &answer.result {
                    Ok(_) => false,
                    Err(error) => match error.class() {
                        FailureClass::Final => false,
                        FailureClass::Retry | FailureClass::Requote => true,
                    },
                }
        });
        limits.allows(pool.venue) && !silent
    }

    /// This market with no other pools than the pair's own; `None` if the pair is seen to have none.
    pub fn own_pools(&self, spec: &OrderSpec) -> Option<Self> {
        let view = self.pools.as_ref()?;
        let own = |pool: &&PoolSnapshot| pool.direction(spec.token_in, spec.token_out).is_some();
        let pools: Vec<_> = view.pools.iter().filter(own).cloned().collect();
        (!pools.is_empty()).then(|| Self {
            answers: self.answers.clone(),
            pools: Some(LiquiditySnapshot { pools, ..*view }),
        })
    }
}

/// The price at which the whole size of an order would be executed now by the best route, whatever it is. `None` if
/// there is no route.
pub fn price_of_all(spec: &OrderSpec, market: &Market, policy: &RoutingPolicy) -> Option<Price> {
    let ask = RouteRequest {
        // However little that brings.
        protection: Protection::Slippage(0),
        ..RouteRequest::of(spec)
    };
    let (route, _) = route(&ask, market, policy);
    route.ok().map(|route| route.price)
}

/// The best route, and where the market stood if that could be seen.
///
/// # Errors
/// Those of [`choose`](super::choose), if no combination of pools can fill the size either.
pub fn route(
    ask: &RouteRequest<'_>,
    market: &Market,
    policy: &RoutingPolicy,
) -> (Result<Route, Failure>, Option<ArrivalPrice>) {
    let baseline = best(&market.answers);
    let Some(view) = &market.pools else {
        return (of_baseline(ask, market, baseline, Alternatives::default()), None);
    };
    let pools = usable(view, |pool| market.is_usable(pool, ask.limits));
    let request = &ask.request;
    let direct = route_hops(&pools, (request.token_in, request.token_out), view.secs);
    let arrival = arrival(&direct, &ask.pair, ask.side, request.amount_in, view.secs);
    let search = Search {
        ask,
        secs: view.secs,
        quoted: baseline.map(|(quote, _)| quote),
        most_legs: usize::from(policy.most_legs(ask.limits)),
        leg_cost: leg_cost(&view.pools, request, policy),
    };
    let (found, weighed) = search.run(&direct, &pools);
    let route = match found.and_then(|plan| search.route(&plan, weighed.clone())) {
        Some(route) => route,
        None => of_baseline(ask, market, baseline, weighed),
    };
    (route, Some(arrival))
}

fn of_baseline(
    ask: &RouteRequest<'_>,
    market: &Market,
    baseline: Option<(&Quote, RouteReason)>,
    weighed: Alternatives,
) -> Result<Route, Failure> {
    let (quote, reason) = baseline.ok_or_else(|| no_quotes(&market.answers))?;
    let min_out = minimum_out(quote.amount_out.amount, ask.protection)?;
    let mut route = Route::single(&ask.request, quote, reason, min_out);
    route.weighed = weighed;
    Ok(route)
}

/// A division of the size over ways, not worse than any way alone.
pub(super) struct Plan<'a> {
    pub(super) ways: Vec<RoutePath<'a>>,
    pub(super) split: Split,
}

impl Plan<'_> {
    fn legs(&self) -> usize {
        let hops = |leg: &crate::amm::SplitLeg| self.ways.get(leg.path).map_or(0, |way| way.0.len());
        self.split.legs.iter().map(hops).sum()
    }

    fn combination(&self) -> Combination {
        Combination {
            legs: u8::try_from(self.legs())
                .unwrap_or_else(|_| impossible("a route has more legs than any order may", u8::MAX)),
            out: Amount::new(self.split.out),
        }
    }
}

struct Search<'s> {
    ask: &'s RouteRequest<'s>,
    secs: u64,
    /// The best venue alone.
    quoted: Option<&'s Quote>,
    most_legs: usize,
    leg_cost: u128,
}

impl Search<'_> {
    /// The best combination that pays, if one does, and what was weighed.
    fn run<'a>(
        &self,
        direct: &[RouteHop<'a>],
        pools: &[&'a PoolSnapshot],
    ) -> (Option<Plan<'a>>, Alternatives) {
        let mut weighed = Alternatives {
            leg_cost: Amount::new(self.leg_cost),
            ..Alternatives::default()
        };
        if self.most_legs < 2 {
            return (None, Alternatives::default());
        }
        let mut ways = around(pools, &self.ask.request, self.secs);
        if let Some(at_most) = self.not_worth_it(direct, &ways) {
            weighed.at_most = Some(Amount::new(at_most));
            return (None, weighed);
        }
        let alone = || -> Vec<RoutePath<'a>> { direct.iter().map(|hop| RoutePath(vec![*hop])).collect() };
        let split = self.divide(alone(), self.leg_cost);
        // Where no division pays, the record has the best one all the same.
        let shown = match &split {
            Some(plan) if plan.legs() < 2 => self.divide(alone(), 0).as_ref().map(Plan::combination),
            plan => plan.as_ref().map(Plan::combination),
        };
        weighed.split = shown.filter(|split| split.legs > 1);
        // A way around that begins below what the pools of the pair still give at the end adds nothing.
        let floor = split.as_ref().and_then(|plan| self.rate_at_the_end(plan));
        ways.retain(|way| way.start() > floor);
        ways.truncate(MOST_AROUND);
        let mut plan = split;
        if !ways.is_empty() {
            let around = self.divide(alone().into_iter().chain(ways).collect(), self.leg_cost);
            weighed.around = around
                .as_ref()
                .map(Plan::combination)
                .filter(|around| around.legs > 1 && Some(*around) != weighed.split);
            plan = better(plan, around, self.leg_cost);
        }
        (plan.filter(|plan| self.pays(plan)), weighed)
    }

    /// The bound on every combination, if even that does not pay for a second swap.
    fn not_worth_it(&self, direct: &[RouteHop<'_>], ways: &[RoutePath<'_>]) -> Option<u128> {
        let quoted = self.quoted?.amount_out.amount.units();
        let pools: Vec<_> = direct
            .iter()
            .map(|hop| (&*hop.pool.state, hop.direction))
            .collect();
        let starts: Vec<_> = ways.iter().filter_map(RoutePath::start).collect();
        let at_most = split_bound(&pools, &starts, self.ask.request.amount_in.units(), self.secs);
        (at_most <= quoted.saturating_add(self.leg_cost)).then_some(at_most)
    }

    fn divide<'a>(&self, ways: Vec<RoutePath<'a>>, leg_cost: u128) -> Option<Plan<'a>> {
        let paths: Vec<Path<'a>> = ways.iter().map(RoutePath::path).collect::<Option<_>>()?;
        let rules = SplitRules {
            leg_cost,
            max_legs: self.most_legs,
        };
        let split = best_split(&paths, self.ask.request.amount_in.units(), rules, self.secs).ok()?;
        Some(Plan { ways, split })
    }

    fn rate_at_the_end(&self, plan: &Plan<'_>) -> Option<crate::amm::StartRate> {
        let rates = plan.split.legs.iter().filter_map(|leg| {
            let path = plan.ways.get(leg.path)?.path()?;
            path.rate_after(leg.amount_in, self.secs)
        });
        rates.min()
    }

    /// Whether a combination is better than what the best venue quoted, by more than its swaps cost. One swap
    /// alone is the venue's own matter: its quote goes before what was seen of its pool.
    fn pays(&self, plan: &Plan<'_>) -> bool {
        let Some(quoted) = self.quoted else {
            return true;
        };
        let more = plan.legs().saturating_sub(1) as u128;
        let cost = self.leg_cost.saturating_mul(more);
        more > 0 && plan.split.out > quoted.amount_out.amount.units().saturating_add(cost)
    }

    /// The plan as a route; `None` if a pool would not quote its part, or the price cannot be expressed.
    fn route(&self, plan: &Plan<'_>, weighed: Alternatives) -> Option<Result<Route, Failure>> {
        let legs = u8::try_from(plan.legs()).ok()?;
        let reason = match self.quoted {
            Some(quote) => RouteReason::Combined {
                legs,
                over: quote.venue,
                by_ppm: gain_ppm(Amount::new(plan.split.out), quote.amount_out.amount),
            },
            None => RouteReason::OnlyCombined { legs },
        };
        let min_out = match minimum_out(Amount::new(plan.split.out), self.ask.protection) {
            Ok(min_out) => min_out,
            Err(failure) => return Some(Err(failure)),
        };
        assemble(self.ask, plan, self.secs, reason, min_out, weighed).map(Ok)
    }
}

fn better<'a>(plan: Option<Plan<'a>>, other: Option<Plan<'a>>, leg_cost: u128) -> Option<Plan<'a>> {
    let net = |plan: &Plan<'_>| {
        let cost = leg_cost.saturating_mul(plan.legs() as u128);
        plan.split.out.saturating_sub(cost)
    };
    match (plan, other) {
        (Some(plan), Some(other)) if net(&other) > net(&plan) => Some(other),
        (Some(plan), _) => Some(plan),
        (None, other) => other,
    }
}

/// The swaps of a plan in the order in which a transaction makes them, and what they come to; `None` if a pool
/// would not quote its part, or the price cannot be expressed.
pub(super) fn assemble(
    ask: &RouteRequest<'_>,
    plan: &Plan<'_>,
    secs: u64,
    reason: RouteReason,
    min_out: Amount,
    weighed: Alternatives,
) -> Option<Route> {
    let mut legs = Vec::new();
    let (mut paid, mut fee, mut moved) = (0u128, 0u128, 0u128);
    let mut largest: Option<(u128, crate::venue::VenueId)> = None;
    for part in &plan.split.legs {
        let way = plan.ways.get(part.path)?;
        let quote = way.path()?.quote(part.amount_in, secs).ok()?;
        let first = way.0.first()?;
        if largest.is_none_or(|(size, _)| part.amount_in > size) {
            largest = Some((part.amount_in, first.pool.venue));
        }
        let mut worth = part.amount_in;
        let mut impact = 0u128;
        for (hop, swap) in way.0.iter().zip(&quote.hops) {
            if swap.amount_in > hop.most() {
                return None;
            }
            let share = mul_div_ceil(worth, swap.fee, swap.amount_in).ok()?;
            (worth, fee) = (worth.saturating_sub(share), fee.checked_add(share)?);
            impact += u128::from(swap.impact_bps);
            legs.push(RouteLeg {
                swap: hop.leg(swap.amount_in, swap.out),
                fee: Amount::new(swap.fee),
            });
        }
        paid = paid.checked_add(part.amount_in)?;
        moved = moved.saturating_add(part.amount_in.saturating_mul(impact));
    }
    let (decimals_in, decimals_out) = (ask.request.token_in.decimals, ask.request.token_out.decimals);
    let (paid, out) = (Amount::new(paid), Amount::new(plan.split.out));
    Some(Route {
        venue: largest?.1,
        reason,
        legs,
        amount_in: paid.with_decimals(decimals_in),
        amount_out: out.with_decimals(decimals_out),
        fee: Amount::new(fee).with_decimals(decimals_in),
        price: Price::of_trade(&ask.pair, ask.side, paid, out).ok()?,
        price_impact_bps: u32::try_from(moved.div_ceil(paid.units().max(1))).unwrap_or(u32::MAX),
        min_out,
        weighed,
    })
}
