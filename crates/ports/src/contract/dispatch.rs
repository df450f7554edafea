//! The laws of the dispatch limit.
//!
//! Every law gets a fresh limit of [`ALLOWED`] dispatches in a window, and how long that window is.

use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use crate::DispatchLimit;

/// How many dispatches the limit under test allows in a window.
pub const ALLOWED: NonZeroU32 = NonZeroU32::new(5).unwrap();

/// Runs every law of the dispatch limit as a test of its own.
///
/// Give it the attribute of the tests, an async function that makes a fresh limit of
/// [`ALLOWED`](crate::contract::dispatch::ALLOWED) dispatches in a window (it may return anything that
/// dereferences to one), and the length of the window; at least two seconds if the limit keeps real time.
#[macro_export]
macro_rules! dispatch_contract {
    ($(#[$attribute:meta])+ $make:expr, $window:expr) => {
        $crate::__laws! { dispatch, [$(#[$attribute])+], $make, ($window), [
            as_many_as_allowed_pass_at_once,
            one_more_waits_until_the_window_has_moved_on,
            a_burst_late_in_a_window_counts_in_the_next,
            no_window_sees_more_than_allowed,
            a_dropped_wait_lets_nobody_through_too_early,
            what_is_given_back_goes_to_whoever_waits,
            a_grant_is_given_back_once,
            what_is_given_back_late_opens_nothing,
        ] }
    };
}

fn allowed() -> usize {
    usize::try_from(ALLOWED.get()).unwrap()
}

async fn pass_all(limit: &dyn DispatchLimit) {
    for _ in 0..ALLOWED.get() {
        limit.acquire().await.unwrap();
    }
}

/// A part of the window in which everything happens that takes no waiting.
fn moment(window: Duration) -> Duration {
    window / 4
}

/// Asserts that no window that begins with one of these dispatches holds more than allowed. They were timed
/// after they were granted, so a window may seem a little shorter than it was.
fn assert_within_limit(passed: &[Instant], window: Duration) {
    for (first, next) in passed.iter().zip(passed.iter().skip(allowed())) {
        let apart = *next - *first;
        assert!(apart + window / 8 >= window, "{} in {apart:?}", allowed() + 1);
    }
}

pub async fn as_many_as_allowed_pass_at_once(limit: &dyn DispatchLimit, window: Duration) {
    timeout(moment(window), pass_all(limit))
        .await
        .expect("nobody waits");
    assert!(
        timeout(moment(window), limit.acquire()).await.is_err(),
        "one more passed"
    );
}

pub async fn one_more_waits_until_the_window_has_moved_on(limit: &dyn DispatchLimit, window: Duration) {
    let began = Instant::now();
    pass_all(limit).await;
    let all_passed = Instant::now();
    timeout(window * 2, limit.acquire())
        .await
        .expect("the window moves on")
        .unwrap();
    let (least, most) = (all_passed.elapsed(), began.elapsed());
    assert!(most >= window, "after {most:?}");
    assert!(least <= window + moment(window), "only after {least:?}");
}

/// Where windows follow each other instead of sliding, twice as many pass around the end of one.
pub async fn a_burst_late_in_a_window_counts_in_the_next(limit: &dyn DispatchLimit, window: Duration) {
    let mut passed = Vec::new();
    for n in 0..2 * allowed() {
        timeout(window * 2, limit.acquire())
            .await
            .expect("the window moves on")
            .unwrap();
        passed.push(Instant::now());
        if n == 0 {
            tokio::time::sleep(window * 4 / 5).await;
        }
    }
    assert_within_limit(&passed, window);
}

pub async fn no_window_sees_more_than_allowed(limit: &dyn DispatchLimit, window: Duration) {
    let each = |waiter: u32| async move {
        let mut passed = Vec::new();
        for round in 0..ALLOWED.get() {
            tokio::time::sleep(window / 10 * (waiter * round % 3)).await;
            limit.acquire().await.unwrap();
            passed.push(Instant::now());
        }
        passed
    };
    let passed = timeout(window * 8, join_all((0..3).map(each)))
        .await
        .expect("everybody passes");
    let mut passed = passed.concat();
    passed.sort_unstable();
    assert_eq!(passed.len(), 3 * allowed());
    assert_within_limit(&passed, window);
}

pub async fn a_dropped_wait_lets_nobody_through_too_early(limit: &dyn DispatchLimit, window: Duration) {
    let mut passed = Vec::new();
    for _ in 0..ALLOWED.get() {
        limit.acquire().await.unwrap();
        passed.push(Instant::now());
    }
    for _ in 0..4 {
        assert!(
            timeout(window / 50, limit.acquire()).await.is_err(),
            "one more passed"
        );
    }
    // A dropped wait may count as a dispatch, so the window may have to move on twice.
    for _ in 0..2 * ALLOWED.get() {
        timeout(window * 3, limit.acquire())
            .await
            .expect("the window moves on")
            .unwrap();
        passed.push(Instant::now());
    }
    assert_within_limit(&passed, window);
}

/// Orders that turn out not to be due cost nothing, so a thousand of them do not stop the one that is.
pub async fn what_is_given_back_goes_to_whoever_waits(limit: &dyn DispatchLimit, window: Duration) {
    for _ in 0..3 * ALLOWED.get() {
        let grant = timeout(moment(window), limit.acquire())
            .await
            .expect("nobody waits");
        limit.give_back(grant.unwrap()).await.unwrap();
    }
    let mut granted = Vec::new();
    for _ in 0..ALLOWED.get() {
        granted.push(limit.acquire().await.unwrap());
    }
    let began = Instant::now();
    let give_back = async {
        tokio::time::sleep(window / 20).await;
        limit.give_back(granted[2]).await.unwrap();
    };
    let (passed, ()) = tokio::join!(timeout(window * 2, limit.acquire()), give_back);
    passed.expect("a grant is free").unwrap();
    assert!(
        began.elapsed() < window * 3 / 4,
        "only after {:?}",
        began.elapsed()
    );
    assert!(
        timeout(moment(window) / 4, limit.acquire()).await.is_err(),
        "one more passed"
    );
}

pub async fn a_grant_is_given_back_once(limit: &dyn DispatchLimit, window: Duration) {
    let grant = limit.acquire().await.unwrap();
    for _ in 0..3 {
        limit.give_back(grant).await.unwrap();
    }
    timeout(moment(window), pass_all(limit))
        .await
        .expect("nobody waits");
    limit.give_back(grant).await.unwrap();
    assert!(
        timeout(moment(window), limit.acquire()).await.is_err(),
        "one more passed"
    );
}

/// Giving back a grant of a window that is over must not take away one of the present window.
pub async fn what_is_given_back_late_opens_nothing(limit: &dyn DispatchLimit, window: Duration) {
    let old = limit.acquire().await.unwrap();
    tokio::time::sleep(window + window / 10).await;
    pass_all(limit).await;
    limit.give_back(old).await.unwrap();
    assert!(
        timeout(moment(window), limit.acquire()).await.is_err(),
        "one more passed"
    );
}
