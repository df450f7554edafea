//! Accepting the opening handshake of a WebSocket.

use std::sync::Arc;

use http::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use poem::http::StatusCode;
use poem::{OnUpgrade, Request, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::session::Session;
use crate::access::Principal;
use crate::admission::StreamPermit;
use crate::context::ApiContext;
use crate::handshake::nonce;
use crate::wire::problem::Problem;

/// A complete handshake that has not been answered yet.
pub struct Offer {
    accept: HeaderValue,
    on_upgrade: OnUpgrade,
}

/// The handshake, if the request carries a complete one.
pub fn complete(request: &Request) -> Option<Offer> {
    required(request).ok()
}

/// The handshake that a WebSocket endpoint needs.
///
/// # Errors
/// A problem that says what is missing.
pub fn required(request: &Request) -> Result<Offer, Problem> {
    let accept = derive_accept_key(nonce(request)?.as_bytes());
    Ok(Offer {
        // Base64 is always a header's value.
        accept: HeaderValue::try_from(accept).map_err(|_| Problem::internal())?,
        on_upgrade: request.take_upgrade().map_err(|_| Problem::upgrade_required())?,
    })
}

impl Offer {
    /// Accepts the handshake. The session starts as soon as the answer is out, and counts as one of the
    /// caller's until it ends.
    pub fn accept<F, S>(
        self,
        context: &Arc<ApiContext>,
        who: Principal,
        permit: StreamPermit,
        serve: F,
    ) -> Response
    where
        F: FnOnce(Session) -> S + Send + 'static,
        S: Future<Output = ()> + Send,
    {
        let (settings, stop) = (context.settings.socket, context.stop.clone());
        let rate = context.settings.limits.message_rate;
        let on_upgrade = self.on_upgrade;
        context.tasks.spawn(async move {
            match on_upgrade.await {
                Ok(upgraded) => {
                    serve(Session::open(upgraded, settings, rate, stop, who).await).await;
                }
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "a client left in its handshake"
                    );
                }
            }
            drop(permit);
        });
        let mut response: Response = StatusCode::SWITCHING_PROTOCOLS.into();
        response.headers_mut().extend([
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
        ]);
        response
    }
}
