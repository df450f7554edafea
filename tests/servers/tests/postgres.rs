//! Postgres starts, makes databases, and can be crashed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use order_test_servers::{Postgres, PostgresOptions, ServerError, Source};
use support::{connect, listens, number, soon};

#[tokio::test]
async fn a_fresh_database_is_empty_and_nobody_elses() {
    let postgres = Postgres::start().await.unwrap();
    let one = postgres.fresh_database().await.unwrap();
    let other = postgres.fresh_database().await.unwrap();
    assert_ne!(one, other);

    connect(&one)
        .await
        .batch_execute("CREATE TABLE here (id int)")
        .await
        .unwrap();

    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'here'";
    assert_eq!(number(&connect(&one).await, tables).await, 1);
    assert_eq!(number(&connect(&other).await, tables).await, 0);
    assert_eq!(number(&connect(postgres.url()).await, tables).await, 0);
}

#[tokio::test]
async fn many_databases_can_be_made_at_once() {
    let postgres = Postgres::start().await.unwrap();
    let made = tokio::try_join!(
        postgres.fresh_database(),
        postgres.fresh_database(),
        postgres.fresh_database(),
        postgres.fresh_database()
    );
    made.unwrap();
}

#[tokio::test]
async fn what_is_committed_survives_a_crash() {
    let postgres = Postgres::start_with(PostgresOptions::default().private())
        .await
        .unwrap();
    let url = postgres.fresh_database().await.unwrap();
    let client = connect(&url).await;
    client
        .batch_execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (1), (2)")
        .await
        .unwrap();

    postgres.stop_immediate().await.unwrap();
    assert!(!listens(&url));
    client.batch_execute("SELECT 1").await.unwrap_err();
    postgres.pid().unwrap_err();

    postgres.start_again().await.unwrap();
    assert_eq!(number(&connect(&url).await, "SELECT count(*) FROM kept").await, 2);
}

#[tokio::test]
async fn a_server_that_a_test_killed_itself_starts_again() {
    let postgres = Postgres::start_with(PostgresOptions::default().private())
        .await
        .unwrap();
    let Ok(pid) = postgres.pid() else {
        assert_eq!(
            postgres.source(),
            Source::Docker,
            "every local server tells its process id"
        );
        return;
    };
    let url = postgres.fresh_database().await.unwrap();
    kill(pid);
    assert!(soon(Duration::from_secs(5), || !listens(&url)));

    postgres.start_again().await.unwrap();
    connect(&url).await;
    assert_ne!(postgres.pid().unwrap(), pid);
}

#[tokio::test]
async fn settings_are_the_servers() {
    let options = PostgresOptions::default()
        .fsync()
        .setting("max_connections", "17");
    let postgres = Postgres::start_with(options).await.unwrap();
    let client = connect(postgres.url()).await;
    for (name, expected) in [
        ("max_connections", "17"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
    ] {
        let value: String = client
            .query_one(&format!("SHOW {name}"), &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(value, expected, "{name}");
    }
}

#[tokio::test]
async fn nothing_listens_after_a_drop() {
    let postgres = Postgres::start_with(PostgresOptions::default().private())
        .await
        .unwrap();
    let url = postgres.url().to_owned();
    assert!(listens(&url));
    drop(postgres);
    assert!(!listens(&url));
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let options = PostgresOptions::default().setting("no_such_setting", "1");
    let error = Postgres::start_with(options)
        .await
        .err()
        .expect("it cannot have started");
    let (ServerError::DidNotStart { log, .. } | ServerError::Container { log, .. }) = &error else {
        panic!("{error:?}");
    };
    assert!(log.contains("no_such_setting"), "{error:?}");
}

fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
}
