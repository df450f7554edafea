//! Where orders come in: JSON, or one connection that goes on as an event stream or a WebSocket.

mod order;
mod quote_binding;

use std::sync::Arc;

use http::HeaderValue;
use http::header::LOCATION;
use order_application::Submission;
use order_core::decimal::Decimal;
use order_core::id::{IdempotencyKey, Name, OrderId};
use order_core::order_types::OrderType;
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::time::Timestamp;
use order_core::token::Side;
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;

pub use self::order::{Requested, read_order, trace_parent};
use super::Chapter;
use super::errors::not_accepted;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, empty, event_stream, problem, sent};
use super::rules::{OrderRules, with_example_rules};
use super::watch_order;
use crate::access::{Authenticated, Trade};
use crate::context::ApiContext;
use crate::negotiation::wants_events;
use crate::request::body::JsonBody;
use crate::request::fields::{Field, Fields, Required, fields};
use crate::request::param::{Header, Query};
use crate::request::resume::{After, Resume};
use crate::request::values::{Force, MaxLegs, Percent, SlippageBps, VenueNames};
use crate::stream::{handshake, sse};
use crate::wire::problem::Problem;
use crate::wire::reply::{AcceptedView, order_path};
use crate::wire::text::{QuoteId, Symbol, Text};

/// The endpoint at `POST /api/orders/execute`.
pub struct ExecuteApi(pub Arc<ApiContext>);

fields! {
    /// An order to be executed. Decimals may be strings or numbers, and are exact either way. Unknown fields are
    /// refused, and so are two names of one thing with different values.
    pub struct OrderRequest<'a> as "OrderRequest",
        such as r#"{"type":"market","tokenIn":"SOL","tokenOut":"USDC","amountIn":"1.5"}"# {
        /// What kind of order it is; market if absent. A limit order waits until the quote for its whole size meets
        /// its limit; a stop_limit order until that quote has reached its stop, then it is a limit order; a sniper
        /// until there is a pool of its pair, and then it goes first.
        kind "type": Field<'a, OrderType>,
        /// What is paid: a symbol, in any case.
        token_in "tokenIn": Required<'a, Text<Symbol>>,
        /// What is wanted: another symbol, in any case.
        token_out "tokenOut": Required<'a, Text<Symbol>>,
        /// How much is paid, in tokenIn: greater than zero, with at most the token's decimals. Required, under
        /// this name or as amount.
        amount_in "amountIn": Field<'a, Decimal>,
        /// Another name of amountIn.
        amount "amount": Field<'a, Decimal>,
        /// Whether the pair's base token is bought or sold. May be left out; must agree with the direction.
        side "side": Field<'a, Side>,
        /// At most this much less than the quote, in basis points; 50 if nothing else is said.
        slippage_bps "slippageBps": Field<'a, SlippageBps>,
        /// The same in percent: 0.5 is 50 basis points.
        slippage "slippage": Field<'a, Percent>,
        /// At least this much comes out, in tokenOut; instead of a slippage. It binds an order of every type and every
        /// time in force, beside its limit where it has one: whichever is higher counts. Where an ioc order is filled in
        /// part, at least the same part of it comes out, rounded up: minAmountOut · amountInFilled / amountIn.
        min_amount_out "minAmountOut": Field<'a, Decimal>,
        /// A quote of `POST /api/quotes` that the order is held to: it gets at least the quote's minAmountOut, or
        /// nothing. Instead of a slippage or minAmountOut; tokens and amountIn must be those of the quote, which
        /// must not have expired. For market orders.
        quote_id "quoteId": Field<'a, Text<QuoteId>>,
        /// Quote per base; for limit and stop_limit orders.
        limit_price "limitPrice": Field<'a, Price>,
        /// Quote per base; for stop_limit orders.
        stop_price "stopPrice": Field<'a, Price>,
        /// Of a stop_limit order: whether it may trigger at once. Without it, a stop that the market has passed already
        /// is refused (would_trigger). Of no other type.
        allow_immediate "allowImmediate": Field<'a, bool>,
        /// How long it lives; gtc if absent. ioc and fok do not wait for a limit; gtd waits until expiresAt. A market
        /// order is filled whole or not at all, whatever this says. A sniper waits for a pool, so it takes gtc or gtd.
        time_in_force "timeInForce": Field<'a, Force>,
        /// Until when, for gtd: RFC 3339 or milliseconds since 1970.
        expires_at "expiresAt": Field<'a, Timestamp>,
        /// Who goes first; normal if absent, high for a sniper. The number 0 is normal, too.
        priority "priority": Field<'a, Priority>,
        /// The only venues that may be used; all of them if absent.
        venues "venues": Field<'a, VenueNames>,
        /// Venues that may not be used; instead of venues.
        exclude_venues "excludeVenues": Field<'a, VenueNames>,
        /// How many swaps there may be at most, 1 to 8; 1 asks for one pool. The service may allow fewer.
        max_legs "maxLegs": Field<'a, MaxLegs>,
        /// Your own id of the order, unique for you.
        client_order_id "clientOrderId": Field<'a, Name>,
        /// Whose order it is; anonymous if absent.
        user_id "userId": Field<'a, Name>,
    }
}

/// What a submission may be answered with.
pub struct SubmitResponses;

impl Sends for SubmitResponses {
    type Body = AcceptedView;
}

const PATH: (&str, &str) = ("Location", "The order's path.");

impl Responses for SubmitResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(
            202,
            "The order is accepted, durably. Where the same request came before, it says what has become of its order.",
        )
        .with_headers(&[
            PATH,
            (
                "Idempotency-Replayed",
                "`true` when the same request came before.",
            ),
        ]),
        event_stream(
            200,
            "The order is accepted; its events follow, if the client accepts text/event-stream.",
        )
        .with_headers(&[PATH]),
        empty(
            204,
            "The event source has seen the terminal event of this request's order; there is nothing to reconnect for.",
        ),
        empty(
            101,
            "The order is accepted; its events follow on this connection as a WebSocket.",
        )
        .with_headers(&[PATH]),
            problem(
                400,
                "The body is not JSON, or fields of it (or the Idempotency-Key, or Last-Event-ID) are wrong: `malformed_json`, `body_incomplete`, `invalid_request`.",
            ),
            problem(408, "The body did not arrive in time: `body_timeout`."),
            problem(413, "The body is too large: `body_too_large`."),
            problem(
                415,
                "The body is not sent as application/json, or is compressed: `unsupported_media_type`.",
            ),
            problem(
                422,
                "The order cannot be executed: `side_mismatch`, `not_applicable`, `no_venue_left`, `unknown_quote`, `quote_expired`, `quote_mismatch`, `already_expired`, `would_trigger`, `pair_not_traded`, `amount_exceeds_liquidity`, `idempotency_key_reused`, `client_order_id_reused`.",
            ),
            problem(500, "Something that should not happen: `internal_error`."),
            problem(
                503,
                "Not now: `store_unavailable`, `shutting_down`. Retry-After says when to try again.",
            ),
    ];
}

#[OpenApi]
impl ExecuteApi {
    /// Submit an order
    ///
    /// The order is durable when this answers. How its life is followed depends on the request:
    ///
    /// - As a rule the answer is 202 with the order's id and links.
    /// - With `Accept: text/event-stream` it is 200 and the order's events as server-sent events, each with its
    ///   `seq` as `id`, until the terminal one. A broken stream is resumed at `GET /api/orders/{id}/events`
    ///   (the path is in `Location`) with `Last-Event-ID`, or by the same POST with `Last-Event-ID` if it has an
    ///   `Idempotency-Key` or a `clientOrderId`; 204 then says that the client has seen the terminal event.
    /// - With a complete WebSocket handshake (`Connection: Upgrade`, `Upgrade: websocket`,
    ///   `Sec-WebSocket-Version: 13`, `Sec-WebSocket-Key`) on this very POST it is 101 and the events, one
    ///   text message each, then close 1000. This goes beyond RFC 6455, which knows GET alone; it can be
    ///   switched off (`server.post_upgrade = false`), and then the handshake is ignored. Any other `Upgrade`
    ///   token is ignored. What is wrong with the order is answered as an ordinary HTTP problem, without 101.
    ///
    /// A request that is repeated with the same `Idempotency-Key` (or `clientOrderId`) and the same order is
    /// answered with the first order's id and its present `status`; with a different order it is refused.
    #[oai(
        path = "/api/orders/execute",
        method = "post",
        operation_id = "submitOrder",
        tag = "Chapter::Orders"
    )]
    async fn submit(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        /// What makes a repeated request the same one: 1 to 128 printable ASCII characters.
        #[oai(name = "Idempotency-Key")]
        key: Header<IdempotencyKey>,
        /// Leave out the events up to this one; for answers that stream.
        after: Query<After>,
        /// The same, as an event source says it when it sends its request again; it goes before the parameter.
        /// Refused without an Idempotency-Key or a clientOrderId: the request would be a second order.
        #[oai(name = "Last-Event-ID")]
        last: Header<After>,
        body: JsonBody<OrderRequest<'static>>,
    ) -> Result<ApiResponse<SubmitResponses>, Problem> {
        let Self(context) = self;
        let body = body.take(request.headers(), context.body_limits()).await?;
        let mut requested = read_order(body.fields()?, key, OrderRules::of(context, &caller.who))?;
        requested.spec.trace = trace_parent(request.headers());
        let repeatable = requested.options.key.is_some() || requested.spec.client_order_id.is_some();
        let resume = Resume::of_submission(after, last, repeatable)?;
        let client = context.admission.caller(request);
        context.admission.admit_order(client, &requested.spec.owner)?;
        let upgrade = if context.settings.post_upgrade {
            handshake::complete(request)
        } else {
            None
        };
        // Taken before the order is: one that is in must not look refused.
        let permit = if upgrade.is_some() || wants_events(request.headers()) {
            Some(context.admission.stream(client, Some(&requested.spec.owner))?)
        } else {
            None
        };
        let submission = submit(context, requested).await?;
        let (id, who) = (submission.order_id, caller.who);
        let response = match (upgrade, permit) {
            (Some(offer), Some(permit)) => {
                watch_order::follow(context, who, offer, permit, id, resume.after).into()
            }
            (_, None) => ApiResponse::json(StatusCode::ACCEPTED, &AcceptedView::from(&submission)),
            (None, Some(_)) if submission.replayed && seen_to_the_end(context, id, resume).await => {
                Response::from(StatusCode::NO_CONTENT).into()
            }
            (None, Some(permit)) => sse::fresh(context, &who, permit, id, resume.after).into(),
        };
        Ok(marked(response, &submission))
    }
}

/// Has the engine accept an order, or know it again.
///
/// # Errors
/// The problem to answer with.
pub async fn submit(context: &ApiContext, requested: Requested) -> Result<Submission, Problem> {
    let Requested { spec, options, stale } = requested;
    let Some(stale) = stale else {
        return context.engine.submit(spec, options).await.map_err(not_accepted);
    };
    let known = context.engine.find_replayed(&spec, options.key).await;
    known.map_err(not_accepted)?.ok_or(stale)
}

/// Whether this is an event source that has seen the order's last event, and must be told to stay away.
async fn seen_to_the_end(context: &ApiContext, id: OrderId, resume: Resume) -> bool {
    if !resume.by_event_source {
        return false;
    }
    // An order that is in must not look refused because it cannot be read.
    let order = context.engine.order(id, None).await.ok().flatten();
    order.is_some_and(|order| order.status().is_terminal() && order.version() <= resume.after)
}

/// The headers of every answer to an accepted order.
fn marked(
    mut response: ApiResponse<SubmitResponses>,
    submission: &Submission,
) -> ApiResponse<SubmitResponses> {
    // An order's path is plain ASCII, so that this cannot fail.
    if let Ok(path) = HeaderValue::try_from(order_path(submission.order_id)) {
        response = response.with_header(LOCATION, path);
    }
    if submission.replayed {
        let replayed = http::HeaderName::from_static("idempotency-replayed");
        response = response.with_header(replayed, HeaderValue::from_static("true"));
    }
    response
}

/// Reads an order as the service of the document's examples does.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_example(order: &str) -> Result<Requested, Problem> {
    let key = Header::absent("Idempotency-Key");
    with_example_rules(|rules| read_order(OrderRequest::of(order.as_bytes())?, key, rules))
}

#[cfg(test)]
mod tests;
