//! Reading a question for quotes.

use order_core::routing::RouteRequest;
use order_core::spec::{Protection, RouteLimits};
use order_core::token::{Pair, Side};
use order_core::venue::QuoteRequest;
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::fields::{Fields, Read};
use super::limits::read_limits;
use super::order::OrderRules;
use super::swap::{read_slippage, read_swap, read_tokens};
use crate::wire::problem::Problem;
use crate::wire::text::{Bps, DecimalInput, Dex, SideName, Symbol, Text};

/// A size to be quoted. The fields are those of an order.
#[derive(Object, Serialize)]
#[oai(
    rename = "QuoteRequest",
    rename_all = "camelCase",
    example,
    skip_serializing_if_is_none
)]
#[serde(rename_all = "camelCase")]
pub struct QuoteQuestion {
    /// What is paid: a symbol, in any case.
    token_in: Text<Symbol>,
    /// What is wanted: another symbol, in any case.
    token_out: Text<Symbol>,
    /// How much is paid, in tokenIn. Required, under this name or as amount.
    amount_in: Option<Text<DecimalInput>>,
    /// Another name of amountIn.
    amount: Option<Text<DecimalInput>>,
    /// Whether the pair's base token is bought or sold. May be left out; must agree with the direction.
    side: Option<Text<SideName>>,
    /// What minAmountOut of the reply allows for, in basis points; 50 if absent.
    slippage_bps: Option<Text<Bps>>,
    /// The same in percent: 0.5 is 50 basis points.
    slippage: Option<Text<DecimalInput>>,
    /// The only venues that may be used; all of them if absent.
    venues: Option<Vec<Text<Dex>>>,
    /// Venues that may not be used; instead of venues.
    exclude_venues: Option<Vec<Text<Dex>>>,
    /// How many swaps there may be at most, 1 to 8; 1 asks for one pool. The service may allow fewer.
    max_legs: Option<u8>,
}

impl Example for QuoteQuestion {
    fn example() -> Self {
        Self {
            token_in: Text::name("SOL"),
            token_out: Text::name("USDC"),
            amount_in: Some(Text::name("1.5")),
            amount: None,
            side: None,
            slippage_bps: None,
            slippage: None,
            venues: None,
            exclude_venues: None,
            max_legs: None,
        }
    }
}

/// A question for quotes.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    /// The size.
    pub request: QuoteRequest,
    /// The pair in market order.
    pub pair: Pair,
    /// Which side of the pair that is.
    pub side: Side,
    /// In basis points.
    pub slippage_bps: u16,
    /// Which routes are allowed.
    pub limits: RouteLimits,
}

impl Question {
    /// As it is asked of the engine.
    pub const fn ask(&self) -> RouteRequest<'_> {
        RouteRequest {
            request: self.request,
            pair: self.pair,
            side: self.side,
            protection: Protection::Slippage(self.slippage_bps),
            limits: &self.limits,
        }
    }
}

/// Reads a question for quotes.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_question(body: &[u8], rules: OrderRules<'_>) -> Result<Question, Problem> {
    let mut fields = Fields::read(body)?;
    let tokens = read_tokens(&mut fields, rules.registry);
    let swap = read_swap(&mut fields, rules.registry, tokens);
    let slippage = read_slippage(&mut fields);
    let limits = read_limits(&mut fields, rules.venues);
    fields.finish();
    match (swap, limits) {
        (Some(swap), Some(limits)) if fields.errors.is_empty() => Ok(Question {
            request: QuoteRequest {
                token_in: swap.token_in,
                token_out: swap.token_out,
                amount_in: swap.amount_in,
            },
            pair: swap.pair,
            side: swap.side,
            limits,
            slippage_bps: if let Read::Given(bps) = slippage {
                bps
            } else {
                rules.slippage_bps
            },
        }),
        (Some(_) | None, _) => Err(fields.errors.into_problem()),
    }
}

#[cfg(test)]
mod tests {
    use order_core::amount::Amount;
    use order_core::time::Timestamp;
    use order_core::token::TokenRegistry;
    use order_ports::contract::fixtures::two_venues;

    use super::*;
    use crate::request::QuoteSigner;

    fn read(body: &str) -> Result<Question, serde_json::Value> {
        let registry = TokenRegistry::default();
        read_question(
            body.as_bytes(),
            OrderRules {
                owner: None,
                registry: &registry,
                venues: &two_venues(),
                slippage_bps: 50,
                seal: &QuoteSigner::new(b"key"),
                now: Timestamp::from_millis(1_000),
            },
        )
        .map_err(|problem| serde_json::from_str(&problem.into_message()).unwrap())
    }

    #[test]
    fn a_size_is_asked_for_with_the_fields_of_an_order() {
        let question =
            read(r#"{"tokenIn":"usdc","tokenOut":"SOL","amount":250,"slippage":"0.3","side":"buy"}"#);
        let tokens = TokenRegistry::default();
        let (token_in, token_out) = (tokens.find("USDC").unwrap(), tokens.find("SOL").unwrap());
        let (pair, _) = tokens.orient(token_in, token_out);
        let request = QuoteRequest {
            token_in,
            token_out,
            amount_in: Amount::new(250_000_000),
        };
        assert_eq!(
            question,
            Ok(Question {
                request,
                pair,
                side: Side::Buy,
                slippage_bps: 30,
                limits: RouteLimits::default(),
            })
        );
    }

    #[test]
    fn fields_that_only_an_order_has_are_unknown() {
        let problem =
            read(r#"{"tokenIn":"USDC","tokenOut":"SOL","amountIn":1,"priority":"high"}"#).unwrap_err();
        assert_eq!(problem["errors"][0]["field"], "priority");
        assert_eq!(problem["errors"][0]["code"], "unknown_field");
    }
}
