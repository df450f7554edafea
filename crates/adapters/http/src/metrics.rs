//! What is counted at the endpoints, and what `/metrics` asks of whoever wired the engine.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use metrics::{SharedString, counter, histogram};
use poem::endpoint::BoxEndpoint;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, EndpointExt, Request, Response};

/// Reads the numbers of this process.
#[async_trait]
pub trait MetricsReport: Send + Sync {
    /// All of them, in Prometheus' text format.
    async fn scrape(&self) -> String;
}

/// The media type of that format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts the requests of one route. The label is the route's template: a path with an order's id in it would
/// make a number of its own for each order.
pub(crate) fn metered(
    path: &str,
    endpoint: BoxEndpoint<'static, Response>,
) -> BoxEndpoint<'static, Response> {
    let route = SharedString::from(Arc::<str>::from(template(path)));
    endpoint
        .around(move |endpoint, request: Request| {
            let (route, method) = (route.clone(), method(request.method()));
            async move {
                let began = Instant::now();
                let answer = endpoint.call(request).await;
                let status = match &answer {
                    Ok(response) => response.status(),
                    Err(error) => error.status(),
                };
                observe(route, method, status, began);
                answer
            }
        })
        .boxed()
}

/// A request came for a path that does not exist.
pub(crate) fn unmatched() {
    counter!("http_server_unmatched_requests_total").increment(1);
}

fn observe(route: SharedString, method: &'static str, status: StatusCode, began: Instant) {
    histogram!(
        "http_server_request_duration_seconds",
        "http_route" => route,
        "http_request_method" => method,
        "http_response_status_code" => status.as_str().to_owned(),
    )
    .record(began.elapsed());
}

/// A path with its parameter as OpenAPI writes it. Routes call parameters by number; whatever has one here is
/// about an id.
fn template(path: &str) -> String {
    let part = |part| if str::starts_with(part, ':') { "{id}" } else { part };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Anybody may invent methods; they are counted as one.
fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN
        .into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_named_by_its_template() {
        assert_eq!(template("/api/orders/:param0/events"), "/api/orders/{id}/events");
        assert_eq!(template("/"), "/");
    }

    #[test]
    fn invented_methods_are_counted_as_one() {
        let invented = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(method(&invented), "_OTHER");
        assert_eq!(method(&Method::PATCH), "PATCH");
    }
}
