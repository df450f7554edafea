//! Markets in words, for the tests of routes.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::sync::Arc;

use order_core::amm::{ConstantProduct, Pool};
use order_core::amount::Amount;
use order_core::failure::{Failure, VenueError};
use order_core::order_types::OrderKind;
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::routing::{
    LiquiditySnapshot, Market, PoolSnapshot, Route, RouteRequest, RoutingPolicy, route,
};
use order_core::spec::{OrderSpec, Protection, RouteLimits};
use order_core::time_in_force::TimeInForce;
use order_core::token::{Token, TokenRegistry};
use order_core::venue::{PoolId, Quote, QuoteAnswer, QuoteRequest, VenueId};

pub const RAYDIUM: VenueId = VenueId::literal("Raydium");
pub const METEORA: VenueId = VenueId::literal("Meteora");

pub const FREE: RoutingPolicy = RoutingPolicy {
    native: Token::SOL,
    leg_cost: Amount::ZERO,
    max_legs: 8,
};

pub fn token(name: &str) -> Token {
    TokenRegistry::default().find(name).unwrap()
}

pub fn request(token_in: &str, token_out: &str, amount: u128) -> QuoteRequest {
    QuoteRequest {
        token_in: token(token_in),
        token_out: token(token_out),
        amount_in: Amount::new(amount),
    }
}

/// An order of that size.
pub fn sized(request: &QuoteRequest, protection: Protection) -> OrderSpec {
    let QuoteRequest {
        token_in,
        token_out,
        amount_in,
    } = *request;
    let (pair, side) = TokenRegistry::default().orient(token_in, token_out);
    OrderSpec {
        owner: "desk".parse().unwrap(),
        client_order_id: None,
        kind: OrderKind::Market,
        token_in,
        token_out,
        pair,
        side,
        amount_in,
        protection,
        slippage_by_default: false,
        time_in_force: TimeInForce::Ioc,
        priority: Priority::Normal,
        route: RouteLimits::default(),
        trace: None,
    }
}

pub fn cp(x: u128, y: u128, fee_rate: u32) -> Pool {
    Pool::ConstantProduct(ConstantProduct::new(x, y, fee_rate).unwrap())
}

pub fn listed(name: &str, venue: VenueId, pair: (&str, &str), state: Pool) -> PoolSnapshot {
    PoolSnapshot {
        id: PoolId(name.into()),
        venue,
        base: token(pair.0),
        quote: token(pair.1),
        state: Arc::new(state),
    }
}

/// What the venues would answer that list these pools.
pub fn market(request: &QuoteRequest, pools: Vec<PoolSnapshot>) -> Market {
    let (pair, side) = TokenRegistry::default().orient(request.token_in, request.token_out);
    let answer = |venue| {
        let mut best: Result<Quote, VenueError> = Err(VenueError::UnknownToken);
        for pool in pools.iter().filter(|pool| pool.venue == venue) {
            let Some(direction) = pool.direction(request.token_in, request.token_out) else {
                continue;
            };
            match pool.state.quote(direction, request.amount_in.units(), 0) {
                Ok(swap) => {
                    let out = Amount::new(swap.out);
                    if best.as_ref().is_ok_and(|best| best.amount_out.amount >= out) {
                        continue;
                    }
                    best = Ok(Quote {
                        venue,
                        pool: pool.id.clone(),
                        amount_in: request.amount_in.with_decimals(request.token_in.decimals),
                        amount_out: out.with_decimals(request.token_out.decimals),
                        fee: Amount::new(swap.fee).with_decimals(request.token_in.decimals),
                        price: Price::of_trade(&pair, side, request.amount_in, out).unwrap(),
                        price_impact_bps: swap.impact_bps,
                    });
                }
                Err(_) if best.is_err() => best = Err(VenueError::InsufficientLiquidity),
                Err(_) => {}
            }
        }
        QuoteAnswer { venue, result: best }
    };
    Market {
        answers: [METEORA, RAYDIUM].map(answer).to_vec(),
        pools: Some(LiquiditySnapshot {
            slot: 1,
            secs: 0,
            pools,
        }),
    }
}

pub fn routed(
    request: QuoteRequest,
    market: &Market,
    policy: &RoutingPolicy,
    limits: &RouteLimits,
) -> Result<Route, Failure> {
    let (pair, side) = TokenRegistry::default().orient(request.token_in, request.token_out);
    let ask = RouteRequest {
        request,
        pair,
        side,
        protection: Protection::Slippage(0),
        limits,
    };
    route(&ask, market, policy).0
}
