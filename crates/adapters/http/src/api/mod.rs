//! The endpoints, each in a file of its own: what it takes, what it does, what it answers.
//!
//! A new one is a file with its `fields!` if it takes any, its responses and its handler, and a line in `endpoints!`.

mod by_client_id;
mod cancel_order;
mod command;
pub mod errors;
pub mod execute;
mod execute_socket;
mod explain_order;
#[cfg(test)]
mod fuzz;
mod get_order;
mod list_orders;
mod order_events;
pub mod quotes;
pub mod replace_order;
mod response;
pub mod rules;
mod service;
mod tickets;
mod tokens;
mod venues;
mod watch_order;
mod watch_orders;

use std::sync::Arc;

use poem_openapi::Tags;

use crate::context::ApiContext;

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

macro_rules! endpoints {
    ($($endpoint:path,)+) => {
        /// All endpoints.
        pub type Api = ($($endpoint,)+);

        /// All endpoints, onto one engine.
        pub fn api(context: &Arc<ApiContext>) -> Api {
            ($($endpoint(Arc::clone(context)),)+)
        }
    };
}

endpoints! {
    execute::ExecuteApi,
    execute_socket::ExecuteSocketApi,
    list_orders::ListOrdersApi,
    get_order::GetOrderApi,
    cancel_order::CancelOrderApi,
    replace_order::ReplaceOrderApi,
    by_client_id::ByClientIdApi,
    order_events::OrderEventsApi,
    explain_order::ExplainOrderApi,
    watch_order::WatchOrderApi,
    watch_orders::WatchOrdersApi,
    quotes::QuotesApi,
    tokens::TokensApi,
    venues::VenuesApi,
    tickets::TicketsApi,
    service::ServiceApi,
}
