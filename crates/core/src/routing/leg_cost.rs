//! What another swap costs: its part of the network fee, in the output token.

use std::cmp::Reverse;

use super::liquidity::PoolSnapshot;
use super::rules::RoutingPolicy;
use crate::amm::{Direction, mul_div_ceil};
use crate::token::Token;
use crate::venue::QuoteRequest;

/// What each swap beyond the first must bring in, in raw units of the output token, rounded up.
///
/// The fee is an amount of the chain's native token, whatever the size of the order. Its price is that of the pools in
/// view: of the deepest between the native token and the output, or else of the deepest two by way of the input token.
/// Where no pool tells, it is taken for nothing: a swap too many costs its fee, a swap too few can cost more.
pub(super) fn leg_cost(pools: &[PoolSnapshot], request: &QuoteRequest, policy: &RoutingPolicy) -> u128 {
    let QuoteRequest {
        token_in, token_out, ..
    } = *request;
    let (fee, native) = (policy.leg_cost.units(), policy.native);
    let direct = || worth(pools, fee, native, token_out);
    let by_the_input = || worth(pools, worth(pools, fee, native, token_in)?, token_in, token_out);
    direct().or_else(by_the_input).unwrap_or(0)
}

/// What an amount is worth in another token at the price of the deepest pool, fees aside, rounded up; `None` without a
/// pool that has a price.
fn worth(pools: &[PoolSnapshot], amount: u128, token: Token, other: Token) -> Option<u128> {
    if token == other {
        return Some(amount);
    }
    let between = pools
        .iter()
        .filter_map(|pool| Some((pool, pool.direction(token, other)?)));
    let (pool, direction) = between.max_by_key(|(pool, direction)| {
        let held = pool.state.reserves().unwrap_or_default();
        (direction.in_out(held.0, held.1).1, Reverse(&pool.id))
    })?;
    let price = pool.state.spot_price().ok()?;
    let price = match direction {
        Direction::XToY => price,
        Direction::YToX => price.inverted(),
    };
    mul_div_ceil(amount, price.num, price.den).ok()
}
