//! Claiming: one holder at a time, each with a higher epoch than the one before.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::lifecycle::Release;

use super::{LONG, SHORT, Store, accepted, execute, hold, is_not_now, let_go, outlast_short, take};
use crate::Claim;
use crate::contract::fixtures::{order_id, worker};

pub async fn a_claim_takes_a_free_order(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    let claimed = take(store, walk.id(), 1, LONG).await;
    assert_eq!(&claimed.order, walk.order());
    assert_eq!(claimed.open_attempt, None);
    assert_eq!(
        (claimed.lease.order_id, claimed.lease.holder),
        (walk.id(), worker(1))
    );
}

pub async fn a_claimed_order_is_not_to_be_had(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    hold(store, &walk).await;
    assert!(is_not_now(
        &store.claim(walk.id(), worker(2), LONG).await.unwrap()
    ));
    // Not even by its holder: one worker must not process one order twice at a time.
    assert!(is_not_now(
        &store.claim(walk.id(), worker(1), LONG).await.unwrap()
    ));
}

pub async fn of_many_claims_at_once_one_takes_the_order(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    let claims = join_all((1..=24).map(|n| store.claim(walk.id(), worker(n), LONG))).await;
    let claims: Vec<_> = claims.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        claims
            .iter()
            .filter(|claim| matches!(claim, Claim::Taken(_)))
            .count(),
        1,
        "{claims:?}"
    );
    assert_eq!(
        claims.iter().filter(|claim| is_not_now(claim)).count(),
        23,
        "{claims:?}"
    );
}

pub async fn a_lease_that_ran_out_is_taken_over_with_a_higher_epoch(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    let first = take(store, walk.id(), 1, SHORT).await.lease;
    outlast_short().await;
    let second = take(store, walk.id(), 2, SHORT).await.lease;
    assert!(second.epoch > first.epoch, "{first:?} {second:?}");
    outlast_short().await;
    let third = take(store, walk.id(), 1, LONG).await.lease;
    assert!(third.epoch > second.epoch, "{second:?} {third:?}");
}

pub async fn a_released_order_is_claimed_again_with_a_higher_epoch(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    let first = hold(store, &walk).await;
    let_go(store, &first, &walk.stay(), Duration::ZERO).await;
    let claimed = take(store, walk.id(), 2, LONG).await;
    assert!(claimed.lease.epoch > first.epoch, "{first:?} {claimed:?}");
    assert_eq!(&claimed.order, walk.order());
}

pub async fn a_terminal_order_is_finished(store: &dyn Store) {
    let mut executed = accepted(store, 1).await;
    let lease = hold(store, &executed).await;
    execute(store, &lease, &mut executed).await;
    let mut failed = accepted(store, 2).await;
    let lease = hold(store, &failed).await;
    store
        .record(&lease, None, Release::Done, failed.fail().moved())
        .await
        .unwrap();
    for id in [order_id(1), order_id(2)] {
        let claim = store.claim(id, worker(2), LONG).await.unwrap();
        assert!(matches!(claim, Claim::Finished), "{claim:?}");
    }
}

pub async fn an_unknown_order_is_no_such_order(store: &dyn Store) {
    accepted(store, 1).await;
    let claim = store.claim(order_id(2), worker(1), LONG).await.unwrap();
    assert!(matches!(claim, Claim::NoSuchOrder), "{claim:?}");
}

pub async fn an_order_is_not_claimed_before_it_is_due(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let (_, steps) = walk.retry(LONG);
    let_go(store, &lease, &steps, LONG).await;
    for n in [1, 2] {
        assert!(is_not_now(
            &store.claim(walk.id(), worker(n), LONG).await.unwrap()
        ));
    }
}

pub async fn an_order_is_claimed_once_it_is_due(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let (_, steps) = walk.retry(SHORT);
    let_go(store, &lease, &steps, SHORT).await;
    outlast_short().await;
    let claimed = take(store, walk.id(), 2, LONG).await;
    assert_eq!(&claimed.order, walk.order());
}

/// The crash between the write-ahead and the outcome: the next worker gets the very bytes.
pub async fn an_open_attempt_comes_with_the_next_claim(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = take(store, walk.id(), 1, SHORT).await.lease;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    outlast_short().await;
    let claimed = take(store, walk.id(), 2, LONG).await;
    assert_eq!(&claimed.order, walk.order());
    assert_eq!(claimed.open_attempt, Some(attempt));
}
