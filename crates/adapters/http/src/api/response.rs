//! A response together with its description: what an endpoint sends is of the type that the document shows.

use std::marker::PhantomData;

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use serde::Serialize;

use crate::wire::encoded;
use crate::wire::event::EventView;
use crate::wire::problem::{PROBLEM_JSON, Problem, ProblemView};

/// All that an endpoint may answer.
pub trait Responses: Send + 'static {
    /// Whether the endpoint wants a key where keys are on.
    const GUARDED: bool = true;
    /// The responses by status, those to a caller without a key aside.
    const LIST: &[ResponseDoc];
}

/// What an endpoint answers in JSON.
pub trait Sends: Responses {
    /// The body.
    type Body: Type + Serialize;
}

/// A response of an endpoint that answers `D`.
pub struct ApiResponse<D> {
    response: Response,
    described: PhantomData<fn() -> D>,
}

impl<D: Sends> ApiResponse<D> {
    /// A JSON response.
    pub fn json(status: StatusCode, body: &D::Body) -> Self {
        let response = Response::builder()
            .status(status)
            .content_type("application/json")
            .body(encoded(body));
        response.into()
    }
}

impl<D> ApiResponse<D> {
    /// The same with this header.
    pub fn with_header(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
        self.response.headers_mut().insert(name, value);
        self
    }
}

impl<D> From<Response> for ApiResponse<D> {
    fn from(response: Response) -> Self {
        Self {
            response,
            described: PhantomData,
        }
    }
}

impl<D> IntoResponse for ApiResponse<D> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<D: Responses> poem_openapi::ApiResponse for ApiResponse<D> {
    fn meta() -> MetaResponses {
        let guarded: &[_] = if D::GUARDED { &GUARDED } else { &[] };
        let known = |status| D::LIST.iter().any(|own| own.status == status);
        let mut all: Vec<_> = D::LIST.iter().collect();
        all.extend(guarded.iter().filter(|refusal| !known(refusal.status)));
        MetaResponses {
            responses: all.into_iter().map(ResponseDoc::meta).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        for response in D::LIST {
            for content in response.content {
                (content.register)(registry);
            }
        }
    }
}

/// Whatever goes wrong is a problem, which each endpoint lists among its responses.
impl poem_openapi::ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: Vec::new(),
        }
    }

    fn register(registry: &mut Registry) {
        ProblemView::register(registry);
    }
}

/// What is answered to a caller who may not come in.
const GUARDED: [ResponseDoc; 3] = [
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

/// What the document says of a response.
#[derive(Clone, Copy)]
pub struct ResponseDoc {
    status: u16,
    text: &'static str,
    content: &'static [Content],
    headers: &'static [(&'static str, &'static str)],
}

/// A body that a response may have.
#[derive(Clone, Copy)]
pub struct Content {
    media_type: &'static str,
    schema: fn() -> MetaSchemaRef,
    register: fn(&mut Registry),
}

impl ResponseDoc {
    const fn new(status: u16, text: &'static str, content: &'static [Content]) -> Self {
        Self {
            status,
            text,
            content,
            headers: &[],
        }
    }

    /// The same with these headers, each with what it says.
    pub const fn with_headers(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    fn meta(&self) -> MetaResponse {
        let content = self.content.iter().map(|content| MetaMediaType {
            content_type: content.media_type,
            schema: (content.schema)(),
        });
        let headers = self.headers.iter().map(|(name, description)| MetaHeader {
            name: (*name).into(),
            description: Some((*description).into()),
            required: false,
            deprecated: false,
            schema: String::schema_ref(),
        });
        MetaResponse {
            description: self.text,
            status: Some(self.status),
            status_range: None,
            content: content.collect(),
            headers: headers.collect(),
        }
    }
}

/// A response without a body.
pub const fn empty(status: u16, text: &'static str) -> ResponseDoc {
    ResponseDoc::new(status, text, &[])
}

/// The JSON that the endpoint sends.
pub const fn sent<D: Sends>(status: u16, text: &'static str) -> ResponseDoc {
    ResponseDoc::new(status, text, const { &[json::<D>()] })
}

/// A problem.
pub const fn problem(status: u16, text: &'static str) -> ResponseDoc {
    const PROBLEM: Content = Content {
        media_type: PROBLEM_JSON,
        schema: ProblemView::schema_ref,
        register: ProblemView::register,
    };
    ResponseDoc::new(status, text, &[PROBLEM])
}

/// Events as server-sent events.
pub const fn event_stream(status: u16, text: &'static str) -> ResponseDoc {
    ResponseDoc::new(status, text, &[EVENT_STREAM])
}

/// The JSON that the endpoint sends or, if the client asks for it, events as server-sent events.
pub const fn sent_or_streamed<D: Sends>(status: u16, text: &'static str) -> ResponseDoc {
    ResponseDoc::new(status, text, const { &[json::<D>(), EVENT_STREAM] })
}

const fn json<D: Sends>() -> Content {
    Content {
        media_type: "application/json",
        schema: D::Body::schema_ref,
        register: D::Body::register,
    }
}

/// OpenAPI knows no way to describe what is in a stream of events, so that it is a text.
const EVENT_STREAM: Content = Content {
    media_type: "text/event-stream",
    schema: || {
        let text = "Server-sent events: `id` is the seq of an event, `data` the event as JSON, as the schema Event has it.";
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            description: Some(text),
            ..MetaSchema::new("string")
        }))
    },
    register: EventView::register,
};
