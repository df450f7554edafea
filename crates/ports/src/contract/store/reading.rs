//! Reading one order: its state, its history, its version.

use order_core::lifecycle::Release;
use order_core::order::Event;

use super::{Store, accepted, assert_stored, execute, hold};
use crate::contract::fixtures::{order_id, waits};

pub async fn events_come_in_order_after_the_given_one_up_to_the_limit(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    accepted(store, 2).await;
    let lease = hold(store, &walk).await;
    execute(store, &lease, &mut walk).await;
    let history = walk.history();
    assert_eq!(history.len(), 6);
    for after in 0..=7 {
        for limit in 0..=7 {
            let expected: Vec<_> = history.iter().skip(after).take(limit).cloned().collect();
            let events = store
                .events(walk.id(), u32::try_from(after).unwrap(), limit)
                .await
                .unwrap();
            assert_eq!(events, expected, "after {after}, at most {limit}");
        }
    }
    assert_eq!(store.events(walk.id(), u32::MAX, usize::MAX).await.unwrap(), []);
    assert_eq!(store.events(walk.id(), 0, usize::MAX).await.unwrap(), history);
}

/// Every kind of event, several attempts, several holders.
pub async fn a_whole_life_has_no_gap(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    for round in 1..=3 {
        let lease = hold(store, &walk).await;
        store.append(&lease, walk.go([waits()]).moved()).await.unwrap();
        store.append(&lease, walk.route().moved()).await.unwrap();
        let (attempt, steps) = walk.submit();
        store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
        let unknown = Event::OutcomeUnknown {
            venue: attempt.venue,
            tx_id: attempt.transaction.id,
        };
        store.append(&lease, walk.go([unknown]).moved()).await.unwrap();
        let ((outcome, steps), release) = if round < 3 {
            (
                walk.retry(std::time::Duration::ZERO),
                Release::RunAgain(std::time::Duration::ZERO),
            )
        } else {
            (walk.confirm(&attempt), Release::Done)
        };
        store
            .record(&lease, Some(outcome), release, steps.moved())
            .await
            .unwrap();
        assert_stored(store, &walk).await;
    }
    let events = store.events(walk.id(), 0, 1_000).await.unwrap();
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=walk.order().version()).collect::<Vec<_>>());
    assert_eq!(numbers.len(), 22);
}

pub async fn an_unknown_order_reads_as_nothing(store: &dyn Store) {
    accepted(store, 1).await;
    assert_eq!(store.order(order_id(2)).await.unwrap(), None);
    assert_eq!(store.events(order_id(2), 0, 10).await.unwrap(), []);
}

pub async fn versions_are_those_of_the_orders_that_exist(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    accepted(store, 2).await;
    accepted(store, 4).await;
    let lease = hold(store, &walk).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let mut versions = store
        .versions(&[order_id(3), order_id(2), order_id(1)])
        .await
        .unwrap();
    versions.sort_unstable();
    assert_eq!(versions, [(order_id(1), 4), (order_id(2), 1)]);
    assert_eq!(store.versions(&[]).await.unwrap(), []);
}
