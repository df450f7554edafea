//! Where orders come in: JSON, one connection that goes on as an event stream, or a WebSocket.

use std::sync::Arc;

use http::HeaderValue;
use http::header::LOCATION;
use order_application::Submission;
use order_core::access::Scope;
use order_core::id::OrderId;
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::Type;

use super::answer::{Answer, Responses, describe, empty, event_stream, header, json, problem};
use super::{ApiContext, Chapter};
use crate::access::{AnyScope, Authenticated, Principal, Trade};
use crate::request::accept::wants_events;
use crate::request::body::JsonBody;
use crate::request::order::{OrderRequest, read_order};
use crate::request::param::{Header, Query};
use crate::request::resume;
use crate::stream::{socket, sse};
use crate::wire::event::EventView;
use crate::wire::problem::Problem;
use crate::wire::reply::{AcceptedView, order_path};
use crate::wire::text::{Id, Name, Seq};

/// The endpoints at `/api/orders/execute`.
pub struct ExecuteApi(pub Arc<ApiContext>);

/// What a submission may be answered with.
pub struct SubmitResponses;

impl Responses for SubmitResponses {
    fn responses() -> Vec<MetaResponse> {
        let place = || vec![header::<String>("Location", "The order's path.")];
        let mut accepted = describe::<AcceptedView>(
            202,
            "The order is accepted, durably. Where the same request came before, it says what has become of its order.",
        );
        accepted.headers = place();
        accepted.headers.push(header::<String>(
            "Idempotency-Replayed",
            "`true` when the same request came before.",
        ));
        let mut stream = empty(
            200,
            "The order is accepted; its events follow, if the client accepts text/event-stream.",
        );
        stream.content = vec![event_stream()];
        stream.headers = place();
        let mut upgraded = empty(
            101,
            "The order is accepted; its events follow on this connection as a WebSocket.",
        );
        upgraded.headers = place();
        vec![
            accepted,
            stream,
            empty(
                204,
                "The event source has seen the terminal event of this request's order; there is nothing to reconnect for.",
            ),
            upgraded,
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
        ]
    }

    fn register(registry: &mut Registry) {
        AcceptedView::register(registry);
        EventView::register(registry);
    }
}

/// What a WebSocket endpoint may answer.
pub struct SocketResponses;

impl Responses for SocketResponses {
    fn responses() -> Vec<MetaResponse> {
        vec![
            empty(101, "The connection is a WebSocket from here on."),
            problem(
                400,
                "A parameter is wrong, or the handshake has no key of 16 bytes in base64: `invalid_request`, `bad_handshake`.",
            ),
            problem(
                426,
                "This is no WebSocket handshake of version 13: `upgrade_required`.",
            ),
        ]
    }

    fn register(_registry: &mut Registry) {}
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
        _key: Header<Name>,
        /// Leave out the events up to this one; for answers that stream.
        after: Query<Seq>,
        /// The same, as an event source says it when it sends its request again; it goes before the parameter.
        /// Refused without an Idempotency-Key or a clientOrderId: the request would be a second order.
        #[oai(name = "Last-Event-ID")]
        _last: Header<Seq>,
        body: JsonBody<OrderRequest>,
    ) -> Answer<SubmitResponses> {
        submit(&self.0, &caller.who, request, &after, body).await.into()
    }

    /// Submit orders over a WebSocket, or watch one
    ///
    /// Without `orderId`: every text message is an order, with the fields of `POST /api/orders/execute`. Each is
    /// answered, in the order of the messages, with the same reply object as there (`success`, `message`,
    /// `orderId`, `clientOrderId`, `status`, `links`) or with a problem object, which has `code` and `status` (a number) and
    /// leaves the socket usable. The events of every accepted order follow its reply. The socket stays open
    /// for more orders. An `Idempotency-Key` header of the handshake belongs to the first message.
    ///
    /// A message with an `action` is a command: `{"action":"cancel","orderId":"ORD-…"}`, or
    /// `{"action":"replace","orderId":"ORD-…","ifMatch":2,"limitPrice":"151"}` with the fields of
    /// `PATCH /api/orders/{id}`. It is answered with
    /// `{"success":true,"action","orderId","clientOrderId","status","version"}` or with a problem object. `ifMatch` is
    /// a version, a string with one or more of them as `If-Match` has it, or `"*"`; a cancel may have it, too.
    ///
    /// With `orderId`: like `/ws/orders/{id}`.
    #[oai(
        path = "/api/orders/execute",
        method = "get",
        operation_id = "executeSocket",
        tag = "Chapter::WebSockets"
    )]
    async fn execute_socket(
        &self,
        caller: Authenticated<AnyScope>,
        request: &Request,
        /// Watch this order instead of submitting.
        #[oai(name = "orderId")]
        order_id: Query<Id>,
        /// Leave out the events up to this one.
        after: Query<Seq>,
    ) -> Answer<SocketResponses> {
        execute_socket(&self.0, caller.who, request, order_id.text(), &after).into()
    }
}

fn execute_socket(
    context: &Arc<ApiContext>,
    who: Principal,
    request: &Request,
    order_id: Option<&str>,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    match order_id {
        Some(id) => {
            who.may(Scope::Read)?;
            socket::one_order(context, who, request, id, after)
        }
        None => {
            who.may(Scope::Trade)?;
            socket::submissions(context, who, request, after)
        }
    }
}

async fn submit(
    context: &Arc<ApiContext>,
    who: &Principal,
    request: &Request,
    after: &Query<Seq>,
    body: JsonBody<OrderRequest>,
) -> Result<Response, Problem> {
    let body = body.take(request.headers(), context.limits()).await?;
    let requested = read_order(&body, request.headers(), context.rules(who))?;
    let repeatable = requested.options.key.is_some() || requested.spec.client_order_id.is_some();
    let after = resume::after_submission(after, request.headers(), repeatable)?;
    let caller = context.admission.caller(request);
    context.admission.admit_order(caller, &requested.spec.owner)?;
    let upgrade = if context.settings.post_upgrade {
        socket::handshake::complete(request)
    } else {
        None
    };
    // Taken before the order is: one that is in must not look refused.
    let permit = if upgrade.is_some() || wants_events(request.headers()) {
        Some(context.admission.stream(caller, Some(&requested.spec.owner))?)
    } else {
        None
    };
    let submission = context.submit(requested).await?;
    let id = submission.order_id;
    let response = match (upgrade, permit) {
        (Some(offer), Some(permit)) => socket::history(context, who.clone(), offer, permit, id, after),
        (_, None) => json(StatusCode::ACCEPTED, &AcceptedView::from(&submission))?,
        (None, Some(_)) if submission.replayed && seen_to_the_end(context, request, id, after).await => {
            StatusCode::NO_CONTENT.into()
        }
        (None, Some(permit)) => sse::fresh(context, who, permit, id, after),
    };
    Ok(marked(response, &submission))
}

/// Whether this is an event source that has seen the order's last event, and must be told to stay away.
async fn seen_to_the_end(context: &ApiContext, request: &Request, id: OrderId, after: u32) -> bool {
    if !matches!(resume::last_event_id(request.headers()), Ok(Some(_))) {
        return false;
    }
    // An order that is in must not look refused because it cannot be read.
    let order = context.engine.order(id, None).await.ok().flatten();
    order.is_some_and(|order| order.status().is_terminal() && order.version() <= after)
}

/// The headers of every answer to an accepted order.
fn marked(mut response: Response, submission: &Submission) -> Response {
    // An order's path is plain ASCII, so that this cannot fail.
    if let Ok(path) = HeaderValue::try_from(order_path(submission.order_id)) {
        response.headers_mut().insert(LOCATION, path);
    }
    if submission.replayed {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}
