//! Engines that are broken on purpose run in the same worlds as the real one, under the same audit. Each must be
//! caught, by the invariant that its defect breaks.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use order_core::audit::Invariant;
use order_simulation::{Plan, Variant, simulate_many};

/// How many worlds each of them gets to run unnoticed.
const SEEDS: u64 = 24;

fn assert_caught(variant: Variant, invariants: &[Invariant]) {
    let plan = Plan {
        variant,
        ..Plan::default()
    };
    let tally = simulate_many(0..SEEDS, plan);
    println!(
        "{variant:?}: {} of {SEEDS} worlds, {:?}",
        tally.failed.len(),
        tally.violations
    );
    for invariant in invariants {
        assert!(
            tally.violated(*invariant) > 0,
            "{variant:?} should break {invariant:?}, but this is all it broke: {:?}",
            tally.violations
        );
    }
}

#[test]
fn a_worker_that_writes_down_afterwards_executes_twice_and_denies_it() {
    let broken = [
        Invariant::ExecutedOnce,
        Invariant::EndedIsNotExecuted,
        Invariant::ExecutionWrittenAhead,
    ];
    assert_caught(Variant::NaiveWorker, &broken);
}

#[test]
fn a_store_without_a_fence_lets_two_workers_execute() {
    assert_caught(Variant::NoFence, &[Invariant::ExecutedOnce]);
}

#[test]
fn a_transaction_that_is_not_written_ahead_is_forgotten_and_executed_again() {
    assert_caught(
        Variant::WriteBehind,
        &[Invariant::ExecutedOnce, Invariant::ExecutionWrittenAhead],
    );
}

#[test]
fn silence_taken_for_failure_executes_twice_and_denies_it() {
    let broken = [Invariant::ExecutedOnce, Invariant::EndedIsNotExecuted];
    assert_caught(Variant::SilenceIsFailure, &broken);
}

#[test]
fn not_found_taken_for_dead_executes_twice_and_denies_it() {
    let broken = [Invariant::ExecutedOnce, Invariant::EndedIsNotExecuted];
    assert_caught(Variant::NotFoundIsDead, &broken);
}

#[test]
fn sending_again_to_a_chain_that_keeps_duplicates_executes_twice() {
    assert_caught(Variant::TrustsDuplicates, &[Invariant::ExecutedOnce]);
}

#[test]
fn a_minimum_that_the_worker_forgets_is_held_against_the_request() {
    assert_caught(Variant::ForgetsMinimum, &[Invariant::AmountsHold]);
}
