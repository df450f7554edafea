//! `POST /api/quotes`: prices without trading.

use std::sync::Arc;

use order_core::decimal::Decimal;
use order_core::failure::{Failure, VenueError};
use order_core::routing::{Route, RouteRequest};
use order_core::spec::{Protection, RouteLimits};
use order_core::time::Timestamp;
use order_core::token::{Pair, Side};
use order_core::venue::QuoteRequest;
use poem::Request;
use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Chapter;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use super::rules::OrderRules;
use crate::access::{Authenticated, Principal, Read};
use crate::context::ApiContext;
use crate::quote_id::QuotedTerms;
use crate::request::body::JsonBody;
use crate::request::error::Errors;
use crate::request::fields::{Field, Parsed, Required, fields};
use crate::request::limits::read_limits;
use crate::request::swap::{read_slippage, read_swap, read_tokens};
use crate::request::values::{MaxLegs, Percent, SlippageBps, VenueNames};
use crate::wire::problem::Problem;
use crate::wire::quote::{QuoteReportView, split};
use crate::wire::text::{Symbol, Text};

/// The endpoint at `/api/quotes`.
pub struct QuotesApi(pub Arc<ApiContext>);

fields! {
    /// A size to be quoted. The fields are those of an order.
    pub struct QuotesRequest<'a> as "QuoteRequest",
        such as r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"1.5"}"# {
        /// What is paid: a symbol, in any case.
        token_in "tokenIn": Required<'a, Text<Symbol>>,
        /// What is wanted: another symbol, in any case.
        token_out "tokenOut": Required<'a, Text<Symbol>>,
        /// How much is paid, in tokenIn. Required, under this name or as amount.
        amount_in "amountIn": Field<'a, Decimal>,
        /// Another name of amountIn.
        amount "amount": Field<'a, Decimal>,
        /// Whether the pair's base token is bought or sold. May be left out; must agree with the direction.
        side "side": Field<'a, Side>,
        /// What minAmountOut of the reply allows for, in basis points; 50 if absent.
        slippage_bps "slippageBps": Field<'a, SlippageBps>,
        /// The same in percent: 0.5 is 50 basis points.
        slippage "slippage": Field<'a, Percent>,
        /// The only venues that may be used; all of them if absent.
        venues "venues": Field<'a, VenueNames>,
        /// Venues that may not be used; instead of venues.
        exclude_venues "excludeVenues": Field<'a, VenueNames>,
        /// How many swaps there may be at most, 1 to 8; 1 asks for one pool. The service may allow fewer.
        max_legs "maxLegs": Field<'a, MaxLegs>,
    }
}

/// What a question for quotes may be answered with.
struct QuoteResponses;

impl Sends for QuoteResponses {
    type Body = QuoteReportView;
}

impl Responses for QuoteResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(
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
    ];
}

#[OpenApi]
impl QuotesApi {
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
        body: JsonBody<QuotesRequest<'static>>,
    ) -> Result<ApiResponse<QuoteResponses>, Problem> {
        let (Self(context), who) = (self, &caller.who);
        let body = body.take(request.headers(), context.body_limits()).await?;
        let swap = read_quoted(body.fields()?, OrderRules::of(context, who))?;
        let report = context.engine.quote(&swap.ask()).await;
        let route = report
            .route
            .map_err(|failure| no_route(failure).with_unavailable(split(&report.answers).1))?;
        let id = quote_id(context, who, &swap, &route);
        let (side, slippage_bps) = (swap.side, swap.slippage_bps);
        let view = QuoteReportView::new(&swap.request, side, slippage_bps, &report.answers, &route, id);
        Ok(ApiResponse::json(StatusCode::OK, &view))
    }
}

/// What is to be quoted.
#[derive(Debug, PartialEq, Eq)]
struct QuotedSwap {
    /// The size.
    request: QuoteRequest,
    /// The pair in market order.
    pair: Pair,
    /// Which side of the pair that is.
    side: Side,
    /// In basis points.
    slippage_bps: u16,
    /// Which routes are allowed.
    limits: RouteLimits,
}

impl QuotedSwap {
    /// As the engine is asked for it.
    const fn ask(&self) -> RouteRequest<'_> {
        RouteRequest {
            request: self.request,
            pair: self.pair,
            side: self.side,
            protection: Protection::Slippage(self.slippage_bps),
            limits: &self.limits,
        }
    }
}

/// Reads what is to be quoted.
///
/// # Errors
/// A problem that names everything that is wrong.
fn read_quoted(request: QuotesRequest<'_>, rules: OrderRules<'_>) -> Result<QuotedSwap, Problem> {
    let mut errors = Errors::default();
    let tokens = read_tokens(&mut errors, rules.registry, request.token_in, request.token_out);
    let amounts = (request.amount_in, request.amount);
    let swap = read_swap(&mut errors, rules.registry, tokens, amounts, request.side);
    let slippage = read_slippage(&mut errors, request.slippage_bps, request.slippage);
    let limits = read_limits(
        &mut errors,
        rules.venues,
        request.venues,
        request.exclude_venues,
        request.max_legs,
    );
    request.unknown.refuse_fields(&mut errors);
    match (swap, limits) {
        (Some(swap), Some(limits)) if errors.is_empty() => Ok(QuotedSwap {
            request: QuoteRequest {
                token_in: swap.token_in,
                token_out: swap.token_out,
                amount_in: swap.amount_in,
            },
            pair: swap.pair,
            side: swap.side,
            limits,
            slippage_bps: if let Parsed::Given(bps) = slippage {
                bps
            } else {
                rules.slippage_bps
            },
        }),
        (Some(_) | None, _) => Err(errors.into_problem()),
    }
}

/// A name under which an order is held to this, and until when it may be named.
fn quote_id(
    context: &ApiContext,
    who: &Principal,
    question: &QuotedSwap,
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
    (
        context.settings.quote_signer.sign(&terms, who.owner()),
        expires_at,
    )
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

#[cfg(test)]
pub mod tests {
    use order_core::amount::Amount;
    use order_core::token::TokenRegistry;

    use super::*;
    use crate::api::rules::with_example_rules;
    use crate::request::fields::Fields;

    fn read_example(body: &str) -> Result<QuotedSwap, Problem> {
        with_example_rules(|rules| read_quoted(QuotesRequest::of(body.as_bytes())?, rules))
    }

    /// Why a body is refused.
    pub fn refused(body: &str) -> Option<Problem> {
        read_example(body).err()
    }

    fn read(body: &str) -> Result<QuotedSwap, serde_json::Value> {
        read_example(body).map_err(|problem| serde_json::from_str(&problem.into_message()).unwrap())
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
            Ok(QuotedSwap {
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
