//! Configuration, wiring and telemetry: the one place that knows every adapter.
//!
//! [`App::start`] is what the binary and the tests have in common.

mod app;
pub mod cli;
pub mod commands;
pub mod config;
mod environment;
mod error;
mod listeners;
pub mod signals;
mod store_clock;
mod supervise;
pub mod telemetry;
mod wiring;

pub use app::{App, RunError, RunningApp, run, run_decorated};
pub use environment::{OsEntropy, SystemClock, TimeOrderedIds};
pub use error::{StartError, chain};
pub use supervise::TaskFailed;
