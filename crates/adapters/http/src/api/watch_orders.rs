//! The WebSocket endpoint to all of an owner's orders.

use std::sync::Arc;

use order_application::OwnerWatch;
use order_core::id::{Name, Owner};
use poem::Request;
use poem_openapi::OpenApi;

use super::Chapter;
use super::response::ApiResponse;
use super::watch_order::SocketResponses;
use crate::access::{Authenticated, Watch};
use crate::context::ApiContext;
use crate::request::param::Query;
use crate::request::resume::After;
use crate::stream::handshake;
use crate::stream::session::{Outgoing, SocketHandler, broken};
use crate::wire::event::encode;
use crate::wire::problem::Problem;

/// The endpoint at `/ws/orders`.
pub struct WatchOrdersApi(pub Arc<ApiContext>);

#[OpenApi]
impl WatchOrdersApi {
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
        after: Query<After>,
    ) -> Result<ApiResponse<SocketResponses>, Problem> {
        let Self(context) = self;
        let (offer, who) = (handshake::required(request)?, caller.who);
        let after = after.0.value()?;
        let owner = who.owner_or(owner.0.value()?)?.unwrap_or_else(Owner::anonymous);
        let permit = context
            .admission
            .stream(context.admission.caller(request), Some(&owner))?;
        // Watched before the handshake is answered: what the client does next must not be missed.
        let watched = match after {
            None => Ok(context.engine.watch_owner(Some(owner))),
            Some(After(after)) => context.engine.resume_owner(Some(owner), after).await,
        };
        let response = offer.accept(context, who, permit, move |mut session| async move {
            match watched {
                Ok(watch) => session.run(OwnerEvents { watch }).await,
                Err(error) => session.close(broken(&error.into())).await,
            }
        });
        Ok(response.into())
    }
}

/// The histories of all of an owner's orders.
struct OwnerEvents {
    watch: OwnerWatch,
}

impl SocketHandler for OwnerEvents {
    async fn next(&mut self) -> Outgoing {
        match self.watch.next().await {
            Ok(live) => Outgoing::Text(live.wire(encode)),
            Err(error) => Outgoing::Close(broken(&error)),
        }
    }

    fn on_message(&mut self, _text: &str) {}
}
