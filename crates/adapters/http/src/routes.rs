//! From a path to its endpoint, and from whatever goes wrong on the way to a problem.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderValue, Method, header};
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::error::MethodNotAllowedError;
use poem::http::StatusCode;
use poem::middleware::CatchPanic;
use poem::{EndpointExt, Error, IntoResponse, Request, Response, Route, RouteMethod};
use poem_openapi::OpenApi;

use crate::access::admin;
use crate::admission::guarded;
use crate::api::api;
use crate::context::ApiContext;
use crate::docs::PAGES;
use crate::metrics::{self, MetricsReport, metered};
use crate::page;
use crate::wire::problem::Problem;

/// Those that say how the process is.
const HEALTH: [&str; 3] = ["/health/live", "/health/ready", "/metrics"];

/// Every route that is open.
pub fn routes(context: &Arc<ApiContext>) -> BoxEndpoint<'static, Response> {
    let mut table: HashMap<String, HashMap<Method, BoxEndpoint<'static>>> = HashMap::new();
    api(context).add_routes(&mut table);
    let metrics = context
        .settings
        .metrics
        .clone()
        .map(|report| ("/metrics", scrape(context, report)));
    for (path, page) in documents().into_iter().chain(metrics) {
        table.insert(path.into(), HashMap::from([(Method::GET, page)]));
    }
    table.extend(page::routes());
    if context.settings.health_only {
        table.retain(|path, _| HEALTH.contains(&path.as_str()));
    }
    let mut route = Route::new();
    for (path, methods) in table {
        let endpoint = metered(&path, endpoint(methods));
        route = route.at(path, endpoint);
    }
    let route = route
        .data(Arc::clone(context))
        .with(CatchPanic::new().with_handler(|_panic| Problem::internal()))
        .catch_all_error(|error| async move { problem(error) })
        .map_to_response()
        .boxed();
    guarded(Arc::clone(&context.admission), route)
}

/// The documents that describe the API.
fn documents() -> [(&'static str, BoxEndpoint<'static>); 2] {
    let swagger_ui = |_| {
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, PAGES.policy.clone())
            .body(PAGES.swagger_ui.clone())
    };
    let document = |_| {
        Response::builder()
            .content_type("application/json")
            .body(PAGES.document.clone())
    };
    [
        ("/docs", make_sync(swagger_ui).boxed()),
        ("/openapi.json", make_sync(document).boxed()),
    ]
}

/// The numbers of this process. They concern all owners; but where nothing else is open, whoever can reach the
/// process is meant to read them.
fn scrape(context: &Arc<ApiContext>, report: Arc<dyn MetricsReport>) -> BoxEndpoint<'static> {
    let context = Arc::clone(context);
    let scrape = move |request: Request| {
        let (context, report) = (Arc::clone(&context), Arc::clone(&report));
        async move {
            if !context.settings.health_only
                && let Err(problem) = admin(&context, &request).await
            {
                return problem.into_response();
            }
            let numbers = report.scrape().await;
            Response::builder()
                .content_type(metrics::CONTENT_TYPE)
                .body(numbers)
        }
    };
    poem::endpoint::make(scrape).boxed()
}

/// One path with its methods; any other is refused in a way that names them.
fn endpoint(methods: HashMap<Method, BoxEndpoint<'static>>) -> BoxEndpoint<'static, Response> {
    let mut names: Vec<_> = methods.keys().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    // Methods are tokens, so that their list is a header's value.
    let allowed = HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("GET"));
    methods
        .into_iter()
        .fold(RouteMethod::new(), |route, (method, endpoint)| {
            route.method(method, endpoint)
        })
        .catch_error(move |_: MethodNotAllowedError| {
            let refused = Problem::method_not_allowed(&allowed);
            async move { refused }
        })
        .map_to_response()
        .boxed()
}

/// What goes wrong outside of the endpoints.
fn problem(error: Error) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    if error.status() == StatusCode::NOT_FOUND {
        metrics::unmatched();
        return Problem::not_found().into_response();
    }
    tracing::error!(%error, status = error.status().as_u16(), "a request failed unexpectedly");
    Problem::internal().into_response()
}
