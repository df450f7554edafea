//! What a failure of the database means: whether it may pass, and whether one row is to blame.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use order_ports::StoreError;

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The database does not answer, or not now. The statement may have happened.
    Unavailable,
    /// The statement was undone for the sake of another one (a deadlock); the same again may pass.
    Undone,
    /// The statement was refused for what is in a row.
    Row,
    /// The database holds, answers or refuses what this program does not expect.
    Unexpected,
}

/// A failure that can be told to everybody who shared the statement.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    cause: Arc<Cause>,
}

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    #[error("the database took longer than {0:?} for a statement")]
    Late(Duration),
    #[error("the task that talks to the database is gone")]
    TaskGone,
    #[error("{what} is out of the database's range")]
    OutOfRange { what: &'static str },
    #[error("the database's answer lacks {0}")]
    Missing(&'static str),
    #[error("cannot write as JSON")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    pub(crate) fn late(limit: Duration) -> Self {
        Self::new(Kind::Unavailable, Cause::Late(limit))
    }

    pub(crate) fn task_gone() -> Self {
        Self::new(Kind::Unavailable, Cause::TaskGone)
    }

    pub(crate) fn out_of_range(what: &'static str) -> Self {
        Self::new(Kind::Unexpected, Cause::OutOfRange { what })
    }

    pub(crate) fn missing(what: &'static str) -> Self {
        Self::new(Kind::Unexpected, Cause::Missing(what))
    }

    fn new(kind: Kind, cause: Cause) -> Self {
        Self {
            kind,
            cause: Arc::new(cause),
        }
    }

    /// Whether the connection can be used again.
    pub(crate) fn spoils_connection(&self) -> bool {
        match &*self.cause {
            Cause::Late(_) => true,
            Cause::Sqlx(error) => {
                !matches!(error, sqlx::Error::Database(_)) && self.kind == Kind::Unavailable
            }
            Cause::TaskGone | Cause::OutOfRange { .. } | Cause::Missing(_) | Cause::Json(_) => false,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::new(kind_of(&error), Cause::Sqlx(error))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Kind::Unexpected, Cause::Json(error))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            Kind::Unavailable | Kind::Undone => Self::Unavailable(Box::new(failure)),
            Kind::Row | Kind::Unexpected => Self::Corrupt(Box::new(failure)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

/// What follows from an error of the driver.
pub(crate) fn kind_of(error: &sqlx::Error) -> Kind {
    use sqlx::Error as E;
    match error {
        E::Database(error) => kind_of_sqlstate(error.code().as_deref().unwrap_or_default()),
        E::Io(_)
        | E::Tls(_)
        // Garbage on the wire is what a connection that broke in the middle of a message looks like.
        | E::Protocol(_)
        | E::PoolTimedOut
        | E::PoolClosed
        | E::WorkerCrashed
        | E::BeginFailed => Kind::Unavailable,
        E::Configuration(_)
        | E::InvalidArgument(_)
        | E::RowNotFound
        | E::TypeNotFound { .. }
        | E::ColumnIndexOutOfBounds { .. }
        | E::ColumnNotFound(_)
        | E::ColumnDecode { .. }
        | E::Encode(_)
        | E::Decode(_)
        | E::AnyDriverError(_)
        | E::Migrate(_)
        | E::InvalidSavePointStatement
        | E::ConfigFile(_) => Kind::Unexpected,
        // The enum is open. What is not known to pass is not repeated.
        _ => Kind::Unexpected,
    }
}

/// By the class of the code, see "PostgreSQL Error Codes" in the manual.
fn kind_of_sqlstate(code: &str) -> Kind {
    match code {
        // read_only_sql_transaction: a standby; the primary is elsewhere, or will be.
        "25006" => Kind::Unavailable,
        _ => match code.get(..2).unwrap_or_default() {
            // Serialization failure, deadlock.
            "40" => Kind::Undone,
            // Connection, authorization, resources, locks held by others, operator, system.
            "08" | "28" | "53" | "55" | "57" | "58" => Kind::Unavailable,
            // Data, constraints, limits.
            "22" | "23" | "54" => Kind::Row,
            _ => Kind::Unexpected,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (code, kind) in [
            ("40P01", Kind::Undone),
            ("57014", Kind::Unavailable),
            ("57P01", Kind::Unavailable),
            ("53300", Kind::Unavailable),
            ("25006", Kind::Unavailable),
            ("23505", Kind::Row),
            ("22P05", Kind::Row),
            ("54000", Kind::Row),
            ("42P01", Kind::Unexpected),
            ("XX001", Kind::Unexpected),
            ("", Kind::Unexpected),
        ] {
            assert_eq!(kind_of_sqlstate(code), kind, "{code}");
        }
        assert_eq!(Failure::from(sqlx::Error::PoolTimedOut).kind, Kind::Unavailable);
        assert_eq!(Failure::from(sqlx::Error::RowNotFound).kind, Kind::Unexpected);
    }
}
