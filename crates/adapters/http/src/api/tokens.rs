//! `GET /api/tokens`: the tokens that may be traded.

use std::sync::Arc;

use order_core::token::{Token, TokenRegistry};
use poem::http::StatusCode;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::Chapter;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, sent};
use crate::access::{Authenticated, Read};
use crate::context::ApiContext;
use crate::wire::text::{Symbol, Text};

/// The endpoint at `/api/tokens`.
pub struct TokensApi(pub Arc<ApiContext>);

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
struct TokensView {
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

/// What a question for the tokens is answered with.
struct TokensResponses;

impl Sends for TokensResponses {
    type Body = TokensView;
}

impl Responses for TokensResponses {
    const LIST: &[ResponseDoc] = &[sent::<Self>(200, "The tokens that may be traded.")];
}

#[OpenApi]
impl TokensApi {
    /// List the tokens
    ///
    /// In market order: of any two, the one that comes first is the quote token of their pair. Not every pair has a
    /// pool.
    #[oai(
        path = "/api/tokens",
        method = "get",
        operation_id = "listTokens",
        tag = "Chapter::Quotes"
    )]
    async fn tokens(&self, _by: Authenticated<Read>) -> ApiResponse<TokensResponses> {
        let registry = self.0.settings.registry.as_ref();
        ApiResponse::json(StatusCode::OK, &TokensView::from(registry))
    }
}
