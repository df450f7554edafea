//! The doors themselves: each reads a request, asks the engine, and answers.

mod answer;
mod by_client_id;
mod control;
mod execute;
mod orders;
mod quotes;
mod refusal;
mod service;
mod sockets;
mod stories;
mod tickets;

use std::sync::Arc;

use order_application::{Engine, Submission};
use poem_openapi::Tags;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Principal;
use crate::guard::Guard;
use crate::request::body::BodyLimits;
use crate::request::order::{OrderRules, Requested};
use crate::settings::HttpSettings;
use crate::wire::problem::Problem;

pub use by_client_id::ByClientIdApi;
pub use control::command;
pub use execute::ExecuteApi;
pub use orders::OrdersApi;
pub use quotes::QuotesApi;
pub use refusal::{not_controlled, refused, store_failed};
pub use service::ServiceApi;
pub use sockets::SocketsApi;
pub use stories::StoriesApi;
pub use tickets::TicketsApi;

/// What every door needs.
pub struct Doors {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// How the doors behave.
    pub settings: HttpSettings,
    /// What stands before them.
    pub guard: Arc<Guard>,
    /// Cancelled when streams and sockets must end.
    pub stop: CancellationToken,
    /// The sockets, which outlive their requests.
    pub tasks: TaskTracker,
}

impl Doors {
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
            slippage_bps: self.settings.slippage_bps,
            seal: &self.settings.quote_seal,
            now: self.engine.now(),
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
                let known = self.engine.recall(&spec, options.key).await.map_err(refused)?;
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
    /// WebSocket doors. A plain GET on one of them is answered with 426.
    WebSockets,
    /// Whether the service runs.
    Service,
}

/// All doors.
pub type Api = (
    ExecuteApi,
    OrdersApi,
    ByClientIdApi,
    StoriesApi,
    SocketsApi,
    QuotesApi,
    TicketsApi,
    ServiceApi,
);

/// All doors, onto one engine.
pub fn api(doors: &Arc<Doors>) -> Api {
    (
        ExecuteApi(Arc::clone(doors)),
        OrdersApi(Arc::clone(doors)),
        ByClientIdApi(Arc::clone(doors)),
        StoriesApi(Arc::clone(doors)),
        SocketsApi(Arc::clone(doors)),
        QuotesApi(Arc::clone(doors)),
        TicketsApi(Arc::clone(doors)),
        ServiceApi(Arc::clone(doors)),
    )
}
