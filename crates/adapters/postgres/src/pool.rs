//! Connections that are kept. The one that was used last is used next: while there is little to do, one connection and
//! the process behind it stay warm, and the others rest.
//!
//! The driver's own pool takes turns, and asks the server for a sign of life each time a connection comes back, which for
//! most of what is done here is as many round trips again.

use std::time::Duration;

use deadpool::managed::{self, Metrics, PoolError, QueueMode, RecycleError, RecycleResult};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::error::{Failure, code_of};
use crate::session::Session;

/// A connection that was in use so recently is not tested before it is used again.
const FRESH: Duration = Duration::from_secs(1);
/// One that has rested for so long is replaced instead: who knows what is between here and there.
const STALE: Duration = Duration::from_mins(10);
/// How old a connection may become: what its server keeps for it grows, and names may lead elsewhere by then.
const LIFETIME: Duration = Duration::from_mins(30);
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) type Pool = managed::Pool<Connector>;
/// A connection, until it is dropped.
pub(crate) type Pooled = managed::Object<Connector>;

/// Makes connections, and judges those that are kept.
#[derive(Debug)]
pub(crate) struct Connector {
    options: PgConnectOptions,
    session: Session,
}

/// A pool of up to `size` connections, of which there are none yet.
#[expect(
    clippy::expect_used,
    reason = "it can only lack a runtime for its own limits, and has none"
)]
pub(crate) fn pool(options: PgConnectOptions, session: Session, size: usize) -> Pool {
    Pool::builder(Connector { options, session })
        .max_size(size)
        .queue_mode(QueueMode::Lifo)
        .build()
        .expect("a pool without limits of its own")
}

impl managed::Manager for Connector {
    type Type = PgConnection;
    type Error = sqlx::Error;

    /// Tries for as long as the caller is patient while the server is starting or full.
    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        loop {
            match self.session.open(&self.options).await {
                Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > LIFETIME || metrics.last_used() > STALE {
            return Err(RecycleError::message("it is old"));
        }
        if metrics.last_used() > FRESH {
            connection.ping().await?;
        }
        Ok(())
    }
}

/// Closes the connections that rest and are older than that.
pub(crate) fn retire_idle(pool: &Pool, age: Duration) {
    drop(pool.retain(|_, metrics| metrics.age() <= age));
}

fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        // cannot_connect_now, too_many_connections
        sqlx::Error::Database(refusal) => matches!(code_of(refusal.as_ref()), "57P03" | "53300"),
        _ => false,
    }
}

impl From<PoolError<sqlx::Error>> for Failure {
    fn from(error: PoolError<sqlx::Error>) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Closed => sqlx::Error::PoolClosed.into(),
            // The limit is the caller's, and there are no hooks.
            PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                sqlx::Error::PoolTimedOut.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use order_ports::contract::fixtures::{acceptance, spec};
    use order_ports::{AcceptError, OrderIntake, StoreError};

    use super::*;
    use crate::testing::migrated;

    async fn process(connection: &mut PgConnection) -> i32 {
        let asked = sqlx::query_scalar("select pg_backend_pid()");
        asked.fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn the_connection_that_was_used_last_is_used_next() {
        let (store, _server) = migrated(|_| ()).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(store.database.connection().await.unwrap());
        }
        assert_eq!(store.connections(), (3, 0));
        let last = process(&mut open[1]).await;
        drop(open.remove(0));
        drop(open.remove(1));
        drop(open);
        assert_eq!(store.connections(), (0, 3));
        for _ in 0..5 {
            let mut next = store.database.connection().await.unwrap();
            assert_eq!(process(&mut next).await, last);
        }
    }

    #[tokio::test]
    async fn who_finds_no_free_connection_waits_no_longer_than_allowed() {
        let (store, _server) = migrated(|settings| {
            settings.max_connections = 1;
            settings.acquire_timeout = Duration::from_millis(300);
        })
        .await;
        let only = store.database.connection().await.unwrap();
        let refused = store.accept(acceptance(1, spec())).await;
        assert!(
            matches!(refused, Err(AcceptError::Store(StoreError::Unavailable(_)))),
            "{refused:?}"
        );
        drop(only);
        store.accept(acceptance(1, spec())).await.unwrap();
    }

    #[tokio::test]
    async fn a_store_that_closes_waits_for_what_is_under_way() {
        let (store, _server) = migrated(|_| ()).await;
        let busy = store.database.connection().await.unwrap();
        let idle = store.database.connection().await.unwrap();
        drop(idle);
        let closing = tokio::spawn({
            let store = store.clone();
            async move { store.close().await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!closing.is_finished());
        drop(busy);
        closing.await.unwrap();
        assert_eq!(store.connections(), (0, 0));
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    }
}
