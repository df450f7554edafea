//! Collecting what is wrong with a request, and what status that makes.

use std::borrow::Cow;

use order_core::decimal::DecimalError;
use poem::http::StatusCode;

use super::json::Sent;
use crate::wire::problem::{FieldProblem, Problem};

/// How wrong a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    /// Each field is right, and it is stale: 422, unless the same request was accepted before.
    Stale,
    /// Each field is fine, but they contradict each other or the market: 422.
    Contradiction,
    /// It cannot be read: 400.
    Invalid,
    /// It is another owner's: 403.
    NotTheirs,
}

#[derive(Debug)]
struct FieldError {
    severity: Severity,
    field: Cow<'static, str>,
    code: &'static str,
    message: Cow<'static, str>,
}

/// What is wrong with one value, whatever field it stands in.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    code: &'static str,
    message: Cow<'static, str>,
}

impl Refused {
    /// A value that is wrong in a way that has that code.
    pub fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    /// A value that is none of those that there are.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_value", message)
    }

    /// A value of another type than expected.
    pub fn type_of(sent: &Sent<'_>, expected: &str) -> Self {
        Self::new("wrong_type", format!("must be {expected}, not {}", sent.kind()))
    }
}

impl From<DecimalError> for Refused {
    fn from(error: DecimalError) -> Self {
        let code = match error {
            DecimalError::Malformed => "not_a_number",
            DecimalError::Negative => "negative",
            DecimalError::TooLarge => "too_large",
            DecimalError::TooPrecise { .. } => "too_precise",
        };
        Self::new(code, error.to_string())
    }
}

/// Everything that is wrong with a request.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    fn push(
        &mut self,
        severity: Severity,
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.0.push(FieldError {
            severity,
            field: field.into(),
            code,
            message: message.into(),
        });
    }

    /// A value that cannot be read.
    pub fn invalid(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.push(Severity::Invalid, field, code, message);
    }

    /// A value that does not fit the others.
    pub fn contradiction(
        &mut self,
        field: &'static str,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) {
        self.push(Severity::Contradiction, field, code, message);
    }

    /// The name of an owner that is not the caller.
    pub fn not_theirs(&mut self, field: &'static str) {
        let message = "is not the owner of the API key";
        self.push(Severity::NotTheirs, field, "forbidden", message);
    }

    /// A value that was right once.
    pub fn stale(&mut self, field: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) {
        self.push(Severity::Stale, field, code, message);
    }

    /// A value that cannot be read, as its reader says.
    pub fn refused(&mut self, field: &'static str, refused: impl Into<Refused>) {
        let Refused { code, message } = refused.into();
        self.invalid(field, code, message);
    }

    /// A field that must be there is not.
    pub fn missing(&mut self, field: &'static str) {
        self.invalid(field, "required", "is required");
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that is wrong is that it is stale.
    pub fn are_stale(&self) -> bool {
        self.0.iter().all(|error| error.severity == Severity::Stale)
    }

    /// Refuses the request if anything is wrong.
    ///
    /// # Errors
    /// A problem that names all of it.
    pub fn check(self) -> Result<(), Problem> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.into_problem())
        }
    }

    /// The problem to answer with; the worst error says which.
    pub fn into_problem(self) -> Problem {
        let worst = self.0.iter().max_by_key(|error| error.severity);
        let (status, code, title) = match worst.map(|worst| (worst.severity, worst.code)) {
            Some((Severity::NotTheirs, code)) => (StatusCode::FORBIDDEN, code, "Forbidden"),
            Some((Severity::Stale | Severity::Contradiction, code)) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                code,
                "The request cannot be executed",
            ),
            Some((Severity::Invalid, _)) | None => {
                (StatusCode::BAD_REQUEST, "invalid_request", "Invalid request")
            }
        };
        let detail: Vec<_> = self
            .0
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect();
        let errors = self.0.into_iter().map(|error| FieldProblem {
            field: error.field.into(),
            message: error.message.into(),
            code: error.code.into(),
        });
        Problem::new(status, code, title)
            .detail(detail.join("; "))
            .with_errors(errors.collect())
    }
}
