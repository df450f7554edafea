//! One order from its acceptance to its execution, of which the document's examples are made.

use std::str::FromStr;

use order_core::amount::Amount;
use order_core::failure::{Failure, VenueError};
use order_core::id::OrderId;
use order_core::order::{Event, Execution, Order, RecordedEvent};
use order_core::order_types::OrderKind;
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::routing::{Alternatives, ArrivalPrice, NaiveSpotChoice, RouteReason};
use order_core::spec::{OrderSpec, Protection, RouteLimits};
use order_core::time::Timestamp;
use order_core::time_in_force::TimeInForce;
use order_core::token::{Token, TokenRegistry};
use order_core::venue::{Fill, PoolId, Quote, QuoteAnswer, TxId, VenueId};

/// What is known to be one.
fn known<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| unreachable!("{text} is one"))
}

/// The order's id.
pub const fn id() -> OrderId {
    OrderId::from_uuid(uuid::uuid!("01939c3e-7a40-7c5e-9d8e-0f3b8a1c2d4e"))
}

/// The order as it ends.
pub fn order() -> Order {
    life().0
}

/// The order's events.
pub fn history() -> Vec<RecordedEvent> {
    life().1
}

fn spec() -> OrderSpec {
    let (registry, token_in) = (TokenRegistry::default(), Token::SOL);
    let token_out = Token {
        symbol: known("USDC"),
        decimals: 6,
    };
    let (pair, side) = registry.orient(token_in, token_out);
    OrderSpec {
        owner: known("desk-7"),
        client_order_id: Some(known("desk-7-000123")),
        kind: OrderKind::Market,
        token_in,
        token_out,
        pair,
        side,
        amount_in: Amount::new(1_500_000_000),
        protection: Protection::Slippage(50),
        slippage_by_default: true,
        time_in_force: TimeInForce::Gtc,
        priority: Priority::Normal,
        route: RouteLimits::default(),
        trace: None,
    }
}

fn life() -> (Order, Vec<RecordedEvent>) {
    let at = |step: i64| Timestamp::from_millis(1_795_176_000_300 + 300 * step);
    let (mut order, accepted) = Order::accept(id(), spec(), at(0));
    let mut events = vec![accepted];
    for (step, event) in (1..).zip(after_acceptance()) {
        match order.apply(event, at(step)) {
            Ok(recorded) => events.push(recorded),
            Err(illegal) => unreachable!("the example breaks a rule: {illegal}"),
        }
    }
    (order, events)
}

const VENUE: VenueId = VenueId::literal("Meteora");
/// The other venue.
const OTHER: VenueId = VenueId::literal("Raydium");
const TX_ID: TxId = TxId([7; 64]);
const OUT: Amount = Amount::new(224_775_000);
const LESS: Amount = Amount::new(224_400_000);

/// A price in millionths.
const fn price(millionths: u128) -> Price {
    Price::new(millionths * 1_000_000_000_000)
}

fn quote(venue: VenueId, out: Amount, price: Price) -> QuoteAnswer {
    let quote = Quote {
        venue,
        pool: PoolId("sol-usdc".into()),
        amount_in: Amount::new(1_500_000_000).with_decimals(9),
        amount_out: out.with_decimals(6),
        fee: Amount::new(3_750_000).with_decimals(9),
        price,
        price_impact_bps: 1,
    };
    let result = Ok(quote);
    QuoteAnswer { venue, result }
}

fn routing(attempt: u8) -> Event {
    Event::Routing {
        attempt,
        quotes: vec![
            quote(VENUE, OUT, price(149_850_000)),
            quote(OTHER, LESS, price(149_600_000)),
        ],
        arrival: Some(ArrivalPrice {
            mid: Some(price(150_000_000)),
            spot_rule: Some(NaiveSpotChoice {
                venue: OTHER,
                out: Some(LESS),
            }),
        }),
    }
}

fn chosen() -> Event {
    Event::BestDex {
        venue: VENUE,
        price: price(149_850_000),
        reason: RouteReason::MostOut {
            over: OTHER,
            by_ppm: 1_671,
        },
        min_out: Amount::new(223_651_125),
        legs: Vec::new(),
        weighed: Alternatives {
            leg_cost: Amount::new(22_478),
            at_most: Some(Amount::new(224_780_000)),
            ..Alternatives::default()
        },
    }
}

fn after_acceptance() -> Vec<Event> {
    let (venue, tx_id) = (VENUE, TX_ID);
    let execution = Execution {
        venue,
        tx_id,
        executed_price: price(149_850_000),
        amount_out: OUT.with_decimals(6),
        fill: Fill {
            amount_in: Amount::new(1_500_000_000),
            amount_out: OUT,
            slot: 1_204,
        },
    };
    vec![
        routing(1),
        chosen(),
        Event::Building { venue },
        Event::Submitted { venue, tx_id },
        Event::Retrying {
            attempt: 2,
            delay_ms: 2_000,
            failure: Failure::Venue(VenueError::SlippageExceeded),
        },
        routing(2),
        chosen(),
        Event::Building { venue },
        Event::Submitted { venue, tx_id },
        Event::Confirmed(execution),
    ]
}
