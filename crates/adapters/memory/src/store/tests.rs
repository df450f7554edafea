//! What this store promises beyond the laws of the port.

use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_ports::contract::fixtures::{Walk, acceptance, order_id, spec, worker};
use order_ports::{
    Claim, JournalError, Lease, OrderIntake, OrderJournal, OrderLeases, StoreError, Sweep, Transition,
};

use super::MemoryStore;

const LONG: Duration = Duration::from_secs(600);

async fn claimed(store: &MemoryStore, n: u32) -> (Walk, Lease) {
    let acceptance = acceptance(n, spec());
    let walk = Walk::of(&acceptance);
    store.accept(acceptance).await.unwrap();
    (walk, take(store, order_id(n)).await)
}

async fn take(store: &MemoryStore, id: OrderId) -> Lease {
    match store.claim(id, worker(1), LONG).await.unwrap() {
        Claim::Taken(claimed) => claimed.lease,
        other => panic!("{other:?}"),
    }
}

fn scheduled(store: &MemoryStore) -> usize {
    store.shards.iter().map(|shard| shard.lock().scheduled()).sum()
}

/// Otherwise sweeps would grow slower with every order that ever was.
#[tokio::test(start_paused = true)]
async fn the_schedule_knows_live_orders_only() {
    let store = MemoryStore::new();
    for n in 0..30 {
        let (mut walk, lease) = claimed(&store, n).await;
        assert_eq!(scheduled(&store), 1);
        match n % 3 {
            0 => store
                .record(&lease, None, Release::Done, walk.fail().moved())
                .await
                .unwrap(),
            1 => store.append(&lease, walk.fail().moved()).await.unwrap(),
            _ => {
                let again = Release::RunAgain(Duration::ZERO);
                store
                    .record(&lease, None, again, walk.stay().moved())
                    .await
                    .unwrap();
                assert_eq!(store.due(Sweep::Everything, 10).await.unwrap().len(), 1);
                let lease = take(&store, walk.id()).await;
                tokio::time::sleep(LONG * 2).await;
                assert_eq!(store.due(Sweep::Everything, 10).await.unwrap().len(), 1);
                store
                    .record(&lease, None, Release::Done, walk.fail().moved())
                    .await
                    .unwrap();
            }
        }
        assert_eq!(scheduled(&store), 0);
    }
}

fn assert_refused(result: Result<(), JournalError>) {
    assert!(
        matches!(result, Err(JournalError::Store(StoreError::Corrupt(_)))),
        "{result:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_live_order_is_not_let_go_for_good() {
    let store = MemoryStore::new();
    let (mut walk, lease) = claimed(&store, 1).await;
    assert_refused(
        store
            .record(&lease, None, Release::Done, walk.stay().moved())
            .await,
    );
    store
        .record(&lease, None, Release::Done, walk.fail().moved())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_terminal_order_leaves_no_transaction_unresolved() {
    let store = MemoryStore::new();
    let (mut walk, lease) = claimed(&store, 1).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    let (outcome, steps) = walk.confirm(&attempt);
    assert_refused(store.record(&lease, None, Release::Done, steps.moved()).await);
    store
        .record(&lease, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_that_do_not_lead_to_the_order_are_refused() {
    let store = MemoryStore::new();
    let (mut walk, lease) = claimed(&store, 1).await;
    let steps = walk.route();
    let mut events = steps.events.clone();
    events.swap(0, 1);
    assert_refused(
        store
            .append(
                &lease,
                Transition {
                    order: &steps.order,
                    events: &events,
                },
            )
            .await,
    );
    store.append(&lease, steps.moved()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lease_without_end_is_just_long() {
    let store = MemoryStore::new();
    store.accept(acceptance(1, spec())).await.unwrap();
    let claim = store.claim(order_id(1), worker(1), Duration::MAX).await.unwrap();
    assert!(matches!(claim, Claim::Taken(_)));
    assert!(
        store
            .due(Sweep::Overdue(Duration::MAX), 10)
            .await
            .unwrap()
            .is_empty()
    );
}
