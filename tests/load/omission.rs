//! A server that stalls is charged for every order that it keeps waiting, not only for the one it was busy with.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use order_load::{Follow, LoadOptions, LoadPace, LoadReport, OrderMix};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const STALL: Duration = Duration::from_millis(400);

/// A server that accepts orders at once, but for one.
async fn stalls_at(nth: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, nth));
        }
    });
    url
}

async fn serve(mut stream: TcpStream, nth: usize) {
    let mut buffer = [0; 4_096];
    for n in 0.. {
        // A request of this size, on loopback, comes in one piece.
        if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
            return;
        }
        if n == nth {
            tokio::time::sleep(STALL).await;
        }
        let body = format!(r#"{{"orderId":"{n}"}}"#);
        let answer = format!(
            "HTTP/1.1 202 Accepted\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// One connection, so that all wait for the one that is stalled.
async fn under_load(pace: LoadPace) -> LoadReport {
    let options = LoadOptions {
        target: stalls_at(20).await.parse().unwrap(),
        pace,
        connections: NonZeroUsize::MIN,
        warm_up: Duration::ZERO,
        duration: Duration::from_secs(1),
        follow: Follow::Nothing,
        orders: OrderMix::default(),
        patience: Duration::from_secs(5),
        progress: false,
    };
    order_load::run(options, std::future::pending()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_loop_counts_from_when_orders_were_due() {
    let rate = NonZeroU32::new(100).unwrap();
    let report = under_load(LoadPace::Open { rate }).await;
    assert_eq!(report.orders.submitted, 100);
    // Some forty orders were due during the stall; half of them waited for more than half of it.
    assert!(report.submit.p90 >= 150_000, "{report:?}");
    // Of the requests themselves, one took long.
    assert!(report.submit_uncorrected.p90 < 150_000, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_loop_adds_the_orders_that_were_not_submitted() {
    let report = under_load(LoadPace::Closed { in_flight: None }).await;
    assert_eq!(report.submit_uncorrected.count, report.orders.accepted);
    assert!(
        report.submit.count > report.submit_uncorrected.count,
        "{report:?}"
    );
    assert!(report.submit.p90 > report.submit_uncorrected.p90, "{report:?}");
}
