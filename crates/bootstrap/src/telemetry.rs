//! The log: what is written, how it looks, and that writing it never holds up an order.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Log, LogFormat};

/// How many lines may wait for whoever reads the log; further ones are dropped.
const BUFFERED_LINES: usize = 64 * 1024;

/// Keeps the log going; what is still buffered is written when this is dropped.
#[must_use]
pub struct LogGuard(#[expect(dead_code, reason = "works by being dropped")] WorkerGuard);

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("log.filter is not a filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else has set up a log in this process.
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
}

/// Sets up the log of this process, on standard output.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(settings: &Log) -> Result<LogGuard, TelemetryError> {
    let filter = EnvFilter::builder().parse(&settings.filter)?;
    // A pipe that nobody empties must cost log lines, not orders.
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(BUFFERED_LINES)
        .finish(io::stdout());
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let registry = tracing_subscriber::registry().with(filter);
    match settings.format {
        LogFormat::Pretty => registry
            .with(lines.with_ansi(io::stdout().is_terminal()).with_target(false))
            .try_init()?,
        // The current span's fields carry the order's id onto every line about it.
        LogFormat::Json => registry
            .with(
                lines
                    .json()
                    .flatten_event(true)
                    .with_current_span(true)
                    .with_span_list(false),
            )
            .try_init()?,
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or("a panic without words");
        tracing::error!(message, place, "panicked");
    }));
    Ok(LogGuard(guard))
}
