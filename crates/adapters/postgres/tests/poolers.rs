//! `PgBouncer` between the store and its database: a session of one's own is enough, and anything less is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use order_ports::contract::fixtures::{acceptance, order_id, spec};
use order_ports::{Accepted, OrderIntake, OrderReader};
use order_postgres::{ConnectError, PostgresSettings, PostgresStore};
use order_test_servers::{Pooler, Postgres};
use support::look;

const LONG: Duration = Duration::from_secs(600);

/// What recipes tell to ignore, and what a careful operator leaves alone.
const IGNORED: [&str; 3] = ["", "extra_float_digits", "extra_float_digits,options"];

async fn pooled(settings: &[(&str, &str)]) -> (Postgres, Pooler, String) {
    let postgres = Postgres::start().await.unwrap();
    let direct = postgres.fresh_database().await.unwrap();
    let pooler = Pooler::before(&direct, settings).await.unwrap();
    (postgres, pooler, direct)
}

async fn connect(pooler: &Pooler) -> Result<PostgresStore, ConnectError> {
    // What is refused is refused at once, not after this.
    let settings = PostgresSettings::new(pooler.url());
    let connecting = PostgresStore::connect(&settings, LONG);
    tokio::time::timeout(Duration::from_secs(60), connecting)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_pool_of_transactions_is_refused_with_a_reason() {
    for mode in ["transaction", "statement"] {
        for ignored in IGNORED {
            for more in [
                ("default_pool_size", "10"),
                ("default_pool_size", "1"),
                ("server_round_robin", "1"),
            ] {
                let settings = [("pool_mode", mode), ("ignore_startup_parameters", ignored), more];
                let (_postgres, pooler, _) = pooled(&settings).await;
                let refused = connect(&pooler).await.err().unwrap();
                assert!(
                    matches!(refused, ConnectError::SharedSessions { .. }),
                    "{settings:?}: {refused:?}"
                );
                assert!(refused.to_string().contains("pool_mode = session"), "{refused}");
            }
        }
    }
}

/// Other clients keep sessions of the pool busy, and give them back at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_of_transactions_is_refused_while_others_use_it() {
    let settings = [
        ("pool_mode", "transaction"),
        ("ignore_startup_parameters", "extra_float_digits"),
        ("default_pool_size", "5"),
    ];
    let (_postgres, pooler, _) = pooled(&settings).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        let url = pooler.url().to_owned();
        others.push(tokio::spawn(async move {
            let mut connection = look(&url).await;
            loop {
                sqlx::raw_sql("select pg_sleep(0.002)")
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
        }));
    }
    for _ in 0..10 {
        let refused = connect(&pooler).await.err().unwrap();
        assert!(
            matches!(refused, ConnectError::SharedSessions { .. }),
            "{refused:?}"
        );
    }
    others.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_pool_of_sessions_is_as_good_as_the_database_itself() {
    for ignored in IGNORED {
        let settings = [("pool_mode", "session"), ("ignore_startup_parameters", ignored)];
        let (_postgres, pooler, direct) = pooled(&settings).await;
        let store = connect(&pooler).await.unwrap();
        store.migrate().await.unwrap();
        let accepted = join_all((1..=200).map(|n| store.accept(acceptance(n, spec())))).await;
        assert!(
            accepted
                .iter()
                .all(|accepted| matches!(accepted, Ok(Accepted::New))),
            "{accepted:?}"
        );
        assert!(store.order(order_id(200)).await.unwrap().is_some());
        let stored: i64 = sqlx::query_scalar("select count(*) from orders")
            .fetch_one(&mut look(&direct).await)
            .await
            .unwrap();
        assert_eq!(stored, 200);
        store.close().await;
    }
}
