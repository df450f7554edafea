//! Collecting spans and sending them away, in batches, from a thread of their own.

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider};
use order_ports::SPANS;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::root::{Ids, OfOrders};

/// How many spans may wait to be sent; further ones are dropped.
const WAITING: usize = 32 * 1024;
/// How many are sent at once.
const BATCH: usize = 2 * 1024;
/// How long a span waits at most before it is sent.
const DELAY: Duration = Duration::from_secs(1);
/// How long the collector may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// The traces of this process, once somebody collects them.
static OF_PROCESS: OnceLock<Traces> = OnceLock::new();

/// What to collect, and where it goes.
#[derive(Clone, Debug)]
pub struct TracesSettings<'a> {
    /// The collector's address, without the path; it must speak OTLP over HTTP.
    pub endpoint: &'a str,
    /// Of a hundred orders whose caller does not say so, how many are traced.
    pub sample_percent: u8,
    /// The version of this program.
    pub version: &'static str,
    /// What part of the work this process does.
    pub role: &'static str,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The exporter cannot be made.
    #[error("spans cannot be sent there")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// This process collects already.
    #[error("the spans of this process are collected already")]
    Twice,
}

/// The traces of this process.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    percent: u8,
}

impl Traces {
    /// Begins to collect. Not to be called from asynchronous code.
    ///
    /// # Errors
    /// [`TracesError`]; a collector that cannot be reached is none: it is tried again with each batch.
    pub fn begin(settings: &TracesSettings<'_>) -> Result<&'static Self, TracesError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", settings.endpoint.trim_end_matches('/')))
            .with_timeout(ANSWER_WITHIN)
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(WAITING)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let resource = Resource::builder()
            .with_service_name("order-engine")
            .with_attribute(KeyValue::new("service.version", settings.version))
            .with_attribute(KeyValue::new("order_engine.role", settings.role))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(
                BatchSpanProcessor::builder(exporter)
                    .with_batch_config(batches)
                    .build(),
            )
            .with_sampler(OfOrders)
            .with_id_generator(Ids::default())
            .with_resource(resource)
            .build();
        let tracer = provider.tracer("order-engine");
        let traces = Self {
            provider,
            tracer,
            percent: settings.sample_percent,
        };
        OF_PROCESS.set(traces).map_err(|_| TracesError::Twice)?;
        Self::of_process().ok_or(TracesError::Twice)
    }

    /// The traces of this process, if they are collected.
    pub fn of_process() -> Option<&'static Self> {
        OF_PROCESS.get()
    }

    /// What takes spans out of `tracing`, if it is shown none but those it wants.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.clone())
            // A span's place is not known when it is entered.
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
    }

    /// Whether this is a span of an order, or something that was logged within one.
    pub fn wants(metadata: &Metadata<'_>) -> bool {
        metadata.target() == SPANS || (metadata.is_event() && *metadata.level() <= Level::INFO)
    }

    /// Sends what is still here. Not to be called from asynchronous code; nothing is collected afterwards.
    pub fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(ANSWER_WITHIN) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the last spans are lost"
            );
        }
    }

    pub(crate) fn tracer(&self) -> &SdkTracer {
        &self.tracer
    }

    pub(crate) fn percent(&self) -> u8 {
        self.percent
    }
}
