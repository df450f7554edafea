//! Sweeping: finding what is due, free, and not announced.

use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::priority::Priority;
use order_core::spec::OrderSpec;

use super::{LONG, SHORT, Store, accepted, accepted_as, execute, hold, let_go, outlast_short, take};
use crate::contract::fixtures::{order_id, spec};
use crate::{Sweep, WorkItem};

/// Finds announcements that are older than what [`outlast_short`] waits for.
const OLD: Sweep = Sweep::Overdue(SHORT);

/// Finds none of the announcements made within a test.
const VERY_OLD: Sweep = Sweep::Overdue(LONG);

async fn found(store: &dyn Store, sweep: Sweep) -> Vec<OrderId> {
    let mut ids = found_in_order(store, sweep, 1_000).await;
    ids.sort_unstable();
    ids
}

async fn found_in_order(store: &dyn Store, sweep: Sweep, limit: usize) -> Vec<OrderId> {
    store
        .due(sweep, limit)
        .await
        .unwrap()
        .into_iter()
        .map(|item| item.order_id)
        .collect()
}

pub async fn a_fresh_order_counts_as_announced(store: &dyn Store) {
    accepted(store, 1).await;
    assert_eq!(found(store, VERY_OLD).await, []);
}

pub async fn an_order_whose_announcement_is_old_is_found(store: &dyn Store) {
    accepted(store, 1).await;
    accepted(store, 2).await;
    outlast_short().await;
    assert_eq!(found(store, VERY_OLD).await, []);
    assert_eq!(found(store, OLD).await, [order_id(1), order_id(2)]);
}

pub async fn a_found_order_counts_as_announced_again(store: &dyn Store) {
    accepted(store, 1).await;
    outlast_short().await;
    assert_eq!(found(store, OLD).await, [order_id(1)]);
    assert_eq!(found(store, VERY_OLD).await, []);
    outlast_short().await;
    assert_eq!(found(store, OLD).await, [order_id(1)]);
}

pub async fn everything_finds_all_that_are_due(store: &dyn Store) {
    for n in 1..=5 {
        accepted(store, n).await;
    }
    let walk = accepted(store, 6).await;
    hold(store, &walk).await;
    let walk = accepted(store, 7).await;
    let lease = hold(store, &walk).await;
    let_go(store, &lease, &walk.stay(), LONG).await;
    let expected: Vec<_> = (1..=5).map(order_id).collect();
    assert_eq!(found(store, Sweep::Everything).await, expected);
    // However recently they were announced.
    assert_eq!(found(store, Sweep::Everything).await, expected);
    assert_eq!(found(store, VERY_OLD).await, []);
}

pub async fn a_leased_order_is_not_found_until_its_lease_ran_out(store: &dyn Store) {
    let (short, long) = (accepted(store, 1).await, accepted(store, 2).await);
    hold(store, &long).await;
    take(store, short.id(), 1, SHORT).await;
    outlast_short().await;
    assert_eq!(found(store, OLD).await, [short.id()]);
    assert_eq!(found(store, Sweep::Everything).await, [short.id()]);
}

pub async fn a_terminal_order_is_not_found(store: &dyn Store) {
    let mut executed = accepted(store, 1).await;
    let lease = hold(store, &executed).await;
    execute(store, &lease, &mut executed).await;
    let mut failed = accepted(store, 2).await;
    let lease = hold(store, &failed).await;
    store
        .record(&lease, None, Release::Done, failed.fail().moved())
        .await
        .unwrap();
    outlast_short().await;
    assert_eq!(found(store, OLD).await, []);
    assert_eq!(found(store, Sweep::Everything).await, []);
}

pub async fn an_order_that_is_not_due_yet_is_not_found(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let (_, steps) = walk.retry(LONG);
    let_go(store, &lease, &steps, LONG).await;
    outlast_short().await;
    assert_eq!(found(store, OLD).await, []);
    assert_eq!(found(store, Sweep::Everything).await, []);
}

/// Its announcement led to the attempt that has just ended; nobody has announced the next one.
pub async fn an_order_that_became_due_after_its_announcement_is_found(store: &dyn Store) {
    let (mut later, now) = (accepted(store, 1).await, accepted(store, 2).await);
    let lease = hold(store, &later).await;
    let (_, steps) = later.retry(SHORT);
    let_go(store, &lease, &steps, SHORT).await;
    outlast_short().await;
    assert_eq!(found(store, VERY_OLD).await, [later.id()]);
    assert_eq!(found(store, VERY_OLD).await, []);
    // The same when it is due at once.
    let lease = hold(store, &now).await;
    let_go(store, &lease, &now.stay(), Duration::ZERO).await;
    assert_eq!(found(store, VERY_OLD).await, [now.id()]);
    assert_eq!(found(store, VERY_OLD).await, []);
}

pub async fn a_sweep_takes_the_most_overdue_first_up_to_its_limit(store: &dyn Store) {
    for (n, delay) in [(1, 900), (2, 100), (3, 1_300), (4, 500)] {
        let walk = accepted(store, n).await;
        let lease = hold(store, &walk).await;
        let_go(store, &lease, &walk.stay(), Duration::from_millis(delay)).await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        found_in_order(store, VERY_OLD, 3).await,
        [order_id(2), order_id(4), order_id(1)]
    );
    assert_eq!(found_in_order(store, VERY_OLD, 3).await, [order_id(3)]);
    assert_eq!(found_in_order(store, VERY_OLD, 3).await, []);
}

pub async fn a_work_item_carries_the_orders_priority(store: &dyn Store) {
    for (n, priority) in (1..).zip(Priority::ALL) {
        accepted_as(store, n, OrderSpec { priority, ..spec() }).await;
    }
    let mut items = store.due(Sweep::Everything, 10).await.unwrap();
    items.sort_unstable_by_key(|item| item.order_id);
    let expected: Vec<_> = (1..)
        .zip(Priority::ALL)
        .map(|(n, priority)| WorkItem {
            order_id: order_id(n),
            priority,
        })
        .collect();
    assert_eq!(items, expected);
}
