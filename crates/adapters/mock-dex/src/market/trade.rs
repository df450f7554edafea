//! What a transaction's swaps do, thought through on copies: all of them, or nothing.

use order_core::amm::{Pool, SwapResult};
use order_core::amount::Amount;
use order_core::failure::VenueError;
use order_core::token::{Symbol, Token};

use super::directory::PairSlot;
use crate::chain::{LandedLeg, seconds};
use crate::pair_market::PairMarket;
use crate::pool::refusal;
use crate::transaction::{Transaction, WireLeg};

/// A pool that the transaction touches: its state afterwards, and by which swaps.
pub(super) struct Touched {
    pub(super) place: PairSlot,
    pub(super) state: Pool,
    pub(super) swaps: Vec<SwapResult>,
}

/// A transaction thought through to its end.
pub(super) struct Trade {
    pub(super) token_in: Token,
    pub(super) token_out: Token,
    pub(super) amount_in: u128,
    pub(super) amount_out: u128,
    pub(super) legs: Vec<LandedLeg>,
    pub(super) touched: Vec<Touched>,
}

/// What the swaps so far have brought in and not spent.
#[derive(Default)]
struct Purse(Vec<(Symbol, u128)>);

impl Purse {
    fn held(&mut self, token: Symbol) -> &mut u128 {
        let position = self
            .0
            .iter()
            .position(|(held, _)| *held == token)
            .unwrap_or_else(|| {
                self.0.push((token, 0));
                self.0.len() - 1
            });
        &mut self.0[position].1
    }
}

/// Runs all swaps against the desks as they stand; `desk_at` finds the locked desk of a place.
pub(super) fn run<'a>(
    transaction: &Transaction,
    places: &[PairSlot],
    height: u64,
    desk_at: impl Fn(PairSlot) -> Option<&'a PairMarket>,
) -> Result<Trade, VenueError> {
    let (Some(first), Some(last)) = (transaction.legs.first(), transaction.legs.last()) else {
        return Err(VenueError::UnknownToken);
    };
    let (spends, receives) = (first.token_in, last.token_out);
    if spends == receives {
        return Err(VenueError::UnknownToken);
    }
    let mut purse = Purse::default();
    let mut touched: Vec<Touched> = Vec::new();
    let mut legs = Vec::with_capacity(places.len());
    let mut paid: u128 = 0;
    for (index, (leg, place)) in transaction.legs.iter().zip(places).enumerate() {
        let amount = if leg.token_in == spends {
            paid = paid
                .checked_add(leg.amount_in)
                .ok_or(VenueError::InsufficientLiquidity)?;
            leg.amount_in
        } else {
            take_from(&mut purse, leg, &transaction.legs[index + 1..])
        };
        let pair_market = desk_at(*place).ok_or(VenueError::UnknownToken)?;
        let landed = swap(pair_market, *place, leg, amount, height, &mut touched)?;
        let held = purse.held(leg.token_out);
        *held = held
            .checked_add(landed.amount_out.units())
            .ok_or(VenueError::InsufficientLiquidity)?;
        legs.push(landed);
    }
    let amount_out = *purse.held(receives);
    if amount_out < transaction.min_out {
        return Err(VenueError::SlippageExceeded);
    }
    let (Some(first), Some(last)) = (legs.first(), legs.last()) else {
        return Err(VenueError::UnknownToken);
    };
    Ok(Trade {
        token_in: first.token_in,
        token_out: last.token_out,
        amount_in: paid,
        amount_out,
        legs,
        touched,
    })
}

/// What a swap spends of that which earlier ones brought in: the last one of its token, everything.
fn take_from(purse: &mut Purse, leg: &WireLeg, later: &[WireLeg]) -> u128 {
    let held = purse.held(leg.token_in);
    let is_last = later.iter().all(|other| other.token_in != leg.token_in);
    let amount = if is_last { *held } else { leg.amount_in.min(*held) };
    *held -= amount;
    amount
}

/// One swap, on a copy of its pool.
fn swap(
    pair_market: &PairMarket,
    place: PairSlot,
    leg: &WireLeg,
    amount: u128,
    height: u64,
    touched: &mut Vec<Touched>,
) -> Result<LandedLeg, VenueError> {
    let pool = pair_market
        .pools
        .get(place.pool)
        .ok_or(VenueError::UnknownToken)?;
    let (token_in, token_out) = match (leg.token_in, leg.token_out) {
        pair if pair == (pool.base.symbol, pool.quote.symbol) => (pool.base, pool.quote),
        pair if pair == (pool.quote.symbol, pool.base.symbol) => (pool.quote, pool.base),
        _ => return Err(VenueError::UnknownToken),
    };
    let direction = pool
        .direction(token_in, token_out)
        .ok_or(VenueError::UnknownToken)?;
    let position = touched
        .iter()
        .position(|touched| touched.place == place)
        .unwrap_or_else(|| {
            touched.push(Touched {
                place,
                state: (*pool.pool).clone(),
                swaps: Vec::new(),
            });
            touched.len() - 1
        });
    let copy = &mut touched[position];
    let result = copy
        .state
        .swap(direction, amount, seconds(height))
        .map_err(refusal)?;
    let landed = LandedLeg {
        venue: pool.venue,
        pool: pool.id.clone(),
        token_in,
        token_out,
        amount_in: Amount::new(amount),
        amount_out: Amount::new(result.out),
        fee: Amount::new(result.fee),
    };
    copy.swaps.push(result);
    Ok(landed)
}
