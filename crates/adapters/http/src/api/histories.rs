//! An order's history: its events, read or followed, and the explanation of its execution that they tell.

use std::sync::Arc;

use order_application::Engine;
use order_core::explain::explain;
use order_core::id::OrderId;
use order_core::order::{Order, RecordedEvent};
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::Type;

use super::answer::{Answer, Responses, describe, empty, event_stream, json, problem};
use super::orders::{STORE, UNKNOWN, order_id};
use super::{ApiContext, Chapter, store_failed};
use crate::access::{Authenticated, Principal, Read, Watch};
use crate::request::accept::wants_events;
use crate::request::param::{Header, Path, Query};
use crate::request::resume;
use crate::stream::sse;
use crate::wire::event::{EventView, Wire};
use crate::wire::execution::ExecutionView;
use crate::wire::problem::Problem;
use crate::wire::text::Seq;

/// The endpoints to an order's history.
pub struct EventsApi(pub Arc<ApiContext>);

/// What may come instead of a list of events.
struct EventAnswers;

impl Responses for EventAnswers {
    fn responses() -> Vec<MetaResponse> {
        let mut events = describe::<Vec<EventView>>(
            200,
            "The events, in order; or a stream of them that ends with the terminal one.",
        );
        events.content.push(event_stream());
        vec![
            events,
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
        ]
    }

    fn register(registry: &mut Registry) {
        EventView::register(registry);
    }
}

/// What may come instead of an explanation.
struct ExecutionAnswers;

impl Responses for ExecutionAnswers {
    fn responses() -> Vec<MetaResponse> {
        vec![
            describe::<ExecutionView>(200, "How the order was executed; so far, if it is under way."),
            problem(404, UNKNOWN),
            problem(503, STORE),
        ]
    }

    fn register(registry: &mut Registry) {
        ExecutionView::register(registry);
    }
}

#[OpenApi]
impl EventsApi {
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
        after: Query<Seq>,
        /// The same, as an event source says it when it reconnects; it goes before the parameter.
        #[oai(name = "Last-Event-ID")]
        _last: Header<Seq>,
    ) -> Answer<EventAnswers> {
        events(&self.0, &caller.who, request, &id.0, &after).await.into()
    }

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
    ) -> Answer<ExecutionAnswers> {
        execution(&self.0.engine, &caller.who, &id.0).await.into()
    }
}

async fn events(
    context: &Arc<ApiContext>,
    who: &Principal,
    request: &Request,
    text: &str,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    let id = order_id(text)?;
    let after = resume::after_or_last_event(after, request.headers())?;
    if !wants_events(request.headers()) {
        let order = order(&context.engine, who, id, text).await?;
        let events = all_events(&context.engine, &order, after).await?;
        let wire = |event| Wire {
            event,
            client_order_id: order.spec().client_order_id.as_ref(),
        };
        return json(StatusCode::OK, &events.iter().map(wire).collect::<Vec<_>>());
    }
    let watched = context
        .engine
        .watch(id, who.owner(), after)
        .await
        .map_err(|error| store_failed(&error))?;
    let (order, watch) = watched.ok_or_else(|| Problem::order_not_found(text))?;
    let over = order.status().is_terminal() && order.version() <= after;
    if over && resume::last_event_id(request.headers())?.is_some() {
        return Ok(StatusCode::NO_CONTENT.into());
    }
    let permit = context
        .admission
        .stream(context.admission.caller(request), Some(&order.spec().owner))?;
    Ok(sse::following(context, who, permit, watch))
}

async fn execution(engine: &Engine, who: &Principal, text: &str) -> Result<Response, Problem> {
    let id = order_id(text)?;
    let order = order(engine, who, id, text).await?;
    let history = all_events(engine, &order, 0).await?;
    let explanation = explain(&order, &history);
    json(StatusCode::OK, &ExecutionView::new(&order, &explanation))
}

/// How many events are read at once.
const PAGE: usize = 500;

/// The order, if it is one that the caller may know of.
async fn order(engine: &Engine, who: &Principal, id: OrderId, text: &str) -> Result<Order, Problem> {
    let found = engine.order(id, who.owner()).await;
    let found = found.map_err(|error| store_failed(&error))?;
    found.ok_or_else(|| Problem::order_not_found(text))
}

/// All events of that order after this one.
async fn all_events(engine: &Engine, order: &Order, after: u32) -> Result<Vec<RecordedEvent>, Problem> {
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
