//! Orders by what their owners call them.

use std::sync::Arc;

use order_application::Expected;
use order_core::id::{Name, Owner};
use order_core::order::Order;
use poem::Request;
use poem_openapi::OpenApi;

use super::Chapter;
use super::cancel_order::{CancelResponses, cancel};
use super::errors::store_failed;
use super::get_order::{KNOWN, ORDER, STORE, UNKNOWN, tagged_unless_known};
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem};
use crate::access::{Authenticated, Principal, Read, Trade};
use crate::context::ApiContext;
use crate::request::param::{Header, Path, Query};
use crate::wire::order::OrderView;
use crate::wire::problem::Problem;

/// The endpoints at `/api/orders/by-client-id`.
pub struct ByClientIdApi(pub Arc<ApiContext>);

/// What a question for an order by such a name may be answered with.
struct NamedOrderResponses;

impl Sends for NamedOrderResponses {
    type Body = OrderView;
}

impl Responses for NamedOrderResponses {
    const LIST: &[ResponseDoc] = &[
        ORDER,
        KNOWN,
        problem(400, "The userId is no name: `invalid_request`."),
        problem(404, UNKNOWN),
        problem(503, STORE),
    ];
}

#[OpenApi]
impl ByClientIdApi {
    /// Read an order by its clientOrderId
    ///
    /// Of the caller's own orders: where keys are off, of those of `userId`. In the path, the id is percent-encoded;
    /// what a client's library cannot put into a path (`.` and `..`), `GET /api/orders?clientOrderId=` finds.
    #[oai(
        path = "/api/orders/by-client-id/:clientOrderId",
        method = "get",
        operation_id = "getOrderByClientId",
        tag = "Chapter::Orders"
    )]
    async fn order(
        &self,
        caller: Authenticated<Read>,
        /// Your own id of the order.
        #[oai(name = "clientOrderId")]
        id: Path,
        /// Whose order it is; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        owner: Query<Name>,
        /// The versions that the reader knows: if it is one of them, the answer is 304.
        #[oai(name = "If-None-Match")]
        known: Header<Expected>,
    ) -> Result<ApiResponse<NamedOrderResponses>, Problem> {
        let order = called(&self.0, &caller.who, &id.0, owner).await?;
        Ok(tagged_unless_known(&order, known))
    }

    /// Cancel an order by its clientOrderId
    ///
    /// Like `DELETE /api/orders/{id}`.
    #[oai(
        path = "/api/orders/by-client-id/:clientOrderId",
        method = "delete",
        operation_id = "cancelOrderByClientId",
        tag = "Chapter::Orders"
    )]
    async fn cancel(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        /// Your own id of the order.
        #[oai(name = "clientOrderId")]
        id: Path,
        /// Whose order it is; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        owner: Query<Name>,
        /// The versions that this is meant for; any if absent.
        #[oai(name = "If-Match")]
        version: Header<Expected>,
    ) -> Result<ApiResponse<CancelResponses>, Problem> {
        let order = called(&self.0, &caller.who, &id.0, owner).await?;
        cancel(&self.0, &caller.who, request, version, &order.id().to_string()).await
    }
}

/// The order that its owner calls so: the owner of the API key, or where keys are off the `userId` of the request. What
/// cannot be such an id is the id of no order.
async fn called(
    context: &ApiContext,
    who: &Principal,
    id: &str,
    owner: Query<Name>,
) -> Result<Order, Problem> {
    let owner = who.owner_or(owner.0.value()?)?.unwrap_or_else(Owner::anonymous);
    let unknown = || Problem::order_not_found(id);
    let name: Name = id.parse().map_err(|_| unknown())?;
    let found = context.engine.order_called(&owner, &name).await;
    found.map_err(|error| store_failed(&error))?.ok_or_else(unknown)
}
