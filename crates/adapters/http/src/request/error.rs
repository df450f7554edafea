//! Collecting what is wrong with a request, and what status that makes.

use std::borrow::Cow;

use order_core::decimal::DecimalError;
use poem::http::StatusCode;

use crate::wire::problem::{FieldProblem, Problem};

/// How wrong a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    /// Each field is right, and it is too late: 422, unless the same request was accepted before.
    Late,
    /// Each field is fine, but they contradict each other or the market: 422.
    Contradiction,
    /// It cannot be read: 400.
    Invalid,
    /// It is somebody else's: 403.
    NotTheirs,
}

#[derive(Debug)]
struct FieldError {
    severity: Severity,
    field: Cow<'static, str>,
    code: &'static str,
    message: Cow<'static, str>,
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

    /// A name of somebody who is not the caller.
    pub fn not_theirs(&mut self, field: &'static str) {
        let message = "is not the owner of the API key";
        self.push(Severity::NotTheirs, field, "forbidden", message);
    }

    /// A value that was right once.
    pub fn late(&mut self, field: &'static str, code: &'static str, message: impl Into<Cow<'static, str>>) {
        self.push(Severity::Late, field, code, message);
    }

    /// A decimal that cannot be read.
    pub fn decimal(&mut self, field: &'static str, error: DecimalError) {
        let code = match error {
            DecimalError::Malformed => "not_a_number",
            DecimalError::Negative => "negative",
            DecimalError::TooLarge => "too_large",
            DecimalError::TooPrecise { .. } => "too_precise",
        };
        self.invalid(field, code, error.to_string());
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all that is wrong is that it is too late.
    pub fn are_late(&self) -> bool {
        self.0.iter().all(|error| error.severity == Severity::Late)
    }

    /// The problem to answer with; the worst error says which.
    pub fn into_problem(self) -> Problem {
        let worst = self.0.iter().max_by_key(|error| error.severity);
        let (status, code, title) = match worst.map(|worst| (worst.severity, worst.code)) {
            Some((Severity::NotTheirs, code)) => (StatusCode::FORBIDDEN, code, "Forbidden"),
            Some((Severity::Late | Severity::Contradiction, code)) => (
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
