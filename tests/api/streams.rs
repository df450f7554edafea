//! Server-sent events of the whole engine.

use order_tests::{Mode, Reply, TestEngine, in_both_modes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{LIFE, sell, statuses};

in_both_modes!(a_posted_order_streams_to_its_end, a_broken_stream_is_resumed);

/// The events of a stream, whose ids must be their numbers.
fn events(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    let blocks = reply
        .text
        .split_terminator("\n\n")
        .filter(|block| !block.starts_with(':'));
    let event = |block: &str| {
        let (id, data) = block.split_once("\ndata: ").unwrap();
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!(id, format!("id: {}", event["seq"]));
        event
    };
    blocks.map(event).collect()
}

async fn a_posted_order_streams_to_its_end(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let request = engine.request(Method::POST, "/api/orders/execute").json(&sell());
    let reply = engine.send(request.header("accept", "text/event-stream")).await;
    assert_eq!(reply.status, 200);
    let events = events(&reply);
    assert_eq!(statuses(&events, 1), LIFE);
    let id = events[0]["orderId"].as_str().unwrap();
    assert_eq!(
        reply.header("location"),
        Some(format!("/api/orders/{id}").as_str())
    );
    assert_eq!(engine.history(id).await, events);
    engine.stop().await;
}

async fn a_broken_stream_is_resumed(mode: Mode) {
    let engine = TestEngine::start(mode, "").await;
    let id = engine.accepted(&sell()).await;
    let history = engine.history(&id).await;
    for last in 0..history.len() {
        let request = engine.request(Method::GET, &format!("/api/orders/{id}/events"));
        let request = request
            .header("accept", "text/event-stream")
            .header("last-event-id", last);
        assert_eq!(events(&engine.send(request).await), history[last..]);
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_wrong_order_is_a_problem_and_no_stream() {
    let engine = TestEngine::memory("").await;
    let request = engine
        .request(Method::POST, "/api/orders/execute")
        .json(&json!({}));
    let reply = engine.send(request.header("accept", "text/event-stream")).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (400, Some("application/problem+json"))
    );
}
