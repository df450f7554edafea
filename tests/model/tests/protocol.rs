//! The protocol holds over every state; without any one of its parts it does not.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use order_model::{Bounds, Flaw, Protocol};
use stateright::{Checker, HasDiscoveries, Model};

fn check(flaw: Flaw) -> impl Checker<Protocol> {
    let until = if flaw == Flaw::None {
        HasDiscoveries::All
    } else {
        HasDiscoveries::AnyFailures
    };
    Protocol {
        flaw,
        bounds: Bounds::default(),
    }
    .checker()
    .threads(2)
    .finish_when(until)
    .spawn_bfs()
    .join()
}

fn assert_caught(flaw: Flaw, broken: &'static str) {
    let checker = check(flaw);
    let Some(path) = checker.discovery(broken) else {
        panic!("{flaw:?} was not caught by \"{broken}\"");
    };
    let steps = path.into_actions();
    println!("{flaw:?} breaks \"{broken}\" in {} steps: {steps:?}", steps.len());
}

#[test]
fn the_whole_protocol_holds_in_every_state() {
    let checker = check(Flaw::None);
    checker.assert_properties();
    println!("{} states", checker.unique_state_count());
    assert!(
        checker.unique_state_count() > 10_000,
        "the model says nothing if it is too small"
    );
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
