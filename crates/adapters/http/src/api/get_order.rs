//! `GET /api/orders/{id}`: an order, and what the endpoints to one order share.

use std::sync::Arc;

use http::header;
use order_application::{Engine, Expected};
use order_core::id::OrderId;
use order_core::order::Order;
use poem::Response;
use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Chapter;
use super::errors::store_failed;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, empty, problem, sent};
use crate::access::{Authenticated, Principal, Read};
use crate::context::ApiContext;
use crate::request::etag;
use crate::request::param::{Header, Path};
use crate::wire::order::OrderView;
use crate::wire::problem::Problem;

/// The endpoint at `GET /api/orders/{id}`.
pub struct GetOrderApi(pub Arc<ApiContext>);

/// What the document says where the store may not answer.
pub const STORE: &str = "The store does not answer: `store_unavailable`. Retry-After says when to try again.";
/// What the document says where there may be no such order.
pub const UNKNOWN: &str = "There is no such order: `order_not_found`.";
/// The header of an order's version.
pub const ETAG: &str = "ETag";

/// What a question for an order may be answered with.
struct OrderResponses;

impl Sends for OrderResponses {
    type Body = OrderView;
}

/// An order, or that its reader knows it.
pub const ORDER: ResponseDoc = sent::<OrderResponses>(200, "The order.").with_headers(VERSION);
/// That its reader knows the order.
pub const KNOWN: ResponseDoc =
    empty(304, "The order is at a version that If-None-Match names.").with_headers(VERSION);
const VERSION: &[(&str, &str)] = &[(ETAG, "Its version.")];

impl Responses for OrderResponses {
    const LIST: &[ResponseDoc] = &[ORDER, KNOWN, problem(404, UNKNOWN), problem(503, STORE)];
}

#[OpenApi]
impl GetOrderApi {
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
        /// The order's id, with or without its prefix.
        id: Path,
        /// The versions that the reader knows: if it is one of them, the answer is 304.
        #[oai(name = "If-None-Match")]
        known: Header<Expected>,
    ) -> Result<ApiResponse<OrderResponses>, Problem> {
        let order = find_order(&self.0.engine, &caller.who, &id.0).await?;
        Ok(tagged_unless_known(&order, known))
    }
}

/// What is no id is the id of no order.
///
/// # Errors
/// The problem of an order that is unknown.
pub fn order_id(text: &str) -> Result<OrderId, Problem> {
    text.parse().map_err(|_| Problem::order_not_found(text))
}

/// The order, if it is one that the caller may know of.
///
/// # Errors
/// The problem of an order that is unknown, or of a store that does not answer.
pub async fn find_order(engine: &Engine, who: &Principal, text: &str) -> Result<Order, Problem> {
    let found = engine.order(order_id(text)?, who.owner()).await;
    let found = found.map_err(|error| store_failed(&error))?;
    found.ok_or_else(|| Problem::order_not_found(text))
}

/// An order with its version.
pub fn tagged<D: Sends<Body = OrderView>>(order: &Order) -> ApiResponse<D> {
    let response = ApiResponse::json(StatusCode::OK, &OrderView::from(order));
    response.with_header(header::ETAG, etag::tag(order.version()))
}

/// An order with its version, or only that it is as its reader knows it. A condition that is none is passed over, as
/// one that was not sent: the answer is right without it.
pub fn tagged_unless_known<D: Sends<Body = OrderView>>(
    order: &Order,
    known: Header<Expected>,
) -> ApiResponse<D> {
    match known.0.value() {
        Ok(Some(known)) if known.allows(order.version()) => {
            let response = ApiResponse::from(Response::from(StatusCode::NOT_MODIFIED));
            response.with_header(header::ETAG, etag::tag(order.version()))
        }
        Ok(Some(_) | None) | Err(_) => tagged(order),
    }
}
