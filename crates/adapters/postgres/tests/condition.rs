//! A database that answers and takes no orders, and one that takes them and may lose them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use order_ports::contract::fixtures::{acceptance, order_id, spec};
use order_ports::{AcceptError, Accepted, OrderIntake, OrderReader, StoreError, StoreTime};
use order_postgres::{Durability, NotWritable, PostgresStore};
use order_test_servers::PostgresOptions;
use support::{Fresh, connect, fresh, fresh_with, look};

const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer is as it should be, as whoever watches does.
async fn until<T: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let answer = ask().await;
        if is_right(&answer) {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The error and its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", in_full(source)),
        None => error.to_string(),
    }
}

/// Lets nobody write, and ends all sessions, as a host does whose disk is nearly full.
async fn make_read_only(fresh: &Fresh) {
    let name = fresh.url.rsplit('/').next().unwrap();
    let on = format!("alter database {name} set default_transaction_read_only = on");
    fresh.server.tamper("postgres", &on).await.unwrap();
    let kick = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    fresh.server.tamper("postgres", &kick).await.unwrap();
}

async fn make_writable(fresh: &Fresh) {
    let name = fresh.url.rsplit('/').next().unwrap();
    let reset = format!("alter database {name} reset default_transaction_read_only");
    fresh.server.tamper("postgres", &reset).await.unwrap();
}

async fn accept_many(store: &PostgresStore, from: u32) -> Vec<Result<Accepted, AcceptError>> {
    join_all((from..from + 40).map(|n| store.accept(acceptance(n, spec())))).await
}

#[tokio::test]
async fn sessions_that_went_read_only_are_replaced_when_it_is_over() {
    let fresh = fresh().await;
    accept_many(&fresh, 1).await;
    make_read_only(&fresh).await;
    let found = until(
        async || fresh.condition().await,
        |found| matches!(found, Err(NotWritable::ReadOnly)),
    );
    assert!(found.await.unwrap_err().to_string().contains("read-only"));
    // Every connection of the pool is one that may not write.
    for n in 0..3 {
        for refused in accept_many(&fresh, 100 + 100 * n).await {
            assert!(
                matches!(refused, Err(AcceptError::Store(StoreError::Unavailable(_)))),
                "{refused:?}"
            );
        }
    }
    assert!(
        fresh.order(order_id(1)).await.unwrap().is_some(),
        "it still reads"
    );
    make_writable(&fresh).await;
    until(
        async || accept_many(&fresh, 1_000).await,
        |answers| answers.iter().all(Result::is_ok),
    )
    .await;
    // And so it stays: no session is left that may not write.
    for n in 0..5 {
        let answers = accept_many(&fresh, 2_000 + 100 * n).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    until(async || fresh.condition().await, Result::is_ok)
        .await
        .unwrap();
}

/// No order comes where readiness says that none is taken, so it must find out by itself.
#[tokio::test]
async fn the_condition_is_good_again_without_an_order_that_shows_it() {
    let fresh = fresh().await;
    make_read_only(&fresh).await;
    until(
        async || fresh.condition().await,
        |found| matches!(found, Err(NotWritable::ReadOnly)),
    )
    .await
    .unwrap_err();
    make_writable(&fresh).await;
    until(async || fresh.condition().await, Result::is_ok)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_standby_is_told_from_a_primary() {
    let fresh = fresh().await;
    // Stands for a server in recovery.
    for statement in [
        "create function public.pg_is_in_recovery() returns boolean language sql as 'select true'",
        &format!(
            "alter database {} set search_path = public, pg_catalog",
            fresh.url.rsplit('/').next().unwrap()
        ),
    ] {
        fresh.server.tamper(&fresh.url, statement).await.unwrap();
    }
    let store = connect(&fresh.url).await;
    let found = store.condition().await;
    assert!(matches!(found, Err(NotWritable::Standby)), "{found:?}");
}

/// As a full disk does it: what needs room is refused, and everything else goes on.
const NO_ROOM: &str = "
    create function no_room() returns trigger language plpgsql as $$
    begin
        raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
    end $$;
    create trigger no_room before insert on orders for each row execute function no_room();
    create trigger no_room before insert on order_events for each row execute function no_room();
";
const ROOM: &str = "drop trigger no_room on orders; drop trigger no_room on order_events;";

#[tokio::test]
async fn a_database_that_refuses_writes_is_known_by_its_refusals() {
    let fresh = fresh().await;
    fresh.server.tamper(&fresh.url, NO_ROOM).await.unwrap();
    assert!(fresh.condition().await.is_ok(), "it has refused nothing yet");
    assert!(fresh.accept(acceptance(1, spec())).await.is_err());
    let refused = fresh.condition().await.unwrap_err();
    assert!(matches!(refused, NotWritable::Refused(_)), "{refused:?}");
    assert!(
        in_full(&refused).contains("No space left on device"),
        "{}",
        in_full(&refused)
    );
    // It stays so for as long as writes are refused, though no order comes any more.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(12) {
        assert!(matches!(fresh.condition().await, Err(NotWritable::Refused(_))));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    fresh.server.tamper(&fresh.url, ROOM).await.unwrap();
    until(async || fresh.condition().await, Result::is_ok)
        .await
        .unwrap();
    fresh.accept(acceptance(1, spec())).await.unwrap();
    let stored: i64 = sqlx::query_scalar("select count(*) from order_events")
        .fetch_one(&mut look(&fresh.url).await)
        .await
        .unwrap();
    assert_eq!(stored, 1, "what was tried has left nothing");
}

#[tokio::test]
async fn an_order_that_cannot_be_stored_says_nothing_of_the_database() {
    let fresh = fresh().await;
    let odd = "alter table orders add constraint odd check (client_order_id is distinct from 'odd')";
    fresh.server.tamper(&fresh.url, odd).await.unwrap();
    let mut refused = spec();
    refused.client_order_id = Some("odd".parse().unwrap());
    assert!(fresh.accept(acceptance(1, refused)).await.is_err());
    assert!(fresh.condition().await.is_ok());
}

#[tokio::test]
async fn settings_with_which_commits_are_no_promise_are_found() {
    let kept = Durability {
        fsync: true,
        full_page_writes: true,
        synchronous_commit: true,
    };
    assert_eq!(kept.missing().count(), 0);
    let fresh = fresh_with(PostgresOptions::default().fsync()).await;
    assert_eq!(fresh.condition().await.unwrap(), kept);
    let careless = [
        ("synchronous_commit", "off", "synchronous_commit"),
        ("synchronous_commit", "local", "synchronous_commit"),
        ("full_page_writes", "off", "full_page_writes"),
    ];
    for (name, value, missing) in careless {
        let set = format!("alter system set {name} = {value}");
        fresh.server.tamper("postgres", &set).await.unwrap();
        fresh
            .server
            .tamper("postgres", "select pg_reload_conf()")
            .await
            .unwrap();
        // While it runs: sessions that are open are told, too.
        let found = until(async || fresh.condition().await.unwrap(), |found| *found != kept).await;
        assert_eq!(found.missing().collect::<Vec<_>>(), [missing], "{name} = {value}");
        fresh
            .server
            .tamper("postgres", &format!("alter system reset {name}"))
            .await
            .unwrap();
        fresh
            .server
            .tamper("postgres", "select pg_reload_conf()")
            .await
            .unwrap();
        until(async || fresh.condition().await.unwrap(), |found| *found == kept).await;
    }
    let off = fresh_with(PostgresOptions::default().private()).await;
    assert_eq!(
        off.condition().await.unwrap().missing().collect::<Vec<_>>(),
        ["fsync"]
    );
}

#[tokio::test]
async fn the_time_is_the_databases() {
    let fresh = fresh().await;
    let mut connection = look(&fresh.url).await;
    let mut now = async || -> i64 {
        sqlx::query_scalar("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    };
    let before = now().await;
    let told = fresh.time().await.unwrap().millis();
    let after = now().await;
    assert!((before - 1..=after).contains(&told), "{before} {told} {after}");
}
