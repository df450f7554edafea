//! The service's own endpoints, its pages, and its end.

use std::time::Duration;

use serde_json::Value;

use crate::test_server::{LONG, ORDER, TestServer, close_code, next};

#[tokio::test]
async fn it_says_that_it_runs() {
    let server = TestServer::open().await;
    assert_eq!(
        server.get("/ping").await.json::<Value>().await.unwrap()["message"],
        "pong"
    );
    assert_eq!(
        server.get("/health/live").await.json::<Value>().await.unwrap()["status"],
        "ok"
    );
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(
        (&ready["status"], &ready["mode"]),
        (&"ready".into(), &"memory".into())
    );
    assert_eq!(ready["note"], "forgets at exit");
}

#[tokio::test]
async fn it_says_which_part_is_down() {
    let server = TestServer::open().await;
    server.health_is(false, true);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["status"], "down");
    assert_eq!(
        (&ready["parts"][0]["name"], &ready["parts"][0]["status"]),
        (&"store".into(), &"down".into())
    );
    assert_eq!(ready["parts"][1]["status"], "up");
    assert_eq!(server.get("/health/live").await.status(), 200);
}

#[tokio::test]
async fn it_is_ready_as_long_as_the_store_answers() {
    let server = TestServer::open().await;
    server.health_is(true, false);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["status"], "degraded");
    assert_eq!(
        (&ready["parts"][1]["name"], &ready["parts"][1]["status"]),
        (&"queue".into(), &"down".into())
    );
    server.health_is(false, false);
    let ready = server.get("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<Value>().await.unwrap()["status"], "down");
}

#[tokio::test]
async fn a_worker_says_how_it_is_and_nothing_else() {
    let server = TestServer::with_settings(|settings| settings.health_only = true).await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(server.get(path).await.status(), 200, "{path}");
    }
    for path in [
        "/",
        "/docs",
        "/openapi.json",
        "/ping",
        "/api/orders",
        "/ws/orders",
    ] {
        assert_eq!(server.get(path).await.status(), 404, "{path}");
    }
    let refused = server.post("/api/orders/execute", ORDER).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "not_found");
}

#[tokio::test]
async fn the_pages_are_there() {
    let server = TestServer::open().await;
    for (path, content) in [
        ("/", "Order Engine"),
        ("/docs", "swagger"),
        ("/openapi.json", "\"openapi\": \"3.1.0\""),
    ] {
        let reply = server.get(path).await;
        assert_eq!(reply.status(), 200, "{path}");
        assert!(reply.text().await.unwrap().contains(content), "{path}");
    }
    let head = server.client.head(server.url("/ping")).send().await.unwrap();
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn at_its_end_sockets_and_streams_are_closed_and_it_returns() {
    let server = TestServer::open().await;
    let order = server.order().await;
    let mut socket = server.socket(&format!("/ws/orders/{order}")).await;
    assert_eq!(next(&mut socket).await["status"], "pending");
    let mut idle = server.socket("/api/orders/execute").await;
    let stream = server
        .client
        .get(server.url(&format!("/api/orders/{order}/events")));
    let stream = stream.header("accept", "text/event-stream").send().await.unwrap();

    server.stop.cancel();
    assert_eq!(close_code(&mut socket).await, 1012);
    assert_eq!(close_code(&mut idle).await, 1012);
    assert!(stream.text().await.unwrap().starts_with("id: 1\n"));
    let served = tokio::time::timeout(LONG, server.served).await;
    assert!(served.is_ok_and(|served| served.is_ok_and(|result| result.is_ok())));
    let refused = server
        .client
        .post(format!("http://{}/api/orders/execute", server.address))
        .body(ORDER)
        .send()
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_client_that_does_not_let_go_does_not_hold_up_the_end() {
    let server = TestServer::with_settings(|settings| {
        settings.drain_timeout = Duration::from_millis(200);
        settings.socket.close_timeout = Duration::from_secs(60);
    })
    .await;
    let order = server.order().await;
    // Never reads, so never answers the close.
    let _socket = server.socket(&format!("/ws/orders/{order}")).await;
    server.stop.cancel();
    assert!(
        tokio::time::timeout(Duration::from_secs(5), server.served)
            .await
            .is_ok()
    );
}
