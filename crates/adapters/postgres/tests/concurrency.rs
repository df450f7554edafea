//! Several processes, many callers at once, callers that go away, rows that are refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

mod support;

use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::Attempt;
use order_ports::contract::fixtures::{Steps, Walk, acceptance, keyed, name, order_id, spec, worker};
use order_ports::{
    AcceptError, Accepted, Claim, Claimed, JournalError, Lease, OrderFilter, OrderIntake, OrderJournal,
    OrderLeases, OrderReader, StoreError,
};
use order_postgres::PostgresStore;
use support::{Fresh, connect, fresh, look};

const LONG: Duration = Duration::from_secs(600);

async fn take(store: &PostgresStore, id: OrderId, holder: u64, ttl: Duration) -> Claimed {
    match store.claim(id, worker(holder), ttl).await.unwrap() {
        Claim::Taken(claimed) => *claimed,
        other => panic!("{id} should be free, but the claim came to {other:?}"),
    }
}

/// The `n`-th order, stored, leased, and about to be sent.
async fn about_to_send(store: &PostgresStore, n: u32) -> (Lease, Walk, Attempt, Steps) {
    let acceptance = acceptance(n, spec());
    let mut walk = Walk::of(&acceptance);
    store.accept(acceptance).await.unwrap();
    let lease = take(store, walk.id(), 1, LONG).await.lease;
    let mut steps = walk.route();
    let (attempt, submitted) = walk.submit();
    steps.events.extend(submitted.events);
    (
        lease,
        walk,
        attempt,
        Steps {
            order: submitted.order,
            ..steps
        },
    )
}

async fn count(fresh: &Fresh, query: &'static str) -> i64 {
    sqlx::query_scalar(query)
        .fetch_one(&mut look(&fresh.url).await)
        .await
        .unwrap()
}

#[tokio::test]
async fn fifty_equal_requests_to_two_processes_are_one_order() {
    let fresh = fresh().await;
    let stores = [fresh.store.clone(), connect(&fresh.url).await];
    let requests = (1..=50).map(|n| {
        let store = stores[n as usize % 2].clone();
        tokio::spawn(async move { store.accept(keyed(n, spec(), "k")).await.unwrap() })
    });
    let mut answers = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        answers.push(request.await.unwrap());
    }
    let stored = fresh
        .list(&OrderFilter::default(), None, 100)
        .await
        .unwrap()
        .items;
    assert_eq!(stored.len(), 1);
    let replayed = Accepted::Replayed(stored[0].id());
    assert_eq!(
        answers.iter().filter(|answer| **answer == Accepted::New).count(),
        1
    );
    assert_eq!(answers.iter().filter(|answer| **answer == replayed).count(), 49);
    assert_eq!(count(&fresh, "select count(*) from order_events").await, 1);
}

/// Two processes insert the same keys in opposite orders, each while the other does: somebody is undone, and has
/// to be repeated without anybody noticing.
#[tokio::test]
async fn requests_that_cross_between_processes_all_get_an_answer() {
    let fresh = fresh().await;
    let stores = [fresh.store.clone(), connect(&fresh.url).await];
    for round in 0..20 {
        let requests = (0..60).map(|n: u32| {
            let store = stores[n as usize % 2].clone();
            // One process has its keys upwards, the other downwards, and so it is with the client order ids.
            let (up, down) = (n / 2, 29 - n / 2);
            let (key, client) = if n.is_multiple_of(2) {
                (up, down)
            } else {
                (down, up)
            };
            let spec = order_core::spec::OrderSpec {
                client_order_id: Some(name(&format!("{round}-{client}"))),
                ..spec()
            };
            let acceptance = keyed(1_000 * round + n + 1, spec, &format!("{round}-{key}"));
            tokio::spawn(async move { store.accept(acceptance).await })
        });
        for request in requests.collect::<Vec<_>>() {
            match request.await.unwrap() {
                Ok(_) | Err(AcceptError::KeyReused(_) | AcceptError::ClientOrderIdReused(_)) => {}
                Err(AcceptError::Store(error)) => panic!("{error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn of_many_claims_by_two_processes_one_takes_the_order() {
    let fresh = fresh().await;
    let stores = [fresh.store.clone(), connect(&fresh.url).await];
    for n in 1..=20 {
        fresh.accept(acceptance(n, spec())).await.unwrap();
        let claims = (1..=16_u64).map(|holder| {
            let store = stores[holder as usize % 2].clone();
            tokio::spawn(async move { store.claim(order_id(n), worker(holder), LONG).await.unwrap() })
        });
        let mut taken = 0;
        for claim in claims.collect::<Vec<_>>() {
            match claim.await.unwrap() {
                Claim::Taken(claimed) => {
                    assert_eq!(claimed.lease.epoch, 1);
                    taken += 1;
                }
                Claim::NotNow => {}
                other @ (Claim::Finished | Claim::NoSuchOrder) => panic!("{other:?}"),
            }
        }
        assert_eq!(taken, 1);
    }
}

/// A claim that had to wait for a write-ahead sees the transaction that this left open, although it was not
/// there yet when the claim began.
#[tokio::test]
async fn a_claim_that_waited_for_a_write_ahead_gets_its_transaction() {
    let fresh = fresh().await;
    let (lease, walk, attempt, steps) = about_to_send(&fresh, 1).await;
    // The write-ahead is held up just before its commit, past the end of the lease.
    let mut holder = look(&fresh.url).await;
    sqlx::query("update orders set lease_until = now()")
        .execute(&mut holder)
        .await
        .unwrap();
    sqlx::raw_sql(
        "create function dawdle() returns trigger language plpgsql as
             $$ begin perform pg_advisory_xact_lock(1); return new; end $$;
         create trigger dawdle after insert on attempts for each row execute function dawdle();
         select pg_advisory_lock(1)",
    )
    .execute(&mut holder)
    .await
    .unwrap();
    let store = fresh.store.clone();
    let sent = attempt.clone();
    let writing = tokio::spawn(async move { store.write_ahead(&lease, &sent, steps.moved()).await });
    until_waiting(&fresh, 1).await;
    let store = fresh.store.clone();
    let claiming = tokio::spawn(async move { take(&store, order_id(1), 2, LONG).await });
    until_waiting(&fresh, 2).await;
    sqlx::query("select pg_advisory_unlock(1)")
        .execute(&mut holder)
        .await
        .unwrap();
    writing.await.unwrap().unwrap();
    let claimed = claiming.await.unwrap();
    assert_eq!(&claimed.order, walk.order());
    assert_eq!(claimed.open_attempt, Some(attempt));
}

/// Waits until so many statements wait for a lock.
async fn until_waiting(fresh: &Fresh, statements: i64) {
    while count(
        fresh,
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    .await
        < statements
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_refused_row_does_not_fail_its_neighbours() {
    let fresh = fresh().await;
    let (lease, _, attempt, steps) = about_to_send(&fresh, 1).await;
    fresh.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let mut ready = Vec::new();
    for n in 2..=40 {
        ready.push(about_to_send(&fresh, n).await);
    }
    // One of them comes with a transaction id that is taken.
    ready[20].2.transaction.id = attempt.transaction.id;
    let writes = ready.into_iter().map(|(lease, walk, attempt, steps)| {
        let store = fresh.store.clone();
        tokio::spawn(async move { (walk, store.write_ahead(&lease, &attempt, steps.moved()).await) })
    });
    for (place, write) in writes.collect::<Vec<_>>().into_iter().enumerate() {
        let (walk, written) = write.await.unwrap();
        let version = fresh.order(walk.id()).await.unwrap().unwrap().version();
        if place == 20 {
            assert!(
                matches!(written, Err(JournalError::Store(StoreError::Corrupt(_)))),
                "{written:?}"
            );
            assert_eq!(version, 1);
        } else {
            written.unwrap();
            assert_eq!(version, walk.order().version());
        }
    }
}

/// Nothing may be left open, and nobody else be disturbed, by callers that go away at any point.
#[tokio::test]
async fn callers_that_go_away_leave_nothing_open_and_disturb_nobody() {
    let fresh = fresh().await;
    let mut tasks = Vec::new();
    for n in 1..=400_u32 {
        let store = fresh.store.clone();
        let life = async move {
            let (lease, mut walk, attempt, steps) = about_to_send(&store, n).await;
            store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
            store.order(walk.id()).await.unwrap();
            store.list(&OrderFilter::default(), None, 3).await.unwrap();
            let (outcome, steps) = walk.confirm(&attempt);
            store
                .record(&lease, Some(outcome), Release::Done, steps.moved())
                .await
                .unwrap();
        };
        // Most are dropped somewhere on their way.
        let patience = if n.is_multiple_of(4) {
            LONG
        } else {
            Duration::from_micros(u64::from(n) * 150)
        };
        tasks.push(tokio::spawn(tokio::time::timeout(patience, life)));
    }
    let mut finished = 0;
    for task in tasks {
        finished += i64::from(task.await.unwrap().is_ok());
    }
    assert!(finished >= 100, "{finished}");
    let open = "select count(*) from pg_stat_activity where state like 'idle in transaction%'";
    assert_eq!(count(&fresh, open).await, 0);
    let gaps = "select count(*) from orders where version <>
                    (select count(distinct seq) from order_stories where order_id = id and seq between 1 and version)";
    assert_eq!(count(&fresh, gaps).await, 0);
    let torn = "select count(*) from orders where attempt_open <>
                    exists (select from attempts where order_id = id and outcome is null)";
    assert_eq!(count(&fresh, torn).await, 0);
    // The store is as usable as ever.
    let (lease, _, attempt, steps) = about_to_send(&fresh, 1_000).await;
    fresh.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
}

#[tokio::test]
async fn a_terminal_order_can_have_nothing_open() {
    let fresh = fresh().await;
    let (lease, walk, attempt, steps) = about_to_send(&fresh, 1).await;
    fresh.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let (_, steps) = walk.clone().confirm(&attempt);
    let forgotten = fresh.record(&lease, None, Release::Done, steps.moved()).await;
    assert!(
        matches!(forgotten, Err(JournalError::Store(StoreError::Corrupt(_)))),
        "{forgotten:?}"
    );
    assert_eq!(fresh.order(walk.id()).await.unwrap().as_ref(), Some(walk.order()));
}
