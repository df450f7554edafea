//! Rests: orders that were woken for nothing, or refused, and are not woken again before their time.

use std::time::Duration;

use order_core::failure::VenueError;
use order_core::order::{AttemptOutcome, Event, Refusal};
use order_core::trigger::WaitsFor;

use super::resting::{FOR_EVER, for_so_long, listed, replaced, waiting, woken};
use super::{LONG, SHORT, Store, assert_stored, is_not_now, outlast_short, take};
use crate::contract::fixtures::{Walk, worker};

/// An order that goes on waiting after it was taken, and rests for so long before it may be woken again.
async fn rests(store: &dyn Store, walk: &Walk, worker: u64, rest: Duration) {
    assert_eq!(woken(store, &[walk.id()]).await, [walk.id()]);
    let lease = take(store, walk.id(), worker, LONG).await.lease;
    let release = for_so_long(Duration::MAX, rest);
    store
        .record(&lease, None, release, walk.stay().moved())
        .await
        .unwrap();
}

pub async fn an_order_is_not_woken_before_its_rest_is_over(store: &dyn Store) {
    let (resting, other) = (waiting(store, 1).await, waiting(store, 2).await);
    rests(store, &resting, 2, LONG).await;
    let woken = store.wake(&[resting.id(), other.id()]).await.unwrap();
    let hinted: Vec<_> = woken.items.iter().map(|item| item.order_id).collect();
    assert_eq!(hinted, [other.id()]);
    let [(id, left)] = woken.resting[..] else {
        panic!("the store says what rests: {woken:?}")
    };
    assert_eq!(id, resting.id());
    assert!(!left.is_zero() && left <= LONG, "{left:?}");
    assert!(is_not_now(
        &store.claim(resting.id(), worker(3), LONG).await.unwrap()
    ));
    assert_eq!(listed(store).await.len(), 2, "both still wait");
}

pub async fn a_rest_ends_and_its_length_is_told_with_the_next_lease(store: &dyn Store) {
    let walk = waiting(store, 1).await;
    rests(store, &walk, 2, SHORT).await;
    outlast_short().await;
    assert_eq!(woken(store, &[walk.id()]).await, [walk.id()]);
    let rested = take(store, walk.id(), 3, LONG).await.rested;
    assert_eq!(rested.length, SHORT);
    assert!(rested.ended_ago < LONG, "{rested:?}");
}

pub async fn an_owner_who_replaces_the_terms_ends_the_rest(store: &dyn Store) {
    let mut walk = waiting(store, 1).await;
    rests(store, &walk, 2, LONG).await;
    store
        .apply_owner_command(replaced(&mut walk).moved(), FOR_EVER)
        .await
        .unwrap();
    assert_eq!(woken(store, &[walk.id()]).await, [walk.id()]);
    let rested = take(store, walk.id(), 3, LONG).await.rested;
    assert_eq!(rested.length, Duration::ZERO);
}

pub async fn how_often_the_venue_refused_reads_back(store: &dyn Store) {
    let mut walk = waiting(store, 1).await;
    rests(store, &walk, 2, Duration::ZERO).await;
    assert_eq!(woken(store, &[walk.id()]).await, [walk.id()]);
    let lease = take(store, walk.id(), 3, LONG).await.lease;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let refused = Event::Waiting {
        waits_for: WaitsFor::Limit,
        terms: None,
        refused: Some(Refusal {
            count: 7,
            rest_ms: 400,
        }),
    };
    let outcome = AttemptOutcome::Dead(VenueError::SlippageExceeded);
    let steps = walk.go([refused]);
    store
        .record(&lease, Some(outcome), FOR_EVER, steps.moved())
        .await
        .unwrap();
    assert_stored(store, &walk).await;
    let read = store.order(walk.id()).await.unwrap().unwrap();
    assert_eq!(read.progress().refusals, 7);
}
