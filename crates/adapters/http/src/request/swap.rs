//! The fields that an order and a question for quotes share: the tokens, the size, the slippage, the side.

use order_core::amount::Amount;
use order_core::decimal::{Decimal, DecimalError};
use order_core::token::{Pair, Side, Token, TokenRegistry};

use super::fields::{Fields, Read};
use crate::wire::order::side_name;

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

/// Reads the tokens; what is wrong is in the fields' errors, here and below.
pub fn read_tokens(fields: &mut Fields<'_>, registry: &TokenRegistry) -> Tokens {
    let token_in = token(fields, "tokenIn", registry);
    Tokens {
        token_in,
        token_out: token(fields, "tokenOut", registry),
    }
}

/// Reads the size and the side.
pub fn read_swap(fields: &mut Fields<'_>, registry: &TokenRegistry, tokens: Tokens) -> Option<Swap> {
    let Tokens { token_in, token_out } = tokens;
    let amount_in = amount_in(fields, token_in);
    let stated = fields
        .one_of("side", &[("buy", Side::Buy), ("sell", Side::Sell)])
        .value();
    let (token_in, token_out) = (token_in?, token_out?);
    if token_in == token_out {
        fields
            .errors
            .invalid("tokenOut", "same_token", "must be another token than tokenIn");
        return None;
    }
    let (pair, side) = registry.orient(token_in, token_out);
    if let Some(stated) = stated
        && stated != side
    {
        let (name, base, quote) = (side_name(side), pair.base.symbol, pair.quote.symbol);
        let message = format!(
            "contradicts the direction: {} for {} is a {name} of {base} ({base}/{quote})",
            token_in.symbol, token_out.symbol
        );
        fields.errors.contradiction("side", "side_mismatch", message);
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

fn token(fields: &mut Fields<'_>, name: &'static str, registry: &TokenRegistry) -> Option<Token> {
    let symbol = fields.required_text(name).value()?;
    let token = registry.find(&symbol);
    if token.is_none() {
        let known: Vec<_> = registry
            .tokens()
            .iter()
            .map(|token| token.symbol.as_str())
            .collect();
        fields.errors.invalid(
            name,
            "unknown_token",
            format!("is not a known token ({})", known.join(", ")),
        );
    }
    token
}

fn amount_in(fields: &mut Fields<'_>, token: Option<Token>) -> Option<Amount> {
    let named = ("amountIn", fields.decimal("amountIn"));
    let alias = ("amount", fields.decimal("amount"));
    let used = if named.1.is_given() { "amountIn" } else { "amount" };
    let value = fields.alias(named, alias);
    if value == Read::Absent {
        fields.missing("amountIn");
    }
    let value = value.value()?;
    if value == Decimal::new(0, 0) {
        fields
            .errors
            .invalid(used, "not_positive", "must be greater than zero");
        return None;
    }
    units(fields, used, value, token?)
}

/// A decimal number of that token in its raw units.
pub fn units(fields: &mut Fields<'_>, name: &'static str, value: Decimal, token: Token) -> Option<Amount> {
    Amount::from_decimal(value, token.decimals)
        .inspect_err(|error| fields.errors.decimal(name, *error))
        .ok()
}

/// The most slippage there is, in basis points.
const WHOLE: u128 = 10_000;

/// Reads the slippage in basis points, under either name.
pub fn read_slippage(fields: &mut Fields<'_>) -> Read<u16> {
    let bps = basis_points(fields, "slippageBps", 0);
    let percent = basis_points(fields, "slippage", 2);
    fields.alias(("slippageBps", bps), ("slippage", percent))
}

/// A number of basis points, written in units of so many digits more.
fn basis_points(fields: &mut Fields<'_>, name: &'static str, digits: u8) -> Read<u16> {
    let value = fields.decimal(name);
    value.and_then(|value| {
        let bps = match value.to_units(digits) {
            Ok(bps) => Some(bps)
                .filter(|bps| *bps <= WHOLE)
                .and_then(|bps| u16::try_from(bps).ok()),
            Err(DecimalError::TooPrecise { .. }) => {
                fields
                    .errors
                    .invalid(name, "too_precise", "must be a whole number of basis points");
                return None;
            }
            Err(DecimalError::TooLarge | DecimalError::Malformed | DecimalError::Negative) => None,
        };
        if bps.is_none() {
            let most = if digits == 0 { "10000" } else { "100" };
            fields
                .errors
                .invalid(name, "out_of_range", format!("must be between 0 and {most}"));
        }
        bps
    })
}
