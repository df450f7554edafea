//! Server-sent events.

use std::time::Duration;

use futures_util::StreamExt;
use order_core::id::OrderId;
use serde_json::Value;

use crate::test_server::{LIFE, LONG, ORDER, TestServer, id};

/// The ids and events of a stream, up to its end.
fn parse(text: &str) -> Vec<(u64, Value)> {
    let events = text
        .split_terminator("\n\n")
        .filter(|block| !block.starts_with(':'));
    events
        .map(|block| {
            let (id, data) = block.split_once('\n').unwrap();
            let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            (id.strip_prefix("id: ").unwrap().parse().unwrap(), event)
        })
        .collect()
}

fn names(events: &[(u64, Value)], first: u64) -> Vec<&str> {
    for (expected, (id, event)) in (first..).zip(events) {
        assert_eq!((*id, event["seq"].as_u64()), (expected, Some(expected)));
    }
    events
        .iter()
        .map(|(_, event)| event["status"].as_str().unwrap())
        .collect()
}

async fn follow(server: &TestServer, order: OrderId, query: &str, last: Option<&str>) -> reqwest::Response {
    let mut request = server
        .client
        .get(server.url(&format!("/api/orders/{order}/events{query}")));
    request = request.header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_posted_order_goes_on_as_its_event_stream() {
    let server = TestServer::open().await;
    let request = server
        .client
        .post(server.url("/api/orders/execute"))
        .header("content-type", "application/json");
    let reply = request
        .header("accept", "text/event-stream")
        .body(ORDER)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.headers()["content-type"], "text/event-stream");
    let place = reply.headers()["location"].to_str().unwrap().to_owned();
    let mut body = reply.bytes_stream();
    let first = tokio::time::timeout(LONG, body.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let order = id(&parse(std::str::from_utf8(&first).unwrap())[0].1);
    assert_eq!(place, format!("/api/orders/{order}"));
    server.confirm(order);
    let rest: Vec<_> = body
        .map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap())
        .collect()
        .await;
    assert_eq!(names(&parse(&rest.concat()), 2), LIFE[1..]);
}

#[tokio::test]
async fn a_late_stream_gets_the_whole_history_and_ends() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.confirm(order);
    let text = follow(&server, order, "", None).await.text().await.unwrap();
    assert_eq!(names(&parse(&text), 1), LIFE);
}

#[tokio::test]
async fn a_stream_is_resumed_by_header_or_parameter() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.confirm(order);
    let by_parameter = follow(&server, order, "?after=2", None)
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(names(&parse(&by_parameter), 3), LIFE[2..]);
    // The header is what the client saw last; the address is from before.
    let by_header = follow(&server, order, "?after=2", Some("4"))
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(names(&parse(&by_header), 5), LIFE[4..]);
    assert_eq!(follow(&server, order, "", Some("four")).await.status(), 400);
}

/// The usual order by POST as a stream, with these headers.
async fn post(server: &TestServer, body: &str, headers: &[(&str, &str)]) -> reqwest::Response {
    let mut request = server
        .client
        .post(server.url("/api/orders/execute"))
        .header("content-type", "application/json")
        .header("accept", "text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn a_posted_stream_is_resumed_by_the_same_post() {
    let server = TestServer::open().await;
    let first = post(&server, ORDER, &[("idempotency-key", "k")]).await;
    let order = first.headers()["location"].to_str().unwrap().to_owned();
    server.confirm(order.rsplit_once('/').unwrap().1.parse().unwrap());
    drop(first);
    let again = post(
        &server,
        ORDER,
        &[("idempotency-key", "k"), ("last-event-id", "4")],
    )
    .await;
    assert_eq!(
        (again.status().as_u16(), &again.headers()["location"]),
        (200, &order.parse().unwrap())
    );
    assert_eq!(names(&parse(&again.text().await.unwrap()), 5), LIFE[4..]);
    let seen = post(
        &server,
        ORDER,
        &[("idempotency-key", "k"), ("last-event-id", "6")],
    )
    .await;
    assert_eq!(seen.status(), 204);
    assert_eq!(seen.headers()["idempotency-replayed"], "true");
}

#[tokio::test]
async fn a_posted_stream_that_would_be_a_second_order_is_refused() {
    let server = TestServer::open().await;
    for headers in [
        &[("last-event-id", "2")][..],
        &[("idempotency-key", "k"), ("last-event-id", "two")],
    ] {
        let refused = post(&server, ORDER, headers).await;
        assert_eq!(refused.status(), 400, "{headers:?}");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "Last-Event-ID", "{problem}");
    }
    let listed: Value = server.get("/api/orders").await.json().await.unwrap();
    assert_eq!(listed["items"], serde_json::json!([]));
    // A name of the caller's own is as good as a key, and an empty header is none.
    let named = ORDER.replace('{', r#"{"clientOrderId":"c","#);
    assert_eq!(
        post(&server, &named, &[("last-event-id", "0")]).await.status(),
        200
    );
    assert_eq!(post(&server, ORDER, &[("last-event-id", "")]).await.status(), 200);
}

#[tokio::test]
async fn an_event_source_that_has_seen_the_end_need_not_come_back() {
    let server = TestServer::open().await;
    let order = server.order().await;
    server.confirm(order);
    assert_eq!(follow(&server, order, "", Some("6")).await.status(), 204);
    let plain = follow(&server, order, "?after=6", None).await;
    assert_eq!(plain.status(), 200);
    assert_eq!(plain.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_is_alive() {
    let server = TestServer::with_settings(|settings| settings.keep_alive = Duration::from_millis(30)).await;
    let order = server.order().await;
    let mut body = follow(&server, order, "?after=1", None).await.bytes_stream();
    for _ in 0..2 {
        let chunk = tokio::time::timeout(LONG, body.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(&chunk[..], b":\n\n");
    }
    server.confirm(order);
    let rest: Vec<_> = body
        .map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap())
        .collect()
        .await;
    assert_eq!(names(&parse(&rest.concat()), 2), LIFE[1..]);
}

#[tokio::test]
async fn a_stream_whose_client_leaves_is_not_kept() {
    let server = TestServer::open().await;
    let order = server.order().await;
    let stream = follow(&server, order, "", None).await;
    assert_eq!(server.engine.watchers(), 1);
    drop(stream);
    for _ in 0..200 {
        if server.engine.watchers() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the watcher is still there");
}
