//! The laws of reading a store for an audit: [`OrderAudit`] shows what the other ports of the store were told.
//!
//! Every law gets a fresh, empty store.

use std::time::Duration;

use order_core::audit::{AuditedAttempt, AuditedOrder};
use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome};

use super::fixtures::{Walk, acceptance, keyed, order_id, spec, worker};
use super::store::Store;
use crate::{Claim, Lease, OrderAudit};

/// A store that can be audited.
pub trait AuditedStore: Store + OrderAudit {}

impl<S: Store + OrderAudit + ?Sized> AuditedStore for S {}

/// Runs every law of the audit as a test of its own; to be used as [`store_contract!`](crate::store_contract).
#[macro_export]
macro_rules! audit_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { audit, [$(#[$attribute])+], $make, (), [
            an_audit_shows_an_order_that_nobody_has_touched,
            an_audit_shows_each_attempt_and_who_wrote_which_event,
            an_audit_shows_an_open_attempt,
            audits_page_from_the_oldest_on,
        ] }
    };
}

async fn claim(store: &dyn AuditedStore, walk: &Walk, holder: u64) -> Lease {
    match store
        .claim(walk.id(), worker(holder), Duration::from_secs(600))
        .await
        .unwrap()
    {
        Claim::Taken(claimed) => claimed.lease,
        other => panic!("{:?} should be free, but the claim came to {other:?}", walk.id()),
    }
}

/// The only order there is.
async fn audit_one(store: &dyn AuditedStore) -> AuditedOrder {
    let mut audited = store.audit(None, 10).await.unwrap();
    assert_eq!(audited.len(), 1, "{audited:#?}");
    audited.remove(0)
}

fn as_audited(attempt: &Attempt, outcome: Option<AttemptOutcome>) -> AuditedAttempt {
    let (number, tx_id, min_out) = (attempt.number, attempt.transaction.id, attempt.draft.min_out);
    AuditedAttempt {
        number,
        tx_id,
        min_out,
        outcome,
    }
}

fn assert_history(audited: &AuditedOrder, walk: &Walk, epochs: &[u64]) {
    assert_eq!(&audited.order, walk.order());
    let events: Vec<_> = audited
        .events
        .iter()
        .map(|audited| audited.event.clone())
        .collect();
    assert_eq!(events, walk.history());
    assert_eq!(
        audited
            .events
            .iter()
            .map(|audited| audited.epoch)
            .collect::<Vec<_>>(),
        epochs
    );
}

pub async fn an_audit_shows_an_order_that_nobody_has_touched(store: &dyn AuditedStore) {
    assert_eq!(store.audit(None, 10).await.unwrap(), []);
    let acceptance = keyed(1, spec(), "k");
    let walk = Walk::of(&acceptance);
    store.accept(acceptance.clone()).await.unwrap();
    let audited = audit_one(store).await;
    assert_history(&audited, &walk, &[0]);
    assert_eq!(
        (audited.idempotency_key, audited.attempts),
        (acceptance.idempotency_key, vec![])
    );
}

pub async fn an_audit_shows_each_attempt_and_who_wrote_which_event(store: &dyn AuditedStore) {
    let acceptance = acceptance(1, spec());
    let mut walk = Walk::of(&acceptance);
    store.accept(acceptance).await.unwrap();

    let first = claim(store, &walk, 1).await;
    store.append(&first, walk.route().moved()).await.unwrap();
    let (dead, steps) = walk.submit();
    store.write_ahead(&first, &dead, steps.moved()).await.unwrap();
    let (death, steps) = walk.retry(Duration::ZERO);
    store
        .record(
            &first,
            Some(death),
            Release::RunAgain(Duration::ZERO),
            steps.moved(),
        )
        .await
        .unwrap();

    // Somebody who writes nothing.
    let idle = claim(store, &walk, 2).await;
    store
        .record(
            &idle,
            None,
            Release::RunAgain(Duration::ZERO),
            walk.stay().moved(),
        )
        .await
        .unwrap();

    let last = claim(store, &walk, 3).await;
    store.append(&last, walk.route().moved()).await.unwrap();
    let (landed, steps) = walk.submit();
    store.write_ahead(&last, &landed, steps.moved()).await.unwrap();
    let (landing, steps) = walk.confirm(&landed);
    store
        .record(&last, Some(landing), Release::Done, steps.moved())
        .await
        .unwrap();

    let audited = audit_one(store).await;
    let epochs = [vec![0], vec![first.epoch; 5], vec![last.epoch; 5]].concat();
    assert_history(&audited, &walk, &epochs);
    assert_eq!(
        audited.attempts,
        [as_audited(&dead, Some(death)), as_audited(&landed, Some(landing))]
    );
    assert_eq!(audited.idempotency_key, None);
}

pub async fn an_audit_shows_an_open_attempt(store: &dyn AuditedStore) {
    let acceptance = acceptance(1, spec());
    let mut walk = Walk::of(&acceptance);
    store.accept(acceptance).await.unwrap();
    let lease = claim(store, &walk, 1).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    store
        .record(
            &lease,
            None,
            Release::RunAgain(Duration::ZERO),
            walk.stay().moved(),
        )
        .await
        .unwrap();
    let audited = audit_one(store).await;
    assert_history(&audited, &walk, &[0, 1, 1, 1, 1].map(|epoch| epoch * lease.epoch));
    assert_eq!(audited.attempts, [as_audited(&attempt, None)]);
}

pub async fn audits_page_from_the_oldest_on(store: &dyn AuditedStore) {
    for n in [5, 2, 7, 1, 4, 3, 6] {
        store.accept(acceptance(n, spec())).await.unwrap();
    }
    let ids =
        |page: Vec<AuditedOrder>| -> Vec<OrderId> { page.iter().map(|audited| audited.order.id()).collect() };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = ids(store.audit(after, 3).await.unwrap());
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        seen.extend(page);
        assert!(
            seen.is_sorted_by(|older, newer| older < newer),
            "not the oldest first: {seen:?}"
        );
        after = seen.last().copied();
    }
    assert_eq!(seen, (1..=7).map(order_id).collect::<Vec<_>>());
}
