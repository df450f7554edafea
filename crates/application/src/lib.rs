//! The use cases: submit, execute, cancel, replace, quote, query, watch, sweep, wait for a price; and letting
//! callers in.
//!
//! Everything here acts on what `order_core` decides, through the ports alone: no adapter, no clock on the
//! wall, no randomness of its own. [`Engine`] is what an endpoint (HTTP, a test, a script) talks to; the
//! [`Worker`], the [`Sweeper`], the [`MarketWatcher`] and the [`Relay`] run beside it, in one process or in many.

mod access;
mod engine;
mod execute;
mod hub;
mod leased_order;
mod live;
mod publisher;
mod quotes;
mod relay;
mod setup;
mod spans;
mod sweep;
mod watch;
mod watch_owner;
mod watcher;
mod worker;

pub use access::{Access, AccessError, Authenticator, KeyRing, NewKey, Ticket};
pub use engine::{
    Amendment, CancelledMany, ControlError, Engine, Expected, QuoteReport, Submission, SubmitError,
    SubmitOptions,
};
pub use execute::ExecuteError;
pub use hub::Hub;
pub use live::LiveEvent;
pub use publisher::EventPublisher;
pub use relay::Relay;
pub use setup::{Ports, Settings};
pub use sweep::Sweeper;
pub use watch::{OrderWatch, WatchError};
pub use watch_owner::OwnerWatch;
pub use watcher::MarketWatcher;
pub use worker::Worker;
