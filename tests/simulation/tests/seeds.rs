//! Hundreds of worlds, none of which breaks the promise.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use order_core::audit::Invariant;
use order_simulation::{Plan, simulate, simulate_many};

/// How many worlds the suite runs; `simulate --seeds N` runs more.
const SEEDS: u64 = 300;

#[test]
fn no_seed_breaks_the_promise() {
    let tally = simulate_many(0..SEEDS, Plan::default());
    println!("{tally}");
    if let Some((seed, how)) = tally.failed.first_key_value() {
        panic!("seed {seed} fails; repeat it with: cargo run -p order-simulation -- --seed {seed}\n{how}");
    }
    // The promise is only worth something where it was put to the test.
    let orders = 30 * usize::try_from(SEEDS).unwrap_or(usize::MAX);
    assert!(
        (orders - 20..=orders).contains(&tally.orders),
        "orders were lost, or too late for their own date: {tally}"
    );
    assert!(tally.faults > 100 * SEEDS, "hardly anything went wrong: {tally}");
    for event in [
        "confirmed",
        "failed",
        "retrying",
        "unknown",
        "waiting",
        "cancelled",
    ] {
        assert!(tally.events[event] > 100, "hardly an order was {event}: {tally}");
    }
    assert!(tally.events["expired"] > 30, "hardly an order expired: {tally}");
    for invariant in [Invariant::LimitHolds, Invariant::FiresOnce] {
        assert!(
            tally.checked(invariant) > 500,
            "hardly checked {invariant:?}: {tally}"
        );
    }
    // A lease runs out in 15 s, a transaction in 60 s, and two more attempts may follow.
    assert!(
        tally.settled_in < Duration::from_secs(240),
        "an order was stuck: {tally}"
    );
}

/// It cannot be known then what became of a transaction, so no status may claim it; and no subscriber may be told less.
#[test]
fn venues_that_fall_silent_for_good_leave_orders_visibly_unknown() {
    let tally = simulate_many(0..SEEDS / 10, Plan::default().silent_at_last());
    if let Some((seed, how)) = tally.failed.first_key_value() {
        panic!(
            "seed {seed} fails; repeat it with: cargo run -p order-simulation -- --silent-at-last --seed {seed}\n{how}"
        );
    }
    let [pending, confirmed, failed] = ["pending", "confirmed", "failed"].map(|event| tally.events[event]);
    assert!(
        confirmed + failed < pending,
        "every order came to an end: {tally}"
    );
}

#[test]
fn one_seed_is_one_log() {
    for seed in [1, 7, 42] {
        let logs = [(); 2].map(|()| simulate(seed, Plan::default()).log());
        let [first, second] = &logs;
        assert!(first.len() > 10_000, "the log says nothing");
        if first != second {
            let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
            panic!("seed {seed} ran differently: {differs:?}");
        }
    }
}

#[test]
fn another_seed_is_another_world() {
    assert_ne!(
        simulate(1, Plan::default()).log(),
        simulate(2, Plan::default()).log()
    );
}
