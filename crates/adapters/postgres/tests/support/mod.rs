//! A store on a database of its own.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::ops::Deref;
use std::time::Duration;

use order_postgres::{PostgresSettings, PostgresStore};
use order_test_servers::{Postgres, PostgresOptions};

/// A store, and the server that goes with it.
pub struct Fresh {
    pub store: PostgresStore,
    pub url: String,
    pub server: Postgres,
}

impl Deref for Fresh {
    type Target = PostgresStore;

    fn deref(&self) -> &PostgresStore {
        &self.store
    }
}

/// An empty, migrated store.
pub async fn fresh() -> Fresh {
    fresh_with(PostgresOptions::default()).await
}

/// The same on a server with these options.
pub async fn fresh_with(options: PostgresOptions) -> Fresh {
    let server = Postgres::start_with(options).await.unwrap();
    let url = server.fresh_database().await.unwrap();
    let store = connect(&url).await;
    store.migrate().await.unwrap();
    Fresh { store, url, server }
}

/// Another process's store on the same database.
pub async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(&PostgresSettings::new(url), Duration::from_secs(10))
        .await
        .unwrap()
}

/// A bare connection to look behind the store's back.
pub async fn look(url: &str) -> sqlx::PgConnection {
    <sqlx::PgConnection as sqlx::Connection>::connect(url)
        .await
        .unwrap()
}

/// Prints what a query finds, a line a row.
pub async fn print(url: &str, query: &'static str) {
    let lines =
        sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(format!("select r::text from ({query}) as r")));
    for line in lines.fetch_all(&mut look(url).await).await.unwrap() {
        println!("{line}");
    }
}
