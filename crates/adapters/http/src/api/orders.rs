//! Where orders are listed, read, cancelled and replaced.

use std::sync::Arc;

use order_application::Engine;
use order_core::id::OrderId;
use order_core::order::Order;
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::Type;

use super::answer::{Answer, Responses, describe, empty, header, json, problem};
use super::control::{self, CancelAllResponses, CancelResponses, ReplaceResponses};
use super::{ApiContext, Chapter, store_failed};
use crate::access::{Authenticated, Principal, Read, Trade};
use crate::request::amend::AmendRequest;
use crate::request::body::JsonBody;
use crate::request::listing::{cursor, read_listing};
use crate::request::param::{Header, Path, Query};
use crate::wire::order::{OrderPageView, OrderView};
use crate::wire::problem::Problem;
use crate::wire::text::{Cursor, Dex, ETags, Kind, Limit, Name, StatusList, Symbol, Text, TimeInput};

/// The endpoints to orders.
pub struct OrdersApi(pub Arc<ApiContext>);

pub(super) const STORE: &str =
    "The store does not answer: `store_unavailable`. Retry-After says when to try again.";
pub(super) const UNKNOWN: &str = "There is no such order: `order_not_found`.";

/// What may come instead of a page.
struct ListAnswers;

impl Responses for ListAnswers {
    fn responses() -> Vec<MetaResponse> {
        vec![
            describe::<OrderPageView>(200, "A page of orders, the newest first."),
            problem(400, "Parameters are wrong; each is named: `invalid_request`."),
            problem(503, STORE),
        ]
    }

    fn register(registry: &mut Registry) {
        OrderPageView::register(registry);
    }
}

/// What may come instead of an order.
pub(super) struct OrderResponses;

impl Responses for OrderResponses {
    fn responses() -> Vec<MetaResponse> {
        let mut order = describe::<OrderView>(200, "The order.");
        let version = || vec![header::<String>("ETag", "Its version.")];
        order.headers = version();
        let mut known = empty(304, "The order is at a version that If-None-Match names.");
        known.headers = version();
        vec![order, known, problem(404, UNKNOWN), problem(503, STORE)]
    }

    fn register(registry: &mut Registry) {
        OrderView::register(registry);
    }
}

#[OpenApi]
impl OrdersApi {
    /// List orders
    ///
    /// The newest first, page by page. Pages do not shift when new orders come in.
    #[oai(
        path = "/api/orders",
        method = "get",
        operation_id = "listOrders",
        tag = "Chapter::Orders"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is described by its own parameter")]
    async fn list(
        &self,
        caller: Authenticated<Read>,
        request: &Request,
        /// In one of these states; several with commas between them.
        #[oai(name = "status")]
        _status: Query<StatusList>,
        /// Of this type.
        #[oai(name = "type")]
        _kind: Query<Kind>,
        /// With this token on either side.
        #[oai(name = "token")]
        _token: Query<Symbol>,
        /// Built for, sent to or executed on this venue.
        #[oai(name = "dex")]
        _dex: Query<Dex>,
        /// Of this owner.
        #[oai(name = "userId")]
        _owner: Query<Name>,
        /// The one that its owner calls so; without userId, where keys are off, of anonymous.
        #[oai(name = "clientOrderId")]
        _client_order_id: Query<Name>,
        /// Accepted at or after: RFC 3339 or milliseconds since 1970.
        #[oai(name = "from")]
        _from: Query<TimeInput>,
        /// Accepted before: RFC 3339 or milliseconds since 1970.
        #[oai(name = "to")]
        _to: Query<TimeInput>,
        /// The nextCursor of the page before.
        #[oai(name = "cursor")]
        _cursor: Query<Cursor>,
        /// How many orders a page has.
        #[oai(name = "limit")]
        _limit: Query<Limit>,
    ) -> Answer<ListAnswers> {
        list(&self.0, &caller.who, request).await.into()
    }

    /// Read an order
    #[oai(
        path = "/api/orders/:id",
        method = "get",
        operation_id = "getOrder",
        tag = "Chapter::Orders"
    )]
    async fn order(
        &self,
        caller: Authenticated<Read>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// The versions that the reader knows: if it is one of them, the answer is 304.
        #[oai(name = "If-None-Match")]
        _known: Header<ETags>,
    ) -> Answer<OrderResponses> {
        order(&self.0.engine, &caller.who, request, &id.0).await.into()
    }

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
        _version: Header<ETags>,
    ) -> Answer<CancelResponses> {
        control::cancel(&self.0, &caller.who, request, &id.0).await.into()
    }

    /// Replace the terms of an order that waits
    ///
    /// `If-Match` says which version the change is meant for: the ETag of the order, as it came, strong or weak.
    /// It may be a list of them, or `*` for whatever version the order has.
    #[oai(
        path = "/api/orders/:id",
        method = "patch",
        operation_id = "replaceOrder",
        tag = "Chapter::Orders"
    )]
    async fn replace(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// The order's version, as its ETag says it. Required.
        #[oai(name = "If-Match")]
        _version: Header<ETags>,
        body: JsonBody<AmendRequest>,
    ) -> Answer<ReplaceResponses> {
        control::replace(&self.0, &caller.who, request, &id.0, body)
            .await
            .into()
    }

    /// Cancel many orders
    ///
    /// All orders of the caller that these filters name and that can still be cancelled, however many they are: `limit`
    /// and `cursor` are refused.
    #[oai(
        path = "/api/orders",
        method = "delete",
        operation_id = "cancelOrders",
        tag = "Chapter::Orders"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is described by its own parameter")]
    async fn cancel_all(
        &self,
        caller: Authenticated<Trade>,
        request: &Request,
        /// In one of these states; several with commas between them.
        #[oai(name = "status")]
        _status: Query<StatusList>,
        /// Of this type.
        #[oai(name = "type")]
        _kind: Query<Kind>,
        /// With this token on either side.
        #[oai(name = "token")]
        _token: Query<Symbol>,
        /// Built for, sent to or executed on this venue.
        #[oai(name = "dex")]
        _dex: Query<Dex>,
        /// Of this owner; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        _owner: Query<Name>,
        /// The one that its owner calls so.
        #[oai(name = "clientOrderId")]
        _client_order_id: Query<Name>,
        /// Accepted at or after: RFC 3339 or milliseconds since 1970.
        #[oai(name = "from")]
        _from: Query<TimeInput>,
        /// Accepted before: RFC 3339 or milliseconds since 1970.
        #[oai(name = "to")]
        _to: Query<TimeInput>,
    ) -> Answer<CancelAllResponses> {
        control::cancel_all(&self.0, &caller.who, request).await.into()
    }
}

async fn list(context: &ApiContext, who: &Principal, request: &Request) -> Result<Response, Problem> {
    let listing = read_listing(request, context.known(), who)?;
    let page = context
        .engine
        .orders(&listing.filter, listing.before, listing.limit)
        .await;
    let page = page.map_err(|error| store_failed(&error))?;
    let next = if page.more {
        page.items.last().map(Order::id)
    } else {
        None
    };
    let view = OrderPageView {
        items: page.items.iter().map(OrderView::from).collect(),
        next_cursor: next.map(|last| Text::of(cursor(last, who.owner()))),
    };
    json(StatusCode::OK, &view)
}

/// What is no id is the id of no order.
pub fn order_id(text: &str) -> Result<OrderId, Problem> {
    text.parse().map_err(|_| Problem::order_not_found(text))
}

async fn order(engine: &Engine, who: &Principal, request: &Request, id: &str) -> Result<Response, Problem> {
    let found = engine
        .order(order_id(id)?, who.owner())
        .await
        .map_err(|error| store_failed(&error))?;
    let found = found.ok_or_else(|| Problem::order_not_found(id))?;
    control::tagged_unless_known(&found, request.headers())
}
