//! The endpoints themselves: each reads a request, asks the engine, and answers.

mod answer;
mod by_client_id;
mod control;
mod execute;
mod histories;
mod orders;
mod quotes;
mod refusal;
mod service;
mod sockets;
mod tickets;
mod venues;

use std::sync::Arc;

use order_application::{Engine, Submission};
use poem_openapi::Tags;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Principal;
use crate::admission::Guard;
use crate::request::body::BodyLimits;
use crate::request::listing::Known;
use crate::request::order::{OrderRules, Requested};
use crate::settings::HttpSettings;
use crate::wire::problem::Problem;

pub use by_client_id::ByClientIdApi;
pub use control::command;
pub use execute::ExecuteApi;
pub use histories::EventsApi;
pub use orders::OrdersApi;
pub use quotes::QuotesApi;
pub use refusal::{not_controlled, refused, store_failed};
pub use service::ServiceApi;
pub use sockets::SocketsApi;
pub use tickets::TicketsApi;
pub use venues::VenuesApi;

/// What every endpoint needs.
pub struct ApiContext {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// How the endpoints behave.
    pub settings: HttpSettings,
    /// What stands before them.
    pub admission: Arc<Guard>,
    /// Cancelled when streams and sockets must end.
    pub stop: CancellationToken,
    /// The sockets, which outlive their requests.
    pub tasks: TaskTracker,
}

impl ApiContext {
    fn limits(&self) -> BodyLimits {
        BodyLimits {
            bytes: self.settings.body_limit,
            time: self.settings.body_timeout,
        }
    }

    /// What a reader of this caller's orders goes by.
    pub fn rules<'a>(&'a self, who: &'a Principal) -> OrderRules<'a> {
        OrderRules {
            owner: who.owner(),
            registry: &self.settings.registry,
            venues: self.engine.venues(),
            slippage_bps: self.settings.slippage_bps,
            seal: &self.settings.quote_seal,
            now: self.engine.now(),
        }
    }

    /// What the names in a query may name.
    pub fn known(&self) -> Known<'_> {
        Known {
            tokens: &self.settings.registry,
            venues: self.engine.venues(),
        }
    }

    /// Has the engine accept an order, or know it again.
    ///
    /// # Errors
    /// The problem to answer with.
    pub async fn submit(&self, requested: Requested) -> Result<Submission, Problem> {
        let Requested { spec, options, late } = requested;
        match late {
            None => self.engine.submit(spec, options).await.map_err(refused),
            Some(late) => {
                let known = self
                    .engine
                    .find_replayed(&spec, options.key)
                    .await
                    .map_err(refused)?;
                known.ok_or(late)
            }
        }
    }
}

/// The chapters of the API's description.
#[derive(Tags)]
enum Chapter {
    /// Submitting orders, and reading what became of them.
    Orders,
    /// Asking for prices without trading.
    Quotes,
    /// Letting browsers in where the engine wants keys.
    Access,
    /// WebSocket endpoints. A plain GET on one of them is answered with 426.
    WebSockets,
    /// Whether the service runs.
    Service,
}

/// All endpoints.
pub type Api = (
    ExecuteApi,
    OrdersApi,
    ByClientIdApi,
    EventsApi,
    SocketsApi,
    QuotesApi,
    VenuesApi,
    TicketsApi,
    ServiceApi,
);

/// All endpoints, onto one engine.
pub fn api(context: &Arc<ApiContext>) -> Api {
    (
        ExecuteApi(Arc::clone(context)),
        OrdersApi(Arc::clone(context)),
        ByClientIdApi(Arc::clone(context)),
        EventsApi(Arc::clone(context)),
        SocketsApi(Arc::clone(context)),
        QuotesApi(Arc::clone(context)),
        VenuesApi(Arc::clone(context)),
        TicketsApi(Arc::clone(context)),
        ServiceApi(Arc::clone(context)),
    )
}
