//! The store itself: a pool of connections and the workers that share statements.

use order_ports::StoreError;
use sqlx::postgres::PgConnectOptions;

use crate::batch::Batcher;
use crate::database::Database;
use crate::intake::Accept;
use crate::journal::Write;
use crate::leases::TakeLease;
use crate::reader::{ReadEvents, ReadOrder};
use crate::sql;

/// The store on Postgres. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct PostgresStore {
    pub(crate) database: Database,
    /// How to connect without the limits and leanings of the pool's connections.
    pub(crate) plain: PgConnectOptions,
    pub(crate) intake: Batcher<Accept>,
    pub(crate) leases: Batcher<TakeLease>,
    pub(crate) journal: Batcher<Write>,
    pub(crate) orders: Batcher<ReadOrder>,
    pub(crate) events: Batcher<ReadEvents>,
}

impl PostgresStore {
    /// Starts the workers. Fewer batches at a time are larger ones, and cost the database less; with two, one
    /// fills while the other commits.
    pub(crate) fn start(database: Database, plain: PgConnectOptions) -> Self {
        Self {
            intake: Batcher::start(&database, 2),
            leases: Batcher::start(&database, 1),
            journal: Batcher::start(&database, 2),
            orders: Batcher::start(&database, 2),
            events: Batcher::start(&database, 2),
            database,
            plain,
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.run_detached(sqlx::query(sql::PING)).await?;
        Ok(())
    }

    /// How many connections are in use, and how many are idle.
    pub fn connections(&self) -> (usize, usize) {
        let status = self.database.pool.status();
        (status.size - status.available, status.available)
    }

    /// Closes all connections when their statements are through. Steps that come later fail.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
