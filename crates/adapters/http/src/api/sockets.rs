//! The WebSocket endpoints to orders that exist.

use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;

use super::answer::Answer;
use super::execute::SocketResponses;
use super::{ApiContext, Chapter};
use crate::access::{Authenticated, Watch};
use crate::request::param::{Path, Query};
use crate::stream::socket;
use crate::wire::text::{Name, Seq};

/// The endpoints that stay open.
pub struct SocketsApi(pub Arc<ApiContext>);

#[OpenApi]
impl SocketsApi {
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
        after: Query<Seq>,
    ) -> Answer<SocketResponses> {
        socket::one_order(&self.0, caller.who, request, &id.0, &after).into()
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
        after: Query<Seq>,
    ) -> Answer<SocketResponses> {
        socket::one_order(&self.0, caller.who, request, &id.0, &after).into()
    }

    /// Watch all of a caller's orders over a WebSocket
    ///
    /// One text message an event: the histories of the orders that are open, then all that happens, each order's
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
        caller: Authenticated<Watch>,
        request: &Request,
        /// Whose orders; anonymous if absent, as for orders.
        #[oai(name = "userId")]
        owner: Query<Name>,
        /// Resume: of every order that exists by now, leave out the events up to this one.
        after: Query<Seq>,
    ) -> Answer<SocketResponses> {
        socket::all_orders(&self.0, caller.who, request, &owner, &after)
            .await
            .into()
    }
}
