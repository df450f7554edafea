//! A database that crashes, stalls, or is not there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use order_core::lifecycle::Release;
use order_ports::contract::fixtures::{Steps, Walk, acceptance, order_id, spec, worker};
use order_ports::{
    AcceptError, Accepted, Claim, JournalError, OrderIntake, OrderJournal, OrderLeases, OrderReader,
    StoreError,
};
use order_postgres::{ConnectError, PostgresSettings, PostgresStore};
use order_test_servers::PostgresOptions;
use support::{fresh_with, look};

const LONG: Duration = Duration::from_secs(600);

fn private() -> PostgresOptions {
    PostgresOptions::default().private()
}

/// Calls again until the store answers, as the application does.
async fn patiently<T, E: std::fmt::Debug>(mut call: impl AsyncFnMut() -> Result<T, E>) -> T {
    let began = Instant::now();
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whatever was said to be durable is there after a crash in the very next moment.
#[tokio::test]
async fn what_was_answered_survives_a_crash() {
    survives_a_crash(private()).await;
}

/// Also where the server lets commits not wait for the disk.
#[tokio::test]
async fn what_was_answered_survives_a_crash_of_a_careless_server() {
    let careless = private()
        .setting("synchronous_commit", "off")
        .setting("wal_writer_delay", "10s");
    survives_a_crash(careless).await;
}

async fn survives_a_crash(options: PostgresOptions) {
    let fresh = fresh_with(options).await;
    for round in 0..3 {
        let first = acceptance(2 * round + 1, spec());
        let mut walk = Walk::of(&first);
        patiently(async || fresh.accept(first.clone()).await).await;
        fresh.server.stop_immediate().await.unwrap();
        assert!(matches!(
            fresh.order(walk.id()).await,
            Err(StoreError::Unavailable(_))
        ));
        fresh.server.start_again().await.unwrap();
        assert_eq!(
            patiently(async || fresh.order(walk.id()).await).await.as_ref(),
            Some(walk.order())
        );

        let claim = patiently(async || fresh.claim(walk.id(), worker(1), LONG).await).await;
        let Claim::Taken(claimed) = claim else {
            panic!("{claim:?}")
        };
        let mut steps = walk.route();
        let (attempt, submitted) = walk.submit();
        steps.events.extend(submitted.events);
        let steps = Steps {
            order: submitted.order,
            ..steps
        };
        fresh
            .write_ahead(&claimed.lease, &attempt, steps.moved())
            .await
            .unwrap();
        fresh.server.stop_immediate().await.unwrap();
        fresh.server.start_again().await.unwrap();
        let events = patiently(async || fresh.events(walk.id(), 0, 100).await).await;
        assert_eq!(events, walk.history());
        let bytes = "select bytes from attempts order by written_at desc limit 1";
        let stored: Vec<u8> = sqlx::query_scalar(bytes)
            .fetch_one(&mut look(&fresh.url).await)
            .await
            .unwrap();
        assert_eq!(stored, attempt.transaction.bytes);
    }
}

/// A claim is not waited for, so a crash may undo it. Whoever held it is fenced out then.
#[tokio::test]
async fn a_claim_that_a_crash_undid_does_no_harm() {
    let fresh = fresh_with(private().setting("wal_writer_delay", "10s")).await;
    // Somebody else's commit may take the claim to the disk, but not each time.
    for n in 1..=10 {
        let mut walk = Walk::of(&acceptance(n, spec()));
        patiently(async || fresh.accept(acceptance(n, spec())).await).await;
        let claim = fresh.claim(walk.id(), worker(1), LONG).await.unwrap();
        let Claim::Taken(before) = claim else {
            panic!("{claim:?}")
        };
        fresh.server.stop_immediate().await.unwrap();
        fresh.server.start_again().await.unwrap();
        let again = patiently(async || fresh.claim(walk.id(), worker(2), LONG).await).await;
        let Claim::Taken(after) = again else { continue };
        assert_eq!(before.lease.epoch, after.lease.epoch);
        let late = fresh
            .record(&before.lease, None, Release::Done, walk.clone().fail().moved())
            .await;
        assert!(matches!(late, Err(JournalError::Fenced)), "{late:?}");
        fresh
            .record(&after.lease, None, Release::Done, walk.fail().moved())
            .await
            .unwrap();
        assert_eq!(fresh.order(walk.id()).await.unwrap().as_ref(), Some(walk.order()));
        return;
    }
    panic!("every claim was waited for");
}

fn signal(pid: u32, name: &str) {
    assert!(
        Command::new("kill")
            .args([name, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Every process of the server, the given one first.
fn family(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let children = children.split_whitespace().map(|pid| pid.parse().unwrap());
    [pid].into_iter().chain(children.flat_map(family)).collect()
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_stalled_database() {
    let fresh = fresh_with(private()).await;
    let Ok(pid) = fresh.server.pid() else {
        // A container's processes are not ours to stop; the limits are the same.
        return;
    };
    let settings = PostgresSettings {
        statement_timeout: Duration::from_millis(500),
        acquire_timeout: Duration::from_millis(500),
        ..PostgresSettings::new(fresh.url.clone())
    };
    let store = PostgresStore::connect(&settings, Duration::from_secs(5))
        .await
        .unwrap();
    store.accept(acceptance(1, spec())).await.unwrap();
    let processes = family(pid);
    processes.iter().for_each(|pid| signal(*pid, "-STOP"));
    let began = Instant::now();
    let mut calls = Vec::new();
    for n in 2..=40 {
        let store = store.clone();
        calls.push(tokio::spawn(async move {
            let refused = store.accept(acceptance(n, spec())).await;
            assert!(
                matches!(refused, Err(AcceptError::Store(StoreError::Unavailable(_)))),
                "{refused:?}"
            );
            let refused = store.order(order_id(1)).await;
            assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
    let waited = began.elapsed();
    processes.iter().for_each(|pid| signal(*pid, "-CONT"));
    assert!(waited < Duration::from_secs(8), "{waited:?}");
    // Soon everything is as before, whether or not the last accepts happened.
    let answer = patiently(async || store.accept(acceptance(2, spec())).await).await;
    assert!(matches!(answer, Accepted::New | Accepted::Replayed(_)));
    patiently(async || store.ping().await).await;
    patiently(async || store.order(order_id(1)).await).await.unwrap();
}

async fn refused(url: &str, wait: Duration) -> ConnectError {
    PostgresStore::connect(&PostgresSettings::new(url), wait)
        .await
        .err()
        .unwrap()
}

/// The error and its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", in_full(source)),
        None => error.to_string(),
    }
}

#[tokio::test]
async fn a_failure_to_connect_says_what_is_wrong_and_no_password() {
    let fresh = fresh_with(PostgresOptions::default()).await;
    let (head, database) = fresh.url.rsplit_once('/').unwrap();
    let (_, address) = head.rsplit_once('@').unwrap();
    let began = Instant::now();
    let wrong_password = format!("postgres://postgres:sesame-no@{address}/{database}");
    let error = refused(&wrong_password, LONG).await;
    assert!(matches!(error, ConnectError::WrongPassword { .. }), "{error:?}");
    let missing = refused(&format!("{head}/nowhere"), LONG).await;
    assert!(
        matches!(&missing, ConnectError::NoSuchDatabase { database, .. } if database == "nowhere"),
        "{missing:?}"
    );
    let invalid = refused("postgres://postgres:sesame-no@host:port/x", LONG).await;
    assert!(matches!(invalid, ConnectError::InvalidUrl(_)), "{invalid:?}");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "what waiting cannot mend fails at once"
    );
    let wait = Duration::from_millis(300);
    let unknown = refused("postgres://postgres:sesame-no@no-such-host.invalid/x", wait).await;
    assert!(matches!(unknown, ConnectError::UnknownHost { .. }), "{unknown:?}");
    let closed = refused("postgres://postgres:sesame-no@127.0.0.1:1/x", wait).await;
    assert!(matches!(closed, ConnectError::Unreachable { .. }), "{closed:?}");
    for error in [error, missing, invalid, unknown, closed] {
        let text = format!("{} {error:?}", in_full(&error));
        assert!(!text.contains("sesame"), "{text}");
    }
    let settings = format!("{:?}", PostgresSettings::new(wrong_password));
    assert!(!settings.contains("sesame"), "{settings}");
}

#[tokio::test]
async fn a_server_that_comes_up_late_is_waited_for() {
    let fresh = fresh_with(private()).await;
    fresh.server.stop_immediate().await.unwrap();
    let url = fresh.url.clone();
    let connecting = tokio::spawn(async move {
        PostgresStore::connect(&PostgresSettings::new(url), Duration::from_secs(60))
            .await
            .map(drop)
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!connecting.is_finished());
    fresh.server.start_again().await.unwrap();
    connecting.await.unwrap().unwrap();
}
