//! A store for the tests beside the code.

use std::time::Duration;

use order_test_servers::Postgres;

use crate::{PostgresSettings, PostgresStore};

/// A store on a migrated database of its own, and the server, which must outlive it.
pub(crate) async fn migrated(change: impl FnOnce(&mut PostgresSettings)) -> (PostgresStore, Postgres) {
    let server = Postgres::start().await.unwrap();
    let mut settings = PostgresSettings::new(server.fresh_database().await.unwrap());
    change(&mut settings);
    let store = PostgresStore::connect(&settings, Duration::from_secs(20)).await;
    let store = store.unwrap();
    store.migrate().await.unwrap();
    (store, server)
}
