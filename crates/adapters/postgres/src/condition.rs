//! What state the database is in: whether orders can be stored in it, whether what it has stored survives, and what time
//! it is there.

use async_trait::async_trait;
use order_core::time::Timestamp;
use order_ports::{StoreError, StoreTime};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::database::{Database, detached};
use crate::error::Failure;
use crate::refusals::StatusClass;
use crate::sql;
use crate::store::PostgresStore;

/// Why no order can be stored at the moment.
#[derive(Debug, thiserror::Error)]
pub enum NotWritable {
    /// It does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It follows another server, which is where orders can be stored.
    #[error("the database is a standby: it is in recovery, and takes no writes")]
    Standby,
    /// It is told to let nobody write, or not this user.
    #[error("the database is read-only (default_transaction_read_only)")]
    ReadOnly,
    /// It tries, and cannot.
    #[error("the database refuses to write")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What the server is told to do so that a commit survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durability {
    /// Whether what is written is taken to the disk at all.
    pub fsync: bool,
    /// Whether a page that a crash tore can be mended.
    pub full_page_writes: bool,
    /// Whether a commit is waited for, as the server, the database or the user has it. Sessions of this program wait
    /// whatever it says; whoever else writes here may not.
    pub synchronous_commit: bool,
}

impl Durability {
    /// Its settings, and whether each is as it must be.
    pub const fn settings(self) -> [(&'static str, bool); 3] {
        [
            ("fsync", self.fsync),
            ("full_page_writes", self.full_page_writes),
            ("synchronous_commit", self.synchronous_commit),
        ]
    }

    /// The names of those that are not as they must be.
    pub fn missing(self) -> impl Iterator<Item = &'static str> {
        let settings = self.settings().into_iter();
        settings.filter(|(_, safe)| !safe).map(|(name, _)| name)
    }
}

impl PostgresStore {
    /// Whether orders can be stored, and how durable they are then. Reads, and tries a write only after one was refused.
    ///
    /// # Errors
    /// [`NotWritable`].
    pub async fn condition(&self) -> Result<Durability, NotWritable> {
        let database = self.database.clone();
        let looked = detached(async move { database.look().await }).await;
        let durability = looked.map_err(StoreError::from)??;
        match self.database.refusals.standing() {
            StatusClass::Fine => Ok(durability),
            StatusClass::Refused(failure) => Err(NotWritable::Refused(Box::new(failure))),
            StatusClass::Doubtful => self.try_to_write().await.map(|()| durability),
        }
    }

    async fn try_to_write(&self) -> Result<(), NotWritable> {
        match self.database.run_detached(sqlx::query(sql::TRIAL)).await {
            Err(failure) if failure.is_division_by_zero() => {
                self.database.refusals.forget();
                Ok(())
            }
            // Noted when it happened.
            Err(failure) if failure.refuses_writes() => Err(NotWritable::Refused(Box::new(failure))),
            Err(failure) => Err(StoreError::from(failure).into()),
            Ok(_) => Err(StoreError::from(Failure::missing("the end of a trial")).into()),
        }
    }
}

impl Database {
    /// Looks at the database by a session of the pool; by a fresh one, if that session may not write.
    async fn look(&self) -> Result<Result<Durability, NotWritable>, Failure> {
        let first = self.look_by_any().await?;
        match first {
            Err(NotWritable::Standby | NotWritable::ReadOnly) => self.look_by_any().await,
            settled => Ok(settled),
        }
    }

    async fn look_by_any(&self) -> Result<Result<Durability, NotWritable>, Failure> {
        let (found, connection) = self.one_row(sqlx::query(sql::CONDITION)).await?;
        let seen = condition(&found)?;
        if seen.is_err() {
            self.forgo_read_only(connection);
        }
        Ok(seen)
    }
}

fn condition(row: &PgRow) -> Result<Result<Durability, NotWritable>, Failure> {
    if row.try_get("standby")? {
        return Ok(Err(NotWritable::Standby));
    }
    if row.try_get("read_only")? {
        return Ok(Err(NotWritable::ReadOnly));
    }
    Ok(Ok(Durability {
        fsync: row.try_get("fsync")?,
        full_page_writes: row.try_get("full_page_writes")?,
        synchronous_commit: row.try_get("synchronous_commit")?,
    }))
}

#[async_trait]
impl StoreTime for PostgresStore {
    async fn time(&self) -> Result<Timestamp, StoreError> {
        let rows = self.database.run_detached(sqlx::query(sql::TIME)).await?;
        let row = rows.first().ok_or_else(|| Failure::missing("the time"))?;
        let millis = row.try_get("millis").map_err(Failure::from)?;
        Ok(Timestamp::from_millis(millis))
    }
}
