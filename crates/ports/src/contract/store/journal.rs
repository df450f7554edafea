//! Writing: only by the holder of the lease, only from the current version, and nothing after the end.

use std::time::Duration;

use order_core::failure::VenueError;
use order_core::lifecycle::Release;
use order_core::order::{Attempt, AttemptOutcome, Event, Order, Progress, State};

use super::{
    LONG, SHORT, Store, accepted, assert_fenced, assert_stored, execute, hold, let_go, outlast_short, take,
};
use crate::Lease;
use crate::contract::fixtures::{Steps, Walk, acceptance, spec, transaction, waits, worker};

pub async fn what_is_appended_reads_back(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    assert_stored(store, &walk).await;
    // Appending nothing is nothing, and no error.
    store.append(&lease, walk.stay().moved()).await.unwrap();
    assert_stored(store, &walk).await;
}

/// An order whose lease has been taken over, and the lease that was lost.
async fn taken_over(store: &dyn Store) -> (Walk, Lease) {
    let mut walk = accepted(store, 1).await;
    let lost = take(store, walk.id(), 1, SHORT).await.lease;
    store.append(&lost, walk.route().moved()).await.unwrap();
    outlast_short().await;
    take(store, walk.id(), 2, LONG).await;
    (walk, lost)
}

pub async fn an_append_is_fenced_by_another_claim(store: &dyn Store) {
    let (walk, lost) = taken_over(store).await;
    assert_fenced(
        store
            .append(&lost, walk.clone().go([Event::Cancelled]).moved())
            .await,
    );
    assert_stored(store, &walk).await;
}

pub async fn a_write_ahead_is_fenced_by_another_claim(store: &dyn Store) {
    let (walk, lost) = taken_over(store).await;
    let (attempt, steps) = walk.clone().submit();
    assert_fenced(store.write_ahead(&lost, &attempt, steps.moved()).await);
    assert_stored(store, &walk).await;
}

pub async fn a_record_is_fenced_by_another_claim(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lost = take(store, walk.id(), 1, SHORT).await.lease;
    let attempt = submitted(store, &lost, &mut walk).await;
    outlast_short().await;
    let held = take(store, walk.id(), 2, SHORT).await.lease;
    let (outcome, steps) = walk.clone().confirm(&attempt);
    assert_fenced(
        store
            .record(&lost, Some(outcome), Release::Done, steps.moved())
            .await,
    );
    assert_stored(store, &walk).await;
    // The attempt is open still, and the other's lease untouched.
    let (outcome, steps) = walk.confirm(&attempt);
    store
        .record(&held, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();
    assert_stored(store, &walk).await;
}

/// Walks an order to where its transaction may be at the venue.
async fn submitted(store: &dyn Store, lease: &Lease, walk: &mut Walk) -> Attempt {
    store.append(lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(lease, &attempt, steps.moved()).await.unwrap();
    attempt
}

pub async fn a_step_from_a_stale_version_is_fenced(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let mut stale = walk.clone();
    store.append(&lease, walk.go([waits()]).moved()).await.unwrap();
    assert_fenced(store.append(&lease, stale.stay().moved()).await);
    assert_fenced(store.append(&lease, stale.route().moved()).await);
    let (attempt, steps) = stale.submit();
    assert_fenced(store.write_ahead(&lease, &attempt, steps.moved()).await);
    assert_fenced(
        store
            .record(&lease, None, Release::RunAgain(Duration::ZERO), steps.moved())
            .await,
    );
    assert_stored(store, &walk).await;
    // Nor is a step taken that skips what was never stored.
    let mut ahead = walk.clone();
    ahead.route();
    let (attempt, steps) = ahead.submit();
    assert_fenced(store.write_ahead(&lease, &attempt, steps.moved()).await);
    assert_stored(store, &walk).await;
}

pub async fn a_step_sent_twice_is_fenced(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let routed = walk.route();
    store.append(&lease, routed.moved()).await.unwrap();
    assert_fenced(store.append(&lease, routed.moved()).await);
    let (attempt, steps) = walk.submit();
    store.write_ahead(&lease, &attempt, steps.moved()).await.unwrap();
    assert_fenced(store.write_ahead(&lease, &attempt, steps.moved()).await);
    let (outcome, steps) = walk.confirm(&attempt);
    store
        .record(&lease, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();
    assert_fenced(
        store
            .record(&lease, Some(outcome), Release::Done, steps.moved())
            .await,
    );
    assert_stored(store, &walk).await;
}

pub async fn of_two_steps_at_once_one_is_stored(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let (mut one, mut other) = (walk.clone(), walk.clone());
    let (first, second) = (one.go([waits()]), other.route());
    let (first, second) = tokio::join!(
        store.append(&lease, first.moved()),
        store.append(&lease, second.moved())
    );
    let (stored, fenced) = if first.is_ok() {
        (one, second)
    } else {
        (other, first)
    };
    assert_fenced(fenced);
    assert_stored(store, &stored).await;
}

pub async fn a_forged_lease_is_fenced(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let neighbour = accepted(store, 2).await;
    let lease = hold(store, &walk).await;
    let routed = walk.clone().route();
    for forged in [
        Lease {
            holder: worker(2),
            ..lease
        },
        Lease {
            epoch: lease.epoch + 1,
            ..lease
        },
        Lease {
            epoch: lease.epoch - 1,
            ..lease
        },
        Lease {
            order_id: neighbour.id(),
            ..lease
        },
    ] {
        assert_fenced(store.append(&forged, routed.moved()).await);
    }
    assert_stored(store, &neighbour).await;
    store.append(&lease, walk.route().moved()).await.unwrap();
    assert_stored(store, &walk).await;
}

pub async fn a_lease_given_back_is_fenced(store: &dyn Store) {
    let walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let_go(store, &lease, &walk.stay(), Duration::ZERO).await;
    assert_fenced(store.append(&lease, walk.clone().route().moved()).await);
    let released = store
        .record(&lease, None, Release::RunAgain(LONG), walk.stay().moved())
        .await;
    assert_fenced(released);
    assert_stored(store, &walk).await;
    take(store, walk.id(), 2, LONG).await;
}

pub async fn a_step_of_an_unknown_order_is_fenced(store: &dyn Store) {
    let mut walk = Walk::of(&acceptance(1, spec()));
    let lease = Lease {
        order_id: walk.id(),
        holder: worker(1),
        epoch: 1,
    };
    assert_fenced(store.append(&lease, walk.route().moved()).await);
    assert_eq!(store.order(walk.id()).await.unwrap(), None);
    assert_eq!(store.events(walk.id(), 0, 10).await.unwrap(), []);
}

/// Only a claim takes a lease away; being late does no harm while nobody else has begun.
pub async fn a_lease_that_ran_out_still_writes_until_it_is_taken(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = take(store, walk.id(), 1, SHORT).await.lease;
    outlast_short().await;
    execute(store, &lease, &mut walk).await;
    assert_stored(store, &walk).await;
}

pub async fn a_second_open_attempt_is_fenced(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = take(store, walk.id(), 1, SHORT).await.lease;
    let attempt = submitted(store, &lease, &mut walk).await;
    let second = Attempt {
        number: 2,
        transaction: transaction(walk.id(), 2),
        ..attempt.clone()
    };
    let event = Event::Submitted {
        venue: second.venue,
        tx_id: second.transaction.id,
    };
    let steps = mistaken(walk.order(), State::Building { venue: second.venue }, event);
    assert_fenced(store.write_ahead(&lease, &second, steps.moved()).await);
    assert_stored(store, &walk).await;
    outlast_short().await;
    assert_eq!(take(store, walk.id(), 2, LONG).await.open_attempt, Some(attempt));
}

/// What a worker would write that takes the order to be in another state than it is.
fn mistaken(order: &Order, state: State, event: Event) -> Steps {
    let progress = Progress {
        state,
        ..order.progress().clone()
    };
    let mut mistaken = Order::restore(order.id(), order.spec().clone(), order.created_at(), progress);
    let event = mistaken.apply(event, order.progress().updated_at).unwrap();
    Steps {
        order: mistaken,
        events: vec![event],
    }
}

pub async fn an_outcome_closes_the_attempt(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    submitted(store, &lease, &mut walk).await;
    let (outcome, steps) = walk.retry(Duration::ZERO);
    let release = Release::RunAgain(Duration::ZERO);
    store
        .record(&lease, Some(outcome), release, steps.moved())
        .await
        .unwrap();
    assert_stored(store, &walk).await;
    assert_eq!(take(store, walk.id(), 2, LONG).await.open_attempt, None);
}

pub async fn without_an_outcome_the_attempt_stays_open(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    let attempt = submitted(store, &lease, &mut walk).await;
    let unknown = Event::OutcomeUnknown {
        venue: attempt.venue,
        tx_id: attempt.transaction.id,
    };
    let_go(store, &lease, &walk.go([unknown]), Duration::ZERO).await;
    assert_stored(store, &walk).await;
    assert_eq!(take(store, walk.id(), 2, LONG).await.open_attempt, Some(attempt));
}

pub async fn after_a_dead_attempt_another_may_be_written(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    submitted(store, &lease, &mut walk).await;
    let (_, steps) = walk.retry(Duration::ZERO);
    let dead = Some(AttemptOutcome::Dead(VenueError::Expired));
    store
        .record(&lease, dead, Release::RunAgain(Duration::ZERO), steps.moved())
        .await
        .unwrap();
    let lease = hold(store, &walk).await;
    execute(store, &lease, &mut walk).await;
    assert_stored(store, &walk).await;
    assert_eq!(walk.order().progress().attempt, 2);
}

pub async fn a_terminal_order_takes_no_more_events(store: &dyn Store) {
    let mut walk = accepted(store, 1).await;
    let lease = hold(store, &walk).await;
    execute(store, &lease, &mut walk).await;
    let steps = mistaken(walk.order(), State::Pending, Event::Cancelled);
    assert_fenced(store.append(&lease, steps.moved()).await);
    assert_fenced(store.record(&lease, None, Release::Done, steps.moved()).await);
    assert_stored(store, &walk).await;
}
