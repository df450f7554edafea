//! Routes over pools in view: against the vectors, against the best venue alone, and for any pools.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod amm_support;
mod routing_support;

use std::collections::BTreeMap;

use amm_support::{SOL, USDC, dlmm, int, rows, sol_usdc, vectors};
use order_core::amm::{Bin, BinParams, Bins, Direction, Path, Pool, SplitRules, best_split, split_bound};
use order_core::amount::Amount;
use order_core::failure::{Failure, VenueError};
use order_core::floor::Floor;
use order_core::order_types::{LimitOrder, OrderKind};
use order_core::price::Price;
use order_core::routing::{
    Market, PoolSnapshot, Route, RouteReason, RouteRequest, RoutingPolicy, largest_within, route,
};
use order_core::spec::{Protection, RouteLimits};
use order_core::token::{Token, TokenRegistry};
use order_core::venue::{QuoteRequest, VenueId};
use proptest::prelude::*;
use routing_support::*;

fn free(request: QuoteRequest, pools: Vec<PoolSnapshot>) -> Route {
    let market = market(&request, pools);
    let route = routed(request, &market, &FREE, &RouteLimits::default()).unwrap();
    holds_together(&request, &market, &route);
    route
}

/// What must be true of every route.
fn holds_together(request: &QuoteRequest, market: &Market, route: &Route) {
    let quotes = market
        .answers
        .iter()
        .filter_map(|answer| answer.result.as_ref().ok());
    let best = quotes.map(|quote| quote.amount_out.amount).max();
    assert!(route.amount_out.amount >= best.unwrap_or_default(), "{route:?}");
    let sum = |pick: fn(&order_core::venue::Leg) -> (Token, Amount), of: Token| -> u128 {
        let swaps = route.legs.iter().map(|leg| pick(&leg.swap));
        swaps
            .filter(|(token, _)| *token == of)
            .map(|(_, amount)| amount.units())
            .sum()
    };
    let (paid, got) = (
        sum(|leg| (leg.token_in, leg.amount_in), request.token_in),
        sum(|leg| (leg.token_out, leg.amount_out), request.token_out),
    );
    assert_eq!(paid, request.amount_in.units());
    assert_eq!(got, route.amount_out.amount.units());
    // What goes into a token in between comes out of it again.
    for leg in &route.legs {
        let middle = leg.swap.token_out;
        if middle != request.token_out {
            assert_eq!(
                sum(|leg| (leg.token_out, leg.amount_out), middle),
                sum(|leg| (leg.token_in, leg.amount_in), middle)
            );
        }
    }
    assert_eq!(route.legs.first().unwrap().swap.token_in, request.token_in);
    assert_eq!(route.legs.last().unwrap().swap.token_out, request.token_out);
    assert_eq!(route.min_out, route.amount_out.amount);
}

#[test]
fn two_constant_products_are_split_as_the_vectors_say() {
    let want = vectors("split_two_cp");
    let pool = |name: &str| {
        let pool = &want[name];
        let fee = u32::try_from(int(pool, "fee")).unwrap();
        let state = cp(int(pool, "x"), int(pool, "y"), fee);
        listed(name, RAYDIUM, ("SOL", "USDC"), state)
    };
    for row in want["rows"].as_array().unwrap() {
        let request = request("SOL", "USDC", int(row, "amountIn"));
        let route = free(request, vec![pool("A"), pool("B")]);
        assert!(
            route.amount_out.amount.units() + 2 >= int(row, "out"),
            "{route:?} {row}"
        );
    }
}

#[test]
fn a_constant_product_and_bins_are_split_as_the_vectors_say() {
    for row in rows("split_cp_dlmm") {
        let pools = vec![
            listed("r", RAYDIUM, ("SOL", "USDC"), Pool::ConstantProduct(sol_usdc())),
            listed("m", METEORA, ("SOL", "USDC"), Pool::Bins(dlmm())),
        ];
        let route = free(request("SOL", "USDC", int(&row, "amountIn")), pools);
        assert!(
            route.amount_out.amount.units() + 2 >= int(&row, "out"),
            "{route:?} {row}"
        );
    }
}

fn by_way_of_ray() -> Vec<PoolSnapshot> {
    vec![
        listed(
            "one",
            RAYDIUM,
            ("SOL", "RAY"),
            cp(50_000 * SOL, 3_000_000 * USDC, 2_500),
        ),
        listed(
            "two",
            RAYDIUM,
            ("RAY", "USDC"),
            cp(2_000_000 * USDC, 5_000_000 * USDC, 2_500),
        ),
    ]
}

#[test]
fn without_a_pool_of_the_pair_another_token_leads_there() {
    let route = free(request("SOL", "USDC", 100 * SOL), by_way_of_ray());
    let want = vectors("two_hop");
    assert_eq!(route.amount_out.amount.units(), int(&want, "out"));
    assert_eq!(route.legs[0].swap.amount_out.units(), int(&want, "mid"));
    assert_eq!(route.reason, RouteReason::OnlyCombined { legs: 2 });
}

#[test]
fn a_way_around_takes_its_share_beside_the_pair() {
    let mut pools = by_way_of_ray();
    pools.push(listed(
        "direct",
        METEORA,
        ("SOL", "USDC"),
        Pool::ConstantProduct(sol_usdc()),
    ));
    let route = free(request("SOL", "USDC", 3_000 * SOL), pools);
    assert_eq!(route.legs.len(), 3);
    assert_eq!(route.venue, METEORA, "the largest part goes there");
    let RouteReason::Combined { legs: 3, over, .. } = route.reason else {
        panic!("{:?}", route.reason)
    };
    assert_eq!(over, METEORA);
    assert!(route.weighed.around.is_some());
}

fn two_pools() -> Vec<PoolSnapshot> {
    vec![
        listed(
            "a",
            RAYDIUM,
            ("SOL", "USDC"),
            cp(50_000 * SOL, 7_500_000 * USDC, 2_500),
        ),
        listed(
            "b",
            METEORA,
            ("SOL", "USDC"),
            cp(20_000 * SOL, 3_010_000 * USDC, 3_000),
        ),
    ]
}

/// The second leg gains 24.87 USDC, 0.1658 SOL at the pools' price of 150.
#[test]
fn another_swap_must_pay() {
    let request = request("SOL", "USDC", 100 * SOL);
    let market = market(&request, two_pools());
    let legs = |cost: u128, max_legs| {
        let policy = RoutingPolicy {
            leg_cost: Amount::new(cost),
            max_legs,
            ..FREE
        };
        routed(request, &market, &policy, &RouteLimits::default()).unwrap()
    };
    assert_eq!(legs(SOL * 165 / 1_000, 4).legs.len(), 2);
    assert_eq!(legs(SOL * 167 / 1_000, 4).legs.len(), 1);
    assert_eq!(legs(0, 1).legs.len(), 1);
    let bounded = legs(10 * SOL, 4);
    assert!(bounded.weighed.at_most.is_some() && bounded.weighed.split.is_none());
}

#[test]
fn an_orders_own_limits_are_kept() {
    let request = request("SOL", "USDC", 100 * SOL);
    let limited = |venues: &[VenueId], max_legs| {
        let limits = RouteLimits {
            venues: venues.to_vec(),
            max_legs,
        };
        let mut market = market(&request, two_pools());
        market.answers.retain(|answer| limits.allows(answer.venue));
        routed(request, &market, &FREE, &limits).unwrap()
    };
    assert_eq!(limited(&[], Some(1)).legs.len(), 1);
    assert_eq!(limited(&[], Some(2)).legs.len(), 2);
    let raydium = limited(&[RAYDIUM], None);
    assert_eq!((raydium.venue, raydium.legs.len()), (RAYDIUM, 1));
}

#[test]
fn a_venue_that_is_silent_now_takes_no_part() {
    let request = request("SOL", "USDC", 100 * SOL);
    let mut market = market(&request, two_pools());
    market.answers[0].result = Err(VenueError::Timeout);
    let route = routed(request, &market, &FREE, &RouteLimits::default()).unwrap();
    assert_eq!((route.venue, route.legs.len()), (RAYDIUM, 1));
    // One that refused the whole size for good still takes a part of it.
    market.answers[0].result = Err(VenueError::InsufficientLiquidity);
    let route = routed(request, &market, &FREE, &RouteLimits::default()).unwrap();
    assert_eq!(route.legs.len(), 2);
}

/// The formula would take any size, for next to nothing; so a division would always be found.
#[test]
fn an_absurd_size_has_no_route() {
    let request = request("SOL", "USDC", 1_000_000 * SOL);
    let mut pools = two_pools();
    pools.extend(by_way_of_ray());
    let mut market = market(&request, pools);
    for answer in &mut market.answers {
        answer.result = Err(VenueError::InsufficientLiquidity);
    }
    let refused = routed(request, &market, &FREE, &RouteLimits::default());
    assert_eq!(refused, Err(Failure::Venue(VenueError::InsufficientLiquidity)));
}

#[test]
fn the_market_is_read_at_arrival() {
    let request = request("USDC", "SOL", 15_000 * USDC);
    let (pair, side) = TokenRegistry::default().orient(request.token_in, request.token_out);
    let ask = RouteRequest {
        request,
        pair,
        side,
        protection: Protection::Slippage(50),
        limits: &RouteLimits::default(),
    };
    let (_, arrival) = route(&ask, &market(&request, two_pools()), &FREE);
    let arrival = arrival.unwrap();
    assert_eq!(arrival.mid.unwrap().to_string(), "150");
    let spot = arrival.spot_rule.unwrap();
    assert_eq!(spot.venue, RAYDIUM, "it is cheaper before the fee and after");
    assert!(spot.out.is_some());
}

fn sold_within(limit: &str, amount: u128, pools: Vec<PoolSnapshot>) -> Option<Route> {
    let request = request("SOL", "USDC", amount);
    let (pair, side) = TokenRegistry::default().orient(request.token_in, request.token_out);
    let ask = RouteRequest {
        request,
        pair,
        side,
        protection: Protection::Slippage(0),
        limits: &RouteLimits::default(),
    };
    let limit = Price::from_decimal(limit.parse().unwrap()).unwrap();
    let spec = sized(&request, Protection::Slippage(0));
    let floor = Floor::with(&spec, OrderKind::Limit(LimitOrder { limit_price: limit }));
    let (found, _) = largest_within(&ask, &floor, &market(&request, pools), &FREE);
    let route = found.unwrap()?;
    let paid = route.amount_in.amount;
    assert!(paid <= request.amount_in);
    assert_eq!(route.min_out, limit.least_output(&pair, side, paid).unwrap());
    assert!(route.amount_out.amount >= route.min_out, "{route:?}");
    Some(route)
}

#[test]
fn a_limit_lets_through_what_the_vectors_say() {
    let want = vectors("limit_149_raydium");
    let raydium = || {
        let state = Pool::ConstantProduct(sol_usdc());
        vec![listed("r", RAYDIUM, ("SOL", "USDC"), state)]
    };
    let route = sold_within("149", 10_000 * SOL, raydium()).unwrap();
    let marginal = int(&want, "iocMarginalMax");
    assert!(
        route.amount_in.amount.units().abs_diff(marginal) <= 2,
        "{route:?} {want}"
    );
    assert_eq!(route.reason, RouteReason::WithinLimit { legs: 1 });
    // The average of 150 SOL would meet the limit, but not their last ones.
    let route = sold_within("149", 150 * SOL, raydium()).unwrap();
    assert!(
        route.amount_in.amount.units().abs_diff(marginal) <= 2,
        "{route:?}"
    );
    // All of it, if that is within the limit.
    let all = sold_within("149", SOL, raydium()).unwrap();
    assert_eq!(all.amount_in.amount.units(), SOL);
    // Nothing, if not even the first unit is.
    assert_eq!(sold_within("149.7", SOL, raydium()), None);
}

#[test]
fn every_pool_takes_its_part_within_the_limit() {
    let route = sold_within("149", 10_000 * SOL, two_pools()).unwrap();
    assert_eq!(route.legs.len(), 2);
    for leg in &route.legs {
        let alone: Vec<_> = two_pools()
            .into_iter()
            .filter(|pool| pool.id == leg.swap.pool)
            .collect();
        let alone = sold_within("149", 10_000 * SOL, alone).unwrap();
        assert_eq!(alone.amount_in.amount, leg.swap.amount_in);
    }
}

fn bins(active: i32, depths: &[(u128, u128)]) -> Pool {
    let middle = i32::try_from(depths.len() / 2).unwrap();
    let bins: BTreeMap<_, _> = depths
        .iter()
        .enumerate()
        .map(|(at, (x, y))| {
            let id = i32::try_from(at).unwrap() - middle;
            let (x, y) = (if id >= 0 { *x } else { 0 }, if id <= 0 { *y } else { 0 });
            (active + id, Bin { x, y })
        })
        .collect();
    Pool::Bins(Bins::new(BinParams::standard(10, 10_000), active, bins).unwrap())
}

prop_compose! {
    fn any_pools()(
        cps in proptest::collection::vec((1u128..1u128 << 40, 1u128..1u128 << 40, 0u32..40_000), 1..4),
        depths in proptest::collection::vec((0u128..1 << 32, 0u128..1 << 32), 7),
        active in -300i32..300,
    ) -> Vec<Pool> {
        let mut pools: Vec<_> = cps.into_iter().map(|(x, y, fee)| cp(x, y, fee)).collect();
        pools.push(bins(active, &depths));
        pools
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_division_exceeds_the_bound(
        pools in any_pools(), amount in 1u128..1 << 36, sell: bool, secs in 0u64..10_000,
    ) {
        let direction = if sell { Direction::XToY } else { Direction::YToX };
        let paths: Vec<_> = pools.iter().map(|pool| Path::direct(pool, direction)).collect();
        let hops: Vec<_> = pools.iter().map(|pool| (pool, direction)).collect();
        let bound = split_bound(&hops, &[], amount, secs);
        let rules = SplitRules { leg_cost: 0, max_legs: 8 };
        if let Ok(split) = best_split(&paths, amount, rules, secs) {
            prop_assert!(split.out <= bound, "{} of {bound}", split.out);
        }
    }

    #[test]
    fn a_part_is_never_worse_than_its_limit_and_minimum(
        pools in any_pools(), amount in 1u128..1 << 36, cents in 1u64..2_000_000, legs in 1u8..6, sell: bool,
        own: bool, minimum in 0u128..1 << 40,
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let pools: Vec<_> = pools
            .into_iter()
            .enumerate()
            .map(|(at, pool)| listed(names[at], [METEORA, RAYDIUM][at % 2], ("SOL", "USDC"), pool))
            .collect();
        let (token_in, token_out) = if sell { ("SOL", "USDC") } else { ("USDC", "SOL") };
        let request = request(token_in, token_out, amount);
        let (pair, side) = TokenRegistry::default().orient(request.token_in, request.token_out);
        let limits = RouteLimits { venues: Vec::new(), max_legs: Some(legs) };
        let ask = RouteRequest { request, pair, side, protection: Protection::Slippage(0), limits: &limits };
        let limit = Price::new(u128::from(cents) * 10u128.pow(16));
        let market = market(&request, pools);
        let spec = sized(&request, if own { Protection::MinOut(Amount::new(minimum)) } else { Protection::Slippage(0) });
        let floor = Floor::with(&spec, OrderKind::Limit(LimitOrder { limit_price: limit }));
        if let (Ok(Some(route)), _) = largest_within(&ask, &floor, &market, &FREE) {
            let paid = route.amount_in.amount;
            let by_limit = limit.least_output(&pair, side, paid).unwrap();
            // By the words of the request: its own minimum in proportion to what is paid, rounded up.
            let by_minimum = (minimum * paid.units()).div_ceil(amount);
            let least = if own { by_limit.max(Amount::new(by_minimum)) } else { by_limit };
            prop_assert!(paid <= request.amount_in && !paid.is_zero());
            prop_assert!(route.min_out == least && route.amount_out.amount >= least, "{route:?}");
            prop_assert!(route.legs.len() <= usize::from(legs));
        }
    }

    #[test]
    fn a_route_is_never_worse_than_the_best_venue_alone(
        pools in any_pools(), amount in 1u128..1 << 36, sell: bool, cost in 0u128..1 << 34, legs in 1u8..6,
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let pools: Vec<_> = pools
            .into_iter()
            .enumerate()
            .map(|(at, pool)| listed(names[at], [METEORA, RAYDIUM][at % 2], ("SOL", "USDC"), pool))
            .collect();
        let (token_in, token_out) = if sell { ("SOL", "USDC") } else { ("USDC", "SOL") };
        let request = request(token_in, token_out, amount);
        let market = market(&request, pools);
        let policy = RoutingPolicy { leg_cost: Amount::new(cost), max_legs: legs, ..FREE };
        if let Ok(route) = routed(request, &market, &policy, &RouteLimits::default()) {
            holds_together(&request, &market, &route);
            prop_assert!(route.legs.len() <= usize::from(legs));
        }
    }
}
