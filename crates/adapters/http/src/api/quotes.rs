//! Where prices are asked for without trading.

use std::sync::Arc;

use order_core::failure::{Failure, VenueError};
use order_core::routing::Route;
use order_core::time::Timestamp;
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::Type;

use super::answer::{Answer, Responses, describe, json, problem};
use super::{ApiContext, Chapter};
use crate::access::{Authenticated, Principal, Read};
use crate::request::QuotedTerms;
use crate::request::body::JsonBody;
use crate::request::quote::{Question, QuoteQuestion, read_question};
use crate::wire::problem::Problem;
use crate::wire::quote::{QuoteReportView, split};
use crate::wire::token::TokensView;

/// The endpoint at `/api/quotes`.
pub struct QuotesApi(pub Arc<ApiContext>);

/// What a question for quotes may be answered with.
struct QuoteAnswers;

impl Responses for QuoteAnswers {
    fn responses() -> Vec<MetaResponse> {
        vec![
            describe::<QuoteReportView>(
                200,
                "Every venue's quote, and the route that an order would take now.",
            ),
            problem(
                400,
                "The body is not JSON, or fields of it are wrong: `malformed_json`, `body_incomplete`, `invalid_request`.",
            ),
            problem(408, "The body did not arrive in time: `body_timeout`."),
            problem(413, "The body is too large: `body_too_large`."),
            problem(
                415,
                "The body is not sent as application/json, or is compressed: `unsupported_media_type`.",
            ),
            problem(
                422,
                "No venue can fill this: `side_mismatch`, `no_venue_left`, `pair_not_traded`, `amount_exceeds_liquidity`, `zero_output`, `out_of_range`.",
            ),
            problem(
                503,
                "No venue has answered: `no_quotes`. Retry-After says when to try again.",
            ),
        ]
    }

    fn register(registry: &mut Registry) {
        QuoteReportView::register(registry);
    }
}

/// What a question for the tokens is answered with.
struct TokenAnswers;

impl Responses for TokenAnswers {
    fn responses() -> Vec<MetaResponse> {
        vec![describe::<TokensView>(200, "The tokens that may be traded.")]
    }

    fn register(registry: &mut Registry) {
        TokensView::register(registry);
    }
}

#[OpenApi]
impl QuotesApi {
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
    async fn tokens(&self, _by: Authenticated<Read>) -> Answer<TokenAnswers> {
        let registry = self.0.settings.registry.as_ref();
        json(StatusCode::OK, &TokensView::from(registry)).into()
    }

    /// Ask for quotes
    ///
    /// All venues are asked at once, for the whole size. Nothing is reserved: the next swap moves the pools. But
    /// an order that names the reply's `quoteId` before it expires gets at least its `minAmountOut`, or nothing.
    #[oai(
        path = "/api/quotes",
        method = "post",
        operation_id = "quote",
        tag = "Chapter::Quotes"
    )]
    async fn quote(
        &self,
        caller: Authenticated<Read>,
        request: &Request,
        body: JsonBody<QuoteQuestion>,
    ) -> Answer<QuoteAnswers> {
        quote(&self.0, &caller.who, request, body).await.into()
    }
}

async fn quote(
    context: &ApiContext,
    who: &Principal,
    request: &Request,
    body: JsonBody<QuoteQuestion>,
) -> Result<Response, Problem> {
    let body = body.take(request.headers(), context.limits()).await?;
    let question = read_question(&body, context.rules(who))?;
    let report = context.engine.quote(&question.ask()).await;
    match report.route {
        Ok(route) => {
            let (side, slippage_bps) = (question.side, question.slippage_bps);
            let id = quote_id(context, who, &question, &route);
            let view =
                QuoteReportView::new(&question.request, side, slippage_bps, &report.answers, &route, id);
            json(StatusCode::OK, &view)
        }
        Err(failure) => Err(no_route(failure).with_unavailable(split(&report.answers).1)),
    }
}

/// A name under which an order is held to this, and until when it may be named.
fn quote_id(
    context: &ApiContext,
    who: &Principal,
    question: &Question,
    route: &Route,
) -> (String, Timestamp) {
    let expires_at = context.engine.now().plus(context.settings.quote_ttl);
    let terms = QuotedTerms {
        token_in: question.request.token_in.symbol,
        token_out: question.request.token_out.symbol,
        amount_in: question.request.amount_in,
        min_out: route.min_out,
        expires_at,
    };
    (context.settings.quote_seal.seal(&terms, who.owner()), expires_at)
}

fn no_route(failure: Failure) -> Problem {
    let refused = |code, field, message: &'static str| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            code,
            "The request cannot be executed",
        )
        .detail(failure.to_string())
        .field(field, message)
    };
    match failure {
        Failure::Venue(VenueError::InsufficientLiquidity) => refused(
            "amount_exceeds_liquidity",
            "amountIn",
            "is more than the pools can fill",
        ),
        Failure::Venue(VenueError::ZeroOutput) => {
            refused("zero_output", "amountIn", "is so little that nothing comes out")
        }
        Failure::Venue(VenueError::UnknownToken) => refused(
            "pair_not_traded",
            "tokenOut",
            "has no pool with tokenIn on any venue",
        ),
        Failure::OutOfRange => refused(
            "out_of_range",
            "amountIn",
            "leads to amounts that cannot be expressed",
        ),
        Failure::NoQuotes
        | Failure::Venue(
            VenueError::Timeout
            | VenueError::RateLimited
            | VenueError::NodeBehind
            | VenueError::Down
            | VenueError::BlockhashNotFound
            | VenueError::Expired
            | VenueError::SlippageExceeded
            | VenueError::LimitNotMet,
        ) => Problem::no_quotes(failure.to_string()),
    }
}
