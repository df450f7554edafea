//! One way to run a statement: with a connection from the pool, within its time, whatever becomes of the caller.

use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;

use crate::error::Failure;
use crate::pool::{Pool, Pooled, retire_idle};
use crate::refusals::Refusals;

/// A statement and its arguments.
pub(crate) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// The database, reached through a pool.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) pool: Pool,
    /// For a free connection, a new one included.
    pub(crate) patience: Duration,
    /// For one statement, on our side. The server has the same limit, and should notification first; this one is for
    /// a server that is stopped or cut off.
    pub(crate) limit: Duration,
    /// Whether it has refused to write lately.
    pub(crate) refusals: Refusals,
}

/// How much longer than the server a statement is waited for, so that the server can say that its time is over and the
/// connection survives.
const LATER: Duration = Duration::from_millis(500);

/// A session that is younger and may not write says that of the database, and not of itself.
const YOUNG: Duration = Duration::from_secs(1);

impl Database {
    pub(crate) fn new(pool: Pool, patience: Duration, statement_timeout: Duration) -> Self {
        Self {
            pool,
            patience,
            limit: statement_timeout + LATER,
            refusals: Refusals::default(),
        }
    }

    /// Runs a statement. Not to be dropped half-way: what the statement still sends would have to be read
    /// before its connection can be used again, for which nobody would set a limit.
    pub(crate) async fn run(&self, statement: Statement<'_>) -> Result<Vec<PgRow>, Failure> {
        self.run_keeping(statement).await.map(|(rows, _)| rows)
    }

    /// Runs a statement that finds one row; and the connection that ran it, still in use.
    pub(crate) async fn one_row(&self, statement: Statement<'_>) -> Result<(PgRow, Pooled), Failure> {
        let (rows, connection) = self.run_keeping(statement).await?;
        let row = rows.into_iter().next().ok_or_else(|| Failure::missing("a row"))?;
        Ok((row, connection))
    }

    async fn run_keeping(&self, statement: Statement<'_>) -> Result<(Vec<PgRow>, Pooled), Failure> {
        let mut connection = self.connection().await?;
        let answer = match tokio::time::timeout(self.limit, statement.fetch_all(&mut *connection)).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(Failure::late(self.limit)),
        };
        match answer {
            Ok(rows) => Ok((rows, connection)),
            Err(failure) => {
                self.refusals.note(&failure);
                if failure.is_read_only() {
                    self.forgo_read_only(connection);
                } else if failure.spoils_connection() {
                    // Closed by being dropped, since saying goodbye may take as long as the statement did.
                    drop(Pooled::take(connection));
                }
                Err(failure)
            }
        }
    }

    /// Gives up a session that may not write, and those that were opened with it: it may be what is left of a primary
    /// that is a standby now, or of a time in which the database let nobody write. A session stays what it was when it
    /// began.
    ///
    /// A young one is kept, and goes on reading: on a standby every session is one that may not write, and they would be
    /// opened as fast as they are closed.
    pub(crate) fn forgo_read_only(&self, connection: Pooled) {
        if Pooled::metrics(&connection).age() > YOUNG {
            drop(Pooled::take(connection));
            retire_idle(&self.pool, YOUNG);
        }
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
