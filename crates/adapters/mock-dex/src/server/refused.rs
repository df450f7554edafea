//! Why a request gets no answer of its own: a problem in JSON.

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, ALLOW, HeaderName};
use order_core::failure::VenueError;
use poem::error::{NotFoundError, ResponseError};
use poem::{IntoResponse, Response};

use crate::chain::JournalError;
use crate::market::{AdminError, AskError, SubmitError};
use crate::wire::Problem;

#[derive(Debug, thiserror::Error)]
#[error("{code}: {detail}")]
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

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub(super) fn admin_disabled() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "admin_disabled",
            "started without admin rights",
        )
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

    /// The problem of whatever went wrong on the way to an endpoint.
    pub(super) fn answer(error: poem::Error) -> Response {
        if error.is::<Self>() {
            error.into_response()
        } else if error.is::<NotFoundError>() {
            Self::not_found().as_response()
        } else {
            Self::bad_request(error).as_response()
        }
    }
}

impl ResponseError for Refused {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        let problem = Problem {
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            code: self.code.to_owned(),
        };
        let answer = poem::web::Json(problem).into_response();
        let mut answer = answer.set_content_type("application/problem+json");
        answer.set_status(self.status);
        if let Some((name, value)) = &self.instead {
            let value = http::HeaderValue::from_static(value);
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.as_response()
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
