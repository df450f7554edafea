//! A collector of traces, as the engine sends them: OTLP over HTTP, protobuf.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use parking_lot::Mutex;
use prost::Message;
use tokio::net::TcpListener;

/// A span as it arrived, with its ids in hexadecimal digits.
#[derive(Clone, Debug)]
pub struct Collected {
    pub trace: String,
    pub id: String,
    /// Empty if there is none.
    pub parent: String,
    /// What part of the work the process did that sent it.
    pub role: String,
    span: Span,
}

impl Collected {
    pub fn name(&self) -> &str {
        &self.span.name
    }

    /// An attribute's value as text.
    pub fn attribute(&self, key: &str) -> Option<String> {
        attribute(&self.span.attributes, key)
    }

    /// When it began and ended, in nanoseconds.
    pub fn time(&self) -> (u64, u64) {
        (self.span.start_time_unix_nano, self.span.end_time_unix_nano)
    }

    /// Whether it says that something failed.
    pub fn failed(&self) -> bool {
        self.span.status.as_ref().is_some_and(|status| status.code == 2)
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(truth) => Some(truth.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}

/// Listens until the test ends.
pub struct Collector {
    url: String,
    spans: Arc<Mutex<Vec<Collected>>>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Arc::<Mutex<Vec<Collected>>>::default();
        let heard = Arc::clone(&spans);
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                let spans = Arc::clone(&heard);
                let service = service_fn(move |request| answer(Arc::clone(&spans), request));
                let serving = http1::Builder::new().serve_connection(TokioIo::new(connection), service);
                tokio::spawn(serving);
            }
        });
        Self { url, spans }
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What has arrived so far.
    pub fn spans(&self) -> Vec<Collected> {
        self.spans.lock().clone()
    }

    /// Waits for so many spans of this name in this trace.
    pub async fn receives(&self, trace: &str, name: &str, count: usize) {
        let arrives = async {
            let there = |span: &Collected| span.trace == trace && span.name() == name;
            while self.spans.lock().iter().filter(|span| there(span)).count() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(30), arrives).await;
        arrived.unwrap_or_else(|_| panic!("no {name} in {trace}: {:#?}", self.spans()));
    }
}

async fn answer(
    spans: Arc<Mutex<Vec<Collected>>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let right =
        request.uri().path() == "/v1/traces" && request.headers()["content-type"] == "application/x-protobuf";
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut response = Response::new(Empty::new());
    match ExportTraceServiceRequest::decode(body) {
        Ok(batch) if right => spans.lock().extend(unpack(batch)),
        Ok(_) | Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    Ok(response)
}

fn unpack(batch: ExportTraceServiceRequest) -> impl Iterator<Item = Collected> {
    batch.resource_spans.into_iter().flat_map(|sender| {
        let attributes = sender.resource.unwrap_or_default().attributes;
        assert_eq!(
            attribute(&attributes, "service.name").as_deref(),
            Some("order-engine")
        );
        let role = attribute(&attributes, "order_engine.role").unwrap();
        let spans = sender.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.map(move |span| Collected {
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            role: role.clone(),
            span,
        })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
