//! The tokens that may be traded.

use order_core::token::{Token, TokenRegistry};
use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::Serialize;

use super::text::{Symbol, Text};

/// A token.
#[derive(Object, Serialize)]
#[oai(rename = "Token")]
#[serde(rename_all = "camelCase")]
struct TokenView {
    /// Its symbol.
    symbol: Text<Symbol>,
    /// How many decimals an amount of it may have.
    decimals: u8,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        Self {
            symbol: Text::of(token.symbol),
            decimals: token.decimals,
        }
    }
}

/// The tokens that may be traded, in market order: of two, the one that comes first is what prices are in.
#[derive(Object, Serialize)]
#[oai(rename = "Tokens", example)]
#[serde(rename_all = "camelCase")]
pub struct TokensView {
    /// The tokens.
    items: Vec<TokenView>,
}

impl From<&TokenRegistry> for TokensView {
    fn from(registry: &TokenRegistry) -> Self {
        Self {
            items: registry.tokens().iter().map(TokenView::from).collect(),
        }
    }
}

impl Example for TokensView {
    fn example() -> Self {
        let token = |symbol, decimals| TokenView {
            symbol: Text::name(symbol),
            decimals,
        };
        Self {
            items: vec![token("USDC", 6), token("SOL", 9)],
        }
    }
}
