//! One way to run a statement: with a connection from the pool, within its time, whatever becomes of the caller.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;

use crate::error::Failure;
use crate::pool::{Pool, Pooled};

/// A statement and its arguments.
pub(crate) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// The database, reached through a pool.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) pool: Pool,
    /// For a free connection, a new one included.
    pub(crate) patience: Duration,
    /// For one statement, on our side. The server has the same limit, and should notice first; this one is for
    /// a server that is stopped or cut off.
    pub(crate) limit: Duration,
}

impl Database {
    /// Runs a statement. Not to be dropped half-way: what the statement still sends would have to be read
    /// before its connection can be used again, for which nobody would set a limit.
    pub(crate) async fn run(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, Failure> {
        let mut connection = self.connection().await?;
        let answer = match tokio::time::timeout(self.limit, statement.fetch_all(&mut *connection)).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(Failure::late(self.limit)),
        };
        if answer.as_ref().is_err_and(Failure::spoils_connection) {
            // Closed by being dropped, since saying goodbye may take as long as the statement did.
            drop(Pooled::take(connection));
        }
        answer
    }

    /// A connection, which goes back when it is dropped.
    pub(crate) async fn connection(&self) -> Result<Pooled, Failure> {
        match tokio::time::timeout(self.patience, self.pool.get()).await {
            Ok(connection) => Ok(connection?),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// Closes all connections, when their statements are through.
    pub(crate) async fn close(&self) {
        self.pool.close();
        while self.pool.status().size > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs a statement to its end even when the returned future is dropped.
    pub(crate) async fn run_detached(&self, statement: Statement<'static>) -> Result<Vec<PgRow>, Failure> {
        let this = self.clone();
        detached(async move { this.run(statement).await }).await
    }
}

/// Runs a future to its end even when the returned one is dropped.
pub(crate) async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    tokio::spawn(work)
        .await
        .unwrap_or_else(|_| Err(Failure::task_gone()))
}
