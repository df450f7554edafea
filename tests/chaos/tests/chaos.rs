//! The engine's processes keep every promise under a schedule of faults; workers that promise nothing are found out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::time::Duration;

use order_chaos::{Outcome, Plan, Programs, run};
use order_core::audit::Invariant;
use tokio_util::sync::CancellationToken;

/// The engine as it was built along with this test.
fn engine() -> PathBuf {
    env!("CARGO_BIN_EXE_chaos-engine").into()
}

fn naive() -> PathBuf {
    env!("CARGO_BIN_EXE_naive-worker").into()
}

/// `CHAOS_SEED` makes it another schedule; the machine makes something else of it every time.
fn seed() -> u64 {
    let given = std::env::var("CHAOS_SEED").ok().map(|text| text.parse().unwrap());
    given.unwrap_or(20_251_125)
}

fn plan(seconds: u64) -> Plan {
    Plan {
        seed: seed(),
        fault_schedule: Duration::from_secs(seconds),
        faults: true,
        orders_per_minute: 400,
        rest_within: Duration::from_secs(120),
        programs: Programs {
            engine: engine(),
            worker: None,
        },
        calm: CancellationToken::new(),
    }
}

async fn play(plan: Plan) -> Outcome {
    let outcome = run(plan).await.unwrap();
    println!("{outcome}");
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_of_chaos_breaks_no_promise() {
    let outcome = play(plan(60)).await;
    assert_eq!(outcome.verdict.violated(), 0, "{}", outcome.verdict);
    // Faults that no client felt prove nothing.
    let faults = outcome.tally.faults.lock();
    let struck = |name| faults.get(name).copied().unwrap_or_default();
    for fault in [
        "worker killed",
        "worker frozen past its lease",
        "Postgres crashed",
        "Redis killed and empty",
        "venue killed",
    ] {
        assert!(struck(fault) > 0, "{fault}: never");
    }
    let report = &outcome.verdict.report;
    assert!(
        report.figure(Invariant::ConfirmedIsExecuted).checked > 50,
        "hardly an order was executed"
    );
    assert!(
        report.figure(Invariant::StreamsAreExact).checked > 50,
        "hardly a history was watched"
    );
    assert!(
        report.figure(Invariant::LimitHolds).checked > 50,
        "hardly a limit was put to the test"
    );
    assert!(outcome.census.fired > 50, "hardly an order was woken");
    assert!(
        outcome.tally.cancelled.lock().len() > 20 && outcome.tally.replaced.lock().len() > 5,
        "hardly an owner had their way"
    );
}

/// The same checks, the same faults, but workers that take a job, execute it, and then write down what came of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_naive_worker_is_found_out() {
    // A busy machine meets the faults at other moments each time, and not every schedule hits a worker between its two steps.
    for fault_schedule in 0..4 {
        let mut plan = plan(20);
        plan.seed += fault_schedule;
        plan.programs.worker = Some(naive());
        let outcome = play(plan).await;
        let twice = outcome.verdict.report.figure(Invariant::ExecutedOnce).violated;
        std::fs::remove_dir_all(outcome.logs.unwrap()).unwrap();
        if twice > 0 {
            return;
        }
    }
    panic!("four fault schedules, and nothing was executed twice");
}

/// Nor is it found out for anything but what the faults do to it.
#[tokio::test(flavor = "multi_thread")]
async fn in_fair_weather_even_a_naive_worker_passes() {
    let mut plan = plan(6);
    plan.programs.worker = Some(naive());
    plan.faults = false;
    plan.orders_per_minute = 120;
    let outcome = play(plan).await;
    assert_eq!(outcome.verdict.violated(), 0, "{}", outcome.verdict);
}
