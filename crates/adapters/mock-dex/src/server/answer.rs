//! Answers: JSON, or a problem in JSON.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use order_core::failure::VenueError;
use serde::Serialize;

use crate::chain::JournalError;
use crate::market::{AdminError, AskError, SubmitError};
use crate::wire::Problem;

pub(super) type Answer = Response<Full<Bytes>>;

/// Why a request gets no answer of its own.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// What the client may do instead.
    instead: Option<(HeaderName, &'static str)>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
            instead: None,
        }
    }

    pub(super) fn bad_request(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    pub(super) fn unavailable(error: VenueError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), error)
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        let refused = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path has other methods",
        );
        Self {
            instead: Some((ALLOW, allow)),
            ..refused
        }
    }

    /// The body is compressed.
    pub(super) fn encoded() -> Self {
        let detail = "bodies are taken as they are, without a Content-Encoding";
        let refused = Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", detail);
        Self {
            instead: Some((ACCEPT_ENCODING, "identity")),
            ..refused
        }
    }

    pub(super) fn answer(self) -> Answer {
        let problem = Problem {
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code.to_owned(),
        };
        let mut answer = write(self.status, &problem, "application/problem+json");
        if let Some((name, value)) = self.instead {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }
}

impl From<SubmitError> for Refused {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::NotTaken(error) => Self::unavailable(error),
            SubmitError::Invalid(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_transaction", error)
            }
            SubmitError::AnswerLost => Self::new(StatusCode::GATEWAY_TIMEOUT, "answer_lost", error),
            SubmitError::Journal(error) => error.into(),
        }
    }
}

impl From<AskError> for Refused {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Down => Self::unavailable(VenueError::Down),
            AskError::Journal(error) => error.into(),
        }
    }
}

impl From<JournalError> for Refused {
    fn from(error: JournalError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ledger", error)
    }
}

impl From<AdminError> for Refused {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NoSuchPair(..) => Self::new(StatusCode::NOT_FOUND, "no_such_pair", error),
            AdminError::TooFar(..) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_price", error),
            AdminError::Pool(error) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_pool", error),
            AdminError::Journal(error) => error.into(),
        }
    }
}

pub(super) fn json(content: &impl Serialize) -> Answer {
    write(StatusCode::OK, content, "application/json")
}

fn write(status: StatusCode, content: &impl Serialize, kind: &'static str) -> Answer {
    // None of the wire's types can fail to be written: no maps with odd keys, no failing serialisers.
    let body = serde_json::to_vec(content).unwrap_or_default();
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
