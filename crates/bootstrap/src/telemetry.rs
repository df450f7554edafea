//! The log: what is written, how it looks, and that writing it never holds up an order.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::{Config, Inputs, Log, LogFormat, Purpose};

/// How many lines may wait for whoever reads the log; further ones are dropped.
const BUFFERED_LINES: usize = 64 * 1024;

/// Keeps the log going; what is still buffered is written when this is dropped.
#[must_use]
pub struct LogGuard {
    levels: LogLevels,
    #[expect(dead_code, reason = "works by being dropped")]
    writer: WorkerGuard,
}

impl LogGuard {
    /// What decides what is logged.
    pub fn levels(&self) -> LogLevels {
        self.levels.clone()
    }
}

/// What decides what is logged, and can be set anew while the process runs.
#[derive(Clone)]
pub struct LogLevels(reload::Handle<EnvFilter, Registry>);

impl LogLevels {
    /// Logs by this filter from now on.
    ///
    /// # Errors
    /// [`TelemetryError`]; then everything stays as it was.
    pub fn set(&self, filter: &str) -> Result<(), TelemetryError> {
        let filter = EnvFilter::builder().parse(filter)?;
        Ok(self.0.reload(filter)?)
    }

    /// Reads the configuration again, and logs by its filter. Nothing else of it takes effect.
    pub fn read_again(&self, inputs: &Inputs, purpose: Purpose) {
        let filter = match Config::load(inputs, purpose) {
            Ok(loaded) => loaded.config.log.filter,
            Err(mistakes) => {
                tracing::warn!(%mistakes, "the configuration has mistakes now; the log stays as it is");
                return;
            }
        };
        match self.set(&filter) {
            Ok(()) => tracing::info!(filter, "logging by this filter from now on"),
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the log stays as it is"),
        }
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("log.filter is not a filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The filter cannot be replaced.
    #[error("the filter cannot be replaced")]
    Reload(#[from] reload::Error),
    /// Somebody else has set up a log in this process.
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
}

/// Sets up the log of this process, on standard output.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(settings: &Log) -> Result<LogGuard, TelemetryError> {
    let (filter, levels) = reload::Layer::new(EnvFilter::builder().parse(&settings.filter)?);
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
    Ok(LogGuard {
        levels: LogLevels(levels),
        writer: guard,
    })
}
