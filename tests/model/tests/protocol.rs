//! The protocol holds over every state; without any one of its parts it does not.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use order_model::{Bounds, Flaw, Protocol};
use stateright::{Checker, HasDiscoveries, Model};

fn check(flaw: Flaw, bounds: Bounds, until: HasDiscoveries) -> impl Checker<Protocol> {
    let checker = Protocol { flaw, bounds }.checker();
    checker.threads(2).finish_when(until).spawn_bfs().join()
}

fn assert_caught(flaw: Flaw, broken: &'static str) {
    assert_caught_within(Bounds::default(), flaw, broken);
}

fn assert_caught_within(bounds: Bounds, flaw: Flaw, broken: &'static str) {
    let until = HasDiscoveries::AllOf([broken].into());
    let checker = check(flaw, bounds, until);
    let Some(path) = checker.discovery(broken) else {
        panic!("{flaw:?} was not caught by \"{broken}\"");
    };
    let steps = path.into_actions();
    println!("{flaw:?} breaks \"{broken}\" in {} steps: {steps:?}", steps.len());
}

fn assert_holds(bounds: Bounds) {
    let checker = check(Flaw::None, bounds, HasDiscoveries::All);
    checker.assert_properties();
    println!("{} states", checker.unique_state_count());
    assert!(
        checker.unique_state_count() > 10_000,
        "the model says nothing if it is too small"
    );
}

#[test]
fn the_whole_protocol_holds_in_every_state() {
    assert_holds(Bounds::default());
}

#[test]
fn it_holds_for_orders_that_wait_while_prices_move_and_owners_think_better_of_them() {
    assert_holds(Bounds::waiting());
}

#[test]
fn without_the_write_ahead_a_crash_executes_twice() {
    assert_caught(Flaw::NoWriteAhead, "never executed twice");
}

#[test]
fn without_the_fence_a_slow_worker_executes_twice() {
    assert_caught(Flaw::NoFence, "never executed twice");
}

#[test]
fn without_the_look_up_the_next_worker_executes_twice() {
    assert_caught(Flaw::NoLookUp, "never executed twice");
}

#[test]
fn taking_not_found_for_dead_executes_twice() {
    assert_caught(Flaw::NotFoundIsDead, "never executed twice");
}

#[test]
fn resending_to_a_venue_that_keeps_duplicates_executes_twice() {
    assert_caught(Flaw::ResendToKeeper, "never executed twice");
}

#[test]
fn a_cancel_that_leaves_the_lease_to_its_holder_is_followed_by_an_execution() {
    let broken = "cancelled means not executed";
    assert_caught(Flaw::CancelWithoutFence, broken);
    assert_caught_within(Bounds::waiting(), Flaw::CancelWithoutFence, broken);
}

#[test]
fn a_cancel_after_the_write_ahead_comes_too_late() {
    assert_caught(Flaw::CancelSubmitted, "cancelled means not executed");
}

#[test]
fn a_replacement_that_leaves_the_lease_to_its_holder_is_ignored_by_it() {
    let broken = "never executed under terms that were replaced";
    assert_caught_within(Bounds::waiting(), Flaw::ReplaceWithoutFence, broken);
}

#[test]
fn a_wake_that_takes_no_epoch_fires_twice() {
    assert_caught_within(Bounds::waiting(), Flaw::WakeIsClaim, "never executed twice");
}

#[test]
fn a_wake_that_is_lost_leaves_the_order_where_nobody_looks() {
    assert_caught_within(Bounds::waiting(), Flaw::WakeIsLost, "never stuck before its end");
}

#[test]
fn a_transaction_that_does_not_name_the_limit_executes_beyond_it() {
    assert_caught_within(
        Bounds::waiting(),
        Flaw::NoMinimum,
        "never executed beyond its limit",
    );
}
