//! Every step of the protocol failed, and every step repeated, in the real process on the real servers.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use order_chaos::fail_and_repeat_every_step;

#[tokio::test(flavor = "multi_thread")]
async fn every_step_may_fail_and_every_step_may_be_repeated() {
    let steps = fail_and_repeat_every_step(env!("CARGO_BIN_EXE_chaos-engine").into(), 4)
        .await
        .unwrap();
    println!("{} steps\n{}", steps.cases, steps.verdict);
    assert_eq!(steps.failed, Vec::<String>::new());
    assert_eq!(steps.verdict.violated(), 0, "{}", steps.verdict);
}
