//! `GET /api/orders/{id}/events`: an order's events, read or followed.

use std::sync::Arc;

use order_application::Engine;
use order_core::order::{Order, RecordedEvent};
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::Chapter;
use super::errors::store_failed;
use super::get_order::{STORE, UNKNOWN, find_order, order_id};
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, empty, problem, sent_or_streamed};
use crate::access::{Authenticated, Watch};
use crate::context::ApiContext;
use crate::negotiation::wants_events;
use crate::request::param::{Header, Path, Query};
use crate::request::resume::{After, Resume};
use crate::stream::sse;
use crate::wire::event::EventView;
use crate::wire::problem::Problem;

/// The endpoint at `GET /api/orders/{id}/events`.
pub struct OrderEventsApi(pub Arc<ApiContext>);

/// What a question for events may be answered with.
struct EventsResponses;

impl Sends for EventsResponses {
    type Body = Vec<EventView>;
}

impl Responses for EventsResponses {
    const LIST: &[ResponseDoc] = &[
        sent_or_streamed::<Self>(
            200,
            "The events, in order; or a stream of them that ends with the terminal one.",
        ),
        empty(
            204,
            "The terminal event is the client's Last-Event-ID: nothing follows, so an event source need not come back.",
        ),
        problem(
            400,
            "The parameter or Last-Event-ID is no sequence number: `invalid_request`.",
        ),
        problem(404, UNKNOWN),
        problem(503, STORE),
    ];
}

#[OpenApi]
impl OrderEventsApi {
    /// Read or follow an order's events
    ///
    /// With `Accept: text/event-stream` this is a stream: the whole history after the given number, then live,
    /// without a gap or a duplicate, until the terminal event.
    #[oai(
        path = "/api/orders/:id/events",
        method = "get",
        operation_id = "getEvents",
        tag = "Chapter::Orders"
    )]
    async fn events(
        &self,
        caller: Authenticated<Watch>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// Leave out the events up to this one.
        after: Query<After>,
        /// The same, as an event source says it when it reconnects; it goes before the parameter.
        #[oai(name = "Last-Event-ID")]
        last: Header<After>,
    ) -> Result<ApiResponse<EventsResponses>, Problem> {
        let (Self(context), who) = (self, caller.who);
        let order_id = order_id(&id.0)?;
        let resume = Resume::of(after, last)?;
        if !wants_events(request.headers()) {
            let order = find_order(&context.engine, &who, &id.0).await?;
            let events = all_events(&context.engine, &order, resume.after).await?;
            let client_order_id = order.spec().client_order_id.as_ref();
            let view = |event| EventView::new(event, client_order_id);
            let events = events.iter().map(view).collect();
            return Ok(ApiResponse::json(StatusCode::OK, &events));
        }
        let watched = context.engine.watch(order_id, who.owner(), resume.after).await;
        let watched = watched.map_err(|error| store_failed(&error))?;
        let (order, watch) = watched.ok_or_else(|| Problem::order_not_found(&id.0))?;
        let over = order.status().is_terminal() && order.version() <= resume.after;
        if over && resume.by_event_source {
            return Ok(Response::from(StatusCode::NO_CONTENT).into());
        }
        let permit = context
            .admission
            .stream(context.admission.caller(request), Some(&order.spec().owner))?;
        Ok(sse::following(context, &who, permit, watch).into())
    }
}

/// How many events are read at once.
const PAGE: usize = 500;

/// All events of that order after this one.
///
/// # Errors
/// A problem when the store does not answer.
pub async fn all_events(engine: &Engine, order: &Order, after: u32) -> Result<Vec<RecordedEvent>, Problem> {
    let mut events = Vec::new();
    loop {
        let last = events.last().map_or(after, |event: &RecordedEvent| event.seq);
        let page = engine.events(order.id(), None, last, PAGE).await;
        let page = page.map_err(|error| store_failed(&error))?;
        let full = page.len() == PAGE;
        events.extend(page);
        if !full {
            return Ok(events);
        }
    }
}
