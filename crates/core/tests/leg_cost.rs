//! What a further swap costs, and that nothing is left on the table beyond it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod amm_support;
mod routing_support;

use amm_support::{SOL, USDC};
use order_core::amm::{Direction, Pool};
use order_core::routing::{Market, Route, RoutingPolicy};
use order_core::spec::RouteLimits;
use order_core::venue::QuoteRequest;
use proptest::prelude::*;
use routing_support::*;

/// The most that two pools give together, found by trying: the division by thirds, then every one near it.
fn most_of_two(pools: &[Pool; 2], amount: u128) -> u128 {
    let out = |first: u128| {
        let give = |pool: &Pool, amount| match amount {
            0 => 0,
            amount => pool.quote(Direction::XToY, amount, 0).map_or(0, |swap| swap.out),
        };
        give(&pools[0], first) + give(&pools[1], amount - first)
    };
    let (mut low, mut high) = (0, amount);
    while high - low > 2_000 {
        let third = (high - low) / 3;
        if out(low + third) < out(high - third) {
            low += third;
        } else {
            high -= third;
        }
    }
    (low..=high).map(out).chain([out(0), out(amount)]).max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever a second swap gains more than it costs, it is made, and nothing is left on the table.
    #[test]
    fn a_division_is_within_two_units_of_the_optimum_wherever_it_pays(
        first in (1u128 << 38..1 << 50, 1u128 << 34..1 << 46), second in (1u128 << 38..1 << 50, 1u128 << 34..1 << 46),
        amount in 1u128 << 20..1 << 38,
    ) {
        let pools = [cp(first.0, first.1, 2_500), cp(second.0, second.1, 500)];
        let views = vec![
            listed("a", RAYDIUM, ("SOL", "USDC"), pools[0].clone()),
            listed("b", METEORA, ("SOL", "USDC"), pools[1].clone()),
        ];
        let request = request("SOL", "USDC", amount);
        let market = market(&request, views);
        let policy = RoutingPolicy::default();
        let Ok(route) = routed(request, &market, &policy, &RouteLimits::default()) else { return Ok(()) };
        let alone = market.answers.iter().filter_map(|answer| Some(answer.result.as_ref().ok()?.amount_out.amount));
        let alone = alone.max().unwrap().units();
        // 0.00002 SOL by either pool's price, whichever is more.
        let cost = pools.iter().map(|pool| {
            let (x, y) = pool.reserves().unwrap();
            (20_000 * y).div_ceil(x)
        }).max().unwrap();
        let optimum = most_of_two(&pools, amount);
        let out = route.amount_out.amount.units();
        prop_assert!(out <= optimum);
        if optimum > alone + cost {
            prop_assert!(out + 2 >= optimum, "{out} of {optimum}, {alone} alone, a swap costs {cost}");
        }
    }
}

/// The route that the default policy takes.
fn best(request: QuoteRequest, market: &Market) -> Route {
    routed(
        request,
        market,
        &RoutingPolicy::default(),
        &RouteLimits::default(),
    )
    .unwrap()
}

/// 6.89 USDC were left on the table with a basis point of the output as the price of a swap.
#[test]
fn a_large_order_does_not_pay_for_a_swap_by_its_size() {
    let deep = |name, venue, fee| {
        listed(
            name,
            venue,
            ("SOL", "USDC"),
            cp(100_000 * SOL, 15_000_000 * USDC, fee),
        )
    };
    let pools = vec![deep("a", RAYDIUM, 2_500), deep("b", METEORA, 2_600)];
    let request = request("SOL", "USDC", 25 * SOL);
    let market = market(&request, pools);
    let route = best(request, &market);
    let alone = market
        .answers
        .iter()
        .map(|answer| answer.result.as_ref().unwrap().amount_out.amount)
        .max();
    let gain = route.amount_out.amount.units() - alone.unwrap().units();
    assert_eq!(route.legs.len(), 2);
    // Less than a basis point, and still far more than the third of a cent that a swap costs.
    assert!(
        gain > USDC / 100 && gain < route.amount_out.amount.units() / 10_000,
        "{gain}"
    );
    assert_eq!(route.weighed.leg_cost.units(), 3_000);
}

#[test]
fn a_swaps_cost_is_priced_by_way_of_the_input_where_the_output_has_no_pool_of_sol() {
    let pools = vec![
        listed(
            "a",
            RAYDIUM,
            ("ETH", "USDC"),
            cp(10_000 * 10u128.pow(8), 30_000_000 * USDC, 2_500),
        ),
        listed(
            "b",
            METEORA,
            ("ETH", "USDC"),
            cp(10_000 * 10u128.pow(8), 30_000_000 * USDC, 2_500),
        ),
        listed(
            "c",
            RAYDIUM,
            ("SOL", "USDC"),
            cp(100_000 * SOL, 15_000_000 * USDC, 2_500),
        ),
    ];
    let request = request("USDC", "ETH", 30_000 * USDC);
    let market = market(&request, pools);
    let route = best(request, &market);
    // 0.00002 SOL are 0.003 USDC, and those a millionth of an ETH.
    assert_eq!(route.weighed.leg_cost.units(), 100);
    assert_eq!(route.legs.len(), 2);
}
