//! What an order costs in pure thought: `cargo bench -p order-core`. Where the machine is too noisy for times,
//! `valgrind --tool=callgrind` counts the instructions of the same functions: `docs/performance.md` says how.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench fails by panicking; criterion writes functions"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use order_core::amm::{ConstantProduct, Direction, Path, Pool, SplitRules, best_split};
use order_core::amount::Amount;
use order_core::id::OrderId;
use order_core::lifecycle::{Context, Input, WakeBackoff, WakeBackoffPolicy, decide};
use order_core::order::{Event, Order};
use order_core::order_types::OrderKind;
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::retry::RetryPolicy;
use order_core::routing::{RoutingPolicy, choose};
use order_core::spec::{OrderSpec, Protection, RouteLimits};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::TokenRegistry;
use order_core::venue::{PoolId, Quote, QuoteAnswer, QuoteRequest, TxId, VenueId};
use uuid::Uuid;

const SOL: u128 = 1_000_000_000;
const USDC: u128 = 1_000_000;

fn order() -> Order {
    let tokens = TokenRegistry::default();
    let (token_in, token_out) = (tokens.find("SOL").unwrap(), tokens.find("USDC").unwrap());
    let (pair, side) = tokens.orient(token_in, token_out);
    let spec = OrderSpec {
        owner: "desk".parse().unwrap(),
        client_order_id: None,
        kind: OrderKind::Market,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::new(SOL),
        protection: Protection::Slippage(50),
        slippage_by_default: false,
        time_in_force: TimeInForce::Gtc,
        priority: Priority::Normal,
        route: RouteLimits::default(),
        trace: None,
    };
    let id = OrderId::from_uuid(Uuid::from_u128(7));
    Order::accept(id, spec, Timestamp::from_millis(1_000)).0
}

fn answers(request: &QuoteRequest) -> Vec<QuoteAnswer> {
    let quote = |venue, out: u128| Quote {
        venue,
        pool: PoolId("pool".into()),
        amount_in: request.amount_in.with_decimals(request.token_in.decimals),
        amount_out: Amount::new(out).with_decimals(request.token_out.decimals),
        fee: Amount::ZERO.with_decimals(request.token_in.decimals),
        price: Price::new(out),
        price_impact_bps: 1,
    };
    let both = [VenueId::literal("Meteora"), VenueId::literal("Raydium")]
        .into_iter()
        .zip([149 * USDC, 150 * USDC]);
    both.map(|(venue, out)| QuoteAnswer {
        venue,
        result: Ok(quote(venue, out)),
    })
    .collect()
}

/// One thing that is done over and over.
struct Case {
    name: &'static str,
    once: Box<dyn FnMut()>,
}

/// A case whose result is looked at, so that it is not optimised away.
fn case<T>(name: &'static str, mut once: impl FnMut() -> T + 'static) -> Case {
    let once = Box::new(move || drop(black_box(once())));
    Case { name, once }
}

fn lifecycle() -> Vec<Case> {
    let order = order();
    let request = QuoteRequest {
        token_in: order.spec().token_in,
        token_out: order.spec().token_out,
        amount_in: order.spec().amount_in,
    };
    let answers = answers(&request);
    let context = Context {
        now: Timestamp::from_millis(2_000),
        entropy: 0,
        retry: RetryPolicy::default(),
        unknown_after: Duration::from_secs(90),
        venue_removes_duplicates: true,
        routing: RoutingPolicy::default(),
        rest: WakeBackoffPolicy::default(),
        rested: WakeBackoff::default(),
    };
    let told = {
        let mut order = order.clone();
        let events = decide(&order, Input::Quoted(answers.clone().into()), &context).events;
        let told = events
            .into_iter()
            .map(|event: Event| order.apply(event, context.now).unwrap());
        told.collect::<Vec<_>>()
    };
    let quotes = answers.clone();
    vec![
        case("route: choose between two quotes", move || {
            choose(black_box(&request), Protection::Slippage(50), black_box(&answers))
        }),
        case("decide: quotes to routing, best_dex, building", move || {
            let quoted = Input::Quoted(quotes.clone().into());
            decide(black_box(&order), quoted, &context)
        }),
        case("encode: the same three events as JSON", move || {
            serde_json::to_string(black_box(&told))
        }),
    ]
}

fn names() -> Vec<Case> {
    let tx_id = TxId(std::array::from_fn(|n| u8::try_from(n).unwrap_or(0)));
    let text = tx_id.to_string();
    vec![
        case("encode: a transaction id as base58", move || {
            black_box(tx_id).to_string()
        }),
        case("decode: a transaction id from base58", move || {
            black_box(&text).parse::<TxId>()
        }),
    ]
}

fn split() -> Vec<Case> {
    let pool = |sol: u128, fee| {
        Pool::ConstantProduct(ConstantProduct::new(sol * SOL, sol * 150 * USDC, fee).unwrap())
    };
    let pools = [pool(50_000, 2_500), pool(20_000, 1_000), pool(5_000, 400)];
    let rules = SplitRules {
        leg_cost: USDC / 100,
        max_legs: 3,
    };
    vec![case("split: 1,000 SOL over three constant products", move || {
        let paths = pools.each_ref().map(|pool| Path::direct(pool, Direction::XToY));
        best_split(black_box(&paths), 1_000 * SOL, rules, 0)
    })]
}

/// `TIMES=1000 hot_paths NAME` does one case so many times, for a tool that counts; otherwise Criterion measures.
fn main() {
    let mut cases = [lifecycle(), names(), split()].into_iter().flatten();
    let Ok(times) = std::env::var("TIMES") else {
        let mut criterion = Criterion::default().configure_from_args();
        for mut case in cases {
            criterion.bench_function(case.name, |b| b.iter(|| (case.once)()));
        }
        return criterion.final_summary();
    };
    let name = std::env::args().nth(1).unwrap();
    let mut counted = cases.find(|case| case.name == name).unwrap();
    (0..times.parse().unwrap()).for_each(|_: u32| (counted.once)());
}
