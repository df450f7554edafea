//! What the report counts is what the engine has.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::{Duration, Instant};

use order_load::{Follow, LoadOptions, LoadPace, LoadReport, OrderMix};
use order_tests::TestEngine;

fn number(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

fn options(engine: &TestEngine, pace: LoadPace, follow: Follow) -> LoadOptions {
    LoadOptions {
        target: engine.url("").parse().unwrap(),
        pace,
        connections: number(4),
        warm_up: Duration::from_millis(200),
        duration: Duration::from_millis(500),
        follow,
        orders: OrderMix::default(),
        patience: Duration::from_secs(20),
        progress: false,
    }
}

async fn run(options: LoadOptions) -> LoadReport {
    order_load::run(options, std::future::pending()).await.unwrap()
}

/// How many orders the engine has in that state.
async fn stored(engine: &TestEngine, status: &str) -> u64 {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let page = engine
            .get(&format!("/api/orders?status={status}&limit=200{cursor}"))
            .await
            .json();
        count += page["items"].as_array().unwrap().len();
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return u64::try_from(count).unwrap(),
        }
    }
}

#[track_caller]
fn assert_adds_up(report: &LoadReport) {
    let orders = report.orders;
    assert_eq!(orders.submitted, orders.accepted + orders.refused, "{report:?}");
    let ended = orders.confirmed + orders.failed + orders.cancelled + orders.expired;
    assert_eq!(orders.accepted, ended + orders.open, "{report:?}");
    assert_eq!(report.submit_uncorrected.count, orders.accepted, "{report:?}");
    assert_eq!(report.submit_to_confirmed.count, orders.confirmed, "{report:?}");
}

async fn assert_all_confirmed(pace: LoadPace, follow: Follow) -> LoadReport {
    let engine = TestEngine::memory("watch.buffer = 65536").await;
    let report = run(options(&engine, pace, follow)).await;
    assert_adds_up(&report);
    assert!(report.errors.is_empty(), "{report:?}");
    assert!(report.orders.confirmed > 0, "{report:?}");
    assert_eq!(report.orders.confirmed, report.orders.submitted, "{report:?}");
    assert_eq!(
        stored(&engine, "confirmed").await,
        report.orders.confirmed + report.orders.warm_up
    );
    report
}

const CLOSED: LoadPace = LoadPace::Closed { in_flight: None };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_loop_that_hears_the_feed() {
    let pace = LoadPace::Closed {
        in_flight: Some(number(8)),
    };
    let report = assert_all_confirmed(pace, Follow::Feed).await;
    assert!(report.confirmed_per_second.unwrap() > 0.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_loop_that_reads_the_orders_when_they_have_ended() {
    let report = assert_all_confirmed(CLOSED, Follow::Drain).await;
    assert!(report.confirmed_per_second.unwrap() > 0.0, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_loop_with_sockets_for_each_order() {
    let rate = NonZeroU32::new(100).unwrap();
    let report = assert_all_confirmed(LoadPace::Open { rate }, Follow::Each(number(2))).await;
    assert_eq!((report.orders.warm_up, report.orders.submitted), (20, 50));
    assert_eq!(report.watchers, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_counted_by_kind() {
    let engine = TestEngine::memory("").await;
    let orders = [
        r#"{"tokenIn":"SOL","tokenOut":"USDC","amountIn":"0.1"}"#,
        r#"{"tokenIn":"SOL","tokenOut":"SOL","amountIn":"0.1"}"#,
    ];
    let rate = NonZeroU32::new(100).unwrap();
    let options = LoadOptions {
        orders: OrderMix::parse(&orders).unwrap(),
        ..options(&engine, LoadPace::Open { rate }, Follow::Nothing)
    };
    let report = run(options).await;
    assert_eq!(report.orders.submitted, 50);
    assert_eq!((report.orders.accepted, report.orders.open), (25, 25));
    assert_eq!(report.errors.get("http 400 invalid_request"), Some(&35));
    assert_eq!(report.confirmed_per_second, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_interrupts_gets_what_there_is() {
    let engine = TestEngine::memory("").await;
    let options = LoadOptions {
        duration: Duration::from_secs(60),
        ..options(&engine, CLOSED, Follow::Nothing)
    };
    let began = Instant::now();
    let report = order_load::run(options, tokio::time::sleep(Duration::from_millis(600)))
        .await
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(report.interrupted && report.orders.accepted > 0, "{report:?}");
    assert!(report.seconds < 5.0, "{report:?}");
}
