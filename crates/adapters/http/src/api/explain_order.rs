//! `GET /api/orders/{id}/execution`: how an order was executed, and why so.

use std::sync::Arc;

use order_core::explain::explain;
use poem::http::StatusCode;
use poem_openapi::OpenApi;

use super::Chapter;
use super::get_order::{STORE, UNKNOWN, find_order};
use super::order_events::all_events;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use crate::access::{Authenticated, Read};
use crate::context::ApiContext;
use crate::request::param::Path;
use crate::wire::execution::ExecutionView;
use crate::wire::problem::Problem;

/// The endpoint at `GET /api/orders/{id}/execution`.
pub struct ExplainOrderApi(pub Arc<ApiContext>);

/// What a question for an explanation may be answered with.
struct ExecutionResponses;

impl Sends for ExecutionResponses {
    type Body = ExecutionView;
}

impl Responses for ExecutionResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(200, "How the order was executed; so far, if it is under way."),
        problem(404, UNKNOWN),
        problem(503, STORE),
    ];
}

#[OpenApi]
impl ExplainOrderApi {
    /// Explain an order's execution
    ///
    /// Every attempt with each venue's quote, the route that was taken and those that were not, and why; and the
    /// execution against the mid price at arrival, the quote, the best venue alone, and the rule that looks at
    /// spot prices only. Told from the order's events alone.
    #[oai(
        path = "/api/orders/:id/execution",
        method = "get",
        operation_id = "explainOrder",
        tag = "Chapter::Orders"
    )]
    async fn execution(
        &self,
        caller: Authenticated<Read>,
        /// The order's id, with or without its prefix.
        id: Path,
    ) -> Result<ApiResponse<ExecutionResponses>, Problem> {
        let engine = &self.0.engine;
        let order = find_order(engine, &caller.who, &id.0).await?;
        let history = all_events(engine, &order, 0).await?;
        let explanation = explain(&order, &history);
        let view = ExecutionView::new(&order, &explanation);
        Ok(ApiResponse::json(StatusCode::OK, &view))
    }
}
