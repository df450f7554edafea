//! The laws of the store: [`OrderIntake`], [`OrderLeases`], [`OrderJournal`], [`OrderReader`], [`RestingOrders`] and
//! [`OwnerCommands`] together,
//! since each is only visible through the others.
//!
//! Every law gets a fresh, empty store. Laws about time wait by `tokio::time`, so they run in no time over a
//! store that keeps tokio's (paused) clock, and in real time over one that keeps its own.

mod backoff;
mod intake;
mod journal;
mod leases;
mod listing;
mod reading;
mod resting;
mod sweeping;

use std::time::Duration;

use order_core::id::OrderId;
use order_core::lifecycle::Release;
use order_core::order::AttemptOutcome;
use order_core::spec::OrderSpec;

pub use backoff::*;
pub use intake::*;
pub use journal::*;
pub use leases::*;
pub use listing::*;
pub use reading::*;
pub use resting::*;
pub use sweeping::*;

use super::fixtures::{Steps, Walk, acceptance, spec, worker};
use crate::{
    Accepted, Claim, Claimed, JournalError, Lease, OrderIntake, OrderJournal, OrderLeases, OrderReader,
    OwnerCommands, RestingOrders,
};

/// Everything a store does.
pub trait Store:
    OrderIntake + OrderLeases + OrderJournal + OrderReader + RestingOrders + OwnerCommands
{
}

impl<S> Store for S where
    S: OrderIntake + OrderLeases + OrderJournal + OrderReader + RestingOrders + OwnerCommands + ?Sized
{
}

/// Runs every law of the store as a test of its own.
///
/// Give it the attribute of the tests and an async function that makes a fresh, empty store; it may return
/// anything that dereferences to one, so an `Arc`, or a guard that owns the database too.
///
/// ```ignore
/// async fn fresh() -> Arc<MemoryStore> { Arc::new(MemoryStore::new()) }
/// order_ports::store_contract!(#[tokio::test(start_paused = true)] fresh);
/// ```
#[macro_export]
macro_rules! store_contract {
    ($(#[$attribute:meta])+ $make:expr) => {
        $crate::__laws! { store, [$(#[$attribute])+], $make, (), [
            // Intake
            an_accepted_order_reads_back_as_it_was,
            every_kind_of_order_reads_back_as_it_was,
            the_same_request_with_the_same_key_is_the_same_order,
            a_key_used_for_another_order_is_refused,
            a_request_that_names_no_slippage_is_the_same_under_another_default,
            the_same_request_with_the_same_client_order_id_is_the_same_order,
            a_client_order_id_used_for_another_order_is_refused,
            equal_orders_without_keys_are_different_orders,
            keys_of_different_owners_do_not_meet,
            a_key_and_a_client_order_id_of_the_same_name_do_not_meet,
            of_many_equal_requests_at_once_one_is_stored,
            of_many_different_requests_at_once_with_one_key_one_is_stored,
            of_many_accepts_at_once_none_is_lost,
            a_finished_order_still_answers_for_its_key,
            a_refused_order_leaves_nothing_behind,
            an_order_accepted_twice_is_stored_once,
            what_was_accepted_is_recalled_by_its_names,
            a_different_request_under_a_taken_name_is_not_recalled,
            // Leases
            a_claim_takes_a_free_order,
            a_claimed_order_is_not_to_be_had,
            of_many_claims_at_once_one_takes_the_order,
            a_lease_that_ran_out_is_taken_over_with_a_higher_epoch,
            a_released_order_is_claimed_again_with_a_higher_epoch,
            a_terminal_order_is_finished,
            an_unknown_order_is_no_such_order,
            an_order_is_not_claimed_before_it_is_due,
            an_order_is_claimed_once_it_is_due,
            an_open_attempt_comes_with_the_next_claim,
            // Journal
            what_is_appended_reads_back,
            an_append_is_fenced_by_another_claim,
            a_write_ahead_is_fenced_by_another_claim,
            a_record_is_fenced_by_another_claim,
            a_step_from_a_stale_version_is_fenced,
            a_step_sent_twice_is_fenced,
            of_two_steps_at_once_one_is_stored,
            a_forged_lease_is_fenced,
            a_lease_given_back_is_fenced,
            a_step_of_an_unknown_order_is_fenced,
            a_lease_that_ran_out_still_writes_until_it_is_taken,
            a_second_open_attempt_is_fenced,
            an_outcome_closes_the_attempt,
            without_an_outcome_the_attempt_stays_open,
            after_a_dead_attempt_another_may_be_written,
            a_terminal_order_takes_no_more_events,
            // Reading
            events_come_in_order_after_the_given_one_up_to_the_limit,
            a_whole_life_has_no_gap,
            an_unknown_order_reads_as_nothing,
            versions_are_those_of_the_orders_that_exist,
            // Listing
            a_list_is_newest_first_and_says_whether_more_follows,
            a_list_shows_orders_as_they_stand,
            a_list_filters_by_each_part,
            a_list_filters_by_all_parts_together,
            a_list_shows_an_owner_no_other_owners_orders,
            a_client_order_id_finds_its_owners_order_alone,
            pages_have_no_gap_and_no_duplicate_while_orders_come_in,
            // Sweeping
            a_fresh_order_counts_as_announced,
            an_order_whose_announcement_is_old_is_found,
            a_found_order_counts_as_announced_again,
            everything_finds_all_that_are_due,
            a_leased_order_is_not_found_until_its_lease_ran_out,
            a_terminal_order_is_not_found,
            an_order_that_is_not_due_yet_is_not_found,
            an_order_that_became_due_after_its_announcement_is_found,
            a_sweep_takes_the_most_overdue_first_up_to_its_limit,
            a_work_item_carries_the_orders_priority,
            // Waiting
            an_order_that_waits_is_nobodys_work,
            orders_that_wait_are_listed_by_when_they_began_to,
            the_list_of_those_who_wait_goes_on_where_it_was_left,
            a_wake_makes_an_order_due_once,
            of_many_wakes_at_once_one_wakes_the_order,
            what_does_not_wait_is_not_woken,
            a_woken_order_that_nobody_takes_is_swept,
            an_order_waits_no_longer_than_it_says,
            an_order_that_went_on_does_not_wait_and_one_that_waits_again_is_listed_last,
            an_order_is_not_woken_before_its_rest_is_over,
            a_rest_ends_and_its_length_is_told_with_the_next_lease,
            an_owner_who_replaces_the_terms_ends_the_rest,
            how_often_the_venue_refused_reads_back,
            an_owner_cancels_an_order_that_waits,
            an_owner_cancels_an_order_that_nobody_has_taken_up,
            an_owner_takes_an_order_out_of_its_holders_hands,
            an_open_attempt_rejects_the_owners_command,
            an_owner_who_is_behind_is_fenced,
            no_owner_command_changes_an_end,
            of_a_cancel_and_a_write_ahead_at_once_one_is_stored,
            replaced_terms_read_back_and_the_wait_begins_anew,
            the_holder_of_an_order_with_replaced_terms_is_fenced_out,
            a_repeated_request_is_the_same_one_after_its_terms_were_replaced,
        ] }
    };
}

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(600);

/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(150);

/// Waits until what lasted [`SHORT`] is certainly over.
async fn outlast_short() {
    tokio::time::sleep(SHORT * 2).await;
}

/// The `n`-th order, stored.
async fn accepted(store: &dyn Store, n: u32) -> Walk {
    accepted_as(store, n, spec()).await
}

async fn accepted_as(store: &dyn Store, n: u32, spec: OrderSpec) -> Walk {
    let acceptance = acceptance(n, spec);
    let walk = Walk::of(&acceptance);
    assert_eq!(store.accept(acceptance).await.unwrap(), Accepted::New);
    walk
}

/// Claims an order that must be free.
async fn take(store: &dyn Store, id: OrderId, holder: u64, ttl: Duration) -> Claimed {
    match store.claim(id, worker(holder), ttl).await.unwrap() {
        Claim::Taken(claimed) => *claimed,
        other => panic!("{id} should be free for worker {holder}, but the claim came to {other:?}"),
    }
}

/// Claims an order for longer than the test takes.
async fn hold(store: &dyn Store, walk: &Walk) -> Lease {
    take(store, walk.id(), 1, LONG).await.lease
}

/// Gives a lease back without an outcome.
async fn let_go(store: &dyn Store, lease: &Lease, steps: &Steps, again: Duration) {
    store
        .record(lease, None, Release::RunAgain(again), steps.moved())
        .await
        .unwrap();
}

/// Walks a claimed order to its execution.
async fn execute(store: &dyn Store, lease: &Lease, walk: &mut Walk) -> AttemptOutcome {
    store.append(lease, walk.route().moved()).await.unwrap();
    let (attempt, steps) = walk.submit();
    store.write_ahead(lease, &attempt, steps.moved()).await.unwrap();
    let (outcome, steps) = walk.confirm(&attempt);
    store
        .record(lease, Some(outcome), Release::Done, steps.moved())
        .await
        .unwrap();
    outcome
}

/// Asserts that the store shows exactly what has happened to the order.
async fn assert_stored(store: &dyn Store, walk: &Walk) {
    assert_eq!(store.order(walk.id()).await.unwrap().as_ref(), Some(walk.order()));
    assert_eq!(store.events(walk.id(), 0, 1_000).await.unwrap(), walk.history());
    assert_eq!(
        store.versions(&[walk.id()]).await.unwrap(),
        [(walk.id(), walk.order().version())]
    );
}

fn assert_fenced(result: Result<(), JournalError>) {
    assert!(
        matches!(result, Err(JournalError::Fenced)),
        "should be fenced, but came to {result:?}"
    );
}

fn is_not_now(claim: &Claim) -> bool {
    matches!(claim, Claim::NotNow)
}
