//! Bringing the database to the shape that this program knows.

use std::collections::HashMap;

use sqlx::Connection;
use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::PgConnection;

use crate::error::{Kind, kind_of};
use crate::session::open_plain;
use crate::store::PostgresStore;

/// Why the database was not migrated, or why it is not known whether it is.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database refused a step.
    #[error("the database could not be migrated")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database does not answer, or not now. A step is applied whole or not at all, so this may be repeated.
    #[error("the database went away while it was being migrated")]
    Interrupted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A step was applied that differs from the one of the same number in this program.
    #[error("migration {0} was applied with another text than this program has")]
    Differs(i64),
}

impl MigrationError {
    /// Whether it is worth trying again.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Interrupted(_) => true,
            Self::Failed(_) | Self::Differs(_) => false,
        }
    }
}

impl From<sqlx::Error> for MigrationError {
    fn from(error: sqlx::Error) -> Self {
        match kind_of(&error) {
            Kind::Unavailable | Kind::Undone => Self::Interrupted(Box::new(error)),
            Kind::Row | Kind::Unexpected => Self::Failed(Box::new(error)),
        }
    }
}

impl From<MigrateError> for MigrationError {
    fn from(error: MigrateError) -> Self {
        let kind = match &error {
            MigrateError::VersionMismatch(number) => return Self::Differs(*number),
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => kind_of(cause),
            _ => Kind::Unexpected,
        };
        match kind {
            Kind::Unavailable | Kind::Undone => Self::Interrupted(Box::new(error)),
            Kind::Row | Kind::Unexpected => Self::Failed(Box::new(error)),
        }
    }
}

/// The steps that this program knows. Steps that it does not know are a newer program's, and harmless to it.
fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("../../../migrations");
    migrator.set_ignore_missing(true);
    migrator
}

impl PostgresStore {
    /// Applies the steps that are missing, on a connection without a time limit. Several processes may do so at
    /// once: all but one wait.
    ///
    /// # Errors
    /// [`MigrationError`].
    pub async fn migrate(&self) -> Result<(), MigrationError> {
        let mut connection = open_plain(&self.plain).await?;
        migrator().run_direct(None, &mut connection, false).await?;
        close(connection).await;
        Ok(())
    }

    /// Whether all steps that this program knows are applied.
    ///
    /// # Errors
    /// [`MigrationError`].
    pub async fn is_migrated(&self) -> Result<bool, MigrationError> {
        let migrator = migrator();
        let mut connection = open_plain(&self.plain).await?;
        let exists = sqlx::query(
            "select from pg_tables where tablename = $1 and schemaname = any(current_schemas(false))",
        )
        .bind(&*migrator.table_name)
        .fetch_optional(&mut connection)
        .await?;
        let applied = match exists {
            Some(_) => connection.list_applied_migrations(&migrator.table_name).await?,
            None => Vec::new(),
        };
        close(connection).await;
        let applied: HashMap<_, _> = applied
            .into_iter()
            .map(|step| (step.version, step.checksum))
            .collect();
        for step in migrator.iter() {
            match applied.get(&step.version) {
                None => return Ok(false),
                Some(checksum) if *checksum != step.checksum => {
                    return Err(MigrationError::Differs(step.version));
                }
                Some(_) => {}
            }
        }
        Ok(true)
    }
}

/// The work is done: a failing goodbye is no failure.
async fn close(connection: PgConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "a connection was not closed in good order");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_goes_away_is_told_from_one_that_refuses() {
        let lost = || sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into());
        for error in [
            MigrateError::Execute(lost()),
            MigrateError::ExecuteMigration(lost(), 1),
        ] {
            assert!(MigrationError::from(error).may_pass());
        }
        assert!(MigrationError::from(lost()).may_pass());
        for error in [
            MigrateError::Execute(sqlx::Error::RowNotFound),
            MigrateError::VersionMismatch(1),
        ] {
            assert!(!MigrationError::from(error).may_pass());
        }
    }
}
