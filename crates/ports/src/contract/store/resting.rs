//! Waiting, being woken, and owners who change their mind.

use std::time::Duration;

use futures_util::future::join_all;
use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::Event;
use order_core::order_types::{LimitOrder, OrderKind};
use order_core::price::Price;
use order_core::priority::Priority;
use order_core::spec::Terms;
use order_core::time_in_force::TimeInForce;
use order_core::trigger::WaitsFor;

use super::{
    LONG, SHORT, Store, accepted, accepted_as, assert_fenced, assert_stored, execute, hold, is_not_now,
    let_go, outlast_short, take,
};
use crate::contract::fixtures::{Steps, Walk, acceptance, keyed, order_id, spec, waits, worker};
use crate::{Accepted, Claim, Lease, RestingOrder, Sweep, Woken, WorkItem};

pub(super) const FOR_EVER: Release = Release::Wait {
    longest: Duration::MAX,
    rest: Duration::ZERO,
};

pub(super) const fn for_so_long(longest: Duration, rest: Duration) -> Release {
    Release::Wait { longest, rest }
}

/// An order that waits, given back by its holder.
pub(super) async fn waiting(store: &dyn Store, n: u32) -> Walk {
    let mut walk = accepted(store, n).await;
    let lease = hold(store, &walk).await;
    store
        .record(&lease, None, FOR_EVER, walk.go([waits()]).moved())
        .await
        .unwrap();
    walk
}

pub(super) async fn listed(store: &dyn Store) -> Vec<RestingOrder> {
    store.waiting(None, 1_000).await.unwrap()
}

async fn listed_ids(store: &dyn Store) -> Vec<OrderId> {
    listed(store)
        .await
        .iter()
        .map(|waiting| waiting.order.id())
        .collect()
}

pub(super) async fn woken(store: &dyn Store, ids: &[OrderId]) -> Vec<OrderId> {
    let mut ids: Vec<_> = store
        .wake(ids)
        .await
        .unwrap()
        .items
        .iter()
        .map(|item| item.order_id)
        .collect();
    ids.sort_unstable();
    ids
}

fn is_finished(claim: &Claim) -> bool {
    matches!(claim, Claim::Finished)
}

pub async fn an_order_that_waits_is_nobodys_work(store: &dyn Store) {
    let walk = waiting(store, 1).await;
    assert_stored(store, &walk).await;
    assert!(is_not_now(
        &store.claim(walk.id(), worker(2), LONG).await.unwrap()
    ));
    outlast_short().await;
    for sweep in [Sweep::Everything, Sweep::Overdue(SHORT)] {
        assert_eq!(store.due(sweep, 10).await.unwrap(), []);
    }
}

pub async fn orders_that_wait_are_listed_by_when_they_began_to(store: &dyn Store) {
    let walks = [
        waiting(store, 2).await,
        waiting(store, 3).await,
        waiting(store, 1).await,
    ];
    accepted(store, 4).await;
    let all = listed(store).await;
    let ids: Vec<_> = all.iter().map(|waiting| waiting.order.id()).collect();
    assert_eq!(ids, walks.each_ref().map(Walk::id));
    for (waiting, walk) in all.iter().zip(&walks) {
        assert_eq!(&waiting.order, walk.order());
    }
    assert!(all.is_sorted_by_key(|waiting| (waiting.since, waiting.order.id())));
}

pub async fn the_list_of_those_who_wait_goes_on_where_it_was_left(store: &dyn Store) {
    for n in 1..=5 {
        waiting(store, n).await;
    }
    let (mut seen, mut place) = (Vec::new(), None);
    loop {
        let page = store.waiting(place, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        place = Some((last.since, last.order.id()));
        seen.extend(page.iter().map(|waiting| waiting.order.id()));
    }
    assert_eq!(seen, (1..=5).map(order_id).collect::<Vec<_>>());
    // Who begins a little earlier than they stopped sees the last ones again.
    let again = place.map(|(since, id)| (store.overlap(since), id));
    waiting(store, 6).await;
    let found = store.waiting(again, 1_000).await.unwrap();
    assert_eq!(found.last().map(|waiting| waiting.order.id()), Some(order_id(6)));
}

pub async fn a_wake_makes_an_order_due_once(store: &dyn Store) {
    let urgent = order_core::spec::OrderSpec {
        priority: Priority::High,
        ..spec()
    };
    let mut walk = accepted_as(store, 1, urgent).await;
    let lease = hold(store, &walk).await;
    store
        .record(&lease, None, FOR_EVER, walk.go([waits()]).moved())
        .await
        .unwrap();
    let item = WorkItem {
        order_id: walk.id(),
        priority: Priority::High,
    };
    let once = Woken {
        items: vec![item],
        resting: Vec::new(),
    };
    assert_eq!(store.wake(&[walk.id()]).await.unwrap(), once);
    assert_eq!(store.wake(&[walk.id()]).await.unwrap(), Woken::default());
    let claimed = take(store, walk.id(), 2, LONG).await;
    assert_eq!(&claimed.order, walk.order());
    assert_eq!(store.wake(&[walk.id()]).await.unwrap(), Woken::default());
}

pub async fn of_many_wakes_at_once_one_wakes_the_order(store: &dyn Store) {
    let ids: Vec<_> = [waiting(store, 1).await, waiting(store, 2).await]
        .iter()
        .map(Walk::id)
        .collect();
    let wakes = join_all((0..8).map(|_| store.wake(&ids))).await;
    let mut items: Vec<_> = wakes
        .into_iter()
        .flat_map(|woken| woken.unwrap().items)
        .map(|item| item.order_id)
        .collect();
    items.sort_unstable();
    assert_eq!(items, ids);
}

pub async fn what_does_not_wait_is_not_woken(store: &dyn Store) {
    let (fresh, held, retried) = (
        accepted(store, 1).await,
        accepted(store, 2).await,
        accepted(store, 3).await,
    );
    hold(store, &held).await;
    let lease = hold(store, &retried).await;
    let_go(store, &lease, &retried.stay(), LONG).await;
    let mut done = accepted(store, 4).await;
    let lease = hold(store, &done).await;
    execute(store, &lease, &mut done).await;
    let ids = [fresh.id(), held.id(), retried.id(), done.id(), order_id(99)];
    assert_eq!(woken(store, &ids).await, []);
    assert!(is_not_now(
        &store.claim(retried.id(), worker(2), LONG).await.unwrap()
    ));
    assert_eq!(listed_ids(store).await, []);
}

pub async fn a_woken_order_that_nobody_takes_is_swept(store: &dyn Store) {
    let walk = waiting(store, 1).await;
    assert_eq!(woken(store, &[walk.id()]).await, [walk.id()]);
    outlast_short().await;
    let due = store.due(Sweep::Overdue(SHORT), 10).await.unwrap();
    assert_eq!(
        due.iter().map(|item| item.order_id).collect::<Vec<_>>(),
        [walk.id()]
    );
}

pub async fn an_order_waits_no_longer_than_it_says(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    store
        .record(
            &lease,
            None,
            for_so_long(SHORT, Duration::ZERO),
            walk.go([waits()]).moved(),
        )
        .await
        .unwrap();
    assert_eq!(store.due(Sweep::Everything, 10).await.unwrap(), []);
    outlast_short().await;
    assert_eq!(store.due(Sweep::Everything, 10).await.unwrap().len(), 1);
    take(store, walk.id(), 2, LONG).await;
}

pub async fn an_order_that_went_on_does_not_wait_and_one_that_waits_again_is_listed_last(store: &dyn Store) {
    let (mut first, second) = (waiting(store, 1).await, waiting(store, 2).await);
    woken(store, &[first.id()]).await;
    let lease = take(store, first.id(), 2, LONG).await.lease;
    let_go(store, &lease, &first.stay(), Duration::ZERO).await;
    assert_eq!(listed_ids(store).await, [second.id()]);
    let lease = take(store, first.id(), 3, LONG).await.lease;
    // It returns from the market: another wait begins.
    store.append(&lease, first.route().moved()).await.unwrap();
    store
        .record(&lease, None, FOR_EVER, first.go([waits()]).moved())
        .await
        .unwrap();
    assert_eq!(listed_ids(store).await, [second.id(), first.id()]);
    assert_eq!(woken(store, &[first.id()]).await, [first.id()]);
}

/// Whatever holds the order, its owner goes first, until a transaction may execute.
async fn cancelled(store: &dyn Store, walk: &mut Walk) {
    store
        .apply_owner_command(walk.go([Event::Cancelled]).moved(), Release::Done)
        .await
        .unwrap();
    assert_stored(store, walk).await;
    assert!(is_finished(
        &store.claim(walk.id(), worker(9), LONG).await.unwrap()
    ));
    assert_eq!(woken(store, &[walk.id()]).await, []);
    assert_eq!(listed_ids(store).await, []);
    outlast_short().await;
    assert_eq!(store.due(Sweep::Everything, 10).await.unwrap(), []);
}

pub async fn an_owner_cancels_an_order_that_waits(store: &dyn Store) {
    cancelled(store, &mut waiting(store, 1).await).await;
}

pub async fn an_owner_cancels_an_order_that_nobody_has_taken_up(store: &dyn Store) {
    cancelled(store, &mut accepted(store, 1).await).await;
}

pub async fn an_owner_takes_an_order_out_of_its_holders_hands(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let mut holders = walk.clone();
    cancelled(store, &mut walk).await;
    let (attempt, steps) = holders.submit();
    assert_fenced(store.write_ahead(&lease, &attempt, steps.moved()).await);
    assert_fenced(
        store
            .record(&lease, None, Release::Done, walk.stay().moved())
            .await,
    );
    assert_stored(store, &walk).await;
}

pub async fn an_open_attempt_rejects_the_owners_command(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    let mut owners = walk.clone();
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    // Neither an owner who knows, nor one who has not noticed.
    for too_late in [owners.go([Event::Cancelled]), walk.stay()] {
        assert_fenced(store.apply_owner_command(too_late.moved(), Release::Done).await);
    }
    let (outcome, steps) = walk.confirm(&attempt);
    store
        .record(&lease, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();
    assert_stored(store, &walk).await;
}

pub async fn an_owner_who_is_behind_is_fenced(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let mut owners = walk.clone();
    let lease = hold(store, &walk).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    assert_fenced(
        store
            .apply_owner_command(owners.go([Event::Cancelled]).moved(), Release::Done)
            .await,
    );
    assert_stored(store, &walk).await;
    store.append(&lease, walk.stay().moved()).await.unwrap();
    let unknown = Walk::of(&acceptance(7, spec())).go([Event::Cancelled]);
    assert_fenced(store.apply_owner_command(unknown.moved(), Release::Done).await);
}

pub async fn no_owner_command_changes_an_end(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    cancelled(store, &mut walk).await;
    assert_fenced(
        store
            .apply_owner_command(walk.stay().moved(), Release::Done)
            .await,
    );
    assert_stored(store, &walk).await;
}

/// What a cancel and a write-ahead at the same moment come to, a number of times.
pub async fn of_a_cancel_and_a_write_ahead_at_once_one_is_stored(store: &dyn Store) {
    for n in 1..=20 {
        let mut walk = accepted(store, n).await;
        let lease = hold(store, &walk).await;
        store.append(&lease, walk.route().moved()).await.unwrap();
        let mut owners = walk.clone();
        let (attempt, ahead) = walk.submit();
        let cancel = owners.go([Event::Cancelled]);
        let (sent, taken_back) = tokio::join!(
            store.write_ahead(&lease, &attempt, ahead.moved()),
            store.apply_owner_command(cancel.moved(), Release::Done),
        );
        assert_ne!(sent.is_ok(), taken_back.is_ok(), "{sent:?} and {taken_back:?}");
        assert_stored(store, if sent.is_ok() { &walk } else { &owners }).await;
    }
}

fn new_terms() -> Terms {
    Terms {
        kind: OrderKind::Limit(LimitOrder {
            limit_price: Price::new(151_500_000_000_000_000_000),
        }),
        time_in_force: TimeInForce::Gtc,
    }
}

pub(super) fn replaced(walk: &mut Walk) -> Steps {
    walk.go([Event::Waiting {
        waits_for: WaitsFor::Limit,
        terms: Some(new_terms()),
        refused: None,
    }])
}

pub async fn replaced_terms_read_back_and_the_wait_begins_anew(store: &dyn Store) {
    let (mut first, second) = (waiting(store, 1).await, waiting(store, 2).await);
    let steps = replaced(&mut first);
    store.apply_owner_command(steps.moved(), FOR_EVER).await.unwrap();
    assert_stored(store, &first).await;
    assert_eq!(
        store.order(first.id()).await.unwrap().unwrap().terms(),
        new_terms()
    );
    let all = listed(store).await;
    assert_eq!(all.last().map(|waiting| waiting.order.terms()), Some(new_terms()));
    assert_eq!(listed_ids(store).await, [second.id(), first.id()]);
    assert_eq!(woken(store, &[first.id()]).await, [first.id()]);
    let claimed = take(store, first.id(), 5, LONG).await;
    assert_eq!(claimed.order.terms(), new_terms());
}

pub async fn the_holder_of_an_order_with_replaced_terms_is_fenced_out(store: &dyn Store) {
    let mut walk = waiting(store, 1).await;
    woken(store, &[walk.id()]).await;
    let lease: Lease = take(store, walk.id(), 2, LONG).await.lease;
    let mut holders = walk.clone();
    let steps = replaced(&mut walk);
    store.apply_owner_command(steps.moved(), FOR_EVER).await.unwrap();
    assert_fenced(store.append(&lease, holders.route().moved()).await);
    assert_stored(store, &walk).await;
}

pub async fn a_repeated_request_is_the_same_one_after_its_terms_were_replaced(store: &dyn Store) {
    let request = |n| keyed(n, spec(), "key-1");
    let mut walk = Walk::of(&request(1));
    store.accept(request(1)).await.unwrap();
    let lease = hold(store, &walk).await;
    store
        .record(&lease, None, FOR_EVER, walk.go([waits()]).moved())
        .await
        .unwrap();
    store
        .apply_owner_command(replaced(&mut walk).moved(), FOR_EVER)
        .await
        .unwrap();
    assert_eq!(
        store.accept(request(2)).await.unwrap(),
        Accepted::Replayed(walk.id())
    );
}
