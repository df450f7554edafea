//! Orders by what their owners call them.

use std::sync::Arc;

use order_core::id::{Name as ClientName, Owner};
use order_core::order::Order;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};

use super::answer::{Answer, Responses, problem};
use super::control::{self, CancelResponses};
use super::orders::OrderResponses;
use super::{ApiContext, Chapter, store_failed};
use crate::access::{Authenticated, Principal, Read, Trade};
use crate::request::error::Errors;
use crate::request::param::{Header, Path, Query};
use crate::wire::problem::Problem;
use crate::wire::text::{ETags, Name};

/// The endpoints at `/api/orders/caller-client-id`.
pub struct ByClientIdApi(pub Arc<ApiContext>);

/// What may come instead of an order that is asked for by such a name.
struct NamedOrderAnswers;

impl Responses for NamedOrderAnswers {
    fn responses() -> Vec<MetaResponse> {
        let mut responses = OrderResponses::responses();
        let place = responses.iter().position(|known| known.status > Some(400));
        let named = problem(400, "The userId is no name: `invalid_request`.");
        responses.insert(place.unwrap_or(responses.len()), named);
        responses
    }

    fn register(registry: &mut Registry) {
        OrderResponses::register(registry);
    }
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
        request: &Request,
        /// Your own id of the order.
        #[oai(name = "clientOrderId")]
        id: Path,
        /// Whose order it is; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        owner: Query<Name>,
        /// The versions that the reader knows: if it is one of them, the answer is 304.
        #[oai(name = "If-None-Match")]
        _known: Header<ETags>,
    ) -> Answer<NamedOrderAnswers> {
        let found = called(&self.0, &caller.who, &id.0, &owner).await;
        found
            .and_then(|order| control::tagged_unless_known(&order, request.headers()))
            .into()
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
        _version: Header<ETags>,
    ) -> Answer<CancelResponses> {
        match called(&self.0, &caller.who, &id.0, &owner).await {
            Ok(order) => control::cancel(&self.0, &caller.who, request, &order.id().to_string()).await,
            Err(problem) => Err(problem),
        }
        .into()
    }
}

/// The owner among whose orders the endpoint looks the id up: the one of the API key, or where keys are off the `userId` of
/// the request.
fn owner_of(who: &Principal, named: &Query<Name>) -> Result<Owner, Problem> {
    let named = named.text().map(str::parse::<Owner>).transpose();
    let named = named.map_err(|error| {
        let mut errors = Errors::default();
        errors.invalid("userId", "invalid_value", error.to_string());
        errors.into_problem()
    })?;
    Ok(who.owner_or(named)?.unwrap_or_else(Owner::anonymous))
}

/// The order that its owner calls so. What cannot be such an id is the id of no order.
async fn called(
    context: &ApiContext,
    who: &Principal,
    id: &str,
    owner: &Query<Name>,
) -> Result<Order, Problem> {
    let owner = owner_of(who, owner)?;
    let unknown = || Problem::order_not_found(id);
    let name: ClientName = id.parse().map_err(|_| unknown())?;
    let found = context.engine.order_called(&owner, &name).await;
    found.map_err(|error| store_failed(&error))?.ok_or_else(unknown)
}
