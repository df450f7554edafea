//! `POST /api/tickets`: a ticket for a key.

use std::sync::Arc;

use poem::http::StatusCode;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::Chapter;
use super::response::{ApiResponse, ResponseDoc, Responses, Sends, problem, sent};
use crate::access::{AnyKey, Authenticated, Principal, unauthorized};
use crate::context::ApiContext;
use crate::wire::problem::Problem;

/// The endpoint at `/api/tickets`.
pub struct TicketsApi(pub Arc<ApiContext>);

/// A stand-in for a key.
#[derive(Object, Serialize)]
#[oai(rename = "Ticket", rename_all = "camelCase", example)]
#[serde(rename_all = "camelCase")]
struct TicketView {
    /// To be given as the parameter `ticket` of one WebSocket handshake or event stream.
    ticket: String,
    /// How long it is good, in seconds.
    expires_in: u64,
}

impl Example for TicketView {
    fn example() -> Self {
        Self {
            ticket: "6f1c0de2a7b34d5e".repeat(4),
            expires_in: 30,
        }
    }
}

/// What a question for a ticket may be answered with.
struct TicketResponses;

impl Sends for TicketResponses {
    type Body = TicketView;
}

impl Responses for TicketResponses {
    const LIST: &[ResponseDoc] = &[
        sent::<Self>(201, "The ticket, good once and for a short time."),
        problem(409, "This engine wants no keys, and so no tickets: `keys_off`."),
    ];
}

#[OpenApi]
impl TicketsApi {
    /// Get a ticket
    ///
    /// A browser can set no header on a WebSocket or an `EventSource`, and a key has no place in a URL, which ends up
    /// in histories and logs. So it asks for a ticket with its key, and opens the stream with `?ticket=`. The ticket
    /// stands for the key, is good for one stream, and for 30 seconds. Each further stream, one that is opened again
    /// included, needs another ticket.
    #[oai(
        path = "/api/tickets",
        method = "post",
        operation_id = "createTicket",
        tag = "Chapter::Access"
    )]
    async fn create(&self, caller: Authenticated<AnyKey>) -> Result<ApiResponse<TicketResponses>, Problem> {
        let (Some(authenticator), Principal::KeyHolder(access)) = (&self.0.settings.auth, &caller.who) else {
            return Err(Problem::keys_off());
        };
        let ticket = authenticator.ticket(access).await;
        let ticket = ticket.map_err(|error| unauthorized(&error.into()))?;
        let view = TicketView {
            ticket: ticket.shown.expose_secret().to_owned(),
            expires_in: ticket.good_for.as_secs(),
        };
        let response = ApiResponse::json(StatusCode::CREATED, &view);
        let never = http::HeaderValue::from_static("no-store");
        Ok(response.with_header(http::header::CACHE_CONTROL, never))
    }
}
