//! The tables as others see them: migrations, views, and what an update costs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::time::Duration;

use order_core::lifecycle::Release;
use order_ports::contract::fixtures::{Walk, acceptance, spec, waits, worker};
use order_ports::{Claim, Lease, OrderIntake, OrderJournal, OrderLeases};
use order_postgres::{MigrationError, PostgresStore};
use order_test_servers::Postgres;
use sqlx::Row;
use support::{connect, fresh, look};

async fn hold(store: &PostgresStore, walk: &Walk, holder: u64) -> Lease {
    match store
        .claim(walk.id(), worker(holder), Duration::from_secs(600))
        .await
        .unwrap()
    {
        Claim::Taken(claimed) => claimed.lease,
        other => panic!("{other:?}"),
    }
}

async fn run(url: &str, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&mut look(url).await).await.unwrap();
}

#[tokio::test]
async fn migrations_are_applied_once_by_whoever_comes_first() {
    let server = Postgres::start().await.unwrap();
    let url = server.fresh_database().await.unwrap();
    let stores = [connect(&url).await, connect(&url).await];
    assert!(!stores[0].is_migrated().await.unwrap());
    let (one, other) = tokio::join!(stores[0].migrate(), stores[1].migrate());
    one.unwrap();
    other.unwrap();
    assert!(stores[0].is_migrated().await.unwrap());
    stores[1].migrate().await.unwrap();

    // A newer program has been here: no matter.
    run(&url, "insert into _sqlx_migrations select 9999, 'later', now(), true, checksum, 0 from _sqlx_migrations limit 1").await;
    assert!(stores[0].is_migrated().await.unwrap());
    stores[0].migrate().await.unwrap();

    // The same step with another text: stop.
    run(
        &url,
        "update _sqlx_migrations set checksum = 'x' where version = 1",
    )
    .await;
    assert!(matches!(
        stores[0].is_migrated().await,
        Err(MigrationError::Differs(1))
    ));
    assert!(matches!(
        stores[0].migrate().await,
        Err(MigrationError::Differs(1))
    ));
}

#[tokio::test]
async fn analysts_see_one_flat_row_an_order_and_one_an_event() {
    let fresh = fresh().await;
    let (first, second) = (acceptance(1, spec()), acceptance(2, spec()));
    let (mut executed, mut failed) = (Walk::of(&first), Walk::of(&second));
    fresh.accept(first).await.unwrap();
    fresh.accept(second).await.unwrap();

    let lease = hold(&fresh, &executed, 1).await;
    fresh.append(&lease, executed.route().moved()).await.unwrap();
    let again = Release::RunAgain(Duration::ZERO);
    fresh
        .record(&lease, None, again, executed.go([waits()]).moved())
        .await
        .unwrap();
    let lease = hold(&fresh, &executed, 2).await;
    fresh.append(&lease, executed.route().moved()).await.unwrap();
    let (attempt, steps) = executed.submit();
    fresh.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let (outcome, steps) = executed.confirm(&attempt);
    fresh
        .record(&lease, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();

    let lease = hold(&fresh, &failed, 1).await;
    fresh
        .record(&lease, None, Release::Done, failed.fail().moved())
        .await
        .unwrap();

    let history = sqlx::query(
        "select status, final_price::text, transaction_hash, error_message, created_at is not null as dated
         from order_history order by id",
    );
    let history = history.fetch_all(&mut look(&fresh.url).await).await.unwrap();
    let text = |row: usize, column: &str| history[row].get::<Option<String>, _>(column);
    assert_eq!(text(0, "status").as_deref(), Some("confirmed"));
    // 999 raw units of USDC for 1.5 SOL, rounded down.
    assert_eq!(text(0, "final_price").as_deref(), Some("0.000666"));
    assert_eq!(
        text(0, "transaction_hash"),
        Some(attempt.transaction.id.to_string())
    );
    assert_eq!(text(0, "error_message"), None);
    assert_eq!(text(1, "status").as_deref(), Some("failed"));
    assert_eq!(text(1, "final_price"), None);
    assert_eq!(text(1, "transaction_hash"), None);
    assert_eq!(
        text(1, "error_message").as_deref(),
        Some("insufficient_liquidity")
    );
    assert!(history[0].get::<bool, _>("dated"));

    let history = "select seq, epoch, event, (extract(epoch from at) * 1000)::bigint as at
                 from order_stories where order_id = $1 order by seq";
    let history = sqlx::query(history)
        .bind(executed.id().uuid())
        .fetch_all(&mut look(&fresh.url).await)
        .await
        .unwrap();
    let seen: Vec<_> = history
        .iter()
        .map(|row| (row.get::<i32, _>("seq"), row.get::<i64, _>("at")))
        .collect();
    let told: Vec<_> = executed
        .history()
        .iter()
        .map(|event| (event.seq as i32, event.at.millis()))
        .collect();
    assert_eq!(seen, told);
    let epochs: Vec<_> = history.iter().map(|row| row.get::<i64, _>("epoch")).collect();
    assert_eq!(epochs, [0, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    let names: Vec<_> = history.iter().map(|row| row.get::<String, _>("event")).collect();
    assert_eq!(names[0], "pending");
    assert_eq!(names[9], "confirmed");
}

/// The steps between acceptance and the end change no indexed column of the order.
#[tokio::test]
async fn updates_on_the_way_are_heap_only() {
    let fresh = fresh().await;
    for n in 1..=200 {
        let acceptance = acceptance(n, spec());
        let mut walk = Walk::of(&acceptance);
        fresh.accept(acceptance).await.unwrap();
        let lease = hold(&fresh, &walk, 1).await;
        fresh.append(&lease, walk.route().moved()).await.unwrap();
        let (attempt, steps) = walk.submit();
        fresh.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    }
    fresh.store.close().await;
    let counts = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'orders'";
    let mut connection = look(&fresh.url).await;
    // Counters are reported when a connection has been idle for a while, or ends.
    let (updates, heap_only) = loop {
        let row = sqlx::query(counts).fetch_one(&mut connection).await.unwrap();
        let (updates, heap_only) = (row.get::<i64, _>(0), row.get::<i64, _>(1));
        if updates == 600 {
            break (updates, heap_only);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(heap_only * 100 >= updates * 95, "{heap_only} of {updates}");
}
