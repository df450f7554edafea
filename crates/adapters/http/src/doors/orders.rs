//! Where orders and their events are read and watched.

use std::sync::Arc;

use order_application::Engine;
use order_core::explain::explain;
use order_core::id::OrderId;
use order_core::lifecycle::RecordedEvent;
use order_core::order::Order;
use poem::http::StatusCode;
use poem::{Request, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaResponse, Registry};
use poem_openapi::types::Type;

use super::answer::{Answer, Answers, describe, empty, event_stream, header, json, problem};
use super::control::{self, CancelAllAnswers, CancelAnswers, ReplaceAnswers};
use super::execute::SocketAnswers;
use super::{Chapter, Doors, store_failed};
use crate::access::{By, Principal, Read, Trade, Watch};
use crate::request::accept::wants_events;
use crate::request::amend::AmendRequest;
use crate::request::body::JsonBody;
use crate::request::listing::{cursor, read_listing};
use crate::request::param::{Header, Path, Query};
use crate::request::resume;
use crate::stream::{socket, sse};
use crate::wire::event::{EventView, Wire};
use crate::wire::execution::ExecutionView;
use crate::wire::order::{OrderPageView, OrderView};
use crate::wire::problem::Problem;
use crate::wire::text::{Cursor, Dex, Kind, Limit, Name, Seq, StatusList, Symbol, Text, TimeInput};

/// The doors that read.
pub struct OrdersApi(pub Arc<Doors>);

const STORE: &str = "The store does not answer: `store_unavailable`. Retry-After says when to try again.";
const UNKNOWN: &str = "There is no such order: `order_not_found`.";

/// What may come instead of a page.
struct ListAnswers;

impl Answers for ListAnswers {
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
struct OrderAnswers;

impl Answers for OrderAnswers {
    fn responses() -> Vec<MetaResponse> {
        let mut order = describe::<OrderView>(200, "The order.");
        order.headers = vec![header::<String>("ETag", "Its version.")];
        vec![order, problem(404, UNKNOWN), problem(503, STORE)]
    }

    fn register(registry: &mut Registry) {
        OrderView::register(registry);
    }
}

/// What may come instead of an explanation.
struct ExecutionAnswers;

impl Answers for ExecutionAnswers {
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

/// What may come instead of a list of events.
struct EventAnswers;

impl Answers for EventAnswers {
    fn responses() -> Vec<MetaResponse> {
        let mut events = describe::<Vec<EventView>>(
            200,
            "The events, in order; or a stream of them that ends with the terminal one.",
        );
        events.content.push(event_stream::<EventView>());
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
        by: By<Read>,
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
        list(&self.0, &by.who, request).await.into()
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
        by: By<Read>,
        /// The order's id, with or without its prefix.
        id: Path,
    ) -> Answer<OrderAnswers> {
        order(&self.0.engine, &by.who, &id.0).await.into()
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
        by: By<Trade>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
    ) -> Answer<CancelAnswers> {
        control::cancel(&self.0, &by.who, request, &id.0).await.into()
    }

    /// Replace the terms of an order that waits
    ///
    /// `If-Match` says which version the change is meant for: the ETag of the order.
    #[oai(
        path = "/api/orders/:id",
        method = "patch",
        operation_id = "replaceOrder",
        tag = "Chapter::Orders"
    )]
    async fn replace(
        &self,
        by: By<Trade>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// The order's version, as its ETag says it.
        #[oai(name = "If-Match")]
        _version: Header<Name>,
        body: JsonBody<AmendRequest>,
    ) -> Answer<ReplaceAnswers> {
        control::replace(&self.0, &by.who, request, &id.0, body)
            .await
            .into()
    }

    /// Cancel many orders
    ///
    /// All orders of the caller that these filters name and that can still be cancelled.
    #[oai(
        path = "/api/orders",
        method = "delete",
        operation_id = "cancelOrders",
        tag = "Chapter::Orders"
    )]
    #[allow(clippy::too_many_arguments, reason = "each is described by its own parameter")]
    async fn cancel_all(
        &self,
        by: By<Trade>,
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
        /// Of this owner; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        _owner: Query<Name>,
        /// Accepted at or after: RFC 3339 or milliseconds since 1970.
        #[oai(name = "from")]
        _from: Query<TimeInput>,
        /// Accepted before: RFC 3339 or milliseconds since 1970.
        #[oai(name = "to")]
        _to: Query<TimeInput>,
    ) -> Answer<CancelAllAnswers> {
        control::cancel_all(&self.0, &by.who, request).await.into()
    }

    /// Read or follow an order's events
    ///
    /// With `Accept: text/event-stream` this is a stream: the whole story after the given number, then live,
    /// without a gap or a duplicate, until the terminal event.
    #[oai(
        path = "/api/orders/:id/events",
        method = "get",
        operation_id = "getEvents",
        tag = "Chapter::Orders"
    )]
    async fn events(
        &self,
        by: By<Watch>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// Leave out the events up to this one.
        after: Query<Seq>,
        /// The same, as an event source says it when it reconnects; it goes before the parameter.
        #[oai(name = "Last-Event-ID")]
        _last: Header<Seq>,
    ) -> Answer<EventAnswers> {
        events(&self.0, &by.who, request, &id.0, &after).await.into()
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
        by: By<Read>,
        /// The order's id, with or without its prefix.
        id: Path,
    ) -> Answer<ExecutionAnswers> {
        execution(&self.0.engine, &by.who, &id.0).await.into()
    }

    /// Watch an order over a WebSocket
    ///
    /// One text message an event: the whole story after the given number, then live, without a gap or a
    /// duplicate. Close codes: 1000 after the terminal event, 4404 unknown order, 4408 the client read too
    /// slowly (resume with `after`), 1012 the service restarts (resume with `after`), 1013 the store does not
    /// answer (resume with `after`), 1003 a binary message came, 1009 a message was too large. Text messages of
    /// the client are commands about the order, as on `/api/orders/execute`: `{"action":"cancel"}`,
    /// `{"action":"replace","ifMatch":2,"limitPrice":"151"}`.
    #[oai(
        path = "/ws/orders/:id",
        method = "get",
        operation_id = "watchOrder",
        tag = "Chapter::WebSockets"
    )]
    async fn watch(
        &self,
        by: By<Watch>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// Leave out the events up to this one.
        after: Query<Seq>,
    ) -> Answer<SocketAnswers> {
        socket::one_order(&self.0, by.who, request, &id.0, &after).into()
    }

    /// Watch an order over a WebSocket
    ///
    /// The same as `/ws/orders/{id}`.
    #[oai(
        path = "/api/orders/updates/:id",
        method = "get",
        operation_id = "watchOrderUpdates",
        tag = "Chapter::WebSockets"
    )]
    async fn updates(
        &self,
        by: By<Watch>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// Leave out the events up to this one.
        after: Query<Seq>,
    ) -> Answer<SocketAnswers> {
        socket::one_order(&self.0, by.who, request, &id.0, &after).into()
    }

    /// Watch all of a caller's orders over a WebSocket
    ///
    /// One text message an event: the stories of the orders that are open, then all that happens, each order's
    /// events in order, without a gap or a duplicate. Ends only with the connection or the service.
    ///
    /// A client that lost its connection resumes with `after`: it is told the events behind that number of the
    /// orders that are open and of the newest 500, those that have ended included, then all that happens. What
    /// happens from then on is never left out, whatever its number. A client that may have missed the beginning
    /// of an order resumes with `after=0`, and knows by `orderId` and `seq` what it has seen before.
    #[oai(
        path = "/ws/orders",
        method = "get",
        operation_id = "watchOrders",
        tag = "Chapter::WebSockets"
    )]
    async fn watch_all(
        &self,
        by: By<Watch>,
        request: &Request,
        /// Whose orders; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        owner: Query<Name>,
        /// Resume: of every order that exists by now, leave out the events up to this one.
        after: Query<Seq>,
    ) -> Answer<SocketAnswers> {
        socket::all_orders(&self.0, by.who, request, &owner, &after)
            .await
            .into()
    }
}

async fn list(doors: &Doors, who: &Principal, request: &Request) -> Result<Response, Problem> {
    let listing = read_listing(request, &doors.settings.registry, who)?;
    let page = doors
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

async fn order(engine: &Engine, who: &Principal, id: &str) -> Result<Response, Problem> {
    let found = engine
        .order(order_id(id)?, who.owner())
        .await
        .map_err(|error| store_failed(&error))?;
    control::tagged(&found.ok_or_else(|| Problem::order_not_found(id))?)
}

async fn execution(engine: &Engine, who: &Principal, text: &str) -> Result<Response, Problem> {
    let id = order_id(text)?;
    let found = engine
        .order(id, who.owner())
        .await
        .map_err(|error| store_failed(&error))?;
    let order = found.ok_or_else(|| Problem::order_not_found(text))?;
    let story = all_events(engine, who, id, 0).await?;
    let story = story.ok_or_else(|| Problem::order_not_found(text))?;
    let explanation = explain(&order, &story);
    json(StatusCode::OK, &ExecutionView::new(&order, &explanation))
}

async fn events(
    doors: &Arc<Doors>,
    who: &Principal,
    request: &Request,
    text: &str,
    after: &Query<Seq>,
) -> Result<Response, Problem> {
    let id = order_id(text)?;
    let after = resume::after_or_last_event(after, request.headers())?;
    if !wants_events(request.headers()) {
        let events = all_events(&doors.engine, who, id, after).await?;
        let events = events.ok_or_else(|| Problem::order_not_found(text))?;
        return json(StatusCode::OK, &events.iter().map(Wire).collect::<Vec<_>>());
    }
    let watched = doors
        .engine
        .watch(id, who.owner(), after)
        .await
        .map_err(|error| store_failed(&error))?;
    let (order, watch) = watched.ok_or_else(|| Problem::order_not_found(text))?;
    let over = order.status().is_terminal() && order.version() <= after;
    if over && resume::last_event_id(request.headers())?.is_some() {
        return Ok(StatusCode::NO_CONTENT.into());
    }
    let permit = doors
        .guard
        .stream(doors.guard.caller(request), Some(&order.spec().owner))?;
    Ok(sse::following(doors, who, permit, watch))
}

/// How many events are read at once.
const PAGE: usize = 500;

/// All events of an order of the caller's after that one; none if there is no such order.
async fn all_events(
    engine: &Engine,
    who: &Principal,
    id: OrderId,
    after: u32,
) -> Result<Option<Vec<RecordedEvent>>, Problem> {
    let mut events = Vec::new();
    loop {
        let last = events.last().map_or(after, |event: &RecordedEvent| event.seq);
        let page = engine
            .events(id, who.owner(), last, PAGE)
            .await
            .map_err(|error| store_failed(&error))?;
        let full = page.len() == PAGE;
        events.extend(page);
        if !full {
            break;
        }
    }
    if events.is_empty()
        && engine
            .order(id, who.owner())
            .await
            .map_err(|error| store_failed(&error))?
            .is_none()
    {
        return Ok(None);
    }
    Ok(Some(events))
}
