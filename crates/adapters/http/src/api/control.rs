//! Cancelling and replacing: what the endpoints answer, and the commands of sockets.

use std::sync::Arc;

use http::HeaderMap;
use http::header::{ETAG, IF_NONE_MATCH};
use order_application::{CancelledMany, Expected};
use order_core::access::Scope;
use order_core::id::{OrderId, Owner};
use order_core::order::Order;
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::Object;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::{Example, Type};
use serde::Serialize;

use super::ApiContext;
use super::answer::{Responses, describe, header, json, problem};
use super::orders::order_id;
use super::refusal::{not_controlled, store_failed};
use crate::access::Principal;
use crate::request::amend::{AmendRequest, Command, if_match, if_match_given, read_amendment};
use crate::request::body::JsonBody;
use crate::request::etag;
use crate::request::listing::read_filter;
use crate::wire::order::OrderView;
use crate::wire::problem::Problem;
use crate::wire::reply::message;
use crate::wire::text::{Id, Name, StatusName, Text};

/// What may come instead of a cancelled order.
pub struct CancelResponses;

impl Responses for CancelResponses {
    fn responses() -> Vec<MetaResponse> {
        let mut order = describe::<OrderView>(
            200,
            "The order, cancelled: it has not executed and never will. The same again when it was cancelled before.",
        );
        order.headers = vec![header::<String>("ETag", "Its version.")];
        vec![
            order,
            problem(400, "If-Match is no tag, or userId no name: `invalid_request`."),
            problem(404, "There is no such order: `order_not_found`."),
            problem(
                409,
                "It is too late, a transaction may execute or the order is over: `not_cancellable`; or it is being worked on: `order_busy`.",
            ),
            problem(
                412,
                "It has another version than If-Match names: `version_mismatch`.",
            ),
            problem(
                503,
                "The store does not answer: `store_unavailable`. Retry-After says when to try again.",
            ),
        ]
    }

    fn register(registry: &mut Registry) {
        OrderView::register(registry);
    }
}

/// What may come instead of an order with new terms.
pub struct ReplaceResponses;

impl Responses for ReplaceResponses {
    fn responses() -> Vec<MetaResponse> {
        let mut order = describe::<OrderView>(200, "The order with its new terms, still waiting.");
        order.headers = vec![header::<String>("ETag", "Its new version.")];
        vec![
            order,
            problem(
                400,
                "Fields or the header are wrong; each is named: `invalid_request`.",
            ),
            problem(404, "There is no such order: `order_not_found`."),
            problem(
                409,
                "It does not wait: `not_waiting`; or it is being worked on: `order_busy`.",
            ),
            problem(412, "It has another version by now: `version_mismatch`."),
            problem(413, "The body is larger than 16 KiB: `body_too_large`."),
            problem(
                415,
                "The body is not sent as application/json, or is compressed: `unsupported_media_type`.",
            ),
            problem(422, "A field does not apply to this order: `not_applicable`."),
            problem(428, "Without If-Match: `if_match_required`."),
            problem(
                503,
                "The store does not answer: `store_unavailable`. Retry-After says when to try again.",
            ),
        ]
    }

    fn register(registry: &mut Registry) {
        OrderView::register(registry);
    }
}

/// What may come instead of a count.
pub struct CancelAllResponses;

impl Responses for CancelAllResponses {
    fn responses() -> Vec<MetaResponse> {
        vec![
            describe::<CancelledView>(200, "How many were cancelled."),
            problem(400, "Parameters are wrong; each is named: `invalid_request`."),
            problem(
                503,
                "The store does not answer: `store_unavailable`. Some may be cancelled; repeat it.",
            ),
        ]
    }

    fn register(registry: &mut Registry) {
        CancelledView::register(registry);
    }
}

/// What became of many orders that were to be cancelled.
#[derive(Object, Serialize)]
#[oai(rename = "Cancelled", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
pub struct CancelledView {
    /// So many are cancelled.
    cancelled: u64,
    /// So many were submitted or over by then.
    too_late: u64,
}

impl From<CancelledMany> for CancelledView {
    fn from(many: CancelledMany) -> Self {
        Self {
            cancelled: many.cancelled,
            too_late: many.too_late,
        }
    }
}

impl Example for CancelledView {
    fn example() -> Self {
        Self {
            cancelled: 12,
            too_late: 1,
        }
    }
}

/// An order with its version.
pub fn tagged(order: &Order) -> Result<Response, Problem> {
    let mut response = json(StatusCode::OK, &OrderView::from(order))?;
    response.headers_mut().insert(ETAG, etag::tag(order.version()));
    Ok(response)
}

/// An order with its version, or only that it is as its reader knows it. A condition that is none is passed over, as
/// one that was not sent: the answer is right without it.
pub fn tagged_unless_known(order: &Order, headers: &HeaderMap) -> Result<Response, Problem> {
    match etag::expected(headers, IF_NONE_MATCH) {
        Ok(Some(known)) if known.allows(order.version()) => {
            let mut response: Response = StatusCode::NOT_MODIFIED.into();
            response.headers_mut().insert(ETAG, etag::tag(order.version()));
            Ok(response)
        }
        Ok(Some(_) | None) | Err(etag::Malformed) => tagged(order),
    }
}

pub async fn cancel(
    context: &ApiContext,
    who: &Principal,
    request: &Request,
    id: &str,
) -> Result<Response, Problem> {
    let expected = if_match_given(request.headers())?.unwrap_or(Expected::Any);
    context
        .admission
        .admit(context.admission.caller(request), who.owner())?;
    let order = context
        .engine
        .cancel_if(order_id(id)?, who.owner(), &expected)
        .await;
    tagged(&order.map_err(|error| not_controlled(error, id))?)
}

pub async fn replace(
    context: &ApiContext,
    who: &Principal,
    request: &Request,
    id: &str,
    body: JsonBody<AmendRequest>,
) -> Result<Response, Problem> {
    let body = body.take(request.headers(), context.limits()).await?;
    let id_read = order_id(id)?;
    let amendment = read_amendment(&body)?;
    context
        .admission
        .admit(context.admission.caller(request), who.owner())?;
    let expected = if_match(request.headers())?;
    let order = context
        .engine
        .replace(id_read, who.owner(), expected, amendment)
        .await;
    tagged(&order.map_err(|error| not_controlled(error, id))?)
}

pub async fn cancel_all(
    context: &ApiContext,
    who: &Principal,
    request: &Request,
) -> Result<Response, Problem> {
    let mut filter = read_filter(request, context.known(), who)?;
    let owner = filter.owner.get_or_insert_with(Owner::anonymous);
    context
        .admission
        .admit(context.admission.caller(request), Some(owner))?;
    let many = context.engine.cancel_all(&filter).await;
    let many = many.map_err(|error| store_failed(&error))?;
    json(StatusCode::OK, &CancelledView::from(many))
}

/// The reply to a command on a socket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommandReply {
    success: bool,
    action: &'static str,
    order_id: Text<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_order_id: Option<Text<Name>>,
    status: Text<StatusName>,
    version: u32,
}

/// Carries a command of a socket out and says what to answer. `about` is the order that the socket is about.
pub async fn command(
    context: Arc<ApiContext>,
    who: Principal,
    command: Command,
    about: Option<OrderId>,
) -> String {
    if let Err(problem) = who.may(Scope::Trade) {
        return problem.into_message();
    }
    let owner = who.owner();
    let (Command::Cancel { order, .. } | Command::Replace { order, .. }) = command;
    let Some(id) = order.or(about) else {
        let missing = Problem::new(StatusCode::BAD_REQUEST, "invalid_request", "Invalid request");
        return missing.field("orderId", "is required").into_message();
    };
    let (action, outcome) = match command {
        Command::Cancel { expected, .. } => ("cancel", context.engine.cancel_if(id, owner, &expected).await),
        Command::Replace {
            expected, amendment, ..
        } => (
            "replace",
            context.engine.replace(id, owner, expected, amendment).await,
        ),
    };
    match outcome {
        Ok(order) => message(&CommandReply {
            success: true,
            action,
            order_id: Text::of(order.id()),
            client_order_id: order.spec().client_order_id.as_ref().map(Text::of),
            status: Text::name(order.status().as_str()),
            version: order.version(),
        }),
        Err(error) => not_controlled(error, &id.to_string()).into_message(),
    }
}
