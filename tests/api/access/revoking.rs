//! A key that is taken away is good for nothing, soon and everywhere.

use std::time::Duration;

use order_tests::{Client, Mode, TestEngine, in_both_modes};
use reqwest::Method;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{Holder, beside, start, trader, wait};

in_both_modes!(
    what_was_opened_by_a_revoked_key_closes,
    a_secret_that_was_replaced_is_good_for_nothing,
);

/// Longer than any key may stay good after it was taken away, on a machine that does much else.
const SOON: Duration = Duration::from_secs(10);

async fn until_refused(client: &Client) {
    let refused = async {
        while client.get("/api/orders").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, refused).await.expect("the key stays good");
}

/// Opens one stream of each kind, does that, and sees all of them end for that reason.
async fn all_end(engine: &TestEngine, ann: &Holder, take_away: impl AsyncFnOnce()) {
    let bob = trader(engine, "bob").await;
    let (id, version) = wait(ann).await;
    let mut sockets = Vec::new();
    for path in [
        format!("/ws/orders/{id}?after={version}"),
        format!("/api/orders/updates/{id}?after={version}"),
        format!("/api/orders/execute?orderId={id}&after={version}"),
        "/api/orders/execute".to_owned(),
        "/ws/orders?after=1000".to_owned(),
    ] {
        sockets.push(ann.socket(&path).await.unwrap());
    }
    let events = ann
        .request(Method::GET, &format!("/api/orders/{id}/events"))
        .header("accept", "text/event-stream");
    let events = events.send().await.unwrap();
    assert_eq!(events.status(), 200);
    let his = bob.socket("/ws/orders").await.unwrap();

    take_away().await;
    for socket in sockets {
        let (_, closed) = timeout(SOON, socket.to_the_end())
            .await
            .expect("a socket stays open");
        assert_eq!(closed.code, Some(4401), "{closed:?}");
    }
    timeout(SOON, events.text())
        .await
        .expect("a stream stays open")
        .unwrap();
    until_refused(ann).await;
    // No other stream is closed.
    assert_eq!(bob.get("/api/orders").await.status, 200);
    assert!(
        timeout(Duration::from_millis(300), his.to_the_end())
            .await
            .is_err()
    );
}

async fn what_was_opened_by_a_revoked_key_closes(mode: Mode) {
    let engine = start(mode).await;
    let ann = trader(&engine, "ann").await;
    all_end(&engine, &ann, async || {
        assert!(engine.app().keys().revoke(&ann.id).await.unwrap());
    })
    .await;
    let other = trader(&engine, "ann").await;
    assert_eq!(other.get("/api/orders").await.status, 200);
    engine.stop().await;
}

async fn a_secret_that_was_replaced_is_good_for_nothing(mode: Mode) {
    let engine = start(mode).await;
    let ann = trader(&engine, "ann").await;
    let mut fresh = None;
    all_end(&engine, &ann, async || {
        fresh = engine.app().keys().rotate(&ann.id).await.unwrap();
    })
    .await;
    let fresh = engine.with_key(fresh.unwrap().expose_secret());
    assert_eq!(fresh.get("/api/orders").await.status, 200);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_another_process_revokes_is_good_for_nothing_here() {
    let engine = start(Mode::Durable).await;
    let other = beside(engine.backends().unwrap().clone()).await;
    let ann = trader(&other, "ann").await;
    let here = Holder {
        client: engine.with_key(&ann.key),
        ..ann
    };
    all_end(&engine, &here, async || {
        assert!(other.app().keys().revoke(&here.id).await.unwrap());
    })
    .await;
    other.stop().await;
    engine.stop().await;
}
