//! Which database this is: bootstrap names the ledger of the venues by it.

use order_ports::StoreError;
use sqlx::Row;

use crate::error::Failure;
use crate::sql;
use crate::store::PostgresStore;

/// What tells a database from others, also from a later one of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// Its name on its server.
    pub name: String,
    /// When its first table was made, in UTC: `YYYYMMDDTHHMMSS` and six digits of microseconds. A restore keeps it.
    pub born: String,
}

impl PostgresStore {
    /// Which database this is. It must be migrated.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn identity(&self) -> Result<DatabaseIdentity, StoreError> {
        let rows = self.database.run_detached(sqlx::query(sql::IDENTITY)).await?;
        let row = rows
            .first()
            .ok_or_else(|| Failure::missing("the first migration"))?;
        Ok(DatabaseIdentity {
            name: row.try_get("name").map_err(Failure::from)?,
            born: row.try_get("born").map_err(Failure::from)?,
        })
    }
}
