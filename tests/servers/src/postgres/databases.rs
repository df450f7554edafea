//! Databases for tests, on whatever server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_postgres::{Client, NoTls};
use url::Url;
use uuid::Uuid;

use crate::{error::ServerError, runtime::off_the_runtime};

const PREFIX: &str = "order_test_";
const READY_WITHIN: Duration = Duration::from_secs(60);
/// No test runs so long: a database of this age was left by one that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(6 * 3600);

/// Makes an empty database; its name holds the time, so that [`sweep`] can tell its age.
pub(super) async fn create(server: &Url) -> Result<String, ServerError> {
    let name = format!("{PREFIX}{}", Uuid::now_v7().simple());
    // template0, because no session can be connected to it: a connection would make this fail.
    run(
        &connect(server).await?,
        "create a database",
        &format!("CREATE DATABASE {name} TEMPLATE template0"),
    )
    .await?;
    Ok(name)
}

/// Runs a statement in a database.
pub(super) async fn change(database: &Url, statement: &str) -> Result<(), ServerError> {
    run(&connect(database).await?, "change a database", statement).await
}

/// Returns when the server takes connections.
pub(super) async fn await_ready(server: &Url) -> Result<(), ServerError> {
    let deadline = tokio::time::Instant::now() + READY_WITHIN;
    loop {
        match connect(server).await {
            Err(_) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other.map(drop),
        }
    }
}

/// Drops what killed tests have left on a given server.
pub(super) async fn sweep(server: &Url) -> Result<(), ServerError> {
    let client = connect(server).await?;
    let all = "SELECT datname FROM pg_database WHERE datname LIKE 'order\\_test\\_%'";
    let rows = client
        .query(all, &[])
        .await
        .map_err(|source| ServerError::Database {
            doing: "list databases",
            source,
        })?;
    for name in rows
        .iter()
        .map(|row| row.get::<_, String>(0))
        .filter(|name| is_left_behind(name))
    {
        // Another test may be sweeping, too, and be first.
        let _ = run(&client, "drop a database", &dropping(&name)).await;
    }
    Ok(())
}

/// Drops these, from a destructor. What cannot be dropped now, a later sweep will.
pub(super) fn drop_all(server: Url, names: Vec<String>) {
    off_the_runtime(async move {
        let client = connect(&server).await.ok()?;
        for name in names {
            run(&client, "drop a database", &dropping(&name)).await.ok()?;
        }
        Some(())
    });
}

fn dropping(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

fn is_left_behind(name: &str) -> bool {
    let Some(id) = name.strip_prefix(PREFIX).and_then(|id| Uuid::try_parse(id).ok()) else {
        return false;
    };
    let Some((seconds, _)) = id.get_timestamp().map(|made| made.to_unix()) else {
        return false;
    };
    let made = UNIX_EPOCH + Duration::from_secs(seconds);
    SystemTime::now()
        .duration_since(made)
        .is_ok_and(|age| age > LEFT_BEHIND)
}

async fn connect(server: &Url) -> Result<Client, ServerError> {
    let (client, connection) = tokio_postgres::connect(server.as_str(), NoTls)
        .await
        .map_err(|source| ServerError::Database {
            doing: "let a test in",
            source,
        })?;
    // It ends with the client; its error is the client's error too.
    tokio::spawn(connection);
    Ok(client)
}

async fn run(client: &Client, doing: &'static str, statement: &str) -> Result<(), ServerError> {
    client
        .batch_execute(statement)
        .await
        .map_err(|source| ServerError::Database { doing, source })
}
