//! The WebSocket endpoints to one order: its history to its end, and commands about it.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::stream::{FuturesOrdered, StreamExt};
use order_application::OrderWatch;
use order_core::id::OrderId;
use poem::{Request, Response};
use poem_openapi::OpenApi;

use super::Chapter;
use super::command::read_command;
use super::response::{ApiResponse, ResponseDoc, Responses, empty, problem};
use crate::access::{Authenticated, Principal, Watch};
use crate::admission::StreamPermit;
use crate::context::ApiContext;
use crate::request::param::{Path, Query};
use crate::request::resume::{self, After};
use crate::stream::handshake::{self, Offer};
use crate::stream::session::{Outgoing, SocketHandler, broken, close_reason};
use crate::wire::event::encode;
use crate::wire::problem::Problem;

/// The endpoints at `/ws/orders/{id}` and `/api/orders/updates/{id}`.
pub struct WatchOrderApi(pub Arc<ApiContext>);

/// What a WebSocket endpoint may answer.
pub struct SocketResponses;

impl Responses for SocketResponses {
    const LIST: &[ResponseDoc] = &[
        empty(101, "The connection is a WebSocket from here on."),
        problem(
            400,
            "A parameter is wrong, or the handshake has no key of 16 bytes in base64: `invalid_request`, `bad_handshake`.",
        ),
        problem(
            426,
            "This is no WebSocket handshake of version 13: `upgrade_required`.",
        ),
    ];
}

#[OpenApi]
impl WatchOrderApi {
    /// Watch an order over a WebSocket
    ///
    /// One text message an event: the whole history after the given number, then live, without a gap or a
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
        caller: Authenticated<Watch>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// Leave out the events up to this one.
        after: Query<After>,
    ) -> Result<ApiResponse<SocketResponses>, Problem> {
        watch(&self.0, caller.who, request, &id.0, after)
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
        caller: Authenticated<Watch>,
        request: &Request,
        /// The order's id, with or without its prefix.
        id: Path,
        /// Leave out the events up to this one.
        after: Query<After>,
    ) -> Result<ApiResponse<SocketResponses>, Problem> {
        watch(&self.0, caller.who, request, &id.0, after)
    }
}

/// Watching one order.
///
/// # Errors
/// A problem when this is no handshake or a parameter is wrong. An unknown order is told on the socket, since
/// a browser shows no page the status of a refused handshake.
pub fn watch(
    context: &Arc<ApiContext>,
    who: Principal,
    request: &Request,
    id: &str,
    after: Query<After>,
) -> Result<ApiResponse<SocketResponses>, Problem> {
    let offer = handshake::required(request)?;
    let after = resume::after(after)?;
    let permit = context
        .admission
        .stream(context.admission.caller(request), who.owner())?;
    let response = match id.parse() {
        Ok(id) => follow(context, who, offer, permit, id, after),
        Err(_) => offer.accept(context, who, permit, |mut session| async move {
            session.close(close_reason::UNKNOWN_ORDER).await
        }),
    };
    Ok(response.into())
}

/// The history of one order of theirs.
pub fn follow(
    context: &Arc<ApiContext>,
    who: Principal,
    offer: Offer,
    permit: StreamPermit,
    id: OrderId,
    after: u32,
) -> Response {
    let at = Arc::clone(context);
    offer.accept(context, who.clone(), permit, move |mut session| async move {
        match at.engine.watch(id, who.owner(), after).await {
            Ok(Some((_, watch))) => session.run(OrderEvents::new(watch, at, who, id)).await,
            Ok(None) => session.close(close_reason::UNKNOWN_ORDER).await,
            Err(error) => {
                tracing::warn!(order_id = %id, error = &error as &dyn std::error::Error, "cannot watch");
                session.close(close_reason::TRY_AGAIN).await;
            }
        }
    })
}

/// One order's history, to its end.
struct OrderEvents {
    watch: OrderWatch,
    context: Arc<ApiContext>,
    who: Principal,
    id: OrderId,
    /// Commands that are not answered yet.
    unanswered: FuturesOrdered<BoxFuture<'static, String>>,
}

impl OrderEvents {
    /// What this watch tells.
    fn new(watch: OrderWatch, context: Arc<ApiContext>, who: Principal, id: OrderId) -> Self {
        Self {
            watch,
            context,
            who,
            id,
            unanswered: FuturesOrdered::new(),
        }
    }
}

impl SocketHandler for OrderEvents {
    async fn next(&mut self) -> Outgoing {
        tokio::select! {
            biased;
            Some(answer) = self.unanswered.next() => Outgoing::Text(answer.into()),
            event = self.watch.next() => match event {
                Ok(Some(live)) => Outgoing::Text(live.wire(encode)),
                // The history may be over because of a command, which is still to be answered.
                Ok(None) => match self.unanswered.next().await {
                    Some(answer) => Outgoing::Text(answer.into()),
                    None => Outgoing::Close(close_reason::DONE),
                },
                Err(error) => Outgoing::Close(broken(&error)),
            },
        }
    }

    /// Commands about the order; anything else is nothing to us.
    fn on_message(&mut self, text: &str) {
        let answer = match read_command(text) {
            Ok(Some(command)) => {
                let (context, who) = (Arc::clone(&self.context), self.who.clone());
                command.carry_out(context, who, Some(self.id)).boxed()
            }
            Ok(None) => return,
            Err(problem) => ready(problem.into_message()).boxed(),
        };
        self.unanswered.push_back(answer);
    }

    fn accepts_input(&self) -> bool {
        self.unanswered.len() < self.context.settings.socket.max_submissions
    }
}
