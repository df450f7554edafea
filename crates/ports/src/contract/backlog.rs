//! The laws of the backlog: [`OrderBacklog`] shows what the other ports of the store were told.
//!
//! Every law gets a fresh, empty store.

use std::time::Duration;

use order_core::lifecycle::Release;
use order_core::order::Event;

use super::fixtures::{Walk, acceptance, spec, worker};
use super::store::Store;
use crate::{Claim, Lease, OrderBacklog};

/// A store whose backlog can be told.
pub trait BackloggedStore: Store + OrderBacklog {}

impl<S: Store + OrderBacklog + ?Sized> BackloggedStore for S {}

/// Runs every law of the backlog as a test of its own; to be used as
/// [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! backlog_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { backlog, [$(#[$attribute])+], $make, (), [
            an_empty_store_has_no_backlog,
            an_order_that_nobody_takes_up_grows_old,
            the_oldest_counts,
            an_order_in_work_or_not_due_is_no_backlog,
            a_silent_venue_is_counted_until_it_speaks,
        ] }
    };
}

const WAIT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(600);

async fn accepted(store: &dyn BackloggedStore, n: u32) -> Walk {
    let acceptance = acceptance(n, spec());
    let walk = Walk::of(&acceptance);
    store.accept(acceptance).await.unwrap();
    walk
}

async fn claim(store: &dyn BackloggedStore, walk: &Walk) -> Lease {
    match store.claim(walk.id(), worker(1), LONG).await.unwrap() {
        Claim::Taken(claimed) => claimed.lease,
        other => panic!("{:?} should be free, but the claim came to {other:?}", walk.id()),
    }
}

pub async fn an_empty_store_has_no_backlog(store: &dyn BackloggedStore) {
    assert_eq!(store.backlog().await.unwrap(), crate::Backlog::default());
}

pub async fn an_order_that_nobody_takes_up_grows_old(store: &dyn BackloggedStore) {
    accepted(store, 1).await;
    tokio::time::sleep(WAIT).await;
    let backlog = store.backlog().await.unwrap();
    assert!(
        backlog
            .oldest_due
            .is_some_and(|age| age >= WAIT / 2 && age < LONG),
        "{backlog:?}"
    );
    assert_eq!(backlog.unknown, 0);
}

pub async fn the_oldest_counts(store: &dyn BackloggedStore) {
    accepted(store, 1).await;
    tokio::time::sleep(WAIT).await;
    accepted(store, 2).await;
    let oldest = store.backlog().await.unwrap().oldest_due;
    assert!(oldest.is_some_and(|age| age >= WAIT / 2), "{oldest:?}");
}

pub async fn an_order_in_work_or_not_due_is_no_backlog(store: &dyn BackloggedStore) {
    let (working, mut resting) = (accepted(store, 1).await, accepted(store, 2).await);
    claim(store, &working).await;
    let lease = claim(store, &resting).await;
    let (_, steps) = resting.retry(LONG);
    let again = Release::RunAgain(LONG);
    store.record(&lease, None, again, steps.moved()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap(), crate::Backlog::default());
}

pub async fn a_silent_venue_is_counted_until_it_speaks(store: &dyn BackloggedStore) {
    let mut walk = accepted(store, 1).await;
    let lease = claim(store, &walk).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().unknown, 0);
    let silence = walk.go([Event::OutcomeUnknown {
        venue: attempt.venue,
        tx_id: attempt.transaction.id,
    }]);
    let again = Release::RunAgain(LONG);
    store.record(&lease, None, again, silence.moved()).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().unknown, 1);
}
