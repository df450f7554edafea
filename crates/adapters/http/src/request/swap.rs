//! The fields that an order and a question for quotes share: the tokens, the size, the slippage, the side.

use order_core::amount::Amount;
use order_core::decimal::Decimal;
use order_core::token::{Pair, Side, Token, TokenRegistry};

use super::error::Errors;
use super::fields::{Field, Parsed, Required, alias};
use super::values::{Percent, SlippageBps};
use crate::wire::text::{Symbol, Text};

/// What is swapped for what.
pub struct Swap {
    /// What is paid.
    pub token_in: Token,
    /// What is wanted.
    pub token_out: Token,
    /// The pair in market order.
    pub pair: Pair,
    /// Which side of it this is.
    pub side: Side,
    /// How much is paid, in raw units; not zero.
    pub amount_in: Amount,
}

/// The tokens that a request names, as far as they are known.
#[derive(Clone, Copy)]
pub struct Tokens {
    token_in: Option<Token>,
    /// What is wanted.
    pub token_out: Option<Token>,
}

/// Reads the tokens; what is wrong goes to the errors, here and below.
pub fn read_tokens(
    errors: &mut Errors,
    registry: &TokenRegistry,
    token_in: Required<'_, Text<Symbol>>,
    token_out: Required<'_, Text<Symbol>>,
) -> Tokens {
    let token_in = token(errors, token_in, registry);
    Tokens {
        token_in,
        token_out: token(errors, token_out, registry),
    }
}

/// Reads the size, under the names that it may have, and the side.
pub fn read_swap(
    errors: &mut Errors,
    registry: &TokenRegistry,
    tokens: Tokens,
    (amount_in, amount): (Field<'_, Decimal>, Field<'_, Decimal>),
    side: Field<'_, Side>,
) -> Option<Swap> {
    let Tokens { token_in, token_out } = tokens;
    let amount_in = size(errors, amount_in, amount, token_in);
    let stated = side.read(errors).value();
    let (token_in, token_out) = (token_in?, token_out?);
    if token_in == token_out {
        errors.invalid("tokenOut", "same_token", "must be another token than tokenIn");
        return None;
    }
    let (pair, side) = registry.orient(token_in, token_out);
    if let Some(stated) = stated
        && stated != side
    {
        let (name, base, quote) = (side.as_str(), pair.base.symbol, pair.quote.symbol);
        let message = format!(
            "contradicts the direction: {} for {} is a {name} of {base} ({base}/{quote})",
            token_in.symbol, token_out.symbol
        );
        errors.contradiction("side", "side_mismatch", message);
        return None;
    }
    Some(Swap {
        token_in,
        token_out,
        pair,
        side,
        amount_in: amount_in?,
    })
}

fn token(errors: &mut Errors, field: Required<'_, Text<Symbol>>, registry: &TokenRegistry) -> Option<Token> {
    let name = field.name;
    let symbol = field.read(errors).value()?;
    let token = registry.find(symbol.as_str());
    if token.is_none() {
        let known = registry.tokens().iter().map(|token| token.symbol.as_str());
        let known: Vec<_> = known.collect();
        let message = format!("is not a known token ({})", known.join(", "));
        errors.invalid(name, "unknown_token", message);
    }
    token
}

fn size(
    errors: &mut Errors,
    named: Field<'_, Decimal>,
    alias_of: Field<'_, Decimal>,
    token: Option<Token>,
) -> Option<Amount> {
    let named = (named.name, named.read(errors));
    let other = (alias_of.name, alias_of.read(errors));
    let used = if named.1.is_given() { named.0 } else { other.0 };
    let value = alias(errors, named, other);
    if value == Parsed::Absent {
        errors.missing(named.0);
    }
    let value = value.value()?;
    if value == Decimal::new(0, 0) {
        errors.invalid(used, "not_positive", "must be greater than zero");
        return None;
    }
    units(errors, used, value, token?)
}

/// A decimal number of that token in its raw units.
pub fn units(errors: &mut Errors, name: &'static str, value: Decimal, token: Token) -> Option<Amount> {
    Amount::from_decimal(value, token.decimals)
        .inspect_err(|error| errors.refused(name, *error))
        .ok()
}

/// Reads the slippage in basis points, under either name.
pub fn read_slippage(
    errors: &mut Errors,
    bps: Field<'_, SlippageBps>,
    percent: Field<'_, Percent>,
) -> Parsed<u16> {
    let bps = (bps.name, bps.read(errors).and_then(|SlippageBps(bps)| Some(bps)));
    let percent = (
        percent.name,
        percent.read(errors).and_then(|Percent(bps)| Some(bps)),
    );
    alias(errors, bps, percent)
}
