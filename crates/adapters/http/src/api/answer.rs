//! A response together with its description.

use std::marker::PhantomData;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, Registry};
use poem_openapi::types::Type;
use serde::Serialize;

use crate::wire::problem::{PROBLEM_JSON, Problem, ProblemView};

/// All that an endpoint may answer, for the API's description.
pub trait Responses: Send + 'static {
    /// Whether the endpoint wants a key where keys are on.
    const GUARDED: bool = true;
    /// The responses, those to whoever has no key aside.
    fn responses() -> Vec<MetaResponse>;
    /// Registers what the responses refer to, problems aside.
    fn register(registry: &mut Registry);
}

/// A response of an endpoint that is described by `D`.
pub struct Answer<D> {
    response: Response,
    described: PhantomData<fn() -> D>,
}

impl<D> From<Result<Response, Problem>> for Answer<D> {
    fn from(result: Result<Response, Problem>) -> Self {
        Self {
            response: result.unwrap_or_else(IntoResponse::into_response),
            described: PhantomData,
        }
    }
}

impl<D> IntoResponse for Answer<D> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<D: Responses> ApiResponse for Answer<D> {
    fn meta() -> MetaResponses {
        let mut responses = D::responses();
        if D::GUARDED {
            guarded(&mut responses);
        }
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        ProblemView::register(registry);
        D::register(registry);
    }
}

/// Adds what is answered to whoever may not come in, by status.
fn guarded(responses: &mut Vec<MetaResponse>) {
    let refusals = [
        problem(
            401,
            "Where the engine wants keys: no good key or ticket was shown. It is not said why: `unauthorized`.",
        ),
        problem(
            403,
            "The key lacks the scope for this, or userId is not its owner: `forbidden`.",
        ),
        problem(
            503,
            "The store does not answer: `store_unavailable`. Retry-After says when to try again.",
        ),
    ];
    for refusal in refusals {
        if responses.iter().any(|known| known.status == refusal.status) {
            continue;
        }
        let later = |known: &MetaResponse| known.status > refusal.status;
        let place = responses.iter().rposition(|known| !later(known));
        responses.insert(place.map_or(0, |place| place + 1), refusal);
    }
}

/// A JSON response.
pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a reply cannot be encoded"
        );
        Problem::internal()
    })?;
    Ok(Response::builder()
        .status(status)
        .content_type("application/json")
        .body(body))
}

/// Describes a response without a body.
pub fn empty(status: u16, description: &'static str) -> MetaResponse {
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: Vec::new(),
        headers: Vec::new(),
    }
}

/// Describes a JSON response.
pub fn describe<T: Type>(status: u16, description: &'static str) -> MetaResponse {
    let content = vec![MetaMediaType {
        content_type: "application/json",
        schema: T::schema_ref(),
    }];
    MetaResponse {
        content,
        ..empty(status, description)
    }
}

/// The media type of a stream of events. OpenAPI knows no way to describe what is in one, so that it is a text.
pub fn event_stream() -> MetaMediaType {
    let schema = MetaSchema {
        description: Some(
            "Server-sent events: `id` is the seq of an event, `data` the event as JSON, as the schema Event has it.",
        ),
        ..MetaSchema::new("string")
    };
    MetaMediaType {
        content_type: "text/event-stream",
        schema: poem_openapi::registry::MetaSchemaRef::Inline(Box::new(schema)),
    }
}

/// Describes a problem.
pub fn problem(status: u16, description: &'static str) -> MetaResponse {
    let content = vec![MetaMediaType {
        content_type: PROBLEM_JSON,
        schema: ProblemView::schema_ref(),
    }];
    MetaResponse {
        content,
        ..empty(status, description)
    }
}

/// Describes a header of a response.
pub fn header<T: Type>(name: &str, description: &str) -> MetaHeader {
    MetaHeader {
        name: name.into(),
        description: Some(description.into()),
        required: false,
        deprecated: false,
        schema: T::schema_ref(),
    }
}
