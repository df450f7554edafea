//! `DELETE /api/orders/{id}`.

use std::sync::Arc;

use order_application::Expected;
use poem::Request;
use poem_openapi::OpenApi;

use super::Chapter;
use super::errors::not_controlled;
use super::get_order::{ETAG, STORE, UNKNOWN, order_id, tagged};
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use crate::access::{Authenticated, Principal, Trade};
use crate::context::ApiContext;
use crate::request::param::{Header, Path};
use crate::wire::order::OrderView;
use crate::wire::problem::Problem;

/// The endpoint at `DELETE /api/orders/{id}`.
pub struct CancelOrderApi(pub Arc<ApiContext>);

/// What a cancel may be answered with.
pub struct CancelResponses;

impl Sends for CancelResponses {
    type Body = OrderView;
}

impl Responses for CancelResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(
            200,
            "The order, cancelled: it has not executed and never will. The same again when it was cancelled before.",
        )
        .with_headers(&[(ETAG, "Its version.")]),
            problem(400, "If-Match is no tag, or userId no name: `invalid_request`."),
            problem(404, UNKNOWN),
            problem(
                409,
                "It is too late, a transaction may execute or the order is over: `not_cancellable`; or it is being worked on: `order_busy`.",
            ),
            problem(
                412,
                "It has another version than If-Match names: `version_mismatch`.",
            ),
            problem(503, STORE),
    ];
}

#[OpenApi]
impl CancelOrderApi {
    /// Cancel an order
    ///
    /// Until a transaction of it may execute. Either the order is cancelled and never executes, or this is refused.
    #[oai(
        path = "/api/orders/:id",
        method = "delete",
        operation_id = "cancelOrder",
        tag = "Chapter::Orders"
    )]
    async fn cancel(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// The versions that this is meant for; any if absent.
        #[oai(name = "If-Match")]
        version: Header<Expected>,
    ) -> Result<ApiResponse<CancelResponses>, Problem> {
        cancel(&self.0, &caller.who, request, version, &id.0).await
    }
}

/// Cancels the order of that id.
///
/// # Errors
/// A problem when it is not cancelled.
pub async fn cancel(
    context: &ApiContext,
    who: &Principal,
    request: &Request,
    version: Header<Expected>,
    id: &str,
) -> Result<ApiResponse<CancelResponses>, Problem> {
    let expected = version.0.value()?.unwrap_or(Expected::Any);
    context
        .admission
        .admit(context.admission.caller(request), who.owner())?;
    let order = context
        .engine
        .cancel_if(order_id(id)?, who.owner(), &expected)
        .await;
    let order = order.map_err(|error| not_controlled(error, id))?;
    Ok(tagged(&order))
}
