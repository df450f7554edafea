//! Configuration, wiring and telemetry: the one place that knows every adapter.
//!
//! [`App::start`] is what the binary and the tests have in common.

mod app;
pub mod cli;
mod client;
pub mod config;
mod environment;
mod error;
mod keys;
mod listeners;
mod load;
mod output;
mod probe;
pub mod signals;
mod store_clock;
mod supervise;
pub mod telemetry;
mod venue;
mod verify;
mod wiring;

pub use app::{App, RunningApp, run, run_decorated};
pub use client::{ClientError, Outcome, TopError, submit, top, watch};
pub use environment::{OsEntropy, SystemClock, TimeOrderedIds};
pub use error::{RunError, StartError, chain};
pub use keys::{KeysError, keys};
pub use load::{FollowBy, LoadArgs, LoadFailed, load};
pub use output::print;
pub use probe::{Unhealthy, own_health, probe};
pub use supervise::TaskFailed;
pub use venue::{VenueOptions, serve_venue};
pub use verify::{Verification, VerifyError, VerifyOptions, audit, verify};

/// Brings the configured database up to date.
///
/// # Errors
/// [`StartError`].
pub async fn migrate(config: &config::Config) -> Result<(), StartError> {
    wiring::migrate(config).await
}

/// The OpenAPI document of the HTTP endpoints.
pub fn openapi() -> String {
    order_http::openapi_json()
}
