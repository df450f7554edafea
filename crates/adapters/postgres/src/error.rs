//! What a failure of the database means: whether it may pass, and whether one row is to blame.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use order_ports::StoreError;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

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

    /// Whether the connection cannot be used again.
    pub(crate) fn spoils_connection(&self) -> bool {
        match &*self.cause {
            Cause::Late(_) => true,
            Cause::Sqlx(sqlx::Error::Database(error)) => spoils_session(code_of(error.as_ref())),
            Cause::Sqlx(_) => self.kind == Kind::Unavailable,
            Cause::TaskGone | Cause::OutOfRange { .. } | Cause::Missing(_) | Cause::Json(_) => false,
        }
    }

    /// Whether the session may read only.
    pub(crate) fn is_read_only(&self) -> bool {
        self.sqlstate() == Some(READ_ONLY)
    }

    /// Whether the trouble is the database's, and not a row's or a connection's: it takes no writes, whoever's.
    pub(crate) fn refuses_writes(&self) -> bool {
        self.sqlstate().is_some_and(refuses_writes)
    }

    /// The statement did what it was to do, and was then undone by dividing by zero, on purpose.
    pub(crate) fn is_division_by_zero(&self) -> bool {
        self.sqlstate() == Some("22012")
    }

    fn sqlstate(&self) -> Option<&str> {
        match &*self.cause {
            Cause::Sqlx(sqlx::Error::Database(error)) => Some(code_of(error.as_ref())),
            Cause::Sqlx(_)
            | Cause::Late(_)
            | Cause::TaskGone
            | Cause::OutOfRange { .. }
            | Cause::Missing(_)
            | Cause::Json(_) => None,
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
        E::Database(error) => kind_of_sqlstate(code_of(error.as_ref())),
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

/// The SQLSTATE of an error that the server sent.
///
/// # Panics
/// When the error is not of sqlx's driver for Postgres, which is the only one that this crate is built with.
pub(crate) fn code_of(error: &dyn DatabaseError) -> &str {
    error.downcast_ref::<PgDatabaseError>().code()
}

/// The class of a code: its first two characters.
fn class_of(code: &str) -> &str {
    code.get(..2).unwrap_or(code)
}

/// read_only_sql_transaction.
const READ_ONLY: &str = "25006";

/// Whether the session that answered so is of no use any more. What is known to be about the statement, or about what
/// others do, leaves it as it was; anything else may be about the session: it ends (57P01 and the like), lost what was
/// prepared (26000), is a pooler's and broke (08), or its process is short of something (53, 58).
fn spoils_session(code: &str) -> bool {
    match code {
        // query_canceled: the server's own limit for a statement.
        "57014" => false,
        // object_not_in_prerequisite_state: what a standby says that cannot do something.
        "55000" => true,
        // duplicate_prepared_statement
        "42P05" => true,
        // too_many_connections and configured limits
        "53300" | "53400" => false,
        _ => !matches!(
            class_of(code),
            // Data, constraints, serialization, rights and names, limits, locks held by others.
            "22" | "23" | "40" | "42" | "54" | "55"
        ),
    }
}

/// Whether whoever is answered so will be answered so again: the database may not write (a standby), has no room for it
/// (disk_full, out_of_memory), cannot (input and output, corruption), or does not let this user.
fn refuses_writes(code: &str) -> bool {
    match code {
        READ_ONLY | "53100" | "53200" | "XX001" | "XX002" | "42501" => true,
        _ => code.starts_with("58"),
    }
}

/// By the class of the code, see "PostgreSQL Error Codes" in the manual.
fn kind_of_sqlstate(code: &str) -> Kind {
    match code {
        // A standby; the primary is elsewhere, or will be.
        READ_ONLY => Kind::Unavailable,
        // Of a session that is not what it was taken for, which another one will be: a statement that was prepared is
        // gone or is there already, or a transaction is open.
        "26000" | "42P05" => Kind::Unavailable,
        _ => match class_of(code) {
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
            ("26000", Kind::Unavailable),
            ("42P05", Kind::Unavailable),
            ("53100", Kind::Unavailable),
            ("58030", Kind::Unavailable),
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

    #[test]
    fn a_session_that_is_of_no_use_is_told_from_a_statement_that_failed() {
        for code in [
            "25006", "25P02", "26000", "42P05", "55000", "57P01", "57P02", "57P03", "57P05", "08P01",
            "08006", "53100", "53200", "58030", "58000", "XX000", "0A000", "28000", "",
        ] {
            assert!(spoils_session(code), "{code}");
        }
        for code in [
            "22012", "22P05", "23505", "40001", "40P01", "42P01", "42501", "54000", "55P03", "57014", "53300",
        ] {
            assert!(!spoils_session(code), "{code}");
        }
    }

    #[test]
    fn a_database_that_takes_no_writes_is_told_from_one_that_is_busy() {
        for code in ["25006", "53100", "53200", "58030", "58P01", "XX001", "42501"] {
            assert!(refuses_writes(code), "{code}");
        }
        for code in [
            "57014", "57P01", "40P01", "55P03", "53300", "23505", "22P05", "08006", "",
        ] {
            assert!(!refuses_writes(code), "{code}");
        }
    }
}
