//! Tickets: for clients that can set no header.

use order_core::access::Scope;
use order_tests::{Client, Mode, TestEngine, in_both_modes};
use reqwest::Method;
use serde_json::json;

use super::{beside, holder, start, trader, wait};
use crate::{LIFE, sell, statuses};

in_both_modes!(a_ticket_opens_one_stream, a_ticket_ends_with_its_key);

async fn ticket(holder: &Client) -> String {
    let reply = holder.send(holder.request(Method::POST, "/api/tickets")).await;
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (201, Some("no-store")),
        "{reply:?}"
    );
    assert_eq!(reply.json()["expiresIn"], 30);
    reply.json()["ticket"].as_str().unwrap().to_owned()
}

async fn stream(client: &Client, path: &str, ticket: &str) -> (u16, String) {
    let request = client.request(Method::GET, &format!("{path}?ticket={ticket}"));
    let reply = client.send(request.header("accept", "text/event-stream")).await;
    (reply.status, reply.text)
}

async fn a_ticket_opens_one_stream(mode: Mode) {
    let engine = start(mode).await;
    let ann = trader(&engine, "ann").await;
    let id = ann.accepted(&sell()).await;
    ann.finished(&id).await;
    for path in [format!("/ws/orders/{id}"), format!("/api/orders/updates/{id}")] {
        let path = format!("{path}?ticket={}", ticket(&ann).await);
        let (events, _) = engine.socket(&path).await.unwrap().to_the_end().await;
        assert_eq!(statuses(&events, 1), LIFE);
        assert_eq!(
            engine.socket(&path).await.err().unwrap().status,
            401,
            "a ticket was good twice"
        );
    }
    let path = format!("/api/orders/execute?ticket={}", ticket(&ann).await);
    let mut socket = engine.socket(&path).await.unwrap();
    socket.send(&sell()).await;
    let placed = socket.next().await.unwrap();
    assert_eq!(
        ann.order(placed["orderId"].as_str().unwrap()).await["userId"],
        "ann"
    );

    let path = format!("/api/orders/{id}/events");
    let good = ticket(&ann).await;
    // Elsewhere it is no way in, and is not used up.
    assert_eq!(engine.get(&format!("{path}?ticket={good}")).await.status, 401);
    assert_eq!(
        engine.get(&format!("/api/orders?ticket={good}")).await.status,
        401
    );
    assert_eq!(engine.get(&format!("/ws/orders?ticket={good}")).await.status, 401);
    let (status, events) = stream(&engine, &path, &good).await;
    assert_eq!((status, events.matches("data: ").count()), (200, LIFE.len()));
    assert_eq!(stream(&engine, &path, &good).await.0, 401);
    engine.stop().await;
}

async fn a_ticket_ends_with_its_key(mode: Mode) {
    let engine = start(mode).await;
    let ann = trader(&engine, "ann").await;
    let (id, version) = wait(&ann).await;
    let unused = ticket(&ann).await;
    let path = format!("/ws/orders/{id}?after={version}&ticket={}", ticket(&ann).await);
    let socket = engine.socket(&path).await.unwrap();
    assert!(engine.app().keys().revoke(&ann.id).await.unwrap());
    assert_eq!(socket.to_the_end().await.1.code, Some(4401));
    let refused = engine.socket(&format!("/ws/orders?ticket={unused}")).await;
    assert_eq!(refused.err().unwrap().status, 401);
    engine.stop().await;
}

#[tokio::test]
async fn a_ticket_is_good_for_what_its_key_is_good_for() {
    let engine = start(Mode::Memory).await;
    let (trade, read) = (
        holder(&engine, "ann", &[Scope::Trade]).await,
        holder(&engine, "ann", &[Scope::Read]).await,
    );
    for (holder, path, status) in [
        (&trade, "/api/orders/execute", 101),
        (&trade, "/ws/orders", 403),
        (&read, "/api/orders/execute", 403),
        (&read, "/ws/orders", 101),
    ] {
        let opened = engine
            .socket(&format!("{path}?ticket={}", ticket(holder).await))
            .await;
        assert_eq!(
            opened.err().map_or(101, |refused| refused.status),
            status,
            "{path}"
        );
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_of_one_process_opens_one_stream_at_another() {
    let engine = start(Mode::Durable).await;
    let other = beside(engine.backends().unwrap().clone()).await;
    let ann = trader(&engine, "ann").await;
    let path = format!("/ws/orders?ticket={}", ticket(&ann).await);
    assert!(other.socket(&path).await.is_ok());
    for engine in [&engine, &other] {
        assert_eq!(engine.socket(&path).await.err().unwrap().status, 401);
    }
    other.stop().await;
    engine.stop().await;
}

#[tokio::test]
async fn an_engine_that_wants_no_keys_gives_no_tickets() {
    let engine = TestEngine::memory("").await;
    let reply = engine.send(engine.request(Method::POST, "/api/tickets")).await;
    assert_eq!((reply.status, &reply.json()["code"]), (409, &json!("keys_off")));
    // Its endpoints open with whatever is shown.
    let shown = engine.with_key("whatever.it-is");
    assert_eq!(shown.get("/api/orders").await.status, 200);
    assert!(engine.socket("/ws/orders?ticket=whatever").await.is_ok());
    assert_eq!(engine.get("/metrics").await.status, 200);
    engine.stop().await;
}
