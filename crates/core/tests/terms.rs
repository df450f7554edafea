//! An order's own words about price bind it, whatever its type and time in force.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod routing_support;

use std::sync::Arc;

use order_core::amm::{ConstantProduct, Pool};
use order_core::amount::Amount;
use order_core::failure::{Failure, VenueError};
use order_core::id::OrderId;
use order_core::order::{Event, Order};
use order_core::order_types::{LimitOrder, OrderKind, StopLimitOrder};
use order_core::price::Price;
use order_core::routing::{LiquiditySnapshot, Market, PoolSnapshot, RoutingPolicy};
use order_core::spec::{OrderSpec, Protection};
use order_core::terms::{Check, Outlook, assess, check, trigger};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::TokenRegistry;
use order_core::trigger::WaitsFor;
use order_core::venue::{PoolId, Quote, QuoteAnswer, VenueId};
use routing_support::{METEORA, RAYDIUM, request, sized};
use uuid::Uuid;

const SOL: u128 = 1_000_000_000;
const USDC: u128 = 1_000_000;

fn price(text: &str) -> Price {
    Price::from_decimal(text.parse().unwrap()).unwrap()
}

/// An order in words: `sell("1", "SOL", "USDC")`, then what is special about it.
fn order(amount: u128, (token_in, token_out): (&str, &str), adjust: impl FnOnce(&mut OrderSpec)) -> Order {
    let mut spec = OrderSpec {
        slippage_by_default: true,
        time_in_force: TimeInForce::Gtc,
        ..sized(&request(token_in, token_out, amount), Protection::Slippage(50))
    };
    adjust(&mut spec);
    let id = OrderId::from_uuid(Uuid::from_u128(7));
    Order::accept(id, spec, Timestamp::from_millis(1_000)).0
}

fn limit(at: &str) -> OrderKind {
    OrderKind::Limit(LimitOrder {
        limit_price: price(at),
    })
}

fn waiting(mut order: Order, waits_for: WaitsFor) -> Order {
    let event = Event::Waiting {
        waits_for,
        terms: None,
        refused: None,
    };
    order.apply(event, Timestamp::from_millis(2_000)).unwrap();
    order
}

struct Listed(
    VenueId,
    &'static str,
    (&'static str, &'static str),
    ConstantProduct,
);

fn listed(
    venue: VenueId,
    id: &'static str,
    pair: (&'static str, &'static str),
    (x, y): (u128, u128),
) -> Listed {
    Listed(venue, id, pair, ConstantProduct::new(x, y, 2_500).unwrap())
}

/// What the venues answer that list these pools, and the pools themselves.
fn market(order: &Order, pools: &[Listed]) -> Market {
    let (spec, tokens) = (order.spec(), TokenRegistry::default());
    let view: Vec<_> = pools
        .iter()
        .map(|Listed(venue, id, (base, quote), state)| PoolSnapshot {
            id: PoolId((*id).into()),
            venue: *venue,
            base: tokens.find(base).unwrap(),
            quote: tokens.find(quote).unwrap(),
            state: Arc::new(Pool::ConstantProduct(state.clone())),
        })
        .collect();
    let answer = |venue| {
        let quotes = view.iter().filter(|pool| pool.venue == venue).filter_map(|pool| {
            let direction = pool.direction(spec.token_in, spec.token_out)?;
            let reserves = pool.state.reserves().unwrap();
            if spec.amount_in.units() > direction.in_out(reserves.0, reserves.1).0 {
                return Some(Err(VenueError::InsufficientLiquidity));
            }
            let swap = pool.state.quote(direction, spec.amount_in.units(), 0).unwrap();
            Some(Ok(Quote {
                venue,
                pool: pool.id.clone(),
                amount_in: spec.amount_in.with_decimals(spec.token_in.decimals),
                amount_out: Amount::new(swap.out).with_decimals(spec.token_out.decimals),
                fee: Amount::new(swap.fee).with_decimals(spec.token_in.decimals),
                price: Price::of_trade(&spec.pair, spec.side, spec.amount_in, Amount::new(swap.out)).unwrap(),
                price_impact_bps: swap.impact_bps,
            }))
        });
        let best = quotes.reduce(|a, b| match (&a, &b) {
            (Ok(first), Ok(second)) if first.amount_out.amount >= second.amount_out.amount => a,
            (Ok(_), Err(_)) => a,
            (Ok(_) | Err(_), _) => b,
        });
        let result = best.unwrap_or(Err(VenueError::UnknownToken));
        QuoteAnswer { venue, result }
    };
    Market {
        answers: [METEORA, RAYDIUM].map(answer).to_vec(),
        pools: Some(LiquiditySnapshot {
            slot: 1,
            secs: 0,
            pools: view,
        }),
    }
}

/// One deep pool of SOL/USDC at 150.
fn sol_at_150(order: &Order) -> Market {
    market(
        order,
        &[listed(
            RAYDIUM,
            "sol-usdc",
            ("SOL", "USDC"),
            (1_000_000 * SOL, 150_000_000 * USDC),
        )],
    )
}

fn outlook(order: &Order, market: &Market) -> Outlook {
    assess(order, market, &RoutingPolicy::default()).outlook
}

#[test]
fn an_own_minimum_binds_an_immediate_order_beside_its_limit() {
    let sell = |minimum: u128| {
        order(SOL, ("SOL", "USDC"), |spec| {
            spec.kind = limit("100");
            spec.time_in_force = TimeInForce::Ioc;
            spec.protection = Protection::MinOut(Amount::new(minimum * USDC));
        })
    };
    let dear = sell(1_000);
    assert_eq!(outlook(&dear, &sol_at_150(&dear)), Outlook::Nothing);
    let fair = sell(149);
    let Outlook::Execute(route) = outlook(&fair, &sol_at_150(&fair)) else {
        panic!("149 USDC are to be had for a SOL at 150")
    };
    assert_eq!(
        route.min_out,
        Amount::new(149 * USDC),
        "the minimum, not the limit"
    );
}

#[test]
fn an_own_minimum_binds_an_immediate_buy_and_a_stop_that_has_fired() {
    let buy = order(150 * USDC, ("USDC", "SOL"), |spec| {
        spec.kind = limit("200");
        spec.time_in_force = TimeInForce::Ioc;
        spec.protection = Protection::MinOut(Amount::new(5 * SOL));
    });
    assert_eq!(outlook(&buy, &sol_at_150(&buy)), Outlook::Nothing);
    let stop = order(SOL, ("SOL", "USDC"), |spec| {
        spec.kind = OrderKind::StopLimit(StopLimitOrder {
            stop_price: price("160"),
            limit_price: price("100"),
        });
        spec.time_in_force = TimeInForce::Ioc;
        spec.protection = Protection::MinOut(Amount::new(1_000 * USDC));
    });
    let stop = waiting(stop, WaitsFor::Stop);
    assert_eq!(outlook(&stop, &sol_at_150(&stop)), Outlook::Nothing);
}

#[test]
fn a_part_is_held_to_its_part_of_the_minimum() {
    // 20,000 SOL of which the pool gives only the first few at 149.2 or better.
    let sell = |minimum: u128| {
        order(20_000 * SOL, ("SOL", "USDC"), |spec| {
            spec.kind = limit("100");
            spec.time_in_force = TimeInForce::Ioc;
            spec.protection = Protection::MinOut(Amount::new(minimum * USDC));
        })
    };
    let partly = sell(20_000 * 149);
    let Outlook::Execute(route) = outlook(&partly, &sol_at_150(&partly)) else {
        panic!("the first SOL are to be had at 149")
    };
    let (paid, out) = (route.amount_in.amount.units(), route.amount_out.amount.units());
    assert!(0 < paid && paid < 20_000 * SOL, "{route:?}");
    assert!(out * SOL >= paid * 149 * USDC, "149 USDC a SOL");
    assert_eq!(route.min_out.units(), (paid * 149 * USDC).div_ceil(SOL));
    let nothing = sell(20_000 * 151);
    assert_eq!(outlook(&nothing, &sol_at_150(&nothing)), Outlook::Nothing);
}

#[test]
fn fill_or_kill_fails_below_its_own_minimum() {
    for kind in [limit("100"), OrderKind::Market] {
        let order = order(SOL, ("SOL", "USDC"), |spec| {
            spec.kind = kind;
            spec.time_in_force = TimeInForce::Fok;
            spec.protection = Protection::MinOut(Amount::new(1_000 * USDC));
        });
        let failure = Failure::Venue(VenueError::SlippageExceeded);
        assert_eq!(outlook(&order, &sol_at_150(&order)), Outlook::Fail(failure));
    }
}

#[test]
fn a_resting_limit_is_woken_by_what_it_executes_at_and_by_nothing_less() {
    let policy = RoutingPolicy::default();
    let resting = |minimum: u128| {
        let order = order(SOL, ("SOL", "USDC"), |spec| {
            spec.kind = limit("100");
            spec.protection = Protection::MinOut(Amount::new(minimum * USDC));
        });
        waiting(order, WaitsFor::Limit)
    };
    let short = resting(1_000);
    let market = sol_at_150(&short);
    assert!(matches!(check(&short, &market, &policy), Check::Short { price } if price < self::price("150")));
    assert_eq!(
        trigger(&short).unwrap().price,
        price("1000"),
        "its minimum is its price"
    );
    let met = resting(149);
    assert_eq!(check(&met, &market, &policy), Check::Met);
}

#[test]
fn a_sniper_waits_for_a_pool_of_the_venues_that_it_allows() {
    let policy = RoutingPolicy::default();
    let sniper = order(SOL, ("SOL", "BONK"), |spec| {
        spec.kind = OrderKind::Sniper;
        spec.route.venues = vec![RAYDIUM];
        spec.route.max_legs = Some(1);
    });
    let sniper = waiting(sniper, WaitsFor::Pool);
    let on = |venue| {
        let pools = [listed(
            venue,
            "bonk",
            ("BONK", "SOL"),
            (10u128.pow(16), 1_000 * SOL),
        )];
        let mut market = market(&sniper, &pools);
        market.answers.retain(|answer| answer.venue == RAYDIUM);
        market
    };
    assert_eq!(check(&sniper, &on(METEORA), &policy), Check::Unquotable);
    assert_eq!(check(&sniper, &on(RAYDIUM), &policy), Check::Met);
    // A venue that is silent has not opened a pool.
    let mut silent = on(METEORA);
    silent.answers[0].result = Err(VenueError::Timeout);
    assert_eq!(check(&sniper, &silent, &policy), Check::Unquotable);
}

/// RAY trades against USDC, SOL against USDC, and RAY against SOL where `own` is given.
fn ray_and_sol(order: &Order, own: Option<(u128, u128)>) -> Market {
    let ray = |n: u128| n * 1_000_000;
    let mut pools = vec![
        listed(
            RAYDIUM,
            "ray-usdc",
            ("RAY", "USDC"),
            (ray(10_000_000), 20_000_000 * USDC),
        ),
        listed(
            METEORA,
            "sol-usdc",
            ("SOL", "USDC"),
            (1_000_000 * SOL, 100_000_000 * USDC),
        ),
    ];
    pools.extend(own.map(|(x, y)| listed(RAYDIUM, "ray-sol", ("RAY", "SOL"), (ray(x), y * SOL))));
    market(order, &pools)
}

fn ray_stop(at: &str) -> Order {
    let order = order(10 * 1_000_000, ("RAY", "SOL"), |spec| {
        spec.kind = OrderKind::StopLimit(StopLimitOrder {
            stop_price: price(at),
            limit_price: price("0.001"),
        });
    });
    waiting(order, WaitsFor::Stop)
}

#[test]
fn a_stop_fires_on_the_pairs_own_market_however_good_another_way_is() {
    let policy = RoutingPolicy::default();
    // The pair itself has fallen to 0.015; by USDC a RAY still brings 0.02.
    let stop = ray_stop("0.016");
    let fallen = ray_and_sol(&stop, Some((1_000_000, 15_000)));
    assert_eq!(check(&stop, &fallen, &policy), Check::Met);
    let higher = ray_and_sol(&stop, Some((1_000_000, 17_000)));
    assert!(matches!(check(&stop, &higher, &policy), Check::Short { .. }));
}

#[test]
fn without_a_pool_of_the_pair_a_stop_fires_on_the_best_way() {
    let policy = RoutingPolicy::default();
    let above = ray_stop("0.021");
    assert_eq!(check(&above, &ray_and_sol(&above, None), &policy), Check::Met);
    let below = ray_stop("0.019");
    assert!(matches!(
        check(&below, &ray_and_sol(&below, None), &policy),
        Check::Short { .. }
    ));
}

#[test]
fn while_the_pairs_own_venues_are_silent_a_stop_does_not_fire_by_another_way() {
    let stop = ray_stop("0.03");
    let mut market = ray_and_sol(&stop, Some((1_000_000, 50_000)));
    for answer in &mut market.answers {
        answer.result = Err(if answer.venue == RAYDIUM {
            VenueError::Timeout
        } else {
            VenueError::UnknownToken
        });
    }
    assert_eq!(
        check(&stop, &market, &RoutingPolicy::default()),
        Check::Unquotable
    );
}

#[test]
fn a_limit_is_met_by_a_way_by_another_token() {
    let order = order(10 * 1_000_000, ("RAY", "SOL"), |spec| spec.kind = limit("0.019"));
    let resting = waiting(order, WaitsFor::Limit);
    let market = ray_and_sol(&resting, None);
    assert_eq!(check(&resting, &market, &RoutingPolicy::default()), Check::Met);
}
