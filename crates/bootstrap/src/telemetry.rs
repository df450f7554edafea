//! The log: what is written, how it looks, and that writing it never holds up an order; and the traces beside it.

mod fresh;

use std::io::{self, IsTerminal};

use order_traces::{Traces, TracesError, TracesSettings};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use self::fresh::Fresh;
use crate::config::{Config, Inputs, LogFormat, Purpose, Telemetry};

/// How many lines may wait for the reader of the log; further ones are dropped.
const BUFFERED_LINES: usize = 64 * 1024;

/// Keeps the log and the traces going; what is still buffered is written and sent when this is dropped, which must not
/// happen in asynchronous code.
#[must_use]
pub struct LogGuard {
    levels: LogLevels,
    traces: Option<&'static Traces>,
    #[expect(dead_code, reason = "works by being dropped")]
    writer: WorkerGuard,
}

impl LogGuard {
    /// What decides what is logged.
    pub fn levels(&self) -> LogLevels {
        self.levels.clone()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(traces) = self.traces {
            traces.end();
        }
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
            Err(issues) => {
                tracing::warn!(%issues, "the configuration has mistakes now; the log stays as it is");
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
    /// A log is set up in this process already.
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
    /// Traces cannot be collected.
    #[error("telemetry.otlp_endpoint")]
    Traces(#[from] TracesError),
}

/// Sets up the log of this process, on standard output, and its traces.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(config: &Config, purpose: Purpose) -> Result<LogGuard, TelemetryError> {
    let settings = &config.log;
    // Of the log alone: traces go by a filter of their own.
    let (filter, levels) = reload::Layer::new(EnvFilter::builder().parse(&settings.filter)?);
    // A pipe that is not emptied must cost log lines, not orders.
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(BUFFERED_LINES)
        .finish(io::stdout());
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match settings.format {
        LogFormat::Pretty => lines
            .with_ansi(io::stdout().is_terminal())
            .with_target(false)
            .boxed(),
        // The current span's fields carry the order's id onto every line about it.
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed(),
    };
    let traces = traces(&config.telemetry, purpose)?;
    tracing_subscriber::registry()
        .with(lines.with_filter(Fresh(filter)))
        .with(traces.map(|traces| traces.layer().with_filter(Fresh(filter_fn(Traces::wants)))))
        .try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let message = panic.payload_as_str().unwrap_or("a panic without words");
        tracing::error!(message, place, "panicked");
    }));
    Ok(LogGuard {
        levels: LogLevels(levels),
        traces,
        writer: guard,
    })
}

/// The traces of a process that serves, if they are wanted.
fn traces(settings: &Telemetry, purpose: Purpose) -> Result<Option<&'static Traces>, TracesError> {
    let (Some(endpoint), Purpose::Serve(role)) = (&settings.otlp_endpoint, purpose) else {
        return Ok(None);
    };
    let settings = TracesSettings {
        endpoint: endpoint.expose(),
        sample_percent: settings.sample_percent,
        version: env!("CARGO_PKG_VERSION"),
        role: role.as_str(),
    };
    Traces::begin(&settings).map(Some)
}
