//! The ways from one token to another through the pools in view.

use super::liquidity::{LiquiditySnapshot, PoolSnapshot};
use super::rules::RoutingPolicy;
use crate::amm::{Direction, Path, StartRate};
use crate::spec::RouteLimits;
use crate::token::Token;
use crate::venue::{Leg, QuoteRequest};

/// A pool and the way through it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RouteHop<'a> {
    pub(super) pool: &'a PoolSnapshot,
    pub(super) direction: Direction,
    pub(super) token_in: Token,
    pub(super) token_out: Token,
    /// What the first unit gives; `None` if there is nothing to be had.
    pub(super) start: Option<StartRate>,
}

impl RouteHop<'_> {
    /// The most that may go into the pool, in raw units: as much as its venue quotes.
    pub(super) fn most(&self) -> u128 {
        self.pool.state.quotable(self.direction)
    }

    pub(super) fn leg(&self, amount_in: u128, amount_out: u128) -> Leg {
        Leg {
            venue: self.pool.venue,
            pool: self.pool.id.clone(),
            token_in: self.token_in,
            token_out: self.token_out,
            amount_in: crate::amount::Amount::new(amount_in),
            amount_out: crate::amount::Amount::new(amount_out),
        }
    }
}

/// One road, or two in a row.
#[derive(Clone, Debug)]
pub(super) struct RoutePath<'a>(pub(super) Vec<RouteHop<'a>>);

impl<'a> RoutePath<'a> {
    pub(super) fn start(&self) -> Option<StartRate> {
        let mut route_hops = self.0.iter();
        let first = route_hops.next()?.start?;
        route_hops.try_fold(first, |so_far, hop| Some(so_far.then(hop.start?)))
    }

    pub(super) fn path(&self) -> Option<Path<'a>> {
        let mut route_hops = self.0.iter();
        let first = route_hops.next()?;
        Some(
            route_hops.fold(Path::direct(&first.pool.state, first.direction), |path, hop| {
                path.then(&hop.pool.state, hop.direction)
            }),
        )
    }
}

/// All roads of the pair, best start first; equal ones by the pools' names.
pub(super) fn route_hops<'a>(
    pools: &[&'a PoolSnapshot],
    (token_in, token_out): (Token, Token),
    secs: u64,
) -> Vec<RouteHop<'a>> {
    let mut route_hops: Vec<_> = pools
        .iter()
        .filter_map(|pool| {
            let direction = pool.direction(token_in, token_out)?;
            Some(RouteHop {
                pool,
                direction,
                token_in,
                token_out,
                start: pool.state.start_rate(direction, secs).ok(),
            })
        })
        .collect();
    route_hops.sort_by(|a, b| {
        let by_start = b.start.cmp(&a.start);
        by_start.then_with(|| a.pool.id.cmp(&b.pool.id))
    });
    route_hops
}

/// The ways around, by one token in between: through each such token as many as there are pools on both
/// sides of it, the best with the best, so that no two ways share a pool. Best start first.
pub(super) fn around<'a>(
    pools: &[&'a PoolSnapshot],
    request: &QuoteRequest,
    secs: u64,
) -> Vec<RoutePath<'a>> {
    let QuoteRequest {
        token_in, token_out, ..
    } = *request;
    let mut middles: Vec<Token> = pools
        .iter()
        .filter_map(|pool| pool.opposite(token_in))
        .filter(|middle| *middle != token_out)
        .collect();
    middles.sort_unstable_by_key(|token| token.symbol);
    middles.dedup();
    let mut ways = Vec::new();
    for middle in middles {
        let first = route_hops(pools, (token_in, middle), secs);
        let second = route_hops(pools, (middle, token_out), secs);
        let pairs = first.into_iter().zip(second);
        ways.extend(pairs.map(|(first, second)| RoutePath(vec![first, second])));
    }
    ways.sort_by_key(|way| std::cmp::Reverse(way.start()));
    ways
}

/// Which of an order's own limits stand between it and pools that trade its pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuledOut {
    /// Its venues: others would do.
    pub venues: bool,
    /// Its number of swaps: more would do.
    pub max_legs: bool,
}

impl RuledOut {
    /// Whether any of them does.
    pub const fn any(self) -> bool {
        self.venues || self.max_legs
    }
}

impl LiquiditySnapshot {
    /// Whether pools of the pair, or a way by some token in between, lead where the request wants to go, within an order's
    /// limits.
    ///
    /// # Errors
    /// What the limits rule out, if anything is there at all.
    pub fn leads(
        &self,
        request: &QuoteRequest,
        limits: &RouteLimits,
        policy: &RoutingPolicy,
    ) -> Result<(), RuledOut> {
        let without = |venues: bool, max_legs: bool| RouteLimits {
            venues: if venues { Vec::new() } else { limits.venues.clone() },
            max_legs: limits.max_legs.filter(|_| !max_legs),
        };
        let leads = |limits: &RouteLimits| {
            let pools = usable(self, |pool| limits.allows(pool.venue));
            let direct = !route_hops(&pools, (request.token_in, request.token_out), self.secs).is_empty();
            direct || (policy.most_legs(limits) > 1 && !around(&pools, request, self.secs).is_empty())
        };
        if leads(limits) {
            return Ok(());
        }
        let ruled_out = RuledOut {
            venues: leads(&without(true, false)),
            max_legs: leads(&without(false, true)),
        };
        // Neither alone would do, but both together.
        let both = !ruled_out.any() && leads(&without(true, true));
        Err(RuledOut {
            venues: ruled_out.venues || both,
            max_legs: ruled_out.max_legs || both,
        })
    }
}

/// The pools that a route may use.
pub(super) fn usable(
    view: &LiquiditySnapshot,
    allowed: impl Fn(&PoolSnapshot) -> bool,
) -> Vec<&PoolSnapshot> {
    view.pools.iter().filter(|pool| allowed(pool)).collect()
}
